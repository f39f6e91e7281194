/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the table of processes: slots that are never another type, so a stale pid may be read.
 *
 * A slot whose generation wraps is retired. See scheduler.h. */
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/mailbox.h"
#include "runtime/reserve.h"
#include "runtime/scheduler.h"
#include <string.h>

static struct ksi_process *take_slot(struct ksi_process_table *table)
{
    struct ksi_process *p = table->free;
    if (p) {
        table->free = p->queue_next;
        return p;
    }
    if (table->used == table->max) return NULL;
    if (table->used >= table->committed) {
        uint32_t more = ksi_commit(table->slots, sizeof *p, table->committed, table->max);
        if (more == table->committed) return NULL;
        table->committed = more;
    }
    p = &table->slots[table->used];
    p->index = table->used++;
    p->generation = 1;
    return p;
}

struct ksi_process *ksi_process_new(struct ksi_scheduler *s)
{
    if (KSI_UNLIKELY(s->pool.fails != NULL) && s->pool.fails(s->pool.fails_arg)) return NULL;
    struct ksi_process *p = take_slot(&s->runtime->processes);
    if (!p) return NULL;
    /* The inbox and the place in the wake list outlive a tenant. */
    memset((char *)p + offsetof(struct ksi_process, module), 0,
        sizeof *p - offsetof(struct ksi_process, module));
    p->scheduler = s;
    p->in_use = true;
    p->mailbox_end = &p->mailbox;
    p->mailbox_gate = KSI_MAILBOX_MAX; /* reached before the default of bytes */
    p->parent = s->current ? ksi_process_id(s->current) : 0;
    s->runtime->processes.alive++;
    return p;
}

void ksi_process_free(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_process_table *table = &s->runtime->processes;
    table->alive--;
    p->in_use = false;
    if (++p->generation == 0) return;
    p->queue_next = table->free;
    table->free = p;
}

struct ksi_process *ksi_resolve_slow(struct ksi_scheduler *s, ks_pid pid)
{
    if (pid.node) return NULL;
    if (ksi_is_name(pid)) {
        struct ksi_name *name = ksi_name_find(s, pid);
        return name ? ksi_process_of(s, name->holder) : NULL;
    }
    if (pid.kind != KSI_PID_ALIAS) return NULL;
    struct ksi_record *record = ksi_alias_find(s, pid.id);
    return record ? ksi_process_of(s, record->owner) : NULL;
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
    return ksi_this_scheduler ? ksi_this_scheduler->runtime->processes.alive : 0;
}

uint64_t ks_process_memory(ks_pid pid)
{
    struct ksi_process *p = ksi_this_scheduler ? ksi_resolve(ksi_this_scheduler, pid) : NULL;
    if (!p) return 0;
    uint64_t bytes = sizeof *p + (p->module ? p->module->state_size : 0);
    bytes += p->memory_used + (p->cold ? sizeof *p->cold : 0);
    return bytes + ksi_mailbox_bytes(p);
}

ks_guard_mode ks_stack_guard_mode(void)
{
    return ksi_this_scheduler ? ksi_this_scheduler->stacks.guard : KS_GUARD_NONE;
}
