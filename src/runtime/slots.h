/* SPDX-License-Identifier: Apache-2.0 */
/* slots.h - tables of processes and of records: elements with an index, never of another type.
 *
 * A table grows in place and is shared by the schedulers of a runtime; each takes from, and gives
 * to, a list of its own. What it has too much of, and a piece of the table that is new, moves many
 * elements at a time. Index 0 is nobody. A new element is zeroed; one that was used before is as
 * it was given back, but for its link. The cache is used by the owning scheduler only, the table
 * by any. */
#ifndef KSI_RUNTIME_SLOTS_H
#define KSI_RUNTIME_SLOTS_H
#include "base/atomic.h"
#include "base/base.h"
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KSI_SLOTS_FRESH = KSI_KNOB(64, 1) }; /* a piece of the table */
struct ksi_slots {
    char *base;
    size_t element, link; /* bytes; where the link, a uint32_t, stands in an element */
    uint32_t max;
    _Atomic(uint32_t) used; /* every index below may be looked at */
    pthread_mutex_t lock;   /* of what follows */
    uint32_t committed, free;
};
struct ksi_slot_cache {
    uint32_t free, count;
    uint32_t fresh, fresh_end; /* never used: touched when they are taken only */
};

/* name: of its memory, for tools. */
bool ksi_slots_init(
    struct ksi_slots *slots, size_t element, size_t link, uint32_t max, const char *name);
void ksi_slots_end(struct ksi_slots *slots);
uint32_t ksi_slot_take_slow(struct ksi_slots *slots, struct ksi_slot_cache *cache);
void ksi_slots_take_back(struct ksi_slots *slots, struct ksi_slot_cache *cache);

static inline void *ksi_slot_at(const struct ksi_slots *slots, uint32_t index)
{
    return slots->base + (size_t)index * slots->element;
}
static inline uint32_t *ksi_slot_link(const struct ksi_slots *slots, uint32_t index)
{
    return (uint32_t *)(void *)((char *)ksi_slot_at(slots, index) + slots->link);
}
/* 0: the table is full, or out of memory. */
static inline uint32_t ksi_slot_take(struct ksi_slots *slots, struct ksi_slot_cache *cache)
{
    uint32_t index = cache->free;
    if (KSI_UNLIKELY(!index)) return ksi_slot_take_slow(slots, cache);
    cache->free = *ksi_slot_link(slots, index);
    cache->count--;
    return index;
}
static inline void ksi_slot_give(
    struct ksi_slots *slots, struct ksi_slot_cache *cache, uint32_t index)
{
    *ksi_slot_link(slots, index) = cache->free;
    cache->free = index;
    cache->count++;
}
/* The same, for elements that may wander from one scheduler to another. */
static inline void ksi_slot_give_any(
    struct ksi_slots *slots, struct ksi_slot_cache *cache, uint32_t index)
{
    enum { HELD = KSI_KNOB(1024, 2) };
    ksi_slot_give(slots, cache, index);
    if (KSI_UNLIKELY(cache->count > HELD)) ksi_slots_take_back(slots, cache);
}

#endif
