/* SPDX-License-Identifier: Apache-2.0 */
/* span.h - where the pools of a runtime get their memory, and where it goes back to.
 *
 * Address space comes in regions of 4 MiB, cut into spans of 64 KiB; a span holds blocks of one
 * size class, and a block finds its span by its address. Blocks travel in lists, many at a time,
 * under one lock. A span whose blocks are all here is empty: some stay at hand, the memory of the
 * others goes back to the system. Any thread. */
#ifndef KSI_RUNTIME_SPAN_H
#define KSI_RUNTIME_SPAN_H
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KSI_SPAN_CLASSES = 13, KSI_SPAN_SIZE = 64 * 1024 };

struct ksi_free_block {
    struct ksi_free_block *next;
};
struct ksi_span {
    struct ksi_span *next, **link; /* among the spans of its class with free blocks, or the empty */
    struct ksi_free_block *free;
    char *memory;
    uint32_t free_count, blocks;
    uint32_t uncut; /* of the free ones, the last so many: never touched yet, and in no list */
    uint8_t size_class;
    bool resident; /* empty, and its memory was not given back */
};
struct ksi_spans {
    pthread_mutex_t lock; /* of everything below */
    struct ksi_region *regions;
    struct ksi_span *with_free[KSI_SPAN_CLASSES];
    struct ksi_span *resident, *returned; /* empty ones, by whether they still have memory */
    size_t used_count, resident_count;
};

/* 64, 96, 128, 192, 256 ... 3072, 4096 bytes. */
static inline size_t ksi_span_class_size(int size_class)
{
    return (size_t)(2 + (size_class & 1)) << (5 + size_class / 2);
}

void ksi_spans_init(struct ksi_spans *spans);
/* Every block is invalid afterwards. */
void ksi_spans_end(struct ksi_spans *spans);
/* A list of 1 to wanted blocks of the class; NULL: out of memory. */
struct ksi_free_block *ksi_spans_take(
    struct ksi_spans *spans, uint8_t size_class, uint32_t wanted, uint32_t *ret_count);
/* Gives a whole list back. */
void ksi_spans_give(struct ksi_spans *spans, struct ksi_free_block *list);
/* Gives the memory of empty spans back to the system. */
void ksi_spans_trim(struct ksi_spans *spans);
/* Bytes in spans that have memory. */
size_t ksi_spans_resident(struct ksi_spans *spans);

#endif
