/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - see pool.h. */
#include "runtime/pool.h"
#include "base/base.h"
#include <stdlib.h>

/* A pool holds 256 KiB of a class, and moves an eighth of it at a time; what it is given grows to
 * that from a page, since many classes are hardly used. */
enum { HELD_BYTES = 256 * 1024, MOVED_SHARE = 8, FIRST_BYTES = 4096 };
/* After a rest it holds this much. */
enum { RESTING_BYTES = 32 * 1024 };

static int32_t capacity(int size_class)
{
    return (int32_t)(HELD_BYTES / ksi_span_class_size(size_class));
}

void ksi_pool_init(struct ksi_pool *pool, struct ksi_spans *spans)
{
    *pool = (struct ksi_pool){ .spans = spans };
    for (int i = 0; i < KSI_POOL_CLASSES; i++) {
        pool->room[i] = capacity(i);
        pool->wanted[i] = (int32_t)(FIRST_BYTES / ksi_span_class_size(i));
    }
}

/* The count newest blocks of a class go back. */
static void give_to_spans(struct ksi_pool *pool, int size_class, int32_t count)
{
    struct ksi_free_block *list = pool->free[size_class], *last = list;
    if (count <= 0) return;
    for (int32_t i = 1; i < count; i++) last = last->next;
    pool->free[size_class] = last->next;
    last->next = NULL;
    pool->room[size_class] += count;
    pool->taken -= count;
    pool->stirred = true;
    ksi_spans_give(pool->spans, list);
}

void ksi_pool_spill(struct ksi_pool *pool, uint8_t size_class)
{
    give_to_spans(pool, size_class, capacity(size_class) / MOVED_SHARE);
}

void ksi_pool_rest_slow(struct ksi_pool *pool)
{
    for (int i = 0; i < KSI_POOL_CLASSES; i++) {
        int32_t held = capacity(i) - pool->room[i];
        give_to_spans(pool, i, held - (int32_t)(RESTING_BYTES / ksi_span_class_size(i)));
    }
    ksi_spans_trim(pool->spans);
    pool->stirred = false;
}

void ksi_pool_end(struct ksi_pool *pool)
{
    for (int i = 0; i < KSI_POOL_CLASSES; i++) give_to_spans(pool, i, capacity(i) - pool->room[i]);
}

int64_t ksi_pool_blocks(const struct ksi_pool *pool)
{
    int64_t held = 0;
    for (int i = 0; i < KSI_POOL_CLASSES; i++) held += capacity(i) - pool->room[i];
    return pool->taken - held;
}

static bool refill(struct ksi_pool *pool, uint8_t size_class)
{
    int32_t wanted = pool->wanted[size_class], most = capacity(size_class) / MOVED_SHARE;
    uint32_t count;
    struct ksi_free_block *list = ksi_spans_take(pool->spans, size_class, (uint32_t)wanted, &count);
    if (!list) return false;
    pool->wanted[size_class] = 2 * wanted < most ? 2 * wanted : most;
    pool->free[size_class] = list;
    pool->room[size_class] -= (int32_t)count;
    pool->taken += count;
    pool->stirred = true;
    return true;
}

void *ksi_pool_get_slow(struct ksi_pool *pool, size_t size, uint8_t size_class)
{
    if (pool->fails && pool->fails(pool->fails_arg)) return NULL;
    if (KSI_POOL_PLAIN || size_class == KSI_POOL_LARGE) {
        void *memory = malloc(size);
        if (memory) pool->taken++;
        return memory;
    }
    if (!pool->free[size_class] && !refill(pool, size_class)) return NULL;
    struct ksi_free_block *block = pool->free[size_class];
    pool->free[size_class] = block->next;
    pool->room[size_class]++;
    return block;
}
