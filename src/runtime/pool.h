/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - memory in size classes, for one scheduler: a list pop to get, a list push to give back.
 *
 * Classes are 64, 128, 256 ... 4096 bytes, cut from spans of 64 KiB that stay until the pool ends;
 * larger blocks are malloc's. Under AddressSanitizer, and in the mean build, every block is
 * malloc's, so that a use after the end is seen. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_POOL_H
#define KSI_RUNTIME_POOL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"
#include "runtime/sanitizers.h"

#if KSI_ADDRESS_SANITIZER || defined(KSI_MEAN)
enum { KSI_POOL_PLAIN = 1 };
#else
enum { KSI_POOL_PLAIN = 0 };
#endif
enum { KSI_POOL_CLASSES = 7, KSI_POOL_LARGE = 7, KSI_POOL_SMALLEST = 64 };

struct ksi_free_block {
    struct ksi_free_block *next;
};

struct ksi_pool {
    struct ksi_free_block *free[KSI_POOL_CLASSES + 1]; /* of large ones: always empty */
    struct ksi_span *spans;
    uint64_t blocks; /* handed out and not given back */
    /* Simulation: true makes the allocation fail. */
    bool (*fails)(void *arg);
    void *fails_arg;
};

void ksi_pool_init(struct ksi_pool *pool);
void ksi_pool_end(struct ksi_pool *pool);
/* The class that a size gets. */
static inline uint8_t ksi_pool_class_of(size_t size)
{
    if (size <= KSI_POOL_SMALLEST) return 0;
    if (size > KSI_POOL_SMALLEST << (KSI_POOL_CLASSES - 1)) return KSI_POOL_LARGE;
    return (uint8_t)(58 - __builtin_clzll((unsigned long long)size - 1)); /* 65..128 is class 1 */
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
    pool->blocks++;
    return block;
}
static inline void ksi_pool_give(struct ksi_pool *pool, void *memory, uint8_t size_class)
{
    pool->blocks--;
    if (KSI_POOL_PLAIN || KSI_UNLIKELY(size_class == KSI_POOL_LARGE)) {
        free(memory);
        return;
    }
    struct ksi_free_block *block = (struct ksi_free_block *)memory;
    block->next = pool->free[size_class];
    pool->free[size_class] = block;
}

#endif
