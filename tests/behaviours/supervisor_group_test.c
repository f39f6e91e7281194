/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_group_test - restarts of a child together with its siblings. */
#include "behaviours/supervised.h"

#define ROWS(how_a, how_c)                                                                         \
    KS_CHILDREN({ KS_START(child, .tag = 'a', .how = how_a), .id = "a" },                          \
        { KS_START(child, .tag = 'b'), .id = "b" },                                                \
        { KS_START(child, .tag = 'c', .how = how_c), .id = "c" })
KS_SUPERVISOR(all, .strategy = KS_ONE_FOR_ALL, .children = ROWS(GOOD, GOOD));
KS_SUPERVISOR(all_a, .strategy = KS_ONE_FOR_ALL, .children = ROWS(FAILS, GOOD));
KS_SUPERVISOR(all_c, .strategy = KS_ONE_FOR_ALL, .children = ROWS(GOOD, FAILS));
KS_SUPERVISOR(all_ignore, .strategy = KS_ONE_FOR_ALL, .children = ROWS(GOOD, IGNORES_LATER));
KS_SUPERVISOR(rest, .strategy = KS_REST_FOR_ONE, .children = ROWS(GOOD, GOOD));
KS_SUPERVISOR(rest_c, .strategy = KS_REST_FOR_ONE, .children = ROWS(GOOD, FAILS));
KS_SUPERVISOR(
    patient_all, .strategy = KS_ONE_FOR_ALL, .max_restarts = 100000, .children = ROWS(GOOD, FAILS));
KS_SUPERVISOR(patient_rest, .strategy = KS_REST_FOR_ONE, .max_restarts = 100000,
    .children = ROWS(GOOD, FAILS));
KS_SUPERVISOR(nonsense, .strategy = (ks_strategy)99);

static ks_pid grown(const ks_child *row)
{
    begin();
    ks_pid sup = start(row);
    KS_CHECK(happened_is("ABC"));
    return sup;
}

static void crash_id(ks_pid sup, const char *id)
{
    crash(info_of(sup, id).pid);
    ks_sleep(20);
}

static bool gave_up(ks_ref monitor)
{
    const ks_msg *msg = ks_receive_ref(monitor, HOUR);
    const ks_down *down = msg ? ks_as(ks_down, msg) : NULL;
    return down && down->reason.kind == KS_REASON_SHUTDOWN &&
        strcmp(down->reason.text, "reached max restarts") == 0;
}

static void one_for_all_restarts_everybody(void)
{
    ks_pid sup = grown(KS_CHILD(all));
    crash_id(sup, "b");
    KS_CHECK(happened_is("caABC"));
    crash_id(sup, "a");
    KS_CHECK(happened_is("cbABC"));
    crash_id(sup, "c");
    KS_CHECK(happened_is("baABC"));
    KS_CHECK(counts_are(sup, 3, 3) && info_of(sup, "a").restarts == 3);
    stop(sup);
    KS_CHECK(happened_is("cba"));
}

static void rest_for_one_restarts_who_was_started_later(void)
{
    ks_pid sup = grown(KS_CHILD(rest));
    crash_id(sup, "b");
    KS_CHECK(happened_is("cBC"));
    crash_id(sup, "a");
    KS_CHECK(happened_is("cbABC"));
    crash_id(sup, "c");
    KS_CHECK(happened_is("C"));
    KS_CHECK(counts_are(sup, 3, 3) && info_of(sup, "a").restarts == 1);
    stop(sup);
    KS_CHECK(happened_is("cba"));
}

static void too_many(const ks_child *row, const char *letters)
{
    ks_pid sup = grown(row);
    ks_ref monitor = ks_monitor(sup);
    for (int i = 0; i < 4; i++) crash_id(sup, "b");
    KS_CHECK(gave_up(monitor));
    KS_CHECK(happened_is(letters)); /* a group counts as one */
}

static void too_many_restarts_end_the_supervisor(void)
{
    too_many(KS_CHILD(all), "caABCcaABCcaABCca");
    too_many(KS_CHILD(rest), "cBCcBCcBCca");
}

static void temporary_siblings_are_forgotten(const ks_child *row, const char *letters)
{
    ks_pid sup = grown(row);
    add(sup, &(ks_child){ KS_START(child, .tag = 't'), .id = "t", .restart = KS_TEMPORARY });
    add(sup, &(ks_child){ KS_START(child, .tag = 'd'), .id = "d" });
    KS_CHECK(happened_is("TD") && counts_are(sup, 5, 5));
    crash_id(sup, "b");
    KS_CHECK(happened_is(letters));
    KS_CHECK(counts_are(sup, 4, 4) && info_of(sup, "t").state == -1);
    stop(sup);
}

static void a_group_restart_forgets_temporary_siblings(void)
{
    temporary_siblings_are_forgotten(KS_CHILD(all), "dtcaABCD");
    temporary_siblings_are_forgotten(KS_CHILD(rest), "dtcBCD");
}

/* Its end touches nobody, and neither does a clean one of a transient child. */
static void who_is_not_restarted_restarts_nobody(void)
{
    ks_pid sup = grown(KS_CHILD(all));
    crash(add(sup, &(ks_child){ KS_START(child), .id = "t", .restart = KS_TEMPORARY }));
    ks_pid pid = add(sup, &(ks_child){ KS_START(child), .id = "u", .restart = KS_TRANSIENT });
    (void)child_cast_finish(pid, &KS_NORMAL);
    settle();
    KS_CHECK(happened_is("") && counts_are(sup, 4, 3));
    stop(sup);
}

static void one_for_all_begins_again_when_a_sibling_does_not_start(void)
{
    ks_pid sup = grown(KS_CHILD(all_c));
    world.fails = 2;
    crash_id(sup, "b");
    KS_CHECK(happened_is("caABbaABbaABC") && counts_are(sup, 3, 3));
    stop(sup);
    sup = grown(KS_CHILD(all_a));
    world.fails = 2;
    crash_id(sup, "b");
    KS_CHECK(happened_is("caABC") && counts_are(sup, 3, 3));
    stop(sup);
}

static void rest_for_one_resumes_from_who_did_not_start(void)
{
    ks_pid sup = grown(KS_CHILD(rest_c));
    add(sup, &(ks_child){ KS_START(child, .tag = 'd'), .id = "d" });
    world.fails = 2;
    crash_id(sup, "b");
    KS_CHECK(happened_is("DdcBCD") && counts_are(sup, 4, 4));
    KS_CHECK(reported("child 'c' <0.") && reported("did not restart: "));
    stop(sup);
}

static void each_retry_of_a_group_counts(void)
{
    ks_pid sup = grown(KS_CHILD(rest_c));
    ks_ref monitor = ks_monitor(sup);
    world.fails = 1000;
    crash_id(sup, "b");
    KS_CHECK(gave_up(monitor));
    KS_CHECK(world.starts == 1 + 3 && happened_is("cBba"));
}

static void the_supervisor_answers_while_one_does_not_start(const ks_child *row)
{
    ks_pid sup = grown(row), pid, former = info_of(sup, "c").pid;
    world.fails = 1000000;
    crash_id(sup, "b");
    KS_CHECK(info_of(sup, "c").state == KS_CHILD_RESTARTING && counts_are(sup, 3, 2));
    KS_CHECK(ks_restart_child(sup, "c", &pid) == KS_ALREADY_STARTED);
    KS_CHECK(ks_delete_child(sup, "c") == KS_ALREADY_STARTED);
    KS_CHECK(ks_terminate_child_pid(sup, (ks_pid){ 0 }) == KS_NOT_FOUND);
    KS_CHECK_OK(ks_terminate_child_pid(sup, former));
    int starts = world.starts;
    ks_sleep(1000);
    KS_CHECK(starts == world.starts && counts_are(sup, 3, 2));
    world.fails = 0;
    KS_CHECK_OK(ks_restart_child(sup, "c", &pid));
    KS_CHECK(counts_are(sup, 3, 3));
    world.fails = 1000000;
    crash_id(sup, "c");
    stop(sup);
}

static void the_supervisor_stays_responsive_meanwhile(void)
{
    the_supervisor_answers_while_one_does_not_start(KS_CHILD(patient_all));
    the_supervisor_answers_while_one_does_not_start(KS_CHILD(patient_rest));
}

static void stopped_siblings_are_started_too(void)
{
    ks_pid sup = grown(KS_CHILD(all));
    KS_CHECK_OK(ks_terminate_child(sup, "c"));
    crash_id(sup, "b");
    KS_CHECK(happened_is("caABC") && counts_are(sup, 3, 3));
    stop(sup);
}

static void who_ignores_in_a_group_stays_stopped(void)
{
    ks_pid sup = grown(KS_CHILD(all_ignore));
    world.ignores = true;
    crash_id(sup, "b");
    KS_CHECK(happened_is("caAB") && counts_are(sup, 3, 2));
    KS_CHECK(info_of(sup, "c").state == KS_CHILD_STOPPED);
    stop(sup);
}

/* Whether the second has crashed by then, or is stopped: each runs once afterwards. */
static void several_crash_at_once(void)
{
    ks_pid sup = grown(KS_CHILD(all)), a = info_of(sup, "a").pid, c = info_of(sup, "c").pid;
    crash(a);
    crash(c);
    ks_sleep(20);
    KS_CHECK(counts_are(sup, 3, 3) && info_of(sup, "b").restarts == 1);
    stop(sup);
}

static void an_unknown_strategy_is_refused(void)
{
    begin();
    KS_CHECK(ks_start_link(KS_CHILD(nonsense), NULL) == KS_BADARG);
}

int main(void)
{
    return RUN_ALL("supervisor_group", SCENARIO(one_for_all_restarts_everybody),
        SCENARIO(rest_for_one_restarts_who_was_started_later),
        SCENARIO(too_many_restarts_end_the_supervisor),
        SCENARIO(a_group_restart_forgets_temporary_siblings),
        SCENARIO(who_is_not_restarted_restarts_nobody),
        SCENARIO(one_for_all_begins_again_when_a_sibling_does_not_start),
        SCENARIO(rest_for_one_resumes_from_who_did_not_start),
        SCENARIO(each_retry_of_a_group_counts), SCENARIO(the_supervisor_stays_responsive_meanwhile),
        SCENARIO(stopped_siblings_are_started_too), SCENARIO(who_ignores_in_a_group_stays_stopped),
        SCENARIO(several_crash_at_once), SCENARIO(an_unknown_strategy_is_refused));
}
