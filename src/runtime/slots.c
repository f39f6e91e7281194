/* SPDX-License-Identifier: Apache-2.0 */
/* slots.c - see slots.h. */
#include "runtime/slots.h"
#include "base/label.h"
#include "runtime/reserve.h"

enum { MOVED = KSI_KNOB(512, 1) };

bool ksi_slots_init(
    struct ksi_slots *slots, size_t element, size_t link, uint32_t max, const char *name)
{
    *slots = (struct ksi_slots){ .element = element, .link = link, .max = max };
    slots->base = ksi_reserve((size_t)max * element);
    if (!slots->base) return false;
    ksi_label_memory(slots->base, (size_t)max * element, name);
    slots->committed = ksi_commit(slots->base, element, 0, max);
    ksi_store_relaxed(&slots->used, 1);
    return slots->committed > 0 && pthread_mutex_init(&slots->lock, NULL) == 0;
}

void ksi_slots_end(struct ksi_slots *slots)
{
    if (!slots->base) return;
    ksi_unreserve(slots->base, (size_t)slots->max * slots->element);
    pthread_mutex_destroy(&slots->lock);
}

/* A piece of the table that nobody has used yet. */
static bool take_fresh(struct ksi_slots *slots, struct ksi_slot_cache *cache)
{
    uint32_t used = ksi_load_relaxed(&slots->used); /* changed under the lock, which we hold */
    while (used >= slots->committed) {
        uint32_t more = ksi_commit(slots->base, slots->element, slots->committed, slots->max);
        if (more == slots->committed) return false;
        slots->committed = more;
    }
    /* Pieces begin at multiples of their size, so that an index tells its piece. */
    uint32_t end = (used / KSI_SLOTS_FRESH + 1) * KSI_SLOTS_FRESH;
    cache->fresh = used;
    cache->fresh_end = end < slots->committed ? end : slots->committed;
    /* release: the memory below is there; pairs with the acquire of who looks at an index */
    ksi_store_release(&slots->used, cache->fresh_end);
    return true;
}

static void take_used(struct ksi_slots *slots, struct ksi_slot_cache *cache)
{
    for (int i = 0; i < MOVED && slots->free; i++) {
        uint32_t index = slots->free;
        slots->free = *ksi_slot_link(slots, index);
        *ksi_slot_link(slots, index) = cache->free;
        cache->free = index;
        cache->count++;
    }
}

uint32_t ksi_slot_take_slow(struct ksi_slots *slots, struct ksi_slot_cache *cache)
{
    bool some = cache->fresh < cache->fresh_end;
    if (!some) {
        pthread_mutex_lock(&slots->lock);
        take_used(slots, cache);
        if (!cache->free) some = take_fresh(slots, cache);
        pthread_mutex_unlock(&slots->lock);
    }
    if (some) return cache->fresh++;
    return cache->free ? ksi_slot_take(slots, cache) : 0;
}

void ksi_slots_take_back(struct ksi_slots *slots, struct ksi_slot_cache *cache)
{
    pthread_mutex_lock(&slots->lock);
    for (int i = 0; i < MOVED && cache->free; i++) {
        uint32_t index = cache->free;
        cache->free = *ksi_slot_link(slots, index);
        cache->count--;
        *ksi_slot_link(slots, index) = slots->free;
        slots->free = index;
    }
    pthread_mutex_unlock(&slots->lock);
}
