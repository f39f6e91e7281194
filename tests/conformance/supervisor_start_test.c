/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_start_test - cases of supervisor_SUITE: starts, stops, and what one can ask for. */
#include "conformance/supervisor.h"

/* --- starting --------------------------------------------------------------------------------- */
static void sup_start_normal(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, TWO_AN_HOUR));
    ks_exit_process(sup, KS_SHUTDOWN);
    KS_CHECK(exit_came(sup, KS_REASON_SHUTDOWN, MINUTE));
}

typedef struct odd_args {
    int32_t status, adds;
} odd_args;
KS_TYPE(odd_args, status, adds);
KS_MODULE(odd, odd_args);
static ks_status odd_init(const odd_args *args)
{
    if (args->adds)
        KS_CHECK_OK(ks_add_child(&(ks_child){ KS_START(worker, .tag = 'a'), .id = "first" }));
    if (args->adds)
        KS_CHECK_OK(
            ks_add_child(&(ks_child){ KS_START(worker, .how = args->adds), .id = "second" }));
    if (args->status == KS_EXITED) ks_exit(ks_error("init fails"));
    return args->status;
}
KS_SUPERVISOR_INIT(odd, .strategy = KS_ONE_FOR_ONE);

static void sup_start_ignore_init(void)
{
    begin();
    ks_pid pid;
    KS_CHECK(ks_start_link(KS_CHILD(odd, .status = KS_IGNORE), &pid) == KS_IGNORE);
    KS_CHECK(nothing_comes());
}

static void sup_start_fail(void)
{
    begin();
    ks_pid pid;
    KS_CHECK(ks_start_link(KS_CHILD(odd, .status = KS_EXITED), &pid) == KS_EXITED);
    KS_CHECK(nothing_comes() && reported("init fails", "odd"));
}

static void sup_start_ignore_child(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, TWO_AN_HOUR)), pid;
    const ks_child one = { KS_START(worker, .how = IGNORES), .id = "child1" };
    KS_CHECK(ks_start_child(sup, &one, &pid) == KS_IGNORE);
    ADD(sup, "child2");
    KS_CHECK(info(sup, "child1").state == KS_CHILD_STOPPED && runs(sup, "child2"));
    KS_CHECK(counts(sup, 2, 1, 0, 2));
}

KS_SUPERVISOR(with_temporary,
    .children = KS_CHILDREN(
        { KS_START(worker, .how = IGNORES), .id = "child1", .restart = KS_TEMPORARY },
        { KS_START(worker), .id = "child2", .restart = KS_TEMPORARY }));

static void sup_start_ignore_temporary_child(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(with_temporary));
    KS_CHECK(info(sup, "child1").state == -1 && runs(sup, "child2") && counts(sup, 1, 1, 0, 1));
}

static void an_ignored_child_is_forgotten(const ks_child *how, ks_restart restart)
{
    begin();
    ks_pid sup = start(how), pid;
    const ks_child one = { KS_START(worker, .how = IGNORES), .id = "child1", .restart = restart };
    KS_CHECK(ks_start_child(sup, &one, &pid) == KS_IGNORE);
    ADD(sup, "child2", .restart = restart);
    KS_CHECK(info(sup, "child1").state == -1 && counts(sup, 1, 1, 0, 1));
    ks_exit_process(sup, KS_SHUTDOWN);
    KS_CHECK(exit_came(sup, KS_REASON_SHUTDOWN, MINUTE));
}

static void sup_start_ignore_temporary_child_start_child(void)
{
    an_ignored_child_is_forgotten(KS_CHILD(ofo, TWO_AN_HOUR), KS_TEMPORARY);
}

static void sup_start_ignore_temporary_child_start_child_simple(void)
{
    an_ignored_child_is_forgotten(KS_CHILD(dyn, TWO_AN_HOUR), KS_TEMPORARY);
}

static void sup_start_ignore_permanent_child_start_child_simple(void)
{
    an_ignored_child_is_forgotten(KS_CHILD(dyn, TWO_AN_HOUR), KS_PERMANENT);
}

static void sup_start_child_returns_error(void)
{
    begin();
    ks_pid pid;
    KS_CHECK(ks_start_link(KS_CHILD(odd, .adds = FAILS), &pid) == KS_NOT_FOUND);
    KS_CHECK(traced("Aa") && nothing_comes());
    KS_CHECK(reported("'second' did not start", "start error"));
}

static void sup_start_restart_child_returns_error(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, TWO_AN_HOUR)), pid;
    const ks_child row = { KS_START(worker, .how = FAILS_AGAIN), .id = "child1" };
    add(sup, &row);
    KS_CHECK_OK(ks_terminate_child(sup, "child1"));
    world.again = true;
    KS_CHECK(ks_restart_child(sup, "child1", &pid) == KS_NOT_FOUND);
    KS_CHECK(info(sup, "child1").state == KS_CHILD_STOPPED && counts(sup, 1, 0, 0, 1));
    world.again = false;
    KS_CHECK_OK(ks_restart_child(sup, "child1", &pid));
    KS_CHECK(counts(sup, 1, 1, 0, 1));
}

static void sup_start_child_returns_error_simple(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, TWO_AN_HOUR)), pid;
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker, .how = FAILS), &pid) == KS_NOT_FOUND);
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker, .how = STOPS), &pid) == KS_EXITED);
    KS_CHECK(counts(sup, 0, 0, 0, 0));
}

/* --- rows that are read ----------------------------------------------------------------------- */
static bool row_is(const ks_child *row, ks_restart restart, ks_ms shutdown, const ks_module *module)
{
    return row->restart == restart && row->shutdown == shutdown && row->module == module &&
        !row->significant;
}

static void sup_start_map(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo));
    ks_child row;
    ADD(sup, "child1");
    ADD(sup, "child2", .shutdown = KS_BRUTAL_KILL);
    add(sup, &(ks_child){ KS_START(dyn), .id = "child3" });
    KS_CHECK_OK(ks_get_child(sup, "child1", &row));
    KS_CHECK(row_is(&row, KS_PERMANENT, 5000, &worker_module) && strcmp(row.id, "child1") == 0);
    KS_CHECK_OK(ks_get_child(sup, "child2", &row));
    KS_CHECK(row_is(&row, KS_PERMANENT, KS_BRUTAL_KILL, &worker_module));
    KS_CHECK_OK(ks_get_child(sup, "child3", &row));
    KS_CHECK(row_is(&row, KS_PERMANENT, KS_INFINITY, &dyn_module));
    KS_CHECK(ks_get_child(sup, "child4", &row) == KS_NOT_FOUND);
    stop(sup);
}

static void sup_start_map_simple(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn)), pid = add(sup, KS_CHILD(worker, .tag = 'a'));
    ks_child row;
    KS_CHECK_OK(ks_get_child_pid(sup, pid, &row));
    KS_CHECK(row_is(&row, KS_PERMANENT, 5000, &worker_module));
    KS_CHECK(((const worker_args *)row.args)->tag == 'a');
    KS_CHECK(ks_get_child_pid(sup, ks_self(), &row) == KS_NOT_FOUND);
    stop(sup);
}

KS_SUPERVISOR(no_module, .children = KS_CHILDREN({ .id = "child2" }));
KS_SUPERVISOR(wrong_time, .children = KS_CHILDREN({ KS_START(worker), .shutdown = -10 }));

static void sup_start_map_faulty_specs(void)
{
    begin();
    KS_CHECK(ks_start_link(KS_CHILD(no_module), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(wrong_time), NULL) == KS_BADARG);
    KS_CHECK(nothing_comes() && reported("supervisor 'wrong_time'", "refused"));
}

/* --- stopping --------------------------------------------------------------------------------- */
static void two_children_end(
    const ks_child *how, const ks_child *other, ks_reason_kind kind, ks_ms time)
{
    begin();
    ks_pid sup = start(how), one = ADD(sup, "child1", .shutdown = 1000), two = add(sup, other);
    ks_link(one);
    ks_link(two);
    ks_ms before = ks_now();
    stop(sup);
    KS_CHECK(ks_now() - before >= time && ks_now() - before < time + 100);
    KS_CHECK(exit_came(one, KS_REASON_SHUTDOWN, 0) && exit_came(two, kind, 0));
}

static void sup_stop_infinity(void)
{
    const ks_child slow = { KS_START(worker, .how = SLOW), .id = "child2",
        .shutdown = KS_INFINITY };
    two_children_end(KS_CHILD(ofo, TWO_AN_HOUR), &slow, KS_REASON_SHUTDOWN, SECOND);
}

static void sup_stop_timeout(void)
{
    const ks_child late = { KS_START(worker, .how = SLEEPS), .id = "child2", .shutdown = 1000 };
    two_children_end(KS_CHILD(ofo, TWO_AN_HOUR), &late, KS_REASON_KILLED, 1000);
    KS_CHECK(reported("'child2'", "shutdown error") && report_count(KS_LOG_ERROR) == 1);
}

static void sup_stop_timeout_dynamic(void)
{
    const ks_child late = { KS_START(worker, .how = SLEEPS), .id = "child2", .shutdown = 1000 };
    two_children_end(KS_CHILD(dyn, TWO_AN_HOUR), &late, KS_REASON_KILLED, 1000);
    KS_CHECK(reported("'child2'", "shutdown error") && report_count(KS_LOG_ERROR) == 1);
}

static void sup_stop_brutal_kill(void)
{
    const ks_child killed = { KS_START(worker), .id = "child2", .shutdown = KS_BRUTAL_KILL };
    two_children_end(KS_CHILD(ofo, TWO_AN_HOUR), &killed, KS_REASON_KILLED, 0);
    KS_CHECK(report_count(KS_LOG_ERROR) == 0);
}

static void sup_stop_brutal_kill_dynamic(void)
{
    const ks_child killed = { KS_START(worker), .id = "child2", .shutdown = KS_BRUTAL_KILL };
    two_children_end(KS_CHILD(dyn, TWO_AN_HOUR), &killed, KS_REASON_KILLED, 0);
    KS_CHECK(report_count(KS_LOG_ERROR) == 0);
}

static void stop_it(void *supervisor) { stop(*(ks_pid *)supervisor); }

static void children_leave_while_it_stops(const ks_child *how)
{
    begin();
    ks_pid sup = start(how), pids[20];
    ks_ref stopper;
    for (int i = 0; i < 20; i++) pids[i] = ADD(sup, ks_format("%d", i), .shutdown = 1000);
    (void)ks_spawn_monitor(stop_it, &sup, &stopper);
    for (int i = 0; i < 20; i++) (void)worker_cast_end(pids[i], &SHUTDOWN);
    KS_CHECK(ended_with(stopper, KS_REASON_NORMAL) && !ks_is_alive(sup));
    for (int i = 0; i < 20; i++) KS_CHECK(!ks_is_alive(pids[i]));
}

static void sup_stop_race(void)
{
    children_leave_while_it_stops(KS_CHILD(ofo, .intensity = 1000));
    children_leave_while_it_stops(KS_CHILD(dyn, .intensity = 1000));
}

static void sup_stop_non_shutdown_exit_dynamic(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, TWO_AN_HOUR)), pids[3];
    for (int i = 0; i < 3; i++)
        pids[i] = add(sup, KS_CHILD(worker, .how = i == 1 ? FAULTY_END : GOOD));
    stop(sup);
    for (int i = 0; i < 3; i++) KS_CHECK(!ks_is_alive(pids[i]));
    KS_CHECK(reported("was told to shut down and ended: error: failed in terminate",
        "shutdown error: module 'worker', permanent, shutdown 5000 ms, worker"));
}

/* --- asking ----------------------------------------------------------------------------------- */
static void child_adm(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, TWO_AN_HOUR)), nobody = ks_named("foo"), pid = { 0 };
    const ks_child row = { KS_START(worker), .id = "child1", .shutdown = 1000 };
    ks_child_counts none;
    size_t count;
    ks_pid one = add(sup, &row);
    ks_link(one);
    KS_CHECK(ks_start_child(sup, &row, &pid) == KS_ALREADY_STARTED && ks_same_pid(pid, one));
    KS_CHECK(ks_terminate_child(sup, "hej") == KS_NOT_FOUND);
    KS_CHECK(ks_terminate_child(nobody, "child1") == KS_NOPROC);
    KS_CHECK_OK(ks_terminate_child(sup, "child1"));
    KS_CHECK(exit_came(one, KS_REASON_SHUTDOWN, 0));
    KS_CHECK(info(sup, "child1").state == KS_CHILD_STOPPED && counts(sup, 1, 0, 0, 1));
    KS_CHECK_OK(ks_terminate_child(sup, "child1"));
    KS_CHECK(ks_start_child(sup, &row, &pid) == KS_ALREADY_PRESENT);
    KS_CHECK_OK(ks_restart_child(sup, "child1", &pid));
    KS_CHECK(ks_same_pid(pid, pid_of(sup, "child1")) && counts(sup, 1, 1, 0, 1));
    KS_CHECK(ks_restart_child(sup, "child1", NULL) == KS_ALREADY_STARTED);
    KS_CHECK(ks_restart_child(sup, "child2", NULL) == KS_NOT_FOUND);
    KS_CHECK(ks_delete_child(sup, "child1") == KS_ALREADY_STARTED);
    KS_CHECK(ks_delete_child(sup, "hej") == KS_NOT_FOUND);
    KS_CHECK(ks_delete_child(nobody, "child1") == KS_NOPROC);
    KS_CHECK_OK(ks_terminate_child(sup, "child1"));
    KS_CHECK_OK(ks_delete_child(sup, "child1"));
    KS_CHECK(ks_restart_child(sup, "child1", NULL) == KS_NOT_FOUND && counts(sup, 0, 0, 0, 0));
    KS_CHECK(ks_start_child(nobody, &row, NULL) == KS_NOPROC);
    add(sup, &row);
    KS_CHECK(runs(sup, "child1") && counts(sup, 1, 1, 0, 1));
    KS_CHECK(ks_which_children(nobody, NULL, 0, &count) == KS_NOPROC);
    KS_CHECK(ks_count_children(nobody, &none) == KS_NOPROC);
}

static void child_adm_simple(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, TWO_AN_HOUR)), stranger = start(KS_CHILD(worker));
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    ks_pid one = add(sup, KS_CHILD(worker)), two = add(sup, KS_CHILD(worker));
    KS_CHECK(counts(sup, 2, 2, 0, 2));
    KS_CHECK(ks_terminate_child(sup, "worker") == KS_NOT_FOUND);
    KS_CHECK_OK(ks_terminate_child_pid(sup, one));
    KS_CHECK(!ks_is_alive(one) && ks_is_alive(two) && counts(sup, 1, 1, 0, 1));
    KS_CHECK(ks_terminate_child_pid(sup, one) == KS_NOT_FOUND);
    KS_CHECK(ks_terminate_child_pid(sup, stranger) == KS_NOT_FOUND && ks_is_alive(stranger));
    KS_CHECK(ks_restart_child(sup, "worker", NULL) == KS_NOT_FOUND);
    KS_CHECK(ks_delete_child(sup, "worker") == KS_NOT_FOUND);
    kill_and_wait(stranger);
}

static int progress_reports;
static void count_progress(const ks_log_event *event, void *arg)
{
    progress_reports +=
        event->level == KS_LOG_INFO && event->report && strcmp(event->report, "progress") == 0;
}

static void external_start_no_progress_log(void)
{
    begin();
    progress_reports = 0;
    ks_level level = ks_log_set_level(KS_LOG_INFO);
    ks_log_set_handler(count_progress, NULL);
    ks_pid sup = start(KS_CHILD(odd, .adds = GOOD + SLOW));
    KS_CHECK(progress_reports == 2);
    ks_pid pid = ADD(sup, "asked for");
    KS_CHECK(progress_reports == 2);
    end(pid, ABNORMAL);
    KS_CHECK(progress_reports == 3);
    (void)ks_log_set_level(level);
    forget_reports();
    stop(sup);
}

static void wrong_rows_are_refused(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, TWO_AN_HOUR));
    const ks_child wrong[] = { { .id = "child" }, { KS_START(worker), .restart = (ks_restart)9 },
        { KS_START(worker), .shutdown = -10 }, { KS_START(worker), .start_timeout = -1 },
        { KS_START(worker), .significant = true },
        { KS_START(worker), .backoff = { .first_ms = -5 } } };
    const ks_child right[] = { { KS_START(worker), .id = "1", .shutdown = KS_INFINITY },
        { KS_START(dyn), .id = "2", .shutdown = 1000 },
        { KS_START(worker), .id = "3", .restart = KS_TEMPORARY },
        { KS_START(worker), .id = "4", .restart = KS_TRANSIENT } };
    const size_t size = sizeof(ks_child), wrongs = sizeof wrong / size,
                 rights = sizeof right / size;
    size_t index;
    for (size_t i = 0; i < wrongs; i++) {
        ks_supervisor_spec spec = { .children = { &wrong[i], 1, size } };
        KS_CHECK(ks_start_child(sup, &wrong[i], NULL) == KS_BADARG);
        KS_CHECK(ks_check_children(&spec, &index) == KS_BADARG && index == 0);
    }
    ks_supervisor_spec spec = { .children = { right, rights, size } };
    KS_CHECK_OK(ks_check_children(&spec, &index));
    const ks_child twice[] = { right[0], right[0] };
    spec.children = (ks_child_list){ twice, 2, size };
    KS_CHECK(ks_check_children(&spec, &index) == KS_ALREADY_PRESENT && index == 1);
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    stop(sup);
}

static void child_specs(void) { wrong_rows_are_refused(); }

KS_SUPERVISOR(none_for_one, .strategy = (ks_strategy)77);
KS_SUPERVISOR(wrong_intensity, .max_restarts = -2);
KS_SUPERVISOR(wrong_period, .max_seconds = -1);
KS_SUPERVISOR(wrong_shutdown, .auto_shutdown = (ks_auto_shutdown)7);

static void sup_flags(void)
{
    begin();
    KS_CHECK(ks_start_link(KS_CHILD(none_for_one), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(wrong_intensity), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(wrong_period), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(wrong_shutdown), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(ofo, .intensity = -2), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(ofo, .period = -1), NULL) == KS_BADARG);
    KS_CHECK(nothing_comes());
}

/* An application that cannot start: the error of its innermost child comes out at the top. */
static void faulty_application_shutdown(void)
{
    begin();
    ks_pid top = start(KS_CHILD(ofo)), pid;
    const ks_child faulty = { KS_START(odd, .adds = FAILS), .id = "app_faulty" };
    KS_CHECK(ks_start_child(top, &faulty, &pid) == KS_NOT_FOUND);
    KS_CHECK(reported("'second' did not start: ", ks_status_text(KS_NOT_FOUND)));
    KS_CHECK(traced("Aa") && counts(top, 0, 0, 0, 0));
}

static void already_started_outside_supervisor(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, TWO_AN_HOUR)), pid = { 0 };
    ks_pid outside = start(&(ks_child){ KS_START(worker), .name = "name" });
    const ks_child row = { KS_START(worker), .id = "child1", .name = "name" };
    KS_CHECK(ks_start_child(sup, &row, &pid) == KS_ALREADY_STARTED && ks_same_pid(pid, outside));
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    stop(sup);
    KS_CHECK(ks_is_alive(outside));
    kill_and_wait(outside);
}

int main(int argc, char **argv)
{
    return run_cases("supervisor_SUITE", argc, argv,
        SCENARIOS(SCENARIO(sup_start_normal), SCENARIO(sup_start_ignore_init),
            SCENARIO(sup_start_fail), SCENARIO(sup_start_ignore_child),
            SCENARIO(sup_start_ignore_temporary_child),
            SCENARIO(sup_start_ignore_temporary_child_start_child),
            SCENARIO(sup_start_ignore_temporary_child_start_child_simple),
            SCENARIO(sup_start_ignore_permanent_child_start_child_simple),
            SCENARIO(sup_start_child_returns_error),
            SCENARIO(sup_start_restart_child_returns_error),
            SCENARIO(sup_start_child_returns_error_simple), SCENARIO(sup_start_map),
            SCENARIO(sup_start_map_simple), SCENARIO(sup_start_map_faulty_specs),
            SCENARIO(sup_stop_infinity), SCENARIO(sup_stop_timeout),
            SCENARIO(sup_stop_timeout_dynamic), SCENARIO(sup_stop_brutal_kill),
            SCENARIO(sup_stop_brutal_kill_dynamic), SCENARIO(sup_stop_race),
            SCENARIO(sup_stop_non_shutdown_exit_dynamic), SCENARIO(child_adm),
            SCENARIO(child_adm_simple), SCENARIO(external_start_no_progress_log),
            SCENARIO(child_specs), SCENARIO(sup_flags), SCENARIO(faulty_application_shutdown),
            SCENARIO(already_started_outside_supervisor)));
}
