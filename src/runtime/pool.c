/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - see pool.h. */
#include "runtime/pool.h"
#include "base/base.h"
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(KSI_MEAN)
#define KSI_POOL_PLAIN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KSI_POOL_PLAIN 1
#endif
#endif
#ifndef KSI_POOL_PLAIN
#define KSI_POOL_PLAIN 0
#endif

enum { SPAN_SIZE = 64 * 1024 };
struct ksi_free_block {
    struct ksi_free_block *next;
};
struct ksi_span {
    struct ksi_span *next;
};

uint8_t ksi_pool_class_of(size_t size)
{
    if (size <= KSI_POOL_SMALLEST) return 0;
    if (size > KSI_POOL_SMALLEST << (KSI_POOL_CLASSES - 1)) return KSI_POOL_LARGE;
    return (uint8_t)(58 - __builtin_clzll((unsigned long long)size - 1)); /* 65..128 is class 1 */
}

static size_t class_size(uint8_t size_class)
{
    return (size_t)KSI_POOL_SMALLEST << size_class;
}

void ksi_pool_init(struct ksi_pool *pool)
{
    *pool = (struct ksi_pool){ 0 };
}

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

void *ksi_pool_get(struct ksi_pool *pool, size_t size, uint8_t *ret_class)
{
    if (KSI_UNLIKELY(pool->fails != NULL) && pool->fails(pool->fails_arg)) return NULL;
    uint8_t size_class = ksi_pool_class_of(size);
    *ret_class = size_class;
    void *block;
    if (KSI_POOL_PLAIN || size_class == KSI_POOL_LARGE) {
        block = malloc(size);
    } else if (KSI_LIKELY(pool->free[size_class] != NULL)) {
        block = pool->free[size_class];
        pool->free[size_class] = pool->free[size_class]->next;
    } else {
        block = refill(pool, size_class);
    }
    if (KSI_LIKELY(block != NULL)) pool->blocks++;
    return block;
}

void ksi_pool_give(struct ksi_pool *pool, void *memory, uint8_t size_class)
{
    pool->blocks--;
    if (KSI_POOL_PLAIN || size_class == KSI_POOL_LARGE) {
        free(memory);
        return;
    }
    struct ksi_free_block *block = memory;
    block->next = pool->free[size_class];
    pool->free[size_class] = block;
}
