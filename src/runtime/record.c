/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - see record.h. */
#include "runtime/record.h"
#include "base/base.h"
#include "runtime/reserve.h"
#include "runtime/scheduler.h"

bool ksi_records_init(struct ksi_records *records, uint32_t max)
{
    *records = (struct ksi_records){ .max = max, .used = 1 };
    records->table = ksi_reserve((size_t)max * sizeof *records->table);
    return records->table != NULL;
}

void ksi_records_end(struct ksi_records *records)
{
    if (records->table)
        ksi_unreserve(records->table, (size_t)records->max * sizeof *records->table);
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
    return (uint64_t)record->generation << 32 | ksi_record_index(s, record);
}

ks_ref ksi_record_ref(struct ksi_scheduler *s, const struct ksi_record *record)
{
    return (ks_ref){ { ksi_record_handle(s, record), record->owner } };
}

struct ksi_record *ksi_record_find(struct ksi_scheduler *s, uint64_t handle, uint8_t kind)
{
    uint32_t index = (uint32_t)handle;
    if (index == 0 || index >= s->records.used) return NULL;
    struct ksi_record *record = ksi_record_at(s, index);
    return record->generation == handle >> 32 && record->kind == kind ? record : NULL;
}

/* A record from the free list or the end of the table. */
static struct ksi_record *take(struct ksi_scheduler *s)
{
    struct ksi_records *records = &s->records;
    if (records->free) {
        struct ksi_record *record = ksi_record_at(s, records->free);
        records->free = record->next;
        return record;
    }
    if (records->used == records->max) return NULL;
    if (records->used >= records->committed) {
        uint32_t more =
            ksi_commit(records->table, sizeof *records->table, records->committed, records->max);
        if (more == records->committed) return NULL;
        records->committed = more;
    }
    struct ksi_record *record = ksi_record_at(s, records->used++);
    record->generation = 1;
    return record;
}

struct ksi_record *ksi_record_new(struct ksi_scheduler *s, struct ksi_process *owner, uint8_t kind)
{
    if (KSI_UNLIKELY(s->pool.fails != NULL) && s->pool.fails(s->pool.fails_arg)) return NULL;
    struct ksi_record *record = take(s);
    if (!record) return NULL;
    uint32_t index = ksi_record_index(s, record);
    record->kind = kind;
    record->flags = 0;
    record->owner = ksi_process_id(owner);
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
    KSI_ASSERT(record->kind != KSI_RECORD_FREE);
    record->kind = KSI_RECORD_FREE;
    s->records.alive--;
    if (++record->generation == 0) return; /* used up: 2^32 tenants */
    record->next = s->records.free;
    s->records.free = ksi_record_index(s, record);
}
