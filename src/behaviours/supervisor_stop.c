/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_stop.c - how the process of a child is ended from outside, and waited for.
 *
 *     monitor -> ask to stop -> wait as long as its row says -> kill -> wait
 *
 * The DOWN of the monitor says that it is gone, also when the child unlinked itself. The link stays
 * until then, so that nothing is left if the supervisor is killed meanwhile; the exit that comes
 * over it is taken out of the queue. See supervisor.h. */
#include "behaviours/supervisor.h"

enum {
    REPORTS_MAX = 10
}; /* of those that end otherwise than asked, when all are stopped at once */

static bool is_expected(const struct ksi_child *child, ks_reason reason)
{
    if (child->row.shutdown == KS_BRUTAL_KILL && reason.kind == KS_REASON_KILLED) return true;
    if (reason.kind == KS_REASON_NORMAL) return child->row.restart != KS_PERMANENT || ks_draining();
    return reason.kind == KS_REASON_SHUTDOWN;
}

static void report_end(
    const struct ksi_supervisor *self, const struct ksi_child *child, ks_reason reason)
{
    char why[2 * KS_REASON_TEXT_MAX];
    if (is_expected(child, reason)) return;
    ksi_child_report("shutdown_error", self, child, "was told to shut down and ended: %s",
        ks_reason_text(reason, why, sizeof why));
}

/* A supervisor below has ended so: see on_terminate. */
static void note_kill(struct ksi_supervisor *self, ks_reason reason)
{
    if (reason.kind == KS_REASON_SHUTDOWN && reason.code == KS_TIMEOUT) self->killed = true;
}

ks_ref ksi_child_tell(const struct ksi_child *child)
{
    ks_ref monitor = ks_monitor(child->pid);
    if (ks_same_ref(monitor, (ks_ref){ { 0, 0 } })) ks_exit(ks_because(KS_NOMEM));
    if (child->row.shutdown == KS_BRUTAL_KILL)
        ks_exit_process(child->pid, KS_KILL);
    else
        ks_ask_to_stop(child->pid, KS_SHUTDOWN);
    return monitor;
}

/* What a monitor says of a process that was gone before it looked. */
static bool was_gone(ks_reason reason)
{
    return reason.kind == KS_REASON_STATUS && reason.code == KS_NOPROC;
}

/* --- one -------------------------------------------------------------------------------------- */
static bool is_exit_of(const ks_msg *msg, void *arg)
{
    const ks_exited *exited = ks_as(ks_exited, msg);
    return exited && ks_same_pid(exited->pid, *(const ks_pid *)arg);
}

/* Until it is gone: the reason. */
static ks_reason wait_for(
    struct ksi_supervisor *self, const struct ksi_child *child, ks_ref monitor)
{
    bool killed = child->row.shutdown == KS_BRUTAL_KILL;
    const ks_msg *msg = ks_receive_ref(monitor, killed ? KS_INFINITY : child->row.shutdown);
    if (!msg && !killed) {
        self->killed = true;
        ks_exit_process(child->pid, KS_KILL);
        msg = ks_receive_ref(monitor, KS_INFINITY);
    }
    if (!msg) ks_exit(ks_because(KS_NOMEM)); /* waiting takes memory */
    return ks_as(ks_down, msg)->reason;
}

ks_reason ksi_child_reason(ks_pid pid, ks_reason down)
{
    const ks_msg *msg = ks_receive_if(is_exit_of, &pid, 0);
    return msg && was_gone(down) ? ks_as(ks_exited, msg)->reason : down;
}

void ksi_child_gone(struct ksi_supervisor *self, struct ksi_child *child, ks_reason reason)
{
    note_kill(self, reason);
    report_end(self, child, reason);
    ksi_child_stopped(self, child);
}

void ksi_child_stop(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (child->state == KS_CHILD_RUNNING) {
        ks_reason reason = wait_for(self, child, ksi_child_tell(child));
        ksi_child_gone(self, child, ksi_child_reason(child->pid, reason));
    } else {
        ksi_child_stopped(self, child);
    }
}

/* --- all at once ------------------------------------------------------------------------------ */
struct stopping {
    ks_ms asked;    /* when all were told */
    ks_ms next;     /* when the next one is killed; KS_INFINITY: none */
    ks_ms previous; /* who had less time was killed already */
    int64_t left;
    int64_t unexpected;
};

static bool is_end(const ks_msg *msg, void *arg)
{
    return ks_as(ks_down, msg) || ks_as(ks_exited, msg);
}

/* When a child is killed unless it is gone by then. */
static ks_ms limit_of(const struct stopping *stopping, const struct ksi_child *child)
{
    ks_ms shutdown = child->row.shutdown;
    if (shutdown == KS_BRUTAL_KILL || shutdown >= KS_INFINITY) return KS_INFINITY;
    return stopping->asked + shutdown;
}

static void find_next(const struct ksi_supervisor *self, struct stopping *stopping)
{
    stopping->next = KS_INFINITY;
    for (const struct ksi_child *child = self->first; child; child = child->next) {
        ks_ms limit = limit_of(stopping, child);
        if (child->state == KS_CHILD_RUNNING && limit > stopping->previous &&
            limit < stopping->next)
            stopping->next = limit;
    }
}

static void kill_late(struct ksi_supervisor *self, struct stopping *stopping)
{
    self->killed = true;
    for (const struct ksi_child *child = self->first; child; child = child->next)
        if (child->state == KS_CHILD_RUNNING && limit_of(stopping, child) == stopping->next)
            ks_exit_process(child->pid, KS_KILL);
    stopping->previous = stopping->next;
    find_next(self, stopping);
}

static void gone(
    struct ksi_supervisor *self, struct stopping *stopping, ks_pid pid, ks_reason reason)
{
    struct ksi_child *child = ksi_child_of_pid(self, pid);
    if (!child || child->state != KS_CHILD_RUNNING) return;
    ksi_child_stopped(self, child);
    note_kill(self, reason);
    stopping->left--;
    if (was_gone(reason) || is_expected(child, reason)) return;
    if (stopping->unexpected++ < REPORTS_MAX) report_end(self, child, reason);
}

/* An exit tells the reason when the monitor came too late; but it may be forged. */
static void take(struct ksi_supervisor *self, struct stopping *stopping, const ks_msg *msg)
{
    const ks_down *down = ks_as(ks_down, msg);
    const ks_exited *exited = ks_as(ks_exited, msg);
    if (down) gone(self, stopping, down->pid, down->reason);
    if (exited && !ks_is_alive(exited->pid)) gone(self, stopping, exited->pid, exited->reason);
}

static void stop_at_once(struct ksi_supervisor *self)
{
    struct stopping stopping = { .asked = ks_now() };
    for (struct ksi_child *child = self->first; child; child = child->next) {
        if (child->state != KS_CHILD_RUNNING) continue;
        (void)ksi_child_tell(child);
        stopping.left++;
    }
    find_next(self, &stopping);
    while (stopping.left > 0) { /* ends: whoever does not end is killed, or may take all the time */
        ks_ms timeout = stopping.next < KS_INFINITY ? ks_until(stopping.next) : KS_INFINITY;
        const ks_msg *msg = ks_receive_if(is_end, NULL, timeout);
        if (msg)
            take(self, &stopping, msg);
        else if (timeout < KS_INFINITY)
            kill_late(self, &stopping);
        else
            ks_exit(ks_because(KS_NOMEM)); /* waiting takes memory */
    }
    if (stopping.unexpected > REPORTS_MAX)
        ks_log_error(
            "supervisor '%s': %lld more children were told to shut down and ended otherwise",
            self->module->name, (long long)(stopping.unexpected - REPORTS_MAX));
}

/* --- the whole -------------------------------------------------------------------------------- */
void ksi_supervisor_stop_children(struct ksi_supervisor *self)
{
    if (ksi_is_dynamic(self)) {
        stop_at_once(self);
        return;
    }
    for (struct ksi_child *child = self->last; child; child = child->previous)
        ksi_child_stop(self, child);
}
