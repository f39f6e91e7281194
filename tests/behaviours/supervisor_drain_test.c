/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_drain_test - a tree that drains: who may finish, for how long, what a limit cuts. */
#include "runtime/drain.h"
#include "support/scenario.h"
#include <kiosk/drain.h>

static trace events; /* a letter when work is finished, its upper case when it was cut */

/* --- what the work needs ---------------------------------------------------------------------- */
KS_MODULE(base, void);
KS_CALL(base, ping, void, void);
KS_CAST(base, crash, void);
struct base {
    bool unused;
};
static ks_next base_init(base *self, const ks_none *args)
{
    (void)ks_trap_exit(true);
    return ks_ok();
}
static ks_next base_handle_ping(base *self) { return ks_reply(); }
static ks_next base_handle_crash(base *self) { return ks_stop(ks_error("base is broken")); }
static void base_terminate(base *self, ks_reason why)
{
    if (why.kind == KS_REASON_SHUTDOWN) trace_add(&events, 'b');
}
KS_GEN_SERVER(
    base, .init = base_init, .terminate = base_terminate, .ops = KS_OPS(base, ping, crash));

/* --- work: once it hears of the drain it takes so long, and ends ------------------------------ */
typedef struct worker_args {
    int32_t letter;
    ks_ms takes;
    bool stubborn; /* does not end when it is told to */
} worker_args;
KS_MODULE(worker, worker_args);
KS_TYPE(worker_args, letter, takes, stubborn);
KS_INFO(worker, drain, ks_drain);
KS_CAST(worker, done, void);
struct worker {
    worker_args args;
};
static ks_next worker_init(worker *self, const worker_args *args)
{
    self->args = *args;
    (void)ks_trap_exit(true);
    (void)ks_trap_drain(true);
    return ks_ok();
}
static ks_next worker_handle_drain(worker *self, const ks_drain *drain)
{
    KS_CHECK(ks_draining() && drain->left > 0 && drain->left >= ks_drain_left());
    worker_cast_after_done(self->args.takes, ks_self());
    return ks_noreply();
}
static ks_next worker_handle_done(worker *self)
{
    KS_CHECK_OK(base_call_ping(ks_named("base"), 1000));
    trace_add(&events, (char)self->args.letter);
    return ks_stop(KS_NORMAL);
}
static void worker_terminate(worker *self, ks_reason why)
{
    if (why.kind == KS_REASON_NORMAL) return;
    trace_add(&events, (char)(self->args.letter - 'a' + 'A'));
    if (self->args.stubborn) ks_sleep(KS_INFINITY);
}
KS_GEN_SERVER(
    worker, .init = worker_init, .terminate = worker_terminate, .ops = KS_OPS(worker, drain, done));

KS_SUPERVISOR(tree, .strategy = KS_ONE_FOR_ONE);
KS_SUPERVISOR(swarm, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY);

/* --- helpers ---------------------------------------------------------------------------------- */
enum { LIMIT = 10000 };

static ks_pid start_app(void)
{
    ks_pid app;
    events = (trace){ .len = 0 };
    forget_reports();
    (void)ks_trap_exit(true);
    KS_CHECK_OK(ks_start_link(KS_CHILD(tree), &app));
    KS_CHECK_OK(ks_start_child(app, &(ks_child){ KS_START(base), .name = "base" }, NULL));
    return app;
}

static ks_pid add_crowd(ks_pid app)
{
    ks_pid crowd;
    KS_CHECK_OK(ks_start_child(app, KS_CHILD(swarm), &crowd));
    return crowd;
}

static ks_pid add(ks_pid to, const char *id, worker_args args, ks_ms drain)
{
    ks_pid pid;
    const ks_child row = { KS_START_WITH(worker, &args), .id = id, .drain = drain,
        .shutdown = 1000 };
    KS_CHECK_OK(ks_start_child(to, &row, &pid));
    return pid;
}

/* As ks_main does it; the code of the reason. */
static int32_t drain(ks_pid app, ks_ms limit, ks_ms *ret_took)
{
    ks_ms begin = ks_now();
    ks_ref end = ks_monitor(app);
    ksi_drain_begin(ksi_this_scheduler, limit);
    ks_ask_to_stop(app, KS_SHUTDOWN);
    ks_reason reason = end_of(end);
    KS_CHECK(reason.kind == KS_REASON_SHUTDOWN);
    *ret_took = ks_now() - begin;
    return reason.code;
}

static bool about(ks_ms time, ks_ms expected) { return time >= expected && time < expected + 100; }

/* --- finished work ---------------------------------------------------------------------------- */
static void work_is_finished_before_what_it_needs_is_stopped(void)
{
    ks_ms took;
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 300 }, 5000);
    KS_CHECK(drain(app, LIMIT, &took) == 0);
    KS_CHECK(trace_is(&events, "xb") && about(took, 300));
    KS_CHECK(report_count(KS_LOG_WARNING) == 0);
}

static void without_a_row_that_says_so_nobody_is_waited_for(void)
{
    ks_ms took;
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 300 }, 0);
    KS_CHECK(drain(app, LIMIT, &took) == 0);
    KS_CHECK(trace_is(&events, "Xb") && about(took, 0));
}

static void outside_of_a_drain_nobody_is_waited_for(void)
{
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 300 }, 5000);
    KS_CHECK_OK(ks_stop_process(app, KS_SHUTDOWN, 100));
    KS_CHECK(trace_is(&events, "Xb"));
    KS_CHECK(!ks_draining() && ks_drain_left() == 0);
}

static void dynamic_children_finish_at_the_same_time(void)
{
    ks_ms took;
    ks_pid app = start_app(), crowd = add_crowd(app);
    add(crowd, NULL, (worker_args){ .letter = 'x', .takes = 300 }, 5000);
    add(crowd, NULL, (worker_args){ .letter = 'y', .takes = 600 }, 5000);
    add(crowd, NULL, (worker_args){ .letter = 'z', .takes = 900 }, KS_INFINITY);
    KS_CHECK(drain(app, LIMIT, &took) == 0);
    KS_CHECK(trace_is(&events, "xyzb") && about(took, 900));
    KS_CHECK(report_count(KS_LOG_WARNING) == 0);
}

/* It had finished, so a permanent one is not started again; one that crashes is. */
static void what_ends_clean_is_not_restarted(void)
{
    ks_ms took;
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 10 }, 5000);
    ksi_drain_begin(ksi_this_scheduler, LIMIT);
    ks_sleep(100);
    ks_child_counts counts;
    KS_CHECK_OK(ks_count_children(app, &counts));
    KS_CHECK(counts.specs == 2 && counts.active == 1);
    KS_CHECK_OK(base_cast_crash(ks_named("base")));
    ks_sleep(100);
    KS_CHECK_OK(base_call_ping(ks_named("base"), 1000));
    KS_CHECK(drain(app, LIMIT, &took) == 0);
    KS_CHECK(trace_is(&events, "xb"));
}

/* --- what is cut ------------------------------------------------------------------------------ */
static void who_does_not_finish_in_time_is_told_to_shut_down(void)
{
    ks_ms took;
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 3000 }, 500);
    KS_CHECK(drain(app, LIMIT, &took) == 0);
    KS_CHECK(trace_is(&events, "Xb") && about(took, 500));
    KS_CHECK(report_count(KS_LOG_WARNING) == 1 && reported("'x'", "has not finished its work"));
}

/* One after the other they would take ten seconds. */
static void the_programs_limit_is_for_all(void)
{
    ks_ms took;
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 5000 }, 5000);
    add(app, "y", (worker_args){ .letter = 'y', .takes = 5000 }, KS_INFINITY);
    KS_CHECK(drain(app, 700, &took) == 0);
    KS_CHECK(trace_is(&events, "YXb") && about(took, 700));
}

static void dynamic_children_are_cut_together(void)
{
    ks_ms took;
    ks_pid app = start_app(), crowd = add_crowd(app);
    add(crowd, NULL, (worker_args){ .letter = 'x', .takes = 200 }, 500);
    add(crowd, NULL, (worker_args){ .letter = 'y', .takes = 3000 }, 500);
    KS_CHECK(drain(app, LIMIT, &took) == 0);
    KS_CHECK(trace_is(&events, "xYb") && about(took, 500));
    KS_CHECK(reported("'swarm'", "1 children have not finished"));
}

/* The kill of a limit is seen at the top, also through supervisors. */
static void kills_and_tells(bool nested)
{
    ks_ms took;
    ks_pid app = start_app();
    const worker_args args = { .letter = 'x', .takes = 5000, .stubborn = true };
    add(nested ? add_crowd(app) : app, nested ? NULL : "x", args, 500);
    KS_CHECK(drain(app, LIMIT, &took) == KS_TIMEOUT);
    KS_CHECK(trace_is(&events, "Xb") && about(took, 1500));
}

static void what_a_limit_kills_is_told_upwards(void) { kills_and_tells(false); }

static void what_a_limit_kills_below_is_told_upwards(void) { kills_and_tells(true); }

/* --- who asks meanwhile ----------------------------------------------------------------------- */
static void begin_drain(ks_pid app)
{
    ksi_drain_begin(ksi_this_scheduler, LIMIT);
    ks_ask_to_stop(app, KS_SHUTDOWN);
    ks_sleep(100);
}

static bool active(ks_pid supervisor, int count)
{
    ks_child_counts counts;
    ks_ms before = ks_now();
    KS_CHECK_OK(ks_count_children(supervisor, &counts));
    return counts.active == count && ks_now() == before; /* at once */
}

static void nothing_is_started_by(ks_pid supervisor)
{
    const ks_child row = { KS_START(worker, .letter = 'n'), .id = "new" };
    const ks_supervisor_limits limits = { .max_children = 1 };
    KS_CHECK(ks_start_child(supervisor, &row, NULL) == KS_DRAINING);
    KS_CHECK(ks_start_or_get(supervisor, &row, NULL) == KS_DRAINING);
    KS_CHECK(ks_change_limits(supervisor, &limits) == KS_DRAINING);
}

static void a_dynamic_supervisor_answers_while_its_children_work(void)
{
    ks_ms begin = ks_now();
    ks_pid app = start_app(), crowd = add_crowd(app);
    add(crowd, "x", (worker_args){ .letter = 'x', .takes = 300 }, 5000);
    ks_pid other = add(crowd, "y", (worker_args){ .letter = 'y', .takes = 3000 }, 5000), pid;
    ks_ref end = ks_monitor(app);
    begin_drain(app);
    KS_CHECK(active(crowd, 2) && active(app, 2)); /* app waits for crowd */
    nothing_is_started_by(crowd);
    const ks_child row = { KS_START(worker), .id = "y" };
    KS_CHECK_OK(ks_start_or_get(crowd, &row, &pid)); /* it runs */
    KS_CHECK(ks_same_pid(pid, other));
    ks_sleep(300);
    KS_CHECK(active(crowd, 1) && trace_is(&events, "x"));
    KS_CHECK_OK(ks_terminate_child_pid(crowd, other)); /* the last one: crowd ends */
    KS_CHECK(end_of(end).kind == KS_REASON_SHUTDOWN);
    KS_CHECK(trace_is(&events, "xYb") && ks_now() - begin < 1000);
}

static void a_supervisor_answers_while_it_waits_for_each(void)
{
    ks_ms begin = ks_now();
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 900 }, 5000);
    add(app, "y", (worker_args){ .letter = 'y', .takes = 3000, .stubborn = true }, 500);
    add(app, "z", (worker_args){ .letter = 'z', .takes = 300 }, 5000);
    ks_ref end = ks_monitor(app);
    begin_drain(app); /* 100: z works */
    KS_CHECK(active(app, 4));
    nothing_is_started_by(app);
    KS_CHECK(ks_restart_child(app, "y", NULL) == KS_DRAINING);
    ks_sleep(300); /* 400: z has ended, y works until 800 */
    KS_CHECK(active(app, 3) && trace_is(&events, "z"));
    ks_sleep(600); /* 1000: y was told to shut down, and is killed at 1800; x has ended */
    KS_CHECK(active(app, 2) && trace_is(&events, "zYx"));
    KS_CHECK(end_of(end).code == KS_TIMEOUT);
    KS_CHECK(ks_now() - begin >= 1800 && ks_now() - begin < 1900 && trace_is(&events, "zYxb"));
}

/* Crashes, too: what they would be restarted for is over. */
static void nobody_is_restarted_by_who_leaves(void)
{
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 50 }, 5000);
    add(app, "y", (worker_args){ .letter = 'y', .takes = 2000 }, 5000);
    ks_ref end = ks_monitor(app);
    begin_drain(app);
    KS_CHECK(active(app, 2));
    ks_exit_process(ks_child_of(app, "y"), KS_KILL);
    KS_CHECK(end_of(end).kind == KS_REASON_SHUTDOWN);
    KS_CHECK(trace_is(&events, "xb") && reported("'y'", "ended: killed"));
}

/* Terminated by request while it is waited for. */
static void a_child_that_is_waited_for_may_be_terminated(void)
{
    ks_ms begin = ks_now();
    ks_pid app = start_app();
    add(app, "x", (worker_args){ .letter = 'x', .takes = 9000 }, 9000);
    ks_ref end = ks_monitor(app);
    begin_drain(app);
    KS_CHECK_OK(ks_terminate_child(app, "x"));
    KS_CHECK(end_of(end).kind == KS_REASON_SHUTDOWN);
    KS_CHECK(trace_is(&events, "Xb") && ks_now() - begin < 1000);
}

/* --- who hears of it -------------------------------------------------------------------------- */
static void one_message_to_those_who_asked(void)
{
    KS_CHECK(!ks_trap_drain(true) && ks_trap_drain(false) && !ks_trap_drain(true));
    ksi_drain_begin(ksi_this_scheduler, LIMIT);
    const ks_drain *drain = ks_receive_as(ks_drain, 0);
    KS_CHECK(drain && drain->left == LIMIT);
    ksi_drain_begin(ksi_this_scheduler, LIMIT);
    KS_CHECK(nothing_comes());
    KS_CHECK(ks_trap_drain(true) && nothing_comes());
    KS_CHECK(ks_trap_drain(false) && !ks_trap_drain(true)); /* who asks late, hears it at once */
    drain = ks_receive_as(ks_drain, 0);
    KS_CHECK(drain && drain->left < LIMIT);
    KS_CHECK(ks_stop_program() == KS_DENIED); /* ks_main does not run here */
}

int main(void)
{
    return run_scenarios("supervisor_drain", 100,
        SCENARIOS(SCENARIO(work_is_finished_before_what_it_needs_is_stopped),
            SCENARIO(without_a_row_that_says_so_nobody_is_waited_for),
            SCENARIO(outside_of_a_drain_nobody_is_waited_for),
            SCENARIO(dynamic_children_finish_at_the_same_time),
            SCENARIO(what_ends_clean_is_not_restarted),
            SCENARIO(who_does_not_finish_in_time_is_told_to_shut_down),
            SCENARIO(the_programs_limit_is_for_all), SCENARIO(dynamic_children_are_cut_together),
            SCENARIO(what_a_limit_kills_is_told_upwards),
            SCENARIO(what_a_limit_kills_below_is_told_upwards),
            SCENARIO(a_dynamic_supervisor_answers_while_its_children_work),
            SCENARIO(a_supervisor_answers_while_it_waits_for_each),
            SCENARIO(nobody_is_restarted_by_who_leaves),
            SCENARIO(a_child_that_is_waited_for_may_be_terminated),
            SCENARIO(one_message_to_those_who_asked)));
}
