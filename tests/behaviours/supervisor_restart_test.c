/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_restart_test - what becomes of a child that ends by itself, and of its supervisor. */
#include "behaviours/supervised.h"

KS_SUPERVISOR(app, .strategy = KS_ONE_FOR_ONE);
KS_SUPERVISOR(strict, .max_restarts = KS_NONE);
KS_SUPERVISOR(patient, .max_restarts = 100000);
KS_SUPERVISOR(crowd, .strategy = KS_DYNAMIC);
KS_SUPERVISOR(restless, .strategy = KS_DYNAMIC, .max_restarts = 100000, .max_children = 1);

KS_SUPERVISOR(three,
    .children = KS_CHILDREN({ KS_START(child, .tag = 'a'), .id = "a" },
        { KS_START(child, .tag = 'b'), .id = "b", .name = "bob" },
        { KS_START(child, .tag = 'c'), .id = "c" }));

static bool gave_up(ks_ref monitor)
{
    const ks_msg *msg = ks_receive_ref(monitor, HOUR);
    const ks_down *down = msg ? ks_as(ks_down, msg) : NULL;
    return down && down->reason.kind == KS_REASON_SHUTDOWN &&
        strcmp(down->reason.text, "reached max restarts") == 0;
}

/* Ends a fresh child for a reason; how many rows and processes there are then. */
static bool after_end(ks_restart restart, ks_reason reason, int specs, int active, int errors)
{
    ks_pid sup = start(KS_CHILD(app));
    ks_pid pid = add(sup, &(ks_child){ KS_START(child), .restart = restart });
    world.errors = 0;
    (void)child_cast_finish(pid, &reason);
    settle();
    bool right = counts_are(sup, specs, active) && world.errors == errors && !ks_is_alive(pid);
    stop(sup);
    return right;
}

static const ks_reason failure = { .kind = KS_REASON_ERROR, .text = "disk full" };

static void a_permanent_child_is_always_restarted(void)
{
    begin();
    KS_CHECK(after_end(KS_PERMANENT, KS_NORMAL, 1, 1, 1));
    KS_CHECK(after_end(KS_PERMANENT, KS_SHUTDOWN, 1, 1, 1));
    KS_CHECK(after_end(KS_PERMANENT, ks_shutdown("done"), 1, 1, 1));
    KS_CHECK(after_end(KS_PERMANENT, failure, 1, 1, 1));
    KS_CHECK(after_end(KS_RESTART_DEFAULT, KS_NORMAL, 1, 1, 1));
}

static void a_transient_child_is_restarted_unless_it_ended_clean(void)
{
    begin();
    KS_CHECK(after_end(KS_TRANSIENT, KS_NORMAL, 1, 0, 0));
    KS_CHECK(after_end(KS_TRANSIENT, KS_SHUTDOWN, 1, 0, 0));
    KS_CHECK(after_end(KS_TRANSIENT, ks_shutdown("done"), 1, 0, 0));
    KS_CHECK(after_end(KS_TRANSIENT, failure, 1, 1, 1));
}

static void a_temporary_child_is_forgotten(void)
{
    begin();
    KS_CHECK(after_end(KS_TEMPORARY, KS_NORMAL, 0, 0, 0));
    KS_CHECK(after_end(KS_TEMPORARY, KS_SHUTDOWN, 0, 0, 0));
    KS_CHECK(after_end(KS_TEMPORARY, failure, 0, 0, 1));
}

static void the_clean_exit_of_a_permanent_child_is_reported_and_counted(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(three));
    ks_ref monitor = ks_monitor(sup);
    for (int i = 0; i < 4; i++) {
        KS_CHECK(ks_is_alive(sup));
        (void)child_cast_finish(ks_named("bob"), &KS_NORMAL);
        settle();
    }
    KS_CHECK(gave_up(monitor));
    KS_CHECK(world.errors == 4);
    KS_CHECK(reported("terminated: normal; restarting (3 of 3 in 5 s)"));
    KS_CHECK(reported("terminated: normal; more than 3 restarts in 5 s: giving up"));
}

static void who_crashed_is_restarted_alone(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(three));
    ks_pid bob = ks_whereis("bob");
    KS_CHECK(happened_is("ABC"));
    crash(bob);
    settle();
    KS_CHECK(happened_is("B"));
    KS_CHECK(!ks_is_none(ks_whereis("bob")) && !ks_same_pid(ks_whereis("bob"), bob));
    KS_CHECK(info_of(sup, "b").restarts == 1 && info_of(sup, "a").restarts == 0);
    KS_CHECK(ks_same_pid(info_of(sup, "b").pid, ks_whereis("bob")));
    KS_CHECK(reported("supervisor 'three': child 'b' <0."));
    KS_CHECK(reported("> terminated: error: disk full; restarting (1 of 3 in 5 s)"));
    stop(sup);
    KS_CHECK(happened_is("cba"));
}

static void too_many_restarts_end_the_supervisor(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(three));
    ks_ref monitor = ks_monitor(sup);
    for (int i = 0; i < 4; i++) {
        crash(ks_named("bob"));
        settle();
    }
    KS_CHECK(gave_up(monitor));
    KS_CHECK(happened_is("ABCBBBca"));
    KS_CHECK(reported("child 'b' <0."));
    KS_CHECK(reported("terminated: error: disk full; more than 3 restarts in 5 s: giving up"));
}

static void restarts_leave_the_window(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(three));
    for (int i = 0; i < 30; i++) {
        crash(ks_named("bob"));
        ks_sleep(2000); /* four restarts within 6 s, three within 5 */
    }
    KS_CHECK(info_of(sup, "b").restarts == 30);
    stop(sup);
}

static void without_restarts_the_first_failure_ends_the_supervisor(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(strict));
    ks_ref monitor = ks_monitor(sup);
    crash(add(sup, KS_CHILD(child)));
    KS_CHECK(gave_up(monitor));
}

static void a_failing_restart_is_tried_again(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    ks_pid pid = add(sup, KS_CHILD(child, .how = FAILS));
    world.fails = 2;
    crash(pid);
    ks_sleep(100);
    KS_CHECK(world.starts == 4);
    KS_CHECK(info_of(sup, "child").state == KS_CHILD_RUNNING);
    KS_CHECK(info_of(sup, "child").restarts == 1);
    KS_CHECK(counts_are(sup, 1, 1));
    KS_CHECK(reported("did not restart: "));
    stop(sup);
}

static void each_retry_counts(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    ks_ref monitor = ks_monitor(sup);
    ks_pid pid = add(sup, KS_CHILD(child, .how = FAILS));
    world.fails = 1000;
    crash(pid);
    KS_CHECK(gave_up(monitor));
    KS_CHECK(world.starts == 1 + 3);
    KS_CHECK(reported("more than 3 restarts in 5 s: giving up"));
}

/* While one child does not start, everything else is served. */
static void the_supervisor_stays_responsive_meanwhile(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(patient)), other;
    ks_pid pid = add(sup, KS_CHILD(child, .how = FAILS));
    world.fails = 1000000;
    crash(pid);
    ks_sleep(50);
    ks_child_info info = info_of(sup, "child");
    KS_CHECK(info.state == KS_CHILD_RESTARTING && ks_is_none(info.pid));
    KS_CHECK(counts_are(sup, 1, 0));
    KS_CHECK(ks_start_child(sup, KS_CHILD(child), &other) == KS_ALREADY_PRESENT);
    KS_CHECK(ks_restart_child(sup, "child", &other) == KS_ALREADY_STARTED);
    KS_CHECK(ks_delete_child(sup, "child") == KS_ALREADY_STARTED);
    add(sup, &(ks_child){ KS_START(child), .id = "second" });
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    int starts = world.starts;
    ks_sleep(1000);
    KS_CHECK(starts == world.starts);
    KS_CHECK(info_of(sup, "child").state == KS_CHILD_STOPPED);
    world.fails = 0;
    KS_CHECK_OK(ks_restart_child(sup, "child", &other));
    KS_CHECK(counts_are(sup, 2, 2));
    stop(sup);
}

static void a_supervisor_can_be_stopped_while_a_child_does_not_start(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(patient));
    crash(add(sup, KS_CHILD(child, .how = FAILS)));
    world.fails = 1000000;
    ks_sleep(50);
    stop(sup);
}

static void several_that_fail_are_all_tried_again(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(patient)), pids[5];
    const char *ids[] = { "1", "2", "3", "4", "5" };
    for (int i = 0; i < 5; i++)
        pids[i] = add(sup, &(ks_child){ KS_START(child, .how = FAILS), .id = ids[i] });
    world.fails = 40;
    for (int i = 0; i < 5; i++) crash(pids[i]);
    ks_sleep(3);
    KS_CHECK_OK(ks_terminate_child(sup, "3"));
    ks_sleep(1000);
    KS_CHECK(counts_are(sup, 5, 4));
    KS_CHECK(info_of(sup, "3").state == KS_CHILD_STOPPED);
    stop(sup);
}

static void dynamic_children_are_restarted_or_forgotten(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(crowd));
    ks_pid permanent = add(sup, KS_CHILD(child, .tag = 'p', .note = ks_lit("kept")));
    ks_pid transient =
        add(sup, &(ks_child){ KS_START(child, .tag = 't'), .restart = KS_TRANSIENT });
    ks_pid temporary = add(sup, &(ks_child){ KS_START(child), .restart = KS_TEMPORARY });
    KS_CHECK(happened_is("PT"));
    crash(permanent);
    crash(temporary);
    settle();
    KS_CHECK(happened_is("P"));
    KS_CHECK(counts_are(sup, 2, 2));
    (void)child_cast_finish(transient, &KS_NORMAL);
    settle();
    KS_CHECK(counts_are(sup, 1, 1));
    ks_text note;
    KS_CHECK_OK(child_call_note(info_of(sup, "child").pid, &note, 5000));
    KS_CHECK(ks_text_eq(note, ks_lit("kept")));
    stop(sup);
}

static void a_dynamic_child_that_is_being_restarted_is_found_by_its_pid(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(restless)), other;
    ks_pid pid = add(sup, KS_CHILD(child, .how = FAILS));
    world.fails = 1000000;
    crash(pid);
    ks_sleep(50);
    KS_CHECK(counts_are(sup, 1, 0));
    KS_CHECK(ks_start_child(sup, KS_CHILD(child), &other) == KS_FULL); /* it counts */
    KS_CHECK_OK(ks_terminate_child_pid(sup, pid));
    KS_CHECK(counts_are(sup, 0, 0));
    int starts = world.starts;
    ks_sleep(1000);
    KS_CHECK(starts == world.starts);
    KS_CHECK(ks_terminate_child_pid(sup, pid) == KS_NOT_FOUND);
    stop(sup);
}

static void who_ignores_a_restart_is_not_tried_again(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), crowd_sup = start(KS_CHILD(crowd));
    ks_pid pid = add(sup, KS_CHILD(child, .how = IGNORES_LATER));
    ks_pid dynamic = add(crowd_sup, KS_CHILD(child, .how = IGNORES_LATER));
    world.ignores = true;
    crash(pid);
    crash(dynamic);
    settle();
    KS_CHECK(counts_are(sup, 1, 0) && counts_are(crowd_sup, 0, 0));
    world.ignores = false;
    KS_CHECK_OK(ks_restart_child(sup, "child", &pid));
    KS_CHECK(ks_is_alive(pid));
    stop(sup);
    stop(crowd_sup);
}

int main(void)
{
    return RUN_ALL("supervisor_restart", SCENARIO(a_permanent_child_is_always_restarted),
        SCENARIO(a_transient_child_is_restarted_unless_it_ended_clean),
        SCENARIO(a_temporary_child_is_forgotten),
        SCENARIO(the_clean_exit_of_a_permanent_child_is_reported_and_counted),
        SCENARIO(who_crashed_is_restarted_alone), SCENARIO(too_many_restarts_end_the_supervisor),
        SCENARIO(restarts_leave_the_window),
        SCENARIO(without_restarts_the_first_failure_ends_the_supervisor),
        SCENARIO(a_failing_restart_is_tried_again), SCENARIO(each_retry_counts),
        SCENARIO(the_supervisor_stays_responsive_meanwhile),
        SCENARIO(a_supervisor_can_be_stopped_while_a_child_does_not_start),
        SCENARIO(several_that_fail_are_all_tried_again),
        SCENARIO(dynamic_children_are_restarted_or_forgotten),
        SCENARIO(a_dynamic_child_that_is_being_restarted_is_found_by_its_pid),
        SCENARIO(who_ignores_a_restart_is_not_tried_again));
}
