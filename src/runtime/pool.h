/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - memory in size classes, for one scheduler: a list pop to get, a list push to give back.
 *
 * Classes are 64, 128, 256 ... 4096 bytes, cut from spans of 64 KiB that stay until the pool ends;
 * larger blocks are malloc's. Under AddressSanitizer, and in the mean build, every block is malloc's,
 * so that a use after the end is seen. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_POOL_H
#define KSI_RUNTIME_POOL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KSI_POOL_CLASSES = 7, KSI_POOL_LARGE = 7, KSI_POOL_SMALLEST = 64 };

struct ksi_pool {
    struct ksi_free_block *free[KSI_POOL_CLASSES];
    struct ksi_span *spans;
    uint64_t blocks; /* handed out and not given back */
    /* Simulation: true makes the allocation fail. */
    bool (*fails)(void *arg);
    void *fails_arg;
};

void ksi_pool_init(struct ksi_pool *pool);
void ksi_pool_end(struct ksi_pool *pool);
/* 16-byte aligned, not zeroed; *ret_class is needed to give it back. NULL: out of memory. */
void *ksi_pool_get(struct ksi_pool *pool, size_t size, uint8_t *ret_class);
void ksi_pool_give(struct ksi_pool *pool, void *block, uint8_t size_class);
/* The class that a size gets. */
uint8_t ksi_pool_class_of(size_t size);

#endif
