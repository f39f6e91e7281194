/* SPDX-License-Identifier: Apache-2.0 */
/* bugs.c - what spike 04 found wrong in the runtime, each as the smallest program that shows it.
 *
 *     bugs          the names
 *     bugs NAME     0: right; else it fails, or a sanitizer ends it */
#include "desk.h"
#include <kiosk/test.h>

#include "runtime/scheduler.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(bool right, const char *what)
{
    if (right) return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(1);
}

static ks_pid new_desk(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(desk), &pid));
    return pid;
}

/* --- a start that is refused leaves the caller without a self --------------------------------- */
static void refused_start(void)
{
    ks_pid pid, self = ks_self();
    ks_status status = ks_start(&(const ks_child){ KS_START(desk), .name = "" }, &pid);
    check(status == KS_BADARG, "an empty name is KS_BADARG");
    check(ks_same_pid(ks_self(), self), "ks_self() is none after a refused start");
}

/* --- what a release hook borrows or defers is never given back -------------------------------- */
static int deferred_runs;
static void count_run(void *arg) { deferred_runs++; }

static void format_in_hook(void *resource) { (void)ks_format("closing %d", 1); }
static void defer_in_hook(void *resource) { ks_defer(count_run, NULL); }
static void own_format(void *arg) { (void)ks_own(format_in_hook, NULL); }
static void own_defer(void *arg) { (void)ks_own(defer_in_hook, NULL); }

static uint64_t blocks_left_by(void (*fn)(void *arg))
{
    uint64_t before = ksi_this_scheduler->pool.blocks;
    for (int i = 0; i < 100; i++) {
        ks_spawn(fn, NULL);
        ks_yield();
    }
    ks_sleep(2);
    return ksi_this_scheduler->pool.blocks - before;
}

static void hook_that_formats(void)
{
    check(blocks_left_by(own_format) == 0, "ks_format in a release hook leaks its block");
}

static void hook_that_defers(void)
{
    deferred_runs = 0;
    check(blocks_left_by(own_defer) == 0, "ks_defer in a release hook leaks its block");
    check(deferred_runs == 100, "ks_defer in a release hook never runs");
}

/* --- deferred functions that use turns -------------------------------------------------------- */
static void end_turn(void *arg) { ks_end_turn(); }
static void defer_one_more(void *arg) { ks_defer(count_run, NULL); }

static void deferred_ends_turn(void)
{
    deferred_runs = 0;
    ks_defer(count_run, NULL);
    ks_defer(end_turn, NULL);
    ks_end_turn();
    check(deferred_runs == 1, "a deferred function was lost, or ran twice");
}

static void deferred_defers(void)
{
    deferred_runs = 0;
    ks_defer(defer_one_more, NULL);
    ks_end_turn();
    ks_end_turn();
    check(deferred_runs == 1, "what a deferred function defers never runs");
}

/* --- a request freed while its caller still points at it -------------------------------------- */
static void ask_to_be_killed(void *arg) { (void)desk_murder(*(const ks_pid *)arg, KS_INFINITY); }

static void killed_while_served(void)
{
    ks_pid server = new_desk();
    for (int i = 0; i < 10; i++) {
        ks_spawn(ask_to_be_killed, &server);
        ks_sleep(1);
    }
}

static void slow(void *arg) { (void)desk_slow(*(const ks_pid *)arg, 20, KS_INFINITY); }

static void late(void *arg) { (void)desk_ask(*(const ks_pid *)arg, 20); }

static void expired_in_queue(void)
{
    ks_pid server = new_desk();
    ks_spawn(slow, &server);
    for (int i = 0; i < 4; i++) ks_spawn(late, &server);
    ks_sleep(100);
}

/* --- the table of records ends at its first step ---------------------------------------------- */
static void own_nothing(void *resource) {}

static void many_records(void *arg)
{
    enum { RECORDS = 100000 };
    for (int i = 0; i < RECORDS; i++) {
        (void)ks_alias();
        (void)ks_own(own_nothing, NULL);
    }
}

static void records_run_out(void)
{
    ks_ref monitor;
    ks_spawn_monitor(many_records, NULL, &monitor);
    const ks_msg *msg = ks_receive_ref(monitor, KS_INFINITY);
    check(ks_is_clean(ks_as(ks_down, msg)->reason), "a process with 200000 records ends: nomem");
}

/* --- under the seeded runner ------------------------------------------------------------------ */
static void nothing(void *arg) {}

static void spawn_many_linked(void)
{
    for (int i = 0; i < 20; i++) ks_spawn_link(nothing, NULL);
}

static void spawn_link_late(void)
{
    ks_simulation simulation = { .seed = 1, .runs = 50, .yield = 0.5 };
    check(ks_simulate(&simulation, spawn_many_linked) == 0,
        "the child of ks_spawn_link ran before the link stood");
}

/* A request that expires before the timer of its caller fires: both are due in this very slice. */
static void busy_call(void *arg)
{
    const ks_pid *server = arg;
    for (int i = 0; i < 100; i++) {
        desk_answer(*server);
        (void)desk_ask(*server, 0);
    }
}

static void calls_of_no_time(void)
{
    ks_pid server = new_desk();
    ks_ref monitors[4];
    for (int i = 0; i < 4; i++) ks_spawn_monitor(busy_call, &server, &monitors[i]);
    for (int i = 0; i < 4; i++) (void)ks_receive_ref(monitors[i], KS_INFINITY);
    desk_finish(server);
}

static void time_out_of_zero(void)
{
    ks_simulation simulation = { .seed = 1, .runs = 20 };
    check(ks_simulate(&simulation, calls_of_no_time) == 0, "a call with no time");
}

static const struct bug {
    const char *name;
    void (*run)(void);
    bool outside; /* starts its own runtime */
} bugs[] = {
    { "refused_start", refused_start, false },
    { "hook_that_formats", hook_that_formats, false },
    { "hook_that_defers", hook_that_defers, false },
    { "deferred_ends_turn", deferred_ends_turn, false },
    { "deferred_defers", deferred_defers, false },
    { "killed_while_served", killed_while_served, false },
    { "expired_in_queue", expired_in_queue, false },
    { "time_out_of_zero", time_out_of_zero, true },
    { "records_run_out", records_run_out, false },
    { "spawn_link_late", spawn_link_late, true },
};

static const struct bug *chosen;
KS_MODULE(root, void);
static void root_main(const root_args *args) { chosen->run(); }
KS_PROCESS(root);

int main(int argc, char **argv)
{
    (void)ks_log_set_level(KS_LOG_CRITICAL);
    for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++) {
        if (argc < 2)
            printf("%s\n", bugs[i].name);
        else if (strcmp(argv[1], bugs[i].name) == 0)
            chosen = &bugs[i];
    }
    if (argc < 2) return 0;
    if (!chosen) return 2;
    if (!chosen->outside) return ks_run(NULL, KS_CHILD(root)) ? 1 : 0;
    chosen->run();
    return 0;
}
