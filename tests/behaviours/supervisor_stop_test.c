/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_stop_test - how children are ended, whatever they do, and who ends a supervisor. */
#include "behaviours/supervised.h"

KS_SUPERVISOR(app, .strategy = KS_ONE_FOR_ONE);
KS_SUPERVISOR(inner, .strategy = KS_ONE_FOR_ONE);
KS_SUPERVISOR(crowd, .strategy = KS_DYNAMIC);
KS_SUPERVISOR(three,
    .children = KS_CHILDREN({ KS_START(child, .tag = 'a'), .id = "a" },
        { KS_START(child, .tag = 'b'), .id = "b" }, { KS_START(child, .tag = 'c'), .id = "c" }));

/* Terminates one fresh child: how long that took. */
static ks_ms time_to_end(const ks_child *row)
{
    ks_pid sup = start(KS_CHILD(app));
    ks_pid pid = add(sup, row);
    ks_ms begun = ks_now();
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    KS_CHECK(!ks_is_alive(pid));
    ks_ms took = ks_now() - begun;
    KS_CHECK(counts_are(sup, row->restart == KS_TEMPORARY ? 0 : 1, 0));
    stop(sup);
    return took;
}

static bool about(ks_ms time, ks_ms expected) { return time >= expected && time < expected + 50; }

static void a_child_that_ends_when_asked_runs_terminate(void)
{
    begin();
    KS_CHECK(about(time_to_end(KS_CHILD(child, .tag = 'a')), 0));
    KS_CHECK(happened_is("Aa"));
    KS_CHECK(about(time_to_end(KS_CHILD(child, .tag = 'a', .how = SLOW)), SLOW_MS));
    KS_CHECK(happened_is("Aa"));
    KS_CHECK(world.errors == 0);
}

static void a_child_that_refuses_is_killed_after_its_time(void)
{
    begin();
    KS_CHECK(about(time_to_end(KS_CHILD(child, .tag = 'a', .how = STUBBORN)), 5000));
    KS_CHECK(happened_is("A"));
    KS_CHECK(world.errors == 1);
    KS_CHECK(reported("> was told to shut down and ended: killed"));
    ks_child row = { KS_START(child, .how = STUBBORN), .shutdown = 70 };
    KS_CHECK(about(time_to_end(&row), 70));
}

static void brutal_kill_asks_nobody(void)
{
    begin();
    ks_child row = { KS_START(child, .tag = 'a', .how = SLOW), .shutdown = KS_BRUTAL_KILL };
    KS_CHECK(about(time_to_end(&row), 0));
    KS_CHECK(happened_is("A"));
    KS_CHECK(world.errors == 0);
}

static void who_unlinked_itself_cannot_hang_the_supervisor(void)
{
    begin();
    KS_CHECK(about(time_to_end(KS_CHILD(child, .tag = 'a', .how = UNLINKS)), 0));
    KS_CHECK(happened_is("Aa"));
    KS_CHECK(about(time_to_end(KS_CHILD(child, .how = UNLINKS_AND_STAYS)), 5000));
}

static void who_unlinked_itself_and_is_gone_cannot_hang_the_supervisor(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    crash(add(sup, KS_CHILD(child, .how = UNLINKS)));
    settle();
    KS_CHECK(counts_are(sup, 1, 1)); /* nobody told it */
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    KS_CHECK(counts_are(sup, 1, 0));
    stop(sup);
}

static ks_ms shutdown_of(ks_ms limit, int32_t how)
{
    ks_pid sup = start(KS_CHILD(app));
    add(sup, &(ks_child){ KS_START(child, .how = how), .shutdown = limit });
    ks_ms begun = ks_now();
    stop(sup);
    return ks_now() - begun;
}

static void infinity_waits(void)
{
    begin();
    KS_CHECK(about(shutdown_of(500, SLOW), 500));
    KS_CHECK(about(shutdown_of(KS_INFINITY, SLOW), SLOW_MS));
}

/* Whoever comes first, no exit is left in the queue, to be taken for a crash. */
static void an_end_of_its_own_does_not_disturb_the_shutdown(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    ks_pid pid = add(sup, KS_CHILD(child));
    crash(pid);
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    ks_child_info info = info_of(sup, "child");
    KS_CHECK(info.state == KS_CHILD_STOPPED);
    settle();
    KS_CHECK(info_of(sup, "child").restarts == info.restarts);
    KS_CHECK(counts_are(sup, 1, 0));
    KS_CHECK(strstr(world.reports, "no child") == NULL);
    stop(sup);
}

static void children_end_in_reverse_order_each_in_its_time(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    add(sup, &(ks_child){ KS_START(child, .tag = 'a', .how = SLOW), .id = "a" });
    add(sup, &(ks_child){ KS_START(child, .how = STUBBORN), .id = "b", .shutdown = 300 });
    add(sup, &(ks_child){ KS_START(child, .tag = 'c', .how = SLOW), .id = "c" });
    KS_CHECK(happened_is("AC"));
    ks_ms begun = ks_now();
    stop(sup);
    KS_CHECK(about(ks_now() - begun, 2 * SLOW_MS + 300));
    KS_CHECK(happened_is("ca"));
}

static void dynamic_children_are_told_at_once(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(crowd));
    for (int i = 0; i < 50; i++) add(sup, KS_CHILD(child, .tag = 'x', .how = SLOW));
    ks_ms begun = ks_now();
    stop(sup);
    KS_CHECK(about(ks_now() - begun, SLOW_MS));
    KS_CHECK(world.count == 2 * 50);
    KS_CHECK(world.errors == 0);
}

static void each_dynamic_child_has_its_own_time(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(crowd));
    const ks_ms limits[] = { 500, 1500, KS_INFINITY, KS_BRUTAL_KILL, 500 };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        add(sup,
            &(ks_child){
                KS_START(child, .tag = (int32_t)('a' + i), .how = SLOW), .shutdown = limits[i] });
    add(sup, &(ks_child){ KS_START(child, .how = STUBBORN), .shutdown = 700 });
    add(sup, &(ks_child){ KS_START(child, .how = UNLINKS_AND_STAYS), .shutdown = 800 });
    KS_CHECK(happened_is("ABCDE"));
    ks_ms begun = ks_now();
    stop(sup);
    KS_CHECK(about(ks_now() - begun, SLOW_MS));
    KS_CHECK(strcmp(world.letters, "bc") == 0 || strcmp(world.letters, "cb") == 0);
    KS_CHECK(world.errors == 4); /* killed: two after 500, one after 700, one after 800 */
}

static void many_that_end_otherwise_make_few_reports(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(crowd));
    for (int i = 0; i < 25; i++)
        add(sup, &(ks_child){ KS_START(child, .how = STUBBORN), .shutdown = 10 });
    stop(sup);
    KS_CHECK(world.errors == 11);
    KS_CHECK(reported("15 more children were told to shut down and ended otherwise"));
}

static void dynamic_children_that_leave_meanwhile_are_no_trouble(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(crowd)), pids[20];
    for (int i = 0; i < 20; i++)
        pids[i] = add(sup, &(ks_child){ KS_START(child, .how = SLOW), .restart = KS_TEMPORARY });
    ks_ask_to_stop(sup, KS_SHUTDOWN);
    for (int i = 0; i < 20; i += 2) crash(pids[i]);
    for (int i = 1; i < 20; i += 4) ks_exit_process(pids[i], KS_KILL);
    ks_ref monitor = ks_monitor(sup);
    KS_CHECK(ks_receive_ref(monitor, HOUR) != NULL);
    for (int i = 0; i < 20; i++) KS_CHECK(!ks_is_alive(pids[i]));
}

/* --- who ends a supervisor -------------------------------------------------------------------- */
static void parent(void *arg)
{
    *(ks_pid *)arg = start(KS_CHILD(three));
    ks_exit(ks_error("the parent fails"));
}

static void the_exit_of_the_parent_ends_the_tree_in_order(void)
{
    begin();
    ks_pid sup = { 0 };
    ks_ref monitor;
    (void)ks_spawn_monitor(parent, &sup, &monitor);
    KS_CHECK(ks_receive_ref(monitor, HOUR) != NULL);
    settle();
    KS_CHECK(!ks_is_alive(sup));
    KS_CHECK(happened_is("ABCcba"));
}

static void a_killed_supervisor_takes_its_children_along(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(three));
    ks_ref monitor = ks_monitor(info_of(sup, "a").pid);
    ks_exit_process(sup, KS_KILL);
    KS_CHECK(ks_receive_ref(monitor, HOUR) != NULL);
    settle(); /* then nothing is left: the runner looks */
    KS_CHECK(happened_is("ABC"));
}

/* The link is kept until a child is gone. */
static void killed_while_it_waits_for_a_child_it_leaves_nobody(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    add(sup, &(ks_child){ KS_START(child, .how = STUBBORN), .shutdown = KS_INFINITY });
    ks_ask_to_stop(sup, KS_SHUTDOWN);
    ks_sleep(100);
    KS_CHECK(ks_is_alive(sup));
    ks_exit_process(sup, KS_KILL);
    settle();
}

static void stranger(void *supervisor)
{
    ks_link(*(const ks_pid *)supervisor);
    ks_exit(ks_error("strange"));
}

static void the_exit_of_a_stranger_is_logged(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(three));
    (void)ks_spawn(stranger, &sup);
    settle();
    KS_CHECK(reported("ended, which is no child: error: strange"));
    KS_CHECK(counts_are(sup, 3, 3));
    stop(sup);
    KS_CHECK(happened_is("ABCcba"));
}

static void a_supervisor_below_is_given_all_the_time(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    ks_pid below = add(sup, KS_CHILD(inner));
    for (int i = 0; i < 10; i++) {
        char id[] = { (char)('0' + i), 0 };
        add(below, &(ks_child){ KS_START(child, .how = SLOW), .id = id });
    }
    ks_ms begun = ks_now();
    stop(sup);
    KS_CHECK(about(ks_now() - begun, 10 * SLOW_MS));
    KS_CHECK(world.errors == 0);
}

int main(void)
{
    return RUN_ALL("supervisor_stop", SCENARIO(a_child_that_ends_when_asked_runs_terminate),
        SCENARIO(a_child_that_refuses_is_killed_after_its_time), SCENARIO(brutal_kill_asks_nobody),
        SCENARIO(who_unlinked_itself_cannot_hang_the_supervisor),
        SCENARIO(who_unlinked_itself_and_is_gone_cannot_hang_the_supervisor),
        SCENARIO(infinity_waits), SCENARIO(an_end_of_its_own_does_not_disturb_the_shutdown),
        SCENARIO(children_end_in_reverse_order_each_in_its_time),
        SCENARIO(dynamic_children_are_told_at_once), SCENARIO(each_dynamic_child_has_its_own_time),
        SCENARIO(many_that_end_otherwise_make_few_reports),
        SCENARIO(dynamic_children_that_leave_meanwhile_are_no_trouble),
        SCENARIO(the_exit_of_the_parent_ends_the_tree_in_order),
        SCENARIO(a_killed_supervisor_takes_its_children_along),
        SCENARIO(killed_while_it_waits_for_a_child_it_leaves_nobody),
        SCENARIO(the_exit_of_a_stranger_is_logged),
        SCENARIO(a_supervisor_below_is_given_all_the_time));
}
