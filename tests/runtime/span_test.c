/* SPDX-License-Identifier: Apache-2.0 */
/* span_test - blocks wander between pools and threads, and memory that nobody uses goes back. */
#include "runtime/span.h"

#include "runtime/pool.h"

#include "support/suite.h"
#include <pthread.h>
#include <string.h>

enum { MIB = 1024 * 1024, MANY = 200000, SIZE = 64 };

static void *blocks[MANY];

/* Of what a program holds at most only a share stays when it holds nothing any more. */
START_TEST(memory_goes_back_when_nobody_uses_it)
{
    if (KSI_POOL_PLAIN) return;
    struct ksi_spans spans;
    struct ksi_pool pool;
    uint8_t size_class = 0;
    ksi_spans_init(&spans);
    ksi_pool_init(&pool, &spans);
    for (int i = 0; i < MANY; i++) {
        blocks[i] = ksi_pool_get(&pool, SIZE, &size_class);
        ck_assert_ptr_nonnull(blocks[i]);
        memset(blocks[i], 1, SIZE);
    }
    ck_assert_uint_gt(ksi_spans_resident(&spans), 12 * MIB);
    for (int i = 0; i < MANY; i++) ksi_pool_give(&pool, blocks[i], size_class);
    ck_assert_int_eq(ksi_pool_blocks(&pool), 0);
    ck_assert_uint_lt(ksi_spans_resident(&spans), 4 * MIB);
    ksi_pool_rest(&pool);
    ck_assert_uint_lt(ksi_spans_resident(&spans), 2 * MIB);
    ksi_pool_end(&pool);
    ksi_spans_end(&spans);
}
END_TEST

/* The same addresses again: nothing is lost on the way out and back in. */
START_TEST(a_returned_span_serves_another_class)
{
    if (KSI_POOL_PLAIN) return;
    struct ksi_spans spans;
    ksi_spans_init(&spans);
    size_t most = 0;
    for (int round = 0; round < 50; round++) {
        uint8_t size_class = (uint8_t)(round % KSI_SPAN_CLASSES);
        size_t size = ksi_span_class_size(size_class);
        struct ksi_free_block *all = NULL;
        for (size_t bytes = 0; bytes < 3 * MIB;) {
            uint32_t count;
            struct ksi_free_block *list = ksi_spans_take(&spans, size_class, 100, &count), *last;
            ck_assert_ptr_nonnull(list);
            for (last = list; last->next; last = last->next) count--;
            ck_assert_uint_eq(count, 1);
            last->next = all;
            all = list;
            bytes += 100 * size;
        }
        if (ksi_spans_resident(&spans) > most) most = ksi_spans_resident(&spans);
        ksi_spans_give(&spans, all);
        ksi_spans_trim(&spans);
        ck_assert_uint_le(ksi_spans_resident(&spans), 16 * KSI_SPAN_SIZE);
    }
    ck_assert_uint_lt(most, 12 * MIB);
    ksi_spans_end(&spans);
}
END_TEST

/* --- one thread allocates, another one frees -------------------------------------------------- */
enum { ROUNDS = 200, BATCH = 2000 };
struct belt {
    struct ksi_spans spans;
    pthread_barrier_t barrier;
    struct block_of {
        void *memory;
        uint8_t size_class, mark;
    } belt[2][BATCH];
    int64_t left; /* blocks, of the pool that only frees */
};

static void *consume(void *arg)
{
    struct belt *belt = arg;
    struct ksi_pool pool;
    ksi_pool_init(&pool, &belt->spans);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&belt->barrier);
        for (int i = 0; i < BATCH; i++) {
            struct block_of *block = &belt->belt[round % 2][i];
            ck_assert_uint_eq(*(uint8_t *)block->memory, block->mark);
            ksi_pool_give(&pool, block->memory, block->size_class);
        }
    }
    belt->left = ksi_pool_blocks(&pool);
    ksi_pool_end(&pool);
    return NULL;
}

START_TEST(what_one_thread_frees_another_one_takes)
{
    static struct belt belt;
    struct ksi_pool pool;
    pthread_t thread;
    ksi_spans_init(&belt.spans);
    ksi_pool_init(&pool, &belt.spans);
    ck_assert_int_eq(pthread_barrier_init(&belt.barrier, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, consume, &belt), 0);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BATCH; i++) {
            struct block_of *block = &belt.belt[round % 2][i];
            block->memory = ksi_pool_get(&pool, (size_t)(40 + i % 400), &block->size_class);
            block->mark = (uint8_t)(round + i);
            ck_assert_ptr_nonnull(block->memory);
            *(uint8_t *)block->memory = block->mark;
        }
        pthread_barrier_wait(&belt.barrier);
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(ksi_pool_blocks(&pool) + belt.left, 0);
    if (!KSI_POOL_PLAIN) ck_assert_uint_lt(ksi_spans_resident(&belt.spans), 16 * MIB);
    ksi_pool_end(&pool);
    ksi_spans_end(&belt.spans);
    pthread_barrier_destroy(&belt.barrier);
}
END_TEST

int main(void)
{
    return run_suite("span", 60,
        TESTS(memory_goes_back_when_nobody_uses_it, a_returned_span_serves_another_class,
            what_one_thread_frees_another_one_takes));
}
