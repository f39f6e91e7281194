/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - see pool.h. */
#include "runtime/pool.h"
#include "base/base.h"
#include <stdlib.h>

enum { SPAN_SIZE = 64 * 1024 };
struct ksi_span {
    struct ksi_span *next;
};

static size_t class_size(uint8_t size_class) { return (size_t)KSI_POOL_SMALLEST << size_class; }

void ksi_pool_init(struct ksi_pool *pool) { *pool = (struct ksi_pool){ 0 }; }

void ksi_pool_end(struct ksi_pool *pool)
{
    while (pool->spans) {
        struct ksi_span *next = pool->spans->next;
        free(pool->spans);
        pool->spans = next;
    }
}

/* Cuts a new span into blocks of the class; the first is returned. */
static __attribute__((noinline)) void *refill(struct ksi_pool *pool, uint8_t size_class)
{
    struct ksi_span *span = aligned_alloc(KSI_POOL_SMALLEST, SPAN_SIZE);
    if (!span) return NULL;
    span->next = pool->spans;
    pool->spans = span;
    size_t size = class_size(size_class);
    char *start = (char *)span + (size < SPAN_SIZE / 8 ? KSI_POOL_SMALLEST : size);
    char *end = (char *)span + SPAN_SIZE;
    for (char *at = start + size; at + size <= end; at += size) {
        struct ksi_free_block *block = (struct ksi_free_block *)(void *)at;
        block->next = pool->free[size_class];
        pool->free[size_class] = block;
    }
    return start;
}

void *ksi_pool_get_slow(struct ksi_pool *pool, size_t size, uint8_t size_class)
{
    if (pool->fails && pool->fails(pool->fails_arg)) return NULL;
    void *block;
    if (KSI_POOL_PLAIN || size_class == KSI_POOL_LARGE) {
        block = malloc(size);
    } else if (pool->free[size_class]) {
        block = pool->free[size_class];
        pool->free[size_class] = pool->free[size_class]->next;
    } else {
        block = refill(pool, size_class);
    }
    if (block) pool->blocks++;
    return block;
}
