/* SPDX-License-Identifier: Apache-2.0 */
/* simulate.c - a scenario under many seeds; a failure prints its seed, and that seed replays.
 *
 * A first process watches over the scenario: it waits for its end, lets what is under way
 * settle, looks for what was left, and ends the runtime. Called from a thread that runs no
 * runtime. */
#include <kiosk/test.h>

#include "base/base.h"
#include "runtime/signal.h"
#include "runtime/start.h"
#include "test/virtual.h"
#include <dirent.h>
#include <kiosk/log.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES = 32 * 1024, HOUR_MS = 3600 * 1000, LEFT_SHOWN = 10 };

struct run {
    const ks_simulation *simulation;
    void (*scenario)(void);
    struct ksi_virtual world;
    struct ksi_runtime *runtime;
    uint64_t seed;
    ks_pid process; /* of the scenario */
    bool failed, hope;
    uint64_t allocations; /* since the scenario began; counted when some may fail */
    size_t log_length;
    char log[LOG_BYTES];
};
static _Thread_local struct run *running;

uint64_t ks_simulation_seed(void) { return running ? running->seed : 0; }

/* --- failures --------------------------------------------------------------------------------- */
static void fail(struct run *run, const char *what)
{
    if (!run->failed)
        fprintf(stderr, "simulation failed with seed %llu: %s\n  replay: KIOSK_SEED=%llu\n",
            (unsigned long long)run->seed, what, (unsigned long long)run->seed);
    run->failed = true;
}

void ks_check_failed_(const char *file, int line, const char *what)
{
    struct run *run = running;
    if (!run || !ksi_this_scheduler || !ksi_this_scheduler->current) {
        fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
        exit(1);
    }
    char text[512];
    snprintf(text, sizeof text, "%s:%d: check failed: %s", file, line, what);
    fail(run, text);
    if (!ks_same_pid(ks_self(), run->process)) ks_exit_process(run->process, KS_KILL);
    ks_exit(ks_error("%s", text));
}

void ks_check_ok_(ks_status status, const char *file, int line, const char *what)
{
    if (status == KS_OK) return;
    char text[512];
    snprintf(text, sizeof text, "%s: %s", what, ks_status_text(status));
    ks_check_failed_(file, line, text);
}

/* --- the log of a run is shown when it fails -------------------------------------------------- */
static void keep_log(const ks_log_event *event, void *arg)
{
    struct run *run = arg;
    const ks_log_format bare = { .bare = true };
    size_t left = sizeof run->log - run->log_length;
    if (event->message.len + 2 > left) return;
    run->log_length += ks_log_text(event, &bare, run->log + run->log_length, left - 1);
    run->log[run->log_length++] = '\n';
    run->log[run->log_length] = 0;
}

/* --- the first process ------------------------------------------------------------------------ */
static bool memory_is_short(const struct run *run)
{
    return run->world.out_of_memory > 0 || run->simulation->fail_allocation > 0;
}

static bool fails(void *arg)
{
    struct run *run = arg;
    if (++run->allocations == run->simulation->fail_allocation) return true;
    return ksi_virtual_chance(&run->world, run->world.out_of_memory);
}

static void set_shortage(struct run *run, bool (*may_fail)(void *arg))
{
    for (uint32_t i = 0; i < run->runtime->scheduler_count; i++) {
        run->runtime->schedulers[i]->pool.fails_arg = run;
        run->runtime->schedulers[i]->pool.fails = may_fail;
    }
}

static void end_shortage(void *resource) { set_shortage(resource, NULL); }

/* Memory is short until the scenario is released, its oldest resource last: before the first
 * process is told, which must not end for want of memory itself. */
static void run_scenario(void *arg)
{
    struct run *run = arg;
    ks_own(end_shortage, run);
    if (memory_is_short(run)) set_shortage(run, fails);
    run->scenario();
}

static void each_other(struct run *run, void (*visit)(struct run *run, struct ksi_process *p))
{
    struct ksi_process_table *table = &run->runtime->processes;
    struct ksi_process *self = run->runtime->scheduler.current;
    for (uint32_t i = 1; i < ksi_load_acquire(&table->table.used); i++)
        if (ksi_load_relaxed(&table->slots[i].in_use) && &table->slots[i] != self)
            visit(run, &table->slots[i]);
}

static void kill_one(struct run *run, struct ksi_process *p)
{
    ks_exit_process(ksi_pid_of(p), KS_KILL);
    (void)run;
}

static void show_one(struct run *run, struct ksi_process *p)
{
    char name[KSI_NAME_BYTES] = "";
    bool named = ksi_name_text(&run->runtime->scheduler, p, name, sizeof name);
    static const char *const waits[] = { [KSI_WAIT_NOTHING] = "could run",
        [KSI_WAIT_REPLY] = "waits for a reply",
        [KSI_WAIT_MESSAGE] = "waits for a message",
        [KSI_WAIT_EVENT] = "waits for I/O",
        [KSI_WAIT_TIME] = "waits for time",
        [KSI_WAIT_ARRIVAL] = "waits for its arrival",
        [KSI_WAIT_THREAD] = "waits for its thread" };
    char of[KS_PID_TEXT_MAX + 4] = "", pid[KS_PID_TEXT_MAX];
    ks_pid callee =
        ksi_pid(ksi_load_relaxed(&ksi_shared_of(&run->runtime->scheduler, p)->waits_for));
    if (p->wait == KSI_WAIT_REPLY)
        snprintf(of, sizeof of, " of %s", ks_pid_text(callee, pid, sizeof pid));
    fprintf(stderr, "  left: <0.%u.%u> %s%s%s, %s%s, on scheduler %u\n", p->index,
        ksi_load_relaxed(&p->generation), p->module ? p->module->name : "?", named ? " named " : "",
        name, p->stack || p->wait ? waits[p->wait] : "has nothing to do", of,
        ksi_load_relaxed(&p->scheduler)->number); /* of this thread, all of them */
}

/* Time passes only when nobody can run: one step, and everything under way has arrived. */
static void settle(void)
{
    ks_sleep(1);
    ks_sleep(1);
}

static void look_for_left(struct run *run)
{
    uint64_t left = ksi_alive(run->runtime) - 1;
    if (left && !run->simulation->may_leave && !run->failed) {
        char text[64];
        snprintf(text, sizeof text, "%llu processes were left", (unsigned long long)left);
        fail(run, text);
        each_other(run, show_one);
    }
    each_other(run, kill_one);
    settle();
}

static bool is_no_memory(ks_reason reason)
{
    return reason.kind == KS_REASON_STATUS && reason.code == KS_NOMEM;
}

static void note_hope(struct run *run, struct ksi_process *p)
{
    bool outside = p->wait == KSI_WAIT_EVENT || p->wait == KSI_WAIT_THREAD;
    bool runs = (p->stack && p->wait == KSI_WAIT_NOTHING) || (p->flags & KSI_QUEUED);
    if (outside || runs) run->hope = true;
}

/* No timer is armed, nobody runs or waits for something outside: each waits for another. */
static bool is_deadlock(struct run *run)
{
    run->hope = false;
    each_other(run, note_hope);
    for (uint32_t i = 0; i < run->runtime->scheduler_count; i++)
        if (ksi_wheel_next(&run->runtime->schedulers[i]->wheel) != INT64_MAX) return false;
    return !run->hope;
}

static void judge_end(struct run *run, const ks_msg *msg, ks_ms limit)
{
    char text[256], why[160];
    const ks_down *down = msg ? ks_as(ks_down, msg) : NULL;
    if (!down) {
        if (is_deadlock(run))
            snprintf(text, sizeof text, "deadlock: nobody who is left can go on");
        else
            snprintf(text, sizeof text, "did not end within %lld ms", (long long)limit);
        fail(run, text);
        each_other(run, show_one);
    } else if (!ks_is_clean(down->reason) &&
        !(memory_is_short(run) && is_no_memory(down->reason))) {
        snprintf(text, sizeof text, "the scenario ended: %s",
            ks_reason_text(down->reason, why, sizeof why));
        fail(run, text);
    }
}

static void set_simulator(struct run *run, struct ksi_simulator *simulator)
{
    for (uint32_t i = 0; i < run->runtime->scheduler_count; i++)
        run->runtime->schedulers[i]->simulator = simulator;
}

static void watch_over(void *arg)
{
    struct run *run = arg;
    struct ksi_scheduler *s = &run->runtime->scheduler;
    ks_ms limit = run->simulation->time_limit ? run->simulation->time_limit : HOUR_MS;
    ks_ref monitor;
    run->process = ks_spawn_monitor(run_scenario, run, &monitor);
    set_simulator(run, &run->world.simulator);
    const ks_msg *msg = ks_receive_ref(monitor, limit);
    set_shortage(run, NULL);
    judge_end(run, msg, limit);
    settle();
    look_for_left(run);
    set_simulator(run, NULL);
    ksi_scheduler_stop(s);
}

/* --- one run, all runs ------------------------------------------------------------------------ */
static int count_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count;
}

static void look_for_leaks(struct run *run, int descriptors)
{
    int64_t blocks = 0, records = 0; /* of one alone they may be negative: it freed another's */
    for (uint32_t i = 0; i < run->runtime->scheduler_count; i++) {
        blocks += ksi_pool_blocks(&run->runtime->schedulers[i]->pool);
        records += run->runtime->schedulers[i]->records.alive;
    }
    if (run->failed) return;
    if (blocks) fail(run, "memory was left");
    if (records) fail(run, "links, monitors, timers or resources were left");
    if (count_descriptors() != descriptors) fail(run, "file descriptors were left");
}

/* Runs the scheduler until the first process has stopped it and is gone. */
static void run_to_end(struct run *run)
{
    struct ksi_scheduler *s = &run->runtime->scheduler;
    struct ksi_process *first = ksi_spawn(s, watch_over, run);
    KSI_ASSERT(first);
    first->flags |= KSI_BOUND; /* to the scheduler that ends the others */
    ksi_ready(s, first);
    ksi_scheduler_run(s);
    ksi_virtual_end(&run->world);
}

/* Of the simulation, else of the environment, else one. */
static uint32_t schedulers_of(const ks_simulation *simulation)
{
    const char *text = getenv("KIOSK_SCHEDULERS");
    uint32_t count = simulation->schedulers;
    if (!count && text) count = (uint32_t)strtoul(text, NULL, 10);
    if (count < 1) return 1;
    return count < KSI_VIRTUAL_THREADS ? count : KSI_VIRTUAL_THREADS;
}

static bool run_once(struct run *run)
{
    const ks_simulation *simulation = run->simulation;
    int descriptors = count_descriptors();
    ksi_virtual_init(&run->world, run->seed);
    run->world.yield = simulation->yield > 0 ? simulation->yield : 0.1;
    run->world.delay = simulation->delay > 0 ? simulation->delay : 0.1;
    run->world.out_of_memory = simulation->out_of_memory;
    run->failed = false;
    run->allocations = 0;
    run->log_length = 0;
    run->log[0] = 0;
    run->runtime = ksi_virtual_runtime(&run->world, schedulers_of(simulation));
    KSI_ASSERT(run->runtime);
    running = run;
    ks_log_handler usual = ks_log_set_handler(keep_log, run);
    run_to_end(run);
    ks_log_set_handler(usual.handle, usual.arg);
    look_for_leaks(run, descriptors);
    running = NULL;
    if (run->failed) fprintf(stderr, "--- log of the run:\n%s---\n", run->log);
    ksi_runtime_end(run->runtime);
    return !run->failed;
}

/* What is tried with several seeds is tried with as many as KIOSK_RUNS says. */
static int runs_of(const ks_simulation *simulation)
{
    const char *wanted = getenv("KIOSK_RUNS");
    if (getenv("KIOSK_SEED") || simulation->runs < 1) return 1;
    long runs = wanted && simulation->runs > 1 ? strtol(wanted, NULL, 10) : simulation->runs;
    return runs > 0 && runs < INT_MAX ? (int)runs : simulation->runs;
}

int ks_simulate(const ks_simulation *simulation, void (*scenario)(void))
{
    static const ks_simulation defaults = { 0 };
    if (ksi_this_scheduler) { /* it would keep the thread of the process that calls */
        fprintf(stderr, "simulation: not from inside a process\n");
        return 1;
    }
    struct run *run = calloc(1, sizeof *run);
    if (!run) return 1;
    run->simulation = simulation ? simulation : &defaults;
    run->scenario = scenario;
    const char *replay = getenv("KIOSK_SEED");
    uint64_t first = run->simulation->seed;
    if (!first) first = replay ? strtoull(replay, NULL, 0) : 1;
    int runs = runs_of(run->simulation);
    bool passed = true;
    for (int i = 0; i < runs && passed; i++) {
        run->seed = first + (uint64_t)i;
        passed = run_once(run);
    }
    free(run);
    return passed ? 0 : 1;
}
