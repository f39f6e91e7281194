/* SPDX-License-Identifier: Apache-2.0 */
/* span.c - see span.h. The heads of the spans stand in the first span of their region, so that they
 * outlive the memory of theirs. */
#define _GNU_SOURCE /* MADV_DONTNEED */
#include "runtime/span.h"
#include "base/base.h"
#include "base/label.h"
#include <sys/mman.h>

enum { REGION_SIZE = 4 * 1024 * 1024, SPANS = REGION_SIZE / KSI_SPAN_SIZE };
/* Empty spans that keep their memory: a few, and a share of what is in use, so that a load that
 * swings does not ask the system for the same pages over and over. */
enum { KEEP = 16, KEEP_SHARE = 8 };

struct ksi_region {
    struct ksi_region *next;
    struct ksi_span spans[SPANS]; /* the first is this one */
};
_Static_assert(sizeof(struct ksi_region) <= KSI_SPAN_SIZE, "the heads fit into one span");

/* --- lists of spans --------------------------------------------------------------------------- */
static void list_add(struct ksi_span **list, struct ksi_span *span)
{
    span->next = *list;
    span->link = list;
    if (span->next) span->next->link = &span->next;
    *list = span;
}

static void list_remove(struct ksi_span *span)
{
    *span->link = span->next;
    if (span->next) span->next->link = span->link;
}

/* --- regions ---------------------------------------------------------------------------------- */
static struct ksi_span *span_of(const void *block)
{
    uintptr_t address = (uintptr_t)block, start = address & ~(uintptr_t)(REGION_SIZE - 1);
    struct ksi_region *region = (struct ksi_region *)start;
    return &region->spans[(address - start) / KSI_SPAN_SIZE];
}

/* Aligned to its size: a larger map is cut at both ends. */
static char *map_region(bool large_pages)
{
    size_t size = 2 * (size_t)REGION_SIZE;
    char *map = mmap(
        NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) return NULL;
    uintptr_t start = ((uintptr_t)map + REGION_SIZE - 1) & ~(uintptr_t)(REGION_SIZE - 1);
    size_t before = start - (uintptr_t)map, after = size - before - REGION_SIZE;
    char *region = map + before;
    if (before) munmap(map, before);
    if (after) munmap(region + REGION_SIZE, after);
    ksi_label_memory(region, REGION_SIZE, "kiosk pool");
    if (large_pages) (void)madvise(region, REGION_SIZE, MADV_HUGEPAGE);
    return region;
}

static bool new_region(struct ksi_spans *spans)
{
    /* Whoever needs more than one region fills them: fewer page faults. */
    char *memory = map_region(spans->regions != NULL);
    struct ksi_region *region = (struct ksi_region *)(void *)memory;
    if (!region) return false;
    region->next = spans->regions;
    spans->regions = region;
    for (int i = SPANS - 1; i > 0; i--) {
        region->spans[i].memory = memory + (size_t)i * KSI_SPAN_SIZE;
        list_add(&spans->returned, &region->spans[i]);
    }
    return true;
}

/* --- spans ------------------------------------------------------------------------------------ */
/* Blocks are cut off when they are wanted: who needs few of a class touches few pages. */
static void begin_to_cut(struct ksi_span *span, uint8_t size_class)
{
    span->size_class = size_class;
    span->blocks = span->free_count = span->uncut =
        (uint32_t)(KSI_SPAN_SIZE / ksi_span_class_size(size_class));
    span->free = NULL;
}

static struct ksi_free_block *cut_one(struct ksi_span *span)
{
    size_t at = (span->blocks - span->uncut--) * ksi_span_class_size(span->size_class);
    return (struct ksi_free_block *)(void *)(span->memory + at);
}

static struct ksi_free_block *take_one(struct ksi_span *span)
{
    struct ksi_free_block *block = span->free;
    span->free_count--;
    if (!block) return cut_one(span);
    span->free = block->next;
    return block;
}

/* A span with free blocks of the class, in its list; NULL: out of memory. */
static struct ksi_span *span_with_free(struct ksi_spans *spans, uint8_t size_class)
{
    if (spans->with_free[size_class]) return spans->with_free[size_class];
    struct ksi_span *span = spans->resident;
    if (!span) {
        if (!spans->returned && !new_region(spans)) return NULL;
        span = spans->returned;
    }
    list_remove(span);
    if (span->resident) spans->resident_count--;
    span->resident = false;
    spans->used_count++;
    begin_to_cut(span, size_class);
    list_add(&spans->with_free[size_class], span);
    return span;
}

static void return_memory(struct ksi_spans *spans, struct ksi_span *span)
{
    span->resident = false;
    list_add(&spans->returned, span);
    (void)madvise(span->memory, KSI_SPAN_SIZE, MADV_DONTNEED);
}

static void now_empty(struct ksi_spans *spans, struct ksi_span *span)
{
    list_remove(span);
    spans->used_count--;
    if (spans->resident_count >= KEEP + spans->used_count / KEEP_SHARE) {
        return_memory(spans, span);
        return;
    }
    span->resident = true;
    spans->resident_count++;
    list_add(&spans->resident, span);
}

/* --- blocks ----------------------------------------------------------------------------------- */
struct ksi_free_block *ksi_spans_take(
    struct ksi_spans *spans, uint8_t size_class, uint32_t wanted, uint32_t *ret_count)
{
    pthread_mutex_lock(&spans->lock);
    struct ksi_span *span = span_with_free(spans, size_class);
    struct ksi_free_block *list = NULL, **end = &list;
    uint32_t count = 0;
    for (; span && span->free_count && count < wanted; count++) {
        *end = take_one(span);
        end = &(*end)->next;
    }
    *end = NULL;
    if (span && !span->free_count) list_remove(span);
    pthread_mutex_unlock(&spans->lock);
    *ret_count = count;
    return list;
}

void ksi_spans_give(struct ksi_spans *spans, struct ksi_free_block *list)
{
    pthread_mutex_lock(&spans->lock);
    while (list) {
        struct ksi_free_block *block = list;
        struct ksi_span *span = span_of(block);
        list = block->next;
        block->next = span->free;
        span->free = block;
        if (span->free_count++ == 0) list_add(&spans->with_free[span->size_class], span);
        if (span->free_count == span->blocks) now_empty(spans, span);
    }
    pthread_mutex_unlock(&spans->lock);
}

void ksi_spans_trim(struct ksi_spans *spans)
{
    pthread_mutex_lock(&spans->lock);
    while (spans->resident_count > KEEP) {
        struct ksi_span *span = spans->resident;
        list_remove(span);
        spans->resident_count--;
        return_memory(spans, span);
    }
    pthread_mutex_unlock(&spans->lock);
}

size_t ksi_spans_resident(struct ksi_spans *spans)
{
    pthread_mutex_lock(&spans->lock);
    size_t count = spans->used_count + spans->resident_count;
    pthread_mutex_unlock(&spans->lock);
    return count * KSI_SPAN_SIZE;
}

void ksi_spans_init(struct ksi_spans *spans)
{
    *spans = (struct ksi_spans){ .regions = NULL };
    int error = pthread_mutex_init(&spans->lock, NULL);
    KSI_ASSERT(error == 0); /* glibc's never fails */
}

void ksi_spans_end(struct ksi_spans *spans)
{
    while (spans->regions) {
        struct ksi_region *region = spans->regions;
        spans->regions = region->next;
        munmap(region, REGION_SIZE);
    }
    pthread_mutex_destroy(&spans->lock);
}
