/* SPDX-License-Identifier: Apache-2.0 */
/* boot.c - the first process of a runtime: it starts root, waits for its end, or for an order to
 * stop it. See runtime.h.
 *
 * Once root has started it owns no stack: it can stop root while the thread that it began on is
 * stuck in a handler. It ends by a release hook, so that the sweep comes however it ends. */
#include "base/base.h"
#include "io/runtime.h"
#include "runtime/drain.h"
#include "runtime/scheduler.h"
#include <kiosk/behaviour.h>
#include <kiosk/drain.h>
#include <kiosk/log.h>

enum { PROGRESS = 5000, MS = 1000 };

enum phase { RUNS, STOPS, KILLED };
struct boot { /* the state, once root was started */
    struct ks_runtime *runtime;
    enum phase phase;
    ks_ms until; /* it stops: a moment */
};

static void end_boot(void *runtime) { ksi_life_sweep(runtime); }

static void last_word(struct ks_runtime *runtime, ks_reason reason)
{
    char text[KS_REASON_TEXT_MAX + 64];
    bool clean = ks_is_clean(reason) && reason.code == 0; /* with a code: a supervisor gave up */
    runtime->status = clean ? KS_OK : KS_EXITED;
    ks_log(clean ? KS_LOG_NOTICE : KS_LOG_ERROR, "kiosk: root '%s' ended: %s", runtime->name,
        ks_reason_text(reason, text, sizeof text));
}

/* --- stopping root ---------------------------------------------------------------------------- */
static void report_progress(const struct boot *self)
{
    ks_log_notice("kiosk: still stopping '%s': %llu processes, %lld s left", self->runtime->name,
        (unsigned long long)ks_process_count(), (long long)(ks_until(self->until) / MS));
}

static void kill_root(struct boot *self)
{
    self->phase = KILLED;
    ks_log_error("kiosk: root '%s' did not stop within %lld ms: it is killed", self->runtime->name,
        (long long)self->runtime->options.stop_timeout);
    ks_exit_process(self->runtime->running, KS_KILL);
}

static ks_next wait_on(const struct boot *self)
{
    if (self->phase != STOPS) return ks_noreply();
    ks_ms left = ks_until(self->until);
    return ks_after(ks_noreply(), left < PROGRESS ? left : PROGRESS);
}

static void begin_drain(const struct ks_runtime *runtime)
{
    KSI_INSIDE(s);
    ksi_drain_begin(s, runtime->options.drain_timeout);
}

static ks_next drain(struct boot *self, int number)
{
    struct ks_runtime *runtime = self->runtime;
    ks_log_notice("kiosk: %s: stopping; work may be finished for %lld ms",
        ksi_termination_name(number), (long long)runtime->options.drain_timeout);
    self->phase = STOPS;
    self->until = ks_now() + runtime->options.stop_timeout;
    ksi_end_by(runtime, runtime->options.stop_timeout);
    begin_drain(runtime);
    if (ks_is_none(runtime->running)) return ks_stop(KS_NORMAL); /* there is no root */
    ks_ask_to_stop(runtime->running, KS_SHUTDOWN);
    return wait_on(self);
}

/* --- what it hears ---------------------------------------------------------------------------- */
/* Nobody but root and who orders the end know us: anything else is dropped. */
static ks_next on_message(const ks_module *module, void *state, const ks_msg *msg)
{
    struct boot *self = state;
    const ksi_termination *ordered = ks_as(ksi_termination, msg);
    if (ordered && self->phase == RUNS) return drain(self, ordered->number);
    return wait_on(self);
}

static ks_next on_exited(const ks_module *module, void *state, const ks_exited *exited, bool parent)
{
    const struct boot *self = state;
    if (!ks_same_pid(exited->pid, self->runtime->running)) return wait_on(self);
    last_word(self->runtime, exited->reason);
    return ks_stop(KS_NORMAL);
}

static ks_next on_timeout(const ks_module *module, void *state)
{
    struct boot *self = state;
    if (ks_until(self->until) > 0)
        report_progress(self);
    else
        kill_root(self);
    return wait_on(self);
}

static ks_next on_system(const ks_module *module, void *state, ks_reason stop)
{
    return wait_on(state);
}

static const ks_behaviour boot_behaviour = { .version = KS_BEHAVIOUR_VERSION,
    .name = "kiosk",
    .on_message = on_message,
    .on_exit = on_exited,
    .on_timeout = on_timeout,
    .on_system = on_system };
static const ks_module boot_module = { .version = KS_MODULE_VERSION,
    .name = "kiosk",
    .behaviour = &boot_behaviour,
    .state_size = sizeof(struct boot) };

/* --- its beginning ---------------------------------------------------------------------------- */
static ks_status start_root(struct ks_runtime *runtime)
{
    return runtime->root.module ? ks_start_link(&runtime->root, &runtime->running) : KS_OK;
}

static void boot(void *arg)
{
    struct ks_runtime *runtime = arg;
    ks_set_label("kiosk");
    ks_trap_exit(true);
    (void)ks_own(end_boot, runtime);
    runtime->boot = ks_self();
    /* relaxed: a number; who uses it sends a signal */
    ksi_store_relaxed(&runtime->core->boot, runtime->boot.id);
    runtime->status = runtime->start_status = start_root(runtime);
    if (!runtime->status) {
        ksi_set_state(runtime, KSI_RUNS);
        ks_enter_loop_(&boot_module, &(struct boot){ .runtime = runtime }, ks_noreply());
    }
    ks_log_error(
        "kiosk: root '%s' did not start: %s", runtime->name, ks_status_text(runtime->status));
}

bool ksi_boot_start(struct ks_runtime *runtime) { return ksi_start_first(runtime, boot); }
