/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_restart.c - what follows when a child has ended by itself.
 *
 *     running -> restarting -> running          each arrow from restarting counts; more than
 *                 ^     |                        max_restarts within the window, and the supervisor
 *                 +-----+ the start failed        gives up: it ends with reason shutdown
 *
 * A restart that failed is tried again after a moment, in which the supervisor goes on answering;
 * with a back-off, each waits for its time instead. A restart of a group is one restart,
 * of who ended, or of who did not start in it; while it waits, the group is stopped. It counts when
 * it is decided on.
 * See supervisor.h. */
#include "behaviours/supervisor.h"

#include <stdio.h>

enum { MOMENTS_MIN = 4, CONTINUE_RETRY = 1, MS = 1000 };
static const ks_ref none = { { 0, 0 } };

/* --- the intensity ---------------------------------------------------------------------------- */
static void grow(struct ksi_supervisor *self)
{
    uint32_t size = self->moment_size ? 2 * self->moment_size : MOMENTS_MIN;
    ks_ms *moments = ks_alloc(size * sizeof *moments);
    for (uint32_t i = 0; i < self->moment_count; i++)
        moments[i] = self->moments[(self->moment_first + i) % self->moment_size];
    ks_free(self->moments);
    self->moments = moments;
    self->moment_first = 0;
    self->moment_size = size;
}

/* One restart more. False: too many. */
static bool add_restart(struct ksi_supervisor *self)
{
    ks_ms now = ks_now();
    while (self->moment_count && now - self->moments[self->moment_first] > self->window) {
        self->moment_first = (self->moment_first + 1) % self->moment_size;
        self->moment_count--;
    }
    if (self->moment_count >= self->max_restarts) return false;
    if (self->moment_count == self->moment_size) grow(self);
    self->moments[(self->moment_first + self->moment_count++) % self->moment_size] = now;
    return true;
}

/* --- restarting ------------------------------------------------------------------------------- */
static ks_next retry_later(struct ksi_supervisor *self, struct ksi_child *child)
{
    ksi_child_retry(self, child);
    if (ksi_supervisor_retry_later()) return ks_noreply();
    return ks_continue(ks_noreply(), CONTINUE_RETRY);
}

static void end_for_good(struct ksi_supervisor *self, struct ksi_child *child)
{
    ksi_child_stopped(self, child);
    if (ksi_is_forgotten(self, child)) ksi_child_remove(self, child);
}

/* False: it did not start. */
static bool start_one(struct ksi_supervisor *self, struct ksi_child *child)
{
    ks_pid pid;
    child->status = ksi_child_start(self, child, child->row.args, &pid);
    if (child->status == KS_OK)
        child->restarts++;
    else if (child->status == KS_IGNORE)
        end_for_good(self, child);
    else
        return false;
    return true;
}

/* All, or those behind it, last first, and not itself. The temporary ones are not started again, so
 * nothing is kept of them. */
static void stop_siblings(struct ksi_supervisor *self, const struct ksi_child *of, bool all)
{
    struct ksi_child *previous;
    for (struct ksi_child *child = self->last; child && (all || child != of); child = previous) {
        previous = child->previous;
        if (child == of) continue;
        ksi_child_stop(self, child);
        if (ksi_is_forgotten(self, child)) ksi_child_remove(self, child);
    }
}

/* The child and its siblings: all, or those behind it. NULL, or who did not start: those behind it
 * stay stopped until it was tried again, as if it had ended by itself. */
static struct ksi_child *restart_group(struct ksi_supervisor *self, struct ksi_child *child)
{
    bool all = ksi_supervisor_spec(self)->strategy == KS_ONE_FOR_ALL;
    ksi_child_stopped(self, child);
    stop_siblings(self, child, all);
    for (child = all ? self->first : child; child; child = child->next)
        if (!start_one(self, child)) return child;
    return NULL;
}

static bool is_group(const struct ksi_supervisor *self)
{
    ks_strategy strategy = ksi_supervisor_spec(self)->strategy;
    return strategy == KS_ONE_FOR_ALL || strategy == KS_REST_FOR_ONE;
}

static bool backs_off(const struct ksi_child *child) { return child->row.backoff.first_ms > 0; }

/* After its back-off; it is restarting. Without memory to wait with, the supervisor ends. */
static ks_next start_later(struct ksi_supervisor *self, struct ksi_child *child, ks_ms delay)
{
    if (is_group(self))
        stop_siblings(self, child, ksi_supervisor_spec(self)->strategy == KS_ONE_FOR_ALL);
    if (++self->delays == 0) self->delays++;
    child->delay = self->delays;
    child->timer = ksi_child_due_later(child, delay);
    if (ks_same_ref(child->timer, none)) ks_exit(ks_because(KS_NOMEM));
    return ks_noreply();
}

static ks_next give_up(struct ksi_supervisor *self, struct ksi_child *child, const char *event)
{
    unsigned max = self->max_restarts;
    ksi_child_report("shutdown", self, child, "%s; more than %u restart%s in %lld s: giving up",
        event, max, max == 1 ? "" : "s", (long long)(self->window / MS));
    ksi_child_stopped(self, child);
    ksi_child_remove(self, child);
    const ks_reason reached = {
        .kind = KS_REASON_SHUTDOWN, .code = KS_EXITED, .text = "reached max restarts"
    };
    return ksi_supervisor_leave(self, reached);
}

/* It counts, and it is said what comes. how: "restarting", "it is tried again". */
static void announce(struct ksi_supervisor *self, const struct ksi_child *child,
    const char *context, const char *event, const char *how, ks_ms delay)
{
    char in[32] = "";
    if (delay) snprintf(in, sizeof in, " in %lld ms", (long long)delay);
    ksi_child_report(context, self, child, "%s; %s%s (%u of %u in %lld s)", event, how, in,
        (unsigned)self->moment_count, (unsigned)self->max_restarts, (long long)(self->window / MS));
}

/* Its latest start has failed. */
static ks_next try_again(struct ksi_supervisor *self, struct ksi_child *child)
{
    char event[128];
    ksi_child_restarting(self, child);
    snprintf(event, sizeof event, "did not restart: %s", ks_status_text(child->status));
    if (!backs_off(child)) {
        announce(self, child, "start_error", event, "it is tried again", 0);
        return retry_later(self, child);
    }
    if (!add_restart(self)) return give_up(self, child, event);
    ks_ms delay = ks_backoff_delay(&child->row.backoff, child->attempt++);
    announce(self, child, "start_error", event, "it is tried again", delay);
    return start_later(self, child, delay);
}

static ks_next start_again(struct ksi_supervisor *self, struct ksi_child *child)
{
    struct ksi_child *failed = child;
    if (is_group(self))
        failed = restart_group(self, child);
    else if (start_one(self, child))
        failed = NULL;
    return failed ? try_again(self, failed) : ks_noreply();
}

/* event: what became of it, for people. A retry was announced when the restart failed. */
static ks_next restart(struct ksi_supervisor *self, struct ksi_child *child, const char *event)
{
    bool retry = child->state == KS_CHILD_RESTARTING;
    ks_ms delay = 0;
    ksi_child_restarting(self, child);
    if (!add_restart(self)) return give_up(self, child, event);
    if (!retry && backs_off(child)) {
        if (ks_now() - child->started >= ks_backoff_reset(&child->row.backoff)) child->attempt = 0;
        delay = ks_backoff_delay(&child->row.backoff, child->attempt++);
    }
    if (!retry) announce(self, child, "child_terminated", event, "restarting", delay);
    return delay ? start_later(self, child, delay) : start_again(self, child);
}

/* A significant child has ended: is that the end of the supervisor? */
static bool is_done(const struct ksi_supervisor *self)
{
    if (self->auto_shutdown != KS_ALL_SIGNIFICANT) return self->auto_shutdown != KS_NEVER;
    for (const struct ksi_child *child = self->first; child; child = child->next)
        if (child->row.significant && child->state != KS_CHILD_STOPPED) return false;
    return true;
}

ks_next ksi_child_ended(struct ksi_supervisor *self, struct ksi_child *child, ks_reason reason)
{
    char why[2 * KS_REASON_TEXT_MAX], event[3 * KS_REASON_TEXT_MAX];
    bool clean = ks_is_clean(reason), logged = ks_log_enabled(KS_LOG_ERROR);
    ks_restart how = child->row.restart;
    event[0] = 0;
    if (logged)
        snprintf(event, sizeof event, "terminated: %s", ks_reason_text(reason, why, sizeof why));
    /* What ends clean while the program drains has finished its work. */
    if (clean && ks_draining()) how = KS_TEMPORARY;
    if (how == KS_PERMANENT || (how == KS_TRANSIENT && !clean)) return restart(self, child, event);
    if (!clean) ksi_child_report("child_terminated", self, child, "%s; not restarted", event);
    bool significant = child->row.significant;
    end_for_good(self, child);
    return significant && is_done(self) ? ksi_supervisor_leave(self, KS_SHUTDOWN) : ks_noreply();
}

ks_next ksi_supervisor_retry(struct ksi_supervisor *self)
{
    struct ksi_child *child = self->leaving ? NULL : ksi_child_take_retry(self);
    char event[128];
    if (!child) return ks_noreply(); /* terminated meanwhile */
    snprintf(event, sizeof event, "did not restart: %s", ks_status_text(child->status));
    return restart(self, child, event);
}

ks_next ksi_child_due(struct ksi_supervisor *self, struct ksi_child *child)
{
    ksi_child_wait_no_more(self, child);
    return start_again(self, child);
}
