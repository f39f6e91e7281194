/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_restart.c - what follows when a child has ended by itself.
 *
 *     running -> restarting -> running          each arrow from restarting counts; more than
 *                 ^     |                        max_restarts within the window, and the supervisor
 *                 +-----+ the start failed        gives up: it ends with reason shutdown
 *
 * A restart that failed is tried again after what is queued, so that the supervisor goes on
 * answering. A restart of a group is one restart, of who ended, or of who did not start in it.
 * See supervisor.h. */
#include "behaviours/supervisor.h"

#include <stdio.h>

enum { MOMENTS_MIN = 4, CONTINUE_RETRY = 1, MS = 1000 };

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
    child->retry_next = NULL;
    if (self->retry)
        self->retry_last->retry_next = child;
    else
        self->retry = child;
    self->retry_last = child;
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

/* Those behind `before`, last first; NULL: all. The temporary ones are not started again, so
 * nothing is kept of them. */
static void stop_behind(struct ksi_supervisor *self, const struct ksi_child *before)
{
    struct ksi_child *previous;
    for (struct ksi_child *child = self->last; child != before; child = previous) {
        previous = child->previous;
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
    stop_behind(self, all ? NULL : child->previous);
    for (child = all ? self->first : child; child; child = child->next)
        if (!start_one(self, child)) return child;
    return NULL;
}

static ks_next start_again(struct ksi_supervisor *self, struct ksi_child *child)
{
    struct ksi_child *failed = NULL;
    switch (ksi_supervisor_spec(self)->strategy) {
    case KS_ONE_FOR_ALL:
    case KS_REST_FOR_ONE: failed = restart_group(self, child); break;
    default: failed = start_one(self, child) ? NULL : child;
    }
    if (!failed) return ks_noreply();
    ksi_child_restarting(self, failed);
    ksi_child_report(KS_LOG_ERROR, self, failed,
        "did not restart: %s (%u of %u in %lld s); it is tried again",
        ks_status_text(failed->status), (unsigned)self->moment_count, (unsigned)self->max_restarts,
        (long long)(self->window / MS));
    return retry_later(self, failed);
}

/* event: what became of it, for people. A retry was announced when the restart failed. */
static ks_next restart(struct ksi_supervisor *self, struct ksi_child *child, const char *event)
{
    bool retry = child->state == KS_CHILD_RESTARTING;
    unsigned max = self->max_restarts;
    long long seconds = self->window / MS;
    ksi_child_restarting(self, child);
    if (add_restart(self)) {
        if (!retry)
            ksi_child_report(KS_LOG_ERROR, self, child, "%s; restarting (%u of %u in %lld s)",
                event, (unsigned)self->moment_count, max, seconds);
        return start_again(self, child);
    }
    ksi_child_report(KS_LOG_ERROR, self, child, "%s; more than %u restart%s in %lld s: giving up",
        event, max, max == 1 ? "" : "s", seconds);
    ksi_child_stopped(self, child);
    ksi_child_remove(self, child);
    return ks_stop((ks_reason){
        .kind = KS_REASON_SHUTDOWN, .code = KS_EXITED, .text = "reached max restarts" });
}

/* A significant child has ended: is that the end of the supervisor? */
static bool is_done(const struct ksi_supervisor *self)
{
    if (ksi_supervisor_spec(self)->auto_shutdown == KS_ANY_SIGNIFICANT) return true;
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
    if (!clean) ksi_child_report(KS_LOG_ERROR, self, child, "%s; not restarted", event);
    bool significant = child->row.significant;
    end_for_good(self, child);
    return significant && is_done(self) ? ks_stop(KS_SHUTDOWN) : ks_noreply();
}

ks_next ksi_supervisor_retry(struct ksi_supervisor *self)
{
    struct ksi_child *child = self->retry;
    char event[128];
    if (!child) return ks_noreply(); /* terminated meanwhile */
    self->retry = child->retry_next;
    snprintf(event, sizeof event, "did not restart: %s", ks_status_text(child->status));
    return restart(self, child, event);
}
