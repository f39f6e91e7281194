/* SPDX-License-Identifier: Apache-2.0 */
/* exit.c - exit signals, by the rules of erlang:exit/2 and of links. See signal.h.
 *
 * An explicit kill cannot be trapped, and others see `killed`; the reason kill that comes over a
 * link is like any other. An explicit normal does nothing to somebody else who does not trap. */
#include "base/base.h"
#include "runtime/client.h"
#include "runtime/guard.h"
#include "runtime/signal.h"

static void put_trapped(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal)
{
    ks_exited exited = { .pid = ksi_pid(signal->from), .reason = signal->reason };
    struct ksi_message *m = ksi_message_new(s, &ks_exited_type, &exited);
    if (!m) {
        ksi_condemn(s, target, ksi_because(KS_NOMEM)); /* rather than an exit that is not seen */
        return;
    }
    m->kind = KSI_TRAPPED;
    m->from = signal->from;
    ksi_message_put(s, target, m);
}

void ksi_exit_apply(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal)
{
    if (!target) return;
    bool self = signal->from == signal->to;
    if (signal->kind == KSI_LINK_EXIT) {
        struct ksi_record *record = ksi_link_find(s, target, signal->from);
        if (!record) return;
        bool unlinked = record->flags & KSI_UNLINKING;
        ksi_link_remove(s, target, record);
        if (unlinked) return;
    } else if (signal->reason.kind == KS_REASON_KILL) {
        ksi_condemn(s, target, (ks_reason){ .kind = KS_REASON_KILLED });
        return;
    }
    if (target->flags & KSI_EXITING) return;
    if (target->flags & KSI_TRAPS)
        put_trapped(s, target, signal);
    else if (signal->reason.kind != KS_REASON_NORMAL || (self && signal->kind == KSI_EXIT))
        ksi_condemn(s, target, signal->reason);
}

void ks_exit_process(ks_pid pid, ks_reason reason)
{
    KSI_ENTER(s);
    if (!s) return;
    uint64_t id;
    if (!ksi_resolve_id(s, pid, &id)) return;
    uint64_t from = s->current ? ksi_process_id(s->current) : 0;
    ksi_signal_send(
        s, &(struct ksi_signal){ .kind = KSI_EXIT, .from = from, .to = id, .reason = reason });
    ksi_check_exit(s);
}

/* format_status of a server that is well has failed: whoever asked hears of it, the server goes
 * on. */
static _Noreturn void leave_formatter(struct ksi_scheduler *s, struct ksi_process *self)
{
    struct ksi_message *m = self->current;
    self->flags &= ~(uint32_t)(KSI_FORMATTING | KSI_IN_HOOK);
    self->current = NULL;
    ksi_request_fail(s, m, KS_EXITED);
    ksi_request_done(s, m);
    ksi_leave(s);
}

void ks_exit(ks_reason reason)
{
    KSI_INSIDE(s);
    ksi_guard_leave(reason);
    KSI_ASSERT(s && s->current); /* ks_exit outside of a process: there is nobody to end */
    struct ksi_process *self = s->current;
    if ((self->flags & (KSI_FORMATTING | KSI_EXITING)) == KSI_FORMATTING) leave_formatter(s, self);
    if (ksi_is_client(self) && !(self->flags & KSI_EXITING)) ksi_client_exit(s, reason);
    self->flags |= KSI_OWN_END;
    if (!(self->flags & KSI_EXITING)) ksi_condemn(s, self, reason);
    ksi_leave(s);
}

bool ks_trap_exit(bool on)
{
    KSI_ENTER(s);
    if (!s || !s->current) return false;
    bool old = s->current->flags & KSI_TRAPS;
    if (on)
        s->current->flags |= KSI_TRAPS;
    else
        s->current->flags &= ~(uint32_t)KSI_TRAPS;
    return old;
}
