/* SPDX-License-Identifier: Apache-2.0 */
/* pool_test - blocks are aligned, apart from each other, counted; the smallest class that fits. */
#include "runtime/pool.h"

#include "base/random.h"

#include "support/suite.h"
#include <string.h>

enum { BLOCKS = 300, LARGEST = 6000 };

struct block {
    unsigned char *memory;
    size_t size;
    uint8_t size_class, mark;
};

static size_t bytes_of(uint8_t size_class) { return ksi_span_class_size(size_class); }

START_TEST(a_class_fits_and_the_one_below_does_not)
{
    for (size_t size = 1; size <= LARGEST; size++) {
        uint8_t size_class = ksi_pool_class_of(size);
        if (size > 4096) {
            ck_assert_uint_eq(size_class, KSI_POOL_LARGE);
            continue;
        }
        ck_assert_uint_lt(size_class, KSI_POOL_CLASSES);
        ck_assert_uint_le(size, bytes_of(size_class));
        if (size_class) ck_assert_uint_gt(size, bytes_of((uint8_t)(size_class - 1)));
    }
    ck_assert_uint_eq(ksi_pool_class_of(0), 0);
}
END_TEST

static void get(struct ksi_pool *pool, struct block *block, size_t size, uint8_t mark)
{
    block->memory = ksi_pool_get(pool, size, &block->size_class);
    ck_assert_ptr_nonnull(block->memory);
    ck_assert_uint_eq((uintptr_t)block->memory % 16, 0);
    block->size = size;
    block->mark = mark;
    memset(block->memory, mark, size);
}

static void give(struct ksi_pool *pool, struct block *block)
{
    bool kept = true;
    for (size_t i = 0; i < block->size; i++) kept &= block->memory[i] == block->mark;
    ck_assert(kept);
    ksi_pool_give(pool, block->memory, block->size_class);
    block->memory = NULL;
}

START_TEST(blocks_keep_what_was_written)
{
    struct ksi_spans spans;
    struct ksi_pool pool;
    struct ksi_random random;
    struct block blocks[BLOCKS] = { { .memory = NULL } };
    int64_t out = 0;
    ksi_spans_init(&spans);
    ksi_pool_init(&pool, &spans);
    ksi_random_seed(&random, 11);
    for (int step = 0; step < 20000; step++) {
        struct block *block = &blocks[ksi_random_below(&random, BLOCKS)];
        bool large = ksi_random_below(&random, 20) == 0;
        size_t size = 1 + ksi_random_below(&random, large ? LARGEST : 300);
        if (block->memory)
            give(&pool, block), out--;
        else
            get(&pool, block, size, (uint8_t)step), out++;
        ck_assert_int_eq(ksi_pool_blocks(&pool), out);
    }
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i].memory) give(&pool, &blocks[i]);
    ck_assert_int_eq(ksi_pool_blocks(&pool), 0);
    ksi_pool_end(&pool);
    ksi_spans_end(&spans);
}
END_TEST

START_TEST(the_block_given_back_last_is_taken_first)
{
    if (KSI_POOL_PLAIN) return;
    struct ksi_spans spans;
    struct ksi_pool pool;
    uint8_t size_class;
    ksi_spans_init(&spans);
    ksi_pool_init(&pool, &spans);
    void *first = ksi_pool_get(&pool, 120, &size_class),
         *second = ksi_pool_get(&pool, 120, &size_class);
    ksi_pool_give(&pool, first, size_class);
    ksi_pool_give(&pool, second, size_class);
    ck_assert_ptr_eq(ksi_pool_get(&pool, 100, &size_class), second);
    ck_assert_ptr_eq(ksi_pool_get(&pool, 128, &size_class), first);
    ksi_pool_end(&pool);
    ksi_spans_end(&spans);
}
END_TEST

static bool every_third(void *arg)
{
    int *count = arg;
    return ++*count % 3 == 0;
}

/* Also when a free block is at hand. */
START_TEST(an_allocation_fails_when_it_is_told_to)
{
    struct ksi_spans spans;
    struct ksi_pool pool;
    int asked = 0;
    ksi_spans_init(&spans);
    ksi_pool_init(&pool, &spans);
    pool.fails = every_third;
    pool.fails_arg = &asked;
    for (int i = 1; i <= 30; i++) {
        uint8_t size_class;
        void *memory = ksi_pool_get(&pool, i % 2 ? 64 : 5000, &size_class);
        ck_assert((memory == NULL) == (i % 3 == 0));
        ck_assert_int_eq(ksi_pool_blocks(&pool), memory != NULL);
        if (memory) ksi_pool_give(&pool, memory, size_class);
    }
    ck_assert_int_eq(asked, 30);
    ksi_pool_end(&pool);
    ksi_spans_end(&spans);
}
END_TEST

int main(void)
{
    return run_suite("pool", 60,
        TESTS(a_class_fits_and_the_one_below_does_not, blocks_keep_what_was_written,
            the_block_given_back_last_is_taken_first, an_allocation_fails_when_it_is_told_to));
}
