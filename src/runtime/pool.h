/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - memory in size classes, for one scheduler: a list pop to get, a list push to give back.
 *
 * Classes are 64, 96, 128, 192 ... 4096 bytes; larger blocks are malloc's. A pool holds a bounded
 * number of free blocks of each class; what is more, and what is missing, moves to and from the
 * spans of the runtime, many at a time. So a block may be given to another pool than it came
 * from. Under AddressSanitizer, and in the mean build, every block is malloc's, so that a use after
 * the end is seen. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_POOL_H
#define KSI_RUNTIME_POOL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"
#include "runtime/sanitizers.h"
#include "runtime/span.h"

#if KSI_ADDRESS_SANITIZER || defined(KSI_MEAN)
enum { KSI_POOL_PLAIN = 1 };
#else
enum { KSI_POOL_PLAIN = 0 };
#endif
enum {
    KSI_POOL_CLASSES = KSI_SPAN_CLASSES,
    KSI_POOL_LARGE = KSI_POOL_CLASSES,
    KSI_POOL_SMALLEST = 64,
    KSI_POOL_LARGEST = 4096
};

struct ksi_pool {
    struct ksi_free_block *free[KSI_POOL_CLASSES + 1]; /* of large ones: always empty */
    int32_t room[KSI_POOL_CLASSES + 1]; /* how many more it holds before some go to the spans */
    struct ksi_spans *spans;
    int32_t wanted[KSI_POOL_CLASSES]; /* at the next refill: twice as many as at the latest */
    int64_t taken;                    /* blocks from spans and malloc that did not go back there */
    bool stirred;                     /* blocks moved since the latest rest */
    /* Simulation: true makes the allocation fail. */
    bool (*fails)(void *arg);
    void *fails_arg;
};

void ksi_pool_init(struct ksi_pool *pool, struct ksi_spans *spans);
void ksi_pool_end(struct ksi_pool *pool);
/* How many are handed out and were not given back: of all pools of the same spans together. */
int64_t ksi_pool_blocks(const struct ksi_pool *pool);
/* Nobody has anything to do: what lies idle goes back to the system. */
void ksi_pool_rest_slow(struct ksi_pool *pool);
static inline void ksi_pool_rest(struct ksi_pool *pool)
{
    if (KSI_UNLIKELY(pool->stirred)) ksi_pool_rest_slow(pool);
}
/* The class that a size gets. */
static inline uint8_t ksi_pool_class_of(size_t size)
{
    if (size <= KSI_POOL_SMALLEST) return 0;
    if (size > KSI_POOL_LARGEST) return KSI_POOL_LARGE;
    int order = 63 - __builtin_clzll((unsigned long long)size - 1); /* 65 to 128: 6 */
    bool upper = size > (size_t)3 << (order - 1);
    return (uint8_t)(2 * (order - 6) + 1 + upper);
}
void *ksi_pool_get_slow(struct ksi_pool *pool, size_t size, uint8_t size_class);
/* 16-byte aligned, not zeroed; *ret_class is needed to give it back. NULL: out of memory. */
static inline void *ksi_pool_get(struct ksi_pool *pool, size_t size, uint8_t *ret_class)
{
    uint8_t size_class = ksi_pool_class_of(size);
    *ret_class = size_class;
    struct ksi_free_block *block = pool->free[size_class];
    if (KSI_UNLIKELY(!block || pool->fails)) return ksi_pool_get_slow(pool, size, size_class);
    pool->free[size_class] = block->next;
    pool->room[size_class]++;
    return block;
}
void ksi_pool_spill(struct ksi_pool *pool, uint8_t size_class);
static inline void ksi_pool_give(struct ksi_pool *pool, void *memory, uint8_t size_class)
{
    if (KSI_POOL_PLAIN || KSI_UNLIKELY(size_class == KSI_POOL_LARGE)) {
        pool->taken--;
        free(memory);
        return;
    }
    struct ksi_free_block *block = (struct ksi_free_block *)memory;
    block->next = pool->free[size_class];
    pool->free[size_class] = block;
    if (KSI_UNLIKELY(--pool->room[size_class] < 0)) ksi_pool_spill(pool, size_class);
}

#endif
