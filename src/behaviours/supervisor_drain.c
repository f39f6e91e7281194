/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_drain.c - a supervisor that is to end while the program drains, and answers meanwhile.
 *
 *     stays -> for each child, last first: [working] -> asked -> [killed]     -> it ends
 *     stays -> working: all of a dynamic supervisor's                         -> it ends, and they
 *
 * Who may finish its work is left alone until it ends by itself, or its time is over; nobody is
 * started any more. Nothing here waits: each wait is a state that an exit, a DOWN or a timer ends.
 * What is left then is stopped by supervisor_stop.c. See supervisor.h. */
#include "behaviours/supervisor.h"

static ks_ms drain_of(const struct ksi_child *child)
{
    ks_ms left = ks_drain_left();
    return child->row.drain < left ? child->row.drain : left;
}

/* False: without memory to wait with it goes on as if the time were over. */
static bool wait_in(struct ksi_supervisor *self, enum ksi_leaving state, ks_ms limit)
{
    self->leaving = (uint8_t)state;
    self->patience++; /* what was waited for before counts no more */
    return ksi_supervisor_impatient_later(self->patience, limit);
}

/* --- one by one ------------------------------------------------------------------------------- */
/* Its end comes by an exit or by a DOWN. False: it was waited for, and is gone. */
static bool ask(struct ksi_supervisor *self, struct ksi_child *child)
{
    bool kills = child->row.shutdown == KS_BRUTAL_KILL;
    if (!wait_in(self, kills ? KSI_KILLED : KSI_ASKED, kills ? KS_INFINITY : child->row.shutdown)) {
        ksi_child_stop(self, child);
        return false;
    }
    (void)ksi_child_tell(child);
    return true;
}

static bool begin(struct ksi_supervisor *self, struct ksi_child *child)
{
    self->awaited = child;
    if (child->state != KS_CHILD_RUNNING) {
        ksi_child_stopped(self, child);
        return false;
    }
    ks_ms limit = ks_is_alive(child->pid) ? drain_of(child) : 0;
    return (limit > 0 && wait_in(self, KSI_WORKING, limit)) || ask(self, child);
}

static ks_next one_by_one(struct ksi_supervisor *self)
{
    struct ksi_child *child = self->awaited;
    if (child && child->state == KS_CHILD_RUNNING) return ks_noreply(); /* it is waited for */
    for (child = child ? child->previous : self->last; child; child = child->previous)
        if (begin(self, child)) return ks_noreply();
    return ks_stop(self->why);
}

/* --- all at once ------------------------------------------------------------------------------ */
/* As long as the most patient row says. */
static bool begin_all(struct ksi_supervisor *self)
{
    ks_ms longest = 0;
    for (const struct ksi_child *child = self->first; child; child = child->next) {
        ks_ms limit = child->state == KS_CHILD_RUNNING ? drain_of(child) : 0;
        if (limit > longest) longest = limit;
    }
    return longest > 0 && wait_in(self, KSI_WORKING, longest);
}

/* --- entry ------------------------------------------------------------------------------------ */
ks_next ksi_supervisor_leave_on(struct ksi_supervisor *self)
{
    if (!ksi_is_dynamic(self)) return one_by_one(self);
    return self->at_work ? ks_noreply() : ks_stop(self->why);
}

ks_next ksi_supervisor_leave(struct ksi_supervisor *self, ks_reason why)
{
    if (!ks_draining()) return ks_stop(why);
    if (self->leaving) return ks_noreply(); /* that is what it is doing */
    self->leaving = KSI_WORKING;
    self->why = why;
    if (why.text) self->why.text = ks_strdup(ks_str(why.text));
    for (const struct ksi_child *child = self->first; child; child = child->next)
        self->at_work += child->state == KS_CHILD_RUNNING && child->row.drain > 0;
    if (ksi_is_dynamic(self) && !begin_all(self)) return ks_stop(self->why);
    return ksi_supervisor_leave_on(self);
}

ks_next ksi_supervisor_lost(struct ksi_supervisor *self, ks_pid pid, ks_reason reason)
{
    struct ksi_child *child = ksi_child_of_pid(self, pid);
    if (!child || child->state != KS_CHILD_RUNNING) return ks_noreply();
    ksi_child_gone(self, child, reason);
    if (ksi_is_forgotten(self, child)) ksi_child_remove(self, child);
    return ksi_supervisor_leave_on(self);
}

static ks_next all_are_late(struct ksi_supervisor *self)
{
    ks_log_warning("supervisor '%s': %lld children have not finished their work in time",
        self->module->name, (long long)self->at_work);
    return ks_stop(self->why);
}

ks_next ksi_supervisor_impatient(struct ksi_supervisor *self, uint32_t patience)
{
    struct ksi_child *child = self->awaited;
    if (!self->leaving || patience != self->patience) return ks_noreply();
    if (ksi_is_dynamic(self)) return all_are_late(self);
    if (!child || child->state != KS_CHILD_RUNNING) return ksi_supervisor_leave_on(self);
    if (self->leaving == KSI_WORKING) {
        ksi_child_report("shutdown_error", self, child, "has not finished its work in time");
        (void)ask(self, child);
    } else {
        self->killed = true;
        self->leaving = KSI_KILLED;
        ks_exit_process(child->pid, KS_KILL);
    }
    return ksi_supervisor_leave_on(self);
}
