/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the table of processes: slots that are never another type, so a stale pid may be read.
 *
 * A slot whose generation wraps is retired. See scheduler.h. */
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/ask.h"
#include "runtime/mailbox.h"
#include "runtime/reserve.h"
#include "runtime/scheduler.h"
#include <string.h>

/* What is shared of a slot can be used. False: out of memory. */
static bool make_shared(struct ksi_process_table *processes, uint32_t index)
{
    /* relaxed: changed under the lock, or not yet enough */
    if (index < ksi_load_relaxed(&processes->shared_count)) return true;
    pthread_mutex_lock(&processes->table.lock);
    uint32_t count = ksi_load_relaxed(&processes->shared_count);
    while (index >= count) {
        uint32_t more =
            ksi_commit(processes->shared, sizeof *processes->shared, count, processes->table.max);
        if (more == count) break;
        count = more;
    }
    ksi_store_relaxed(&processes->shared_count, count);
    pthread_mutex_unlock(&processes->table.lock);
    return index < count;
}

/* A slot stays with the scheduler that took it from the table: who pushes into the inbox of a
 * process that is gone must find a home that never gives the slot away behind its own back. */
static uint32_t take_slot(struct ksi_scheduler *s)
{
    struct ksi_process_table *processes = &s->runtime->processes;
    if (KSI_UNLIKELY(s->client)) ksi_take_moved(s); /* its loop seldom runs */
    if (KSI_LIKELY(s->free_processes.free))
        return ksi_slot_take(&processes->table, &s->free_processes);
    uint32_t index = ksi_slot_take_slow(&processes->table, &s->free_processes);
    if (index && !make_shared(processes, index)) {
        ksi_slot_give(&processes->table, &s->free_processes, index);
        return 0;
    }
    /* relaxed: the scheduler that has the piece is the only one that writes, and who reads has a
     * slot of it, by a move */
    if (index) ksi_store_relaxed(&processes->origins[index / KSI_SLOTS_FRESH], (uint16_t)s->number);
    return index;
}

static void give_slot(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_process_table *processes = &s->runtime->processes;
    if (KSI_LIKELY(!s->parallel)) {
        ksi_slot_give(&processes->table, &s->free_processes, p->index);
        return;
    }
    uint32_t origin = ksi_load_relaxed(&processes->origins[p->index / KSI_SLOTS_FRESH]);
    if (origin == s->number)
        ksi_slot_give(&processes->table, &s->free_processes, p->index);
    else
        ksi_move(s, p, ksi_scheduler_of(s->runtime, origin));
}

void ksi_slot_returned(struct ksi_scheduler *s, struct ksi_process *p)
{
    ksi_slot_give(&s->runtime->processes.table, &s->free_processes, p->index);
}

uint64_t ksi_alive(const struct ksi_runtime *runtime)
{
    int64_t alive = 0;
    for (uint32_t i = 0; i < runtime->scheduler_count; i++)
        alive += ksi_load_relaxed(&runtime->schedulers[i]->processes_alive); /* a count, no more */
    /* acquire: they are there; pairs with the release in ksi_client_new() */
    for (uint32_t i = ksi_load_acquire(&runtime->clients.count); i-- > 0;)
        alive += ksi_load_relaxed(&runtime->clients.of[i]->processes_alive);
    return (uint64_t)alive;
}

struct ksi_process *ksi_process_new(struct ksi_scheduler *s)
{
    if (KSI_UNLIKELY(s->pool.fails != NULL) && s->pool.fails(s->pool.fails_arg)) return NULL;
    struct ksi_process_table *processes = &s->runtime->processes;
    uint32_t index = take_slot(s);
    if (!index) return NULL;
    struct ksi_process *p = &processes->slots[index];
    p->index = index;
    /* relaxed: nobody has this pid yet */
    if (!ksi_load_relaxed(&p->generation)) ksi_store_relaxed(&p->generation, 1);
    /* The inbox and the place in the wake list outlive a tenant. */
    memset((char *)p + offsetof(struct ksi_process, module), 0,
        sizeof *p - offsetof(struct ksi_process, module));
    p->flags = p->next_what = p->wait = 0;
    ksi_store_relaxed(&p->queue_length, 0);
    ksi_store_relaxed(&p->name, NULL);
    /* release: what was written above, for who has the pid from us, and who walks over the table */
    ksi_store_release(&p->scheduler, s);
    ksi_store_release(&p->in_use, true);
    p->mailbox_end = &p->mailbox;
    ksi_store_relaxed(&p->mailbox_gate, KSI_MAILBOX_MAX); /* reached before the default of bytes */
    p->parent = s->current ? ksi_process_id(s->current) : 0;
    ksi_add_owned(&s->processes_alive, 1);
    return p;
}

void ksi_process_gone(struct ksi_scheduler *s, struct ksi_process *p)
{
    ksi_add_owned(&s->processes_alive, -1);
    /* release: who sees it sees what our end did to the records */
    ksi_store_release(&p->in_use, false);
}

void ksi_process_free(struct ksi_scheduler *s, struct ksi_process *p)
{
    KSI_ASSERT(!p->mailbox && !p->deferred && !p->current);
    if (ksi_load_relaxed(&p->in_use)) ksi_process_gone(s, p); /* relaxed: it is ours */
    uint32_t next = ksi_load_relaxed(&p->generation) + 1;     /* only we change it */
    ksi_store_release(&p->generation, next); /* pairs with the acquire in ksi_process_of() */
    if (next) give_slot(s, p);
}

uint64_t ksi_resolve_slow(struct ksi_scheduler *s, ks_pid pid)
{
    if (pid.node) return 0;
    if (ksi_is_name(pid)) return ksi_name_holder(s, pid);
    if (pid.kind != KSI_PID_ALIAS) return 0;
    struct ksi_record *record = ksi_record_find(s, pid.id, KSI_RECORD_ALIAS);
    uint64_t owner = record ? ksi_record_owner(record) : 0;
    /* Still the same record: the owner that was read is its owner. */
    if (!owner || !ksi_record_find(s, pid.id, KSI_RECORD_ALIAS)) return 0;
    /* Elsewhere its home looks whether it is active. */
    bool here = ksi_is_home(s, ksi_slot_of(s, owner));
    return here && !ksi_alias_find(s, pid.id) ? 0 : owner;
}

/* NULL: out of memory. */
struct ksi_cold *ksi_cold(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (p->cold) return p->cold;
    uint8_t size_class;
    p->cold = ksi_pool_get(&s->pool, sizeof *p->cold, &size_class);
    if (p->cold) *p->cold = (struct ksi_cold){ 0 };
    return p->cold;
}

uint64_t ks_process_count(void)
{
    KSI_INSIDE(s);
    return s ? ksi_alive(s->runtime) : 0;
}

static void look_how_large(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out)
{
    *(uint64_t *)arg = (p->module ? p->module->state_size : 0) + (p->cold ? sizeof *p->cold : 0);
}

uint64_t ks_process_memory(ks_pid pid)
{
    KSI_ENTER(s);
    uint64_t id, bytes = 0;
    const struct ksi_process *p = s ? ksi_resolve_id(s, pid, &id) : NULL;
    if (!p) return 0;
    /* Without an answer we leave out what only its home may look at. */
    const struct ksi_question question = {
        .look = look_how_large, .arg = &bytes, .arg_size = sizeof bytes
    };
    if (ksi_ask(s, id, &question) == KS_NOPROC) return 0;
    bytes += sizeof *p + ksi_load_relaxed(&p->memory_used); /* a count that others may read */
    return bytes + ksi_mailbox_bytes(p);
}

ks_guard_mode ks_stack_guard_mode(void)
{
    KSI_INSIDE(s);
    return s ? s->runner->stacks.guard : KS_GUARD_NONE;
}

size_t ks_stack_guard_size(void)
{
    KSI_INSIDE(s);
    return s ? s->runner->stacks.guard_size : 0;
}
