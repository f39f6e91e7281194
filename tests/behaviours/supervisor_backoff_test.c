/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_backoff_test - restarts that wait: when, for how long, and what happens meanwhile. */
#include "behaviours/supervised.h"

#define STEADY                                                                                     \
    {                                                                                              \
        .first_ms = 1000, .max_ms = 8000, .jitter = KS_NONE, .reset_after_ms = 20000               \
    }
#define ROW(letter, how_it_is)                                                                     \
    {                                                                                              \
        KS_START(child, .tag = letter, .how = how_it_is), .id = (char[]) { letter, 0 }             \
    }
#define ROWS KS_CHILDREN(ROW('a', GOOD), ROW('b', FAILS), ROW('c', GOOD))
KS_SUPERVISOR(alone, .max_restarts = 100, .max_seconds = 1000, .backoff = STEADY);
KS_SUPERVISOR(
    all, .strategy = KS_ONE_FOR_ALL, .max_restarts = 100, .backoff = STEADY, .children = ROWS);
KS_SUPERVISOR(
    rest, .strategy = KS_REST_FOR_ONE, .max_restarts = 100, .backoff = STEADY, .children = ROWS);
KS_SUPERVISOR(strict, .max_restarts = 2, .max_seconds = 1000, .backoff = STEADY);
KS_SUPERVISOR(crowd, .strategy = KS_DYNAMIC, .max_restarts = 1000, .backoff = STEADY);

/* What a world with back-offs may be late by, in a rough run. */
enum { SLACK = 60 };

static void it_takes(ks_pid sup, const char *id, ks_ms wait)
{
    ks_sleep(wait - SLACK);
    KS_CHECK(info_of(sup, id).state == KS_CHILD_RESTARTING);
    ks_sleep(2 * SLACK);
    KS_CHECK(info_of(sup, id).state == KS_CHILD_RUNNING);
}

static void crash_id(ks_pid sup, const char *id) { crash(info_of(sup, id).pid); }

static ks_pid with_child(const ks_child *supervisor)
{
    begin();
    ks_pid sup = start(supervisor);
    add(sup, &(ks_child){ KS_START(child, .tag = 'a', .how = FAILS), .id = "a" });
    world.starts = 0;
    return sup;
}

static void each_restart_waits_longer(void)
{
    ks_pid sup = with_child(KS_CHILD(alone));
    for (ks_ms wait = 1000; wait <= 8000; wait *= 2) {
        crash_id(sup, "a");
        it_takes(sup, "a", wait);
    }
    crash_id(sup, "a");
    it_takes(sup, "a", 8000);
    KS_CHECK(info_of(sup, "a").restarts == 5 && world.starts == 5);
    KS_CHECK(reported("restarting in 4000 ms (3 of 100 in 1000 s)"));
    stop(sup);
}

static void who_ran_well_begins_anew(void)
{
    ks_pid sup = with_child(KS_CHILD(alone));
    crash_id(sup, "a");
    it_takes(sup, "a", 1000);
    ks_sleep(15000); /* not yet well */
    crash_id(sup, "a");
    it_takes(sup, "a", 2000);
    ks_sleep(21000);
    crash_id(sup, "a");
    it_takes(sup, "a", 1000);
    stop(sup);
}

static void a_start_that_fails_waits_too(void)
{
    ks_pid sup = with_child(KS_CHILD(alone));
    world.fails = 2;
    crash_id(sup, "a");
    ks_sleep(1000 + SLACK);
    KS_CHECK(world.starts == 1 && info_of(sup, "a").state == KS_CHILD_RESTARTING);
    ks_sleep(2000 + SLACK);
    KS_CHECK(world.starts == 2 && info_of(sup, "a").state == KS_CHILD_RESTARTING);
    KS_CHECK(reported("it is tried again in 4000 ms"));
    ks_sleep(4000 + SLACK);
    KS_CHECK(world.starts == 3 && info_of(sup, "a").state == KS_CHILD_RUNNING);
    stop(sup);
}

static void a_row_has_its_own(void)
{
    ks_pid sup = with_child(KS_CHILD(alone));
    const ks_backoff quick = { .first_ms = 200, .jitter = KS_NONE };
    add(sup, &(ks_child){ KS_START(child), .id = "quick", .backoff = quick });
    add(sup, &(ks_child){ KS_START(child), .id = "at once", .backoff = { .first_ms = KS_NONE } });
    crash_id(sup, "quick");
    it_takes(sup, "quick", 200);
    crash_id(sup, "at once");
    settle();
    KS_CHECK(info_of(sup, "at once").state == KS_CHILD_RUNNING);
    ks_child wrong = { KS_START(child), .id = "wrong", .backoff = { .first_ms = -9 } };
    KS_CHECK(ks_start_child(sup, &wrong, NULL) == KS_BADARG);
    stop(sup);
}

/* Terminated, the wait is over for good; deleted, nothing of it is left. */
static void who_waits_can_be_terminated_and_deleted(void)
{
    ks_pid sup = with_child(KS_CHILD(alone)), pid;
    ks_pid former = info_of(sup, "a").pid;
    crash_id(sup, "a");
    settle();
    KS_CHECK(ks_delete_child(sup, "a") == KS_ALREADY_STARTED);
    KS_CHECK(ks_restart_child(sup, "a", &pid) == KS_ALREADY_STARTED);
    KS_CHECK(ks_start_or_get(sup, &(ks_child){ KS_START(child), .id = "a" }, &pid) ==
        KS_ALREADY_PRESENT);
    KS_CHECK(counts_are(sup, 1, 0));
    KS_CHECK_OK(ks_terminate_child_pid(sup, former));
    KS_CHECK(info_of(sup, "a").state == KS_CHILD_STOPPED);
    ks_sleep(HOUR / 6);
    KS_CHECK(world.starts == 0);
    KS_CHECK_OK(ks_restart_child(sup, "a", &pid));
    crash(pid);
    settle();
    KS_CHECK_OK(ks_terminate_child(sup, "a"));
    KS_CHECK_OK(ks_delete_child(sup, "a"));
    ks_sleep(HOUR / 6);
    KS_CHECK(world.starts == 1 && counts_are(sup, 0, 0));
    stop(sup);
}

static void a_supervisor_can_be_stopped_while_children_wait(void)
{
    ks_pid sup = with_child(KS_CHILD(alone));
    crash_id(sup, "a");
    settle();
    ks_ms before = ks_now();
    stop(sup);
    KS_CHECK(ks_now() - before < 500 && world.starts == 0);
}

static void the_intensity_counts_waits_as_restarts(void)
{
    ks_pid sup = with_child(KS_CHILD(strict));
    ks_ref monitor = ks_monitor(sup);
    world.fails = 1000;
    crash_id(sup, "a");
    const ks_msg *msg = ks_receive_ref(monitor, HOUR);
    KS_CHECK(msg && ks_as(ks_down, msg)->reason.code == KS_EXITED && world.starts == 2);
    KS_CHECK(reported("did not restart: denied; more than 2 restarts in 1000 s: giving up"));
}

static void all_are_stopped_while_one_waits(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(all));
    KS_CHECK(happened_is("ABC"));
    crash_id(sup, "b");
    settle();
    KS_CHECK(happened_is("ca") && counts_are(sup, 3, 0));
    it_takes(sup, "b", 1000);
    KS_CHECK(happened_is("ABC") && counts_are(sup, 3, 3));
    world.fails = 1;
    crash_id(sup, "a");
    ks_sleep(1000 + SLACK); /* a started, b did not: it is b that waits now, for the second time */
    KS_CHECK(happened_is("cbAa") && info_of(sup, "b").state == KS_CHILD_RESTARTING);
    ks_sleep(2000 + SLACK);
    KS_CHECK(happened_is("ABC") && counts_are(sup, 3, 3));
    stop(sup);
}

static void the_rest_is_stopped_while_one_waits(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(rest));
    KS_CHECK(happened_is("ABC"));
    crash_id(sup, "b");
    settle();
    KS_CHECK(happened_is("c") && counts_are(sup, 3, 1));
    crash_id(sup, "a"); /* takes the wait of b along */
    it_takes(sup, "a", 1000);
    KS_CHECK(happened_is("ABC") && counts_are(sup, 3, 3));
    ks_sleep(HOUR / 6);
    KS_CHECK(happened_is("") && counts_are(sup, 3, 3));
    stop(sup);
}

static void many_dynamic_children_wait_each_for_itself(void)
{
    enum { MANY = 50 };
    begin();
    ks_pid sup = start(KS_CHILD(crowd)), pids[MANY];
    for (int i = 0; i < MANY; i++) pids[i] = add(sup, KS_CHILD(child));
    for (int i = 0; i < MANY; i++) crash(pids[i]);
    settle();
    KS_CHECK(counts_are(sup, MANY, 0));
    for (int i = 0; i < MANY; i += 2) KS_CHECK_OK(ks_terminate_child_pid(sup, pids[i]));
    ks_sleep(2000);
    KS_CHECK(counts_are(sup, MANY / 2, MANY / 2));
    stop(sup);
}

int main(void)
{
    return RUN_ALL("supervisor_backoff", SCENARIO(each_restart_waits_longer),
        SCENARIO(who_ran_well_begins_anew), SCENARIO(a_start_that_fails_waits_too),
        SCENARIO(a_row_has_its_own), SCENARIO(who_waits_can_be_terminated_and_deleted),
        SCENARIO(a_supervisor_can_be_stopped_while_children_wait),
        SCENARIO(the_intensity_counts_waits_as_restarts), SCENARIO(all_are_stopped_while_one_waits),
        SCENARIO(the_rest_is_stopped_while_one_waits),
        SCENARIO(many_dynamic_children_wait_each_for_itself));
}
