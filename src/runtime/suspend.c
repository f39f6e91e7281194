/* SPDX-License-Identifier: Apache-2.0 */
/* suspend.c - processes that are kept from running, for debugging.
 *
 * Each suspension is a record of whoever made it, and the suspended one counts them: it runs again
 * when the last has gone, undone or with its maker. The flag is looked at when its turn comes, so
 * that what it waits for may come meanwhile; the end of a suspension makes it ready, needed or not.
 * The count is changed by the home of the suspended, in the order in which its maker says so: who
 * gives up waiting for the first word says the second one. Called from inside a process. */
#include <kiosk/info.h>

#include "base/base.h"
#include "runtime/ask.h"

static void suspend(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out)
{
    ks_status *ret = arg;
    struct ksi_cold *cold = ksi_cold(s, p);
    *ret = KS_OK;
    if (p->flags & KSI_EXITING)
        *ret = KS_NOPROC;
    else if (!cold)
        *ret = KS_NOMEM;
    if (*ret) return;
    cold->suspensions++;
    p->flags |= KSI_SUSPENDED;
}

static void forget(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record)
{
    ksi_record_remove(s, p, record);
    ksi_record_free(s, record);
}

ks_status ks_suspend_process(ks_pid pid)
{
    KSI_ENTER(s);
    uint64_t id;
    if (!s || !s->current) return KS_DENIED;
    struct ksi_process *self = s->current, *p = ksi_resolve_id(s, pid, &id);
    if (!p) return KS_NOPROC;
    if (p == self) return KS_CALLING_SELF;
    struct ksi_record *record = ksi_record_new(s, self, KSI_RECORD_SUSPENSION);
    if (!record) return KS_NOMEM;
    record->suspension.target = id; /* before: our end while we wait undoes it */
    ks_status done = KS_OK;
    ks_status status = ksi_ask(
        s, id, &(struct ksi_question){ .look = suspend, .arg = &done, .arg_size = sizeof done });
    if (status == KS_TIMEOUT)
        ksi_suspension_end(s, self, record); /* it may yet come to pass */
    else if (status || done)
        forget(s, self, record);
    return status ? status : done;
}

void ksi_resume_apply(struct ksi_scheduler *s, struct ksi_process *target)
{
    if (!target->cold || !target->cold->suspensions) return; /* there was no memory for it */
    if (--target->cold->suspensions > 0) return;
    target->flags &= ~(uint32_t)KSI_SUSPENDED;
    bool stranded = target->wait == KSI_WAIT_THREAD; /* its thread comes back by itself */
    if (!(target->flags & KSI_DYING) && !stranded) ksi_ready(s, target);
}

void ksi_suspension_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record)
{
    uint64_t target = record->suspension.target;
    forget(s, p, record);
    ksi_signal_send(
        s, &(struct ksi_signal){ .kind = KSI_RESUME, .from = ksi_process_id(p), .to = target });
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
    if (!ks_is_alive(pid)) return KS_NOPROC;
    uint64_t id;
    (void)ksi_resolve_id(s, pid, &id);
    struct ksi_record *record = find(s, s->current, id);
    if (!record) return KS_NOT_FOUND;
    ksi_suspension_end(s, s->current, record);
    return KS_OK;
}
