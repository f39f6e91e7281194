/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - see record.h. */
#include "runtime/record.h"
#include "base/base.h"
#include "runtime/scheduler.h"

bool ksi_records_init(struct ksi_slots *slots, uint32_t max)
{
    return ksi_slots_init(
        slots, sizeof(struct ksi_record), offsetof(struct ksi_record, next), max, "kiosk records");
}

struct ksi_record *ksi_record_at(struct ksi_scheduler *s, uint32_t index)
{
    return &s->records.table[index];
}

uint32_t ksi_record_index(struct ksi_scheduler *s, const struct ksi_record *record)
{
    return (uint32_t)(record - s->records.table);
}

uint64_t ksi_record_handle(struct ksi_scheduler *s, const struct ksi_record *record)
{
    return (uint64_t)ksi_load_relaxed(&record->generation) << 32 | ksi_record_index(s, record);
}

ks_ref ksi_record_ref(struct ksi_scheduler *s, const struct ksi_record *record)
{
    return (ks_ref){ { ksi_record_handle(s, record), ksi_record_owner(record) } };
}

struct ksi_record *ksi_record_find(struct ksi_scheduler *s, uint64_t handle, uint8_t kind)
{
    uint32_t index = (uint32_t)handle;
    /* acquire: the slot is there; pairs with the release in slots.c */
    if (index == 0 || index >= ksi_load_acquire(&s->records.slots->used)) return NULL;
    struct ksi_record *record = ksi_record_at(s, index);
    /* acquire: what its end, or its making, wrote; a stale handle finds another generation */
    return ksi_load_acquire(&record->generation) == handle >> 32 &&
            ksi_load_acquire(&record->kind) == kind
        ? record
        : NULL;
}

struct ksi_record *ksi_record_new(struct ksi_scheduler *s, struct ksi_process *owner, uint8_t kind)
{
    if (KSI_UNLIKELY(s->pool.fails != NULL) && s->pool.fails(s->pool.fails_arg)) return NULL;
    uint32_t index = ksi_slot_take(s->records.slots, &s->records.free);
    if (!index) return NULL;
    struct ksi_record *record = ksi_record_at(s, index);
    /* relaxed: nobody knows the handle yet */
    if (!ksi_load_relaxed(&record->generation)) ksi_store_relaxed(&record->generation, 1);
    ksi_store_relaxed(&record->kind, kind);
    record->watching = false;
    record->flags = 0;
    ksi_store_relaxed(&record->owner, ksi_process_id(owner));
    record->previous = 0;
    record->next = owner->owned;
    if (owner->owned) ksi_record_at(s, owner->owned)->previous = index;
    owner->owned = index;
    s->records.alive++;
    return record;
}

void ksi_record_remove(
    struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record)
{
    if (record->previous)
        ksi_record_at(s, record->previous)->next = record->next;
    else if (owner)
        owner->owned = record->next;
    if (record->next) ksi_record_at(s, record->next)->previous = record->previous;
    record->next = record->previous = 0;
}

void ksi_record_free(struct ksi_scheduler *s, struct ksi_record *record)
{
    KSI_ASSERT(ksi_load_relaxed(&record->kind) != KSI_RECORD_FREE);
    ksi_store_relaxed(&record->kind, KSI_RECORD_FREE);
    s->records.alive--;
    uint32_t next = ksi_load_relaxed(&record->generation) + 1;
    /* release: pairs with the acquire in ksi_record_find() */
    ksi_store_release(&record->generation, next);
    if (!next) return; /* used up: 2^32 tenants */
    ksi_slot_give_any(s->records.slots, &s->records.free, ksi_record_index(s, record));
}
