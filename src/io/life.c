/* SPDX-License-Identifier: Apache-2.0 */
/* life.c - the life of a runtime: root, and after it the end of everything. See runtime.h.
 *
 *     `boot` starts root, waits for its end or for an order to stop it: boot.c
 *     `sweep` kills what is left, until it is alone
 *
 * Each of the two ends by a release hook, so that the next step comes however the process ends; as
 * any process, they are outside but where they enter. Whose handler never returns is named by the
 * monitor of hogs, which then ends a program of ks_main. */
#include "base/base.h"
#include "io/job_threads.h"
#include "io/runtime.h"
#include "runtime/client.h"
#include "runtime/overdue.h"
#include "runtime/start.h"
#include <kiosk/log.h>

enum { NAMED_MAX = 8, AT_ONCE_MS = 1000, YIELDS = 100 };

void ksi_end_by(struct ks_runtime *runtime, ks_ms after)
{
    ksi_hogs_end_by(runtime->core, ks_now() + after);
}

/* --- what is left when root has ended --------------------------------------------------------- */
/* Clients, and whom they are about to start, are for their own threads to end. */
static bool is_left(const struct ks_runtime *runtime, struct ksi_process *p)
{
    if (!ksi_load_acquire(&p->in_use) || ksi_is_at_client(p)) return false; /* acquire: its home */
    return ksi_process_id(p) != runtime->sweeper.id;
}

/* Elsewhere it may be on its way in or out. */
static const char *module_name(const struct ksi_process *p)
{
    const ks_module *module = *(const ks_module *const volatile *)&p->module;
    return module ? module->name : "a process";
}

static void report_left(const struct ks_runtime *runtime)
{
    const struct ksi_process_table *table = &runtime->core->processes;
    uint64_t count = 0;
    for (uint32_t i = 1; i < ksi_load_acquire(&table->table.used); i++) {
        struct ksi_process *p = &table->slots[i];
        char name[KSI_NAME_BYTES];
        if (!is_left(runtime, p) || ++count > NAMED_MAX) continue;
        bool named = ksi_name_text(&runtime->core->scheduler, p, name, sizeof name);
        ks_log_notice("kiosk: '%s' was left: it is killed", named ? name : module_name(p));
    }
    if (count > NAMED_MAX)
        ks_log_notice(
            "kiosk: %llu more were left: they are killed", (unsigned long long)(count - NAMED_MAX));
}

/* Clients do not stop whom they have started. */
static bool has_parent(const struct ks_runtime *runtime, const struct ksi_process *p)
{
    struct ksi_process *parent = ksi_process_of(&runtime->core->scheduler, p->parent);
    return parent && !ksi_is_at_client(parent);
}

/* Who has no living parent, the latest first: asked to end, as the parent would. */
static void stop_left(const struct ks_runtime *runtime)
{
    const struct ksi_process_table *table = &runtime->core->processes;
    ks_ms until = ks_now() + runtime->options.stop_timeout;
    for (uint32_t i = ksi_load_acquire(&table->table.used); i-- > 1 && !runtime->at_once;) {
        struct ksi_process *p = &table->slots[i];
        if (!is_left(runtime, p) || has_parent(runtime, p)) continue;
        (void)ks_stop_process(ksi_pid_of(p), KS_SHUTDOWN, ks_until(until));
    }
}

/* How many there were. */
static uint32_t kill_left(const struct ks_runtime *runtime)
{
    const struct ksi_process_table *table = &runtime->core->processes;
    uint32_t count = 0;
    for (uint32_t i = 1; i < ksi_load_acquire(&table->table.used); i++) {
        struct ksi_process *p = &table->slots[i];
        if (!is_left(runtime, p)) continue;
        ks_exit_process(ksi_pid_of(p), KS_KILL);
        count++;
    }
    return count;
}

static void end_sweep(void *arg)
{
    struct ks_runtime *runtime = arg;
    runtime->swept = true;
    ksi_scheduler_stop(&runtime->core->scheduler);
}

static void sweep(void *arg)
{
    struct ks_runtime *runtime = arg;
    runtime->sweeper = ks_self();
    (void)ks_own(end_sweep, runtime);
    ksi_clients_close(&runtime->core->clients);
    ksi_end_by(runtime, runtime->at_once ? 0 : runtime->options.stop_timeout);
    if (!runtime->at_once) stop_left(runtime);
    report_left(runtime);
    /* ends: who is killed runs no more than its release hooks, or the monitor names it */
    for (int i = 0; kill_left(runtime); i++) {
        if (runtime->threads_started || i >= YIELDS)
            ks_sleep(1);
        else
            ks_yield();
    }
}

bool ksi_start_first(struct ks_runtime *runtime, void (*fn)(void *arg))
{
    struct ksi_scheduler *s = &runtime->core->scheduler;
    struct ksi_process *p = ksi_spawn(s, fn, runtime);
    if (!p) return false;
    p->flags |= KSI_BOUND;
    ksi_ready(s, p);
    return true;
}

/* Without memory for a sweep ksi_life_end() does it all. */
void ksi_life_sweep(struct ks_runtime *runtime)
{
    KSI_INSIDE(s);
    (void)s;
    ksi_set_state(runtime, KSI_ENDS);
    if (ksi_start_first(runtime, sweep)) return;
    runtime->status = KS_NOMEM;
    end_sweep(runtime);
}

/* --- all of it -------------------------------------------------------------------------------- */
bool ksi_life_begin(struct ks_runtime *runtime)
{
    runtime->status = runtime->start_status = KS_EXITED; /* if boot should end by itself */
    if (ksi_boot_start(runtime)) return true;
    runtime->status = runtime->start_status = KS_NOMEM;
    return false;
}

/* Its stacks may have been those of another thread. */
static void finish(struct ksi_scheduler *s)
{
    s->hosted = false; /* to the end */
    ksi_stacks_renew(&s->first.stacks);
    for (int i = 0; i < KSI_STACK_CLASSES; i++) ksi_stacks_renew(&s->first.apart[i]);
    ksi_scheduler_finish(s);
}

/* For the few that a sweep without memory, or in a hurry, has left. */
static bool condemn_left(const struct ks_runtime *runtime)
{
    const struct ksi_process_table *table = &runtime->core->processes;
    bool some = false;
    for (uint32_t i = 1; i < ksi_load_acquire(&table->table.used); i++) {
        struct ksi_process *p = &table->slots[i];
        if (!ksi_load_relaxed(&p->in_use) || ksi_is_at_client(p)) continue;
        some = true;
        ksi_condemn(ksi_load_relaxed(&p->scheduler), p, (ks_reason){ .kind = KS_REASON_KILLED });
    }
    return some;
}

static void finish_schedulers(struct ks_runtime *runtime)
{
    struct ksi_runtime *core = runtime->core;
    do
        for (uint32_t i = 0; i < core->scheduler_count; i++) finish(core->schedulers[i]);
    while (condemn_left(runtime)); /* ends: they run no more than their release hooks */
}

void ksi_life_end(struct ks_runtime *runtime)
{
    struct ksi_runtime *core = runtime->core;
    ksi_clients_close(&core->clients);
    ksi_hogs_stop(core);
    ksi_threads_stop(runtime);
    finish_schedulers(runtime);
    for (uint32_t i = 0; i < core->scheduler_count; i++) ksi_io_close_all(runtime->io[i]);
    ksi_set_state(runtime, KSI_OVER);
    ksi_clients_over(&core->clients);
}

void ksi_life_end_jobs(struct ks_runtime *runtime)
{
    struct ksi_job_threads *jobs = runtime->core->jobs;
    ks_ms timeout = runtime->at_once ? AT_ONCE_MS : runtime->options.stop_timeout;
    if (!jobs || runtime->jobs_ended) return;
    runtime->jobs_ended = true;
    uint32_t left = ksi_job_threads_stop(jobs, timeout);
    if (left) ks_log_error("kiosk: blocking work did not end: threads left behind: %u", left);
}

void ksi_life_settle(struct ks_runtime *runtime)
{
    struct ksi_clients *clients = &runtime->core->clients;
    finish_schedulers(runtime);
    uint32_t count = ksi_load_relaxed(&clients->count); /* nobody else is there */
    for (uint32_t i = 0; i < count; i++) finish(clients->of[i]);
    finish_schedulers(runtime); /* slots and signals of theirs */
}

void ksi_live(struct ks_runtime *runtime)
{
    KSI_INSIDE(none); /* before it runs and after, the monitor leaves the scheduler alone */
    (void)none;
    ks_status status = ksi_threads_start(runtime);
    if (status)
        runtime->status = runtime->start_status = status;
    else if (ksi_life_begin(runtime))
        ksi_scheduler_run(&runtime->core->scheduler);
    ksi_life_end(runtime);
    ksi_life_end_jobs(runtime);
}
