/* SPDX-License-Identifier: Apache-2.0 */
/* suspend.c - processes that are kept from running, for debugging.
 *
 * Each suspension is a record of whoever made it, and the suspended one counts them: it runs again
 * when the last has gone, undone or with its maker. The flag is looked at when its turn comes, so
 * that what it waits for may come meanwhile; the end of a suspension makes it ready, needed or not.
 * Called from inside a process. */
#include <kiosk/info.h>

#include "base/base.h"
#include "runtime/signal.h"

ks_status ks_suspend_process(ks_pid pid)
{
    KSI_ENTER(s);
    if (!s || !s->current) return KS_DENIED;
    struct ksi_process *p = ksi_resolve(s, pid);
    if (p == s->current) return KS_CALLING_SELF;
    if (p && !ksi_is_home(s, p)) return KS_DENIED;
    if (p) ksi_inbox_drain(s, p);
    if (!p || (p->flags & KSI_EXITING)) return KS_NOPROC;
    struct ksi_cold *cold = ksi_cold(s, p);
    struct ksi_record *record = cold ? ksi_record_new(s, s->current, KSI_RECORD_SUSPENSION) : NULL;
    if (!record) return KS_NOMEM;
    record->suspension.target = ksi_process_id(p);
    cold->suspensions++;
    p->flags |= KSI_SUSPENDED | KSI_BOUND; /* both stay, so that we may touch it later */
    s->current->flags |= KSI_BOUND;
    return KS_OK;
}

void ksi_suspension_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record)
{
    struct ksi_process *target = ksi_process_of(s, record->suspension.target);
    ksi_record_remove(s, p, record);
    ksi_record_free(s, record);
    if (!target) return;
    KSI_ASSERT(target->cold && target->cold->suspensions > 0);
    if (--target->cold->suspensions > 0) return;
    target->flags &= ~(uint32_t)KSI_SUSPENDED;
    bool stranded = target->wait == KSI_WAIT_THREAD; /* its thread comes back by itself */
    if (!(target->flags & KSI_DYING) && !stranded) ksi_ready(s, target);
}

/* The newest suspension of target that p made, or NULL. */
static struct ksi_record *find(struct ksi_scheduler *s, struct ksi_process *p, uint64_t target)
{
    for (uint32_t i = p->owned; i; i = ksi_record_at(s, i)->next) {
        struct ksi_record *record = ksi_record_at(s, i);
        if (ksi_load_relaxed(&record->kind) == KSI_RECORD_SUSPENSION &&
            record->suspension.target == target)
            return record;
    }
    return NULL;
}

ks_status ks_resume_process(ks_pid pid)
{
    KSI_ENTER(s);
    if (!s || !s->current) return KS_DENIED;
    struct ksi_process *p = ksi_resolve(s, pid);
    if (p && !ksi_is_home(s, p)) return KS_DENIED;
    if (p) ksi_inbox_drain(s, p);
    if (!p || (p->flags & KSI_EXITING)) return KS_NOPROC;
    struct ksi_record *record = find(s, s->current, ksi_process_id(p));
    if (!record) return KS_NOT_FOUND;
    ksi_suspension_end(s, s->current, record);
    return KS_OK;
}
