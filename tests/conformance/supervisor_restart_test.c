/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_restart_test - cases of supervisor_SUITE: restart types, strategies, escalation. */
#include "conformance/supervisor.h"

/* --- restart types ---------------------------------------------------------------------------- */
enum what_follows { RESTARTED, KEPT, FORGOTTEN };

static void after_an_end(ks_restart restart, ks_reason reason, enum what_follows what)
{
    ks_pid sup = start(KS_CHILD(ofo, TWO_AN_HOUR));
    ks_pid pid = ADD(sup, "child1", .restart = restart, .shutdown = 1000);
    end(pid, reason);
    KS_CHECK(!ks_is_alive(pid));
    KS_CHECK(runs(sup, "child1") == (what == RESTARTED));
    KS_CHECK((info(sup, "child1").state == -1) == (what == FORGOTTEN));
    KS_CHECK(counts(sup, what != FORGOTTEN, what == RESTARTED, 0, what != FORGOTTEN));
    stop(sup);
}

static void permanent_normal(void)
{
    begin();
    after_an_end(KS_PERMANENT, NORMAL, RESTARTED);
}
static void permanent_shutdown(void)
{
    begin();
    after_an_end(KS_PERMANENT, SHUTDOWN, RESTARTED);
    after_an_end(KS_PERMANENT, SHUTDOWN_INFO, RESTARTED);
}
static void permanent_abnormal(void)
{
    begin();
    after_an_end(KS_PERMANENT, ABNORMAL, RESTARTED);
}
static void transient_normal(void)
{
    begin();
    after_an_end(KS_TRANSIENT, NORMAL, KEPT);
}
static void transient_shutdown(void)
{
    begin();
    after_an_end(KS_TRANSIENT, SHUTDOWN, KEPT);
    after_an_end(KS_TRANSIENT, SHUTDOWN_INFO, KEPT);
}
static void transient_abnormal(void)
{
    begin();
    after_an_end(KS_TRANSIENT, ABNORMAL, RESTARTED);
}
static void temporary_normal(void)
{
    begin();
    after_an_end(KS_TEMPORARY, NORMAL, FORGOTTEN);
}
static void temporary_shutdown(void)
{
    begin();
    after_an_end(KS_TEMPORARY, SHUTDOWN, FORGOTTEN);
    after_an_end(KS_TEMPORARY, SHUTDOWN_INFO, FORGOTTEN);
}
static void temporary_abnormal(void)
{
    begin();
    after_an_end(KS_TEMPORARY, ABNORMAL, FORGOTTEN);
}

static void a_bystander_is_forgotten(const ks_child *how)
{
    ks_pid sup = start(how), one = ADD(sup, "child1", .shutdown = 100);
    ADD(sup, "child2", .restart = KS_TEMPORARY, .shutdown = 100);
    end(one, NORMAL);
    ks_sleep(350);
    KS_CHECK(ks_is_alive(sup) && runs(sup, "child1") && counts(sup, 1, 1, 0, 1));
    stop(sup);
}

static void temporary_bystander(void)
{
    begin();
    a_bystander_is_forgotten(KS_CHILD(ofa, .intensity = 2, .period = 300));
    a_bystander_is_forgotten(KS_CHILD(rfo, .intensity = 2, .period = 300));
}

static void multiple_restarts(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, .intensity = 1, .period = 1));
    end(ADD(sup, "child1", .shutdown = KS_BRUTAL_KILL), ABNORMAL);
    for (int i = 0; i < 3; i++) {
        ks_sleep(2100);
        end(pid_of(sup, "child1"), ABNORMAL);
    }
    KS_CHECK_OK(ks_terminate_child(sup, "child1"));
    KS_CHECK_OK(ks_delete_child(sup, "child1"));
    stop(sup);
}

/* --- one for one ------------------------------------------------------------------------------ */
static void one_is_restarted_alone(ks_pid sup, const char *first, const char *second)
{
    ks_pid one = ADD(sup, first), two = ADD(sup, second);
    end(one, ABNORMAL);
    KS_CHECK(ks_is_alive(two) && counts(sup, 2, 2, 0, 2));
    KS_CHECK(ks_is_alive(ks_child_of(sup, first)));
    end(two, ABNORMAL);
    end(ks_child_of(sup, first), ABNORMAL);
    KS_CHECK(gave_up(sup));
}

static void one_for_one(void)
{
    begin();
    one_is_restarted_alone(start(KS_CHILD(ofo, TWO_AN_HOUR)), "child1", "child2");
}

static void simple_one_for_one(void)
{
    begin();
    one_is_restarted_alone(start(KS_CHILD(dyn, TWO_AN_HOUR)), "child1", "child2");
}

/* Of two children one cannot be started again: all end. first: that one was started first.
 * good_did: starts and asked ends of the other one, which tell who is restarted with whom. */
static void a_failing_restart_escalates(const ks_child *how, bool first, const char *good_did)
{
    begin();
    const ks_child good_row = { KS_START(worker, .tag = 'a'), .id = "good" };
    const ks_child row = { KS_START(worker, .how = FAILS_AGAIN), .id = "bad" };
    ks_pid sup = start(how), good = { 0 };
    if (!first) good = add(sup, &good_row);
    ks_pid bad = add(sup, &row);
    if (first) good = add(sup, &good_row);
    ks_link(good);
    world.again = true;
    end(first ? bad : good, ABNORMAL);
    KS_CHECK(gave_up(sup) && !ks_is_alive(good) && world.failures == 4);
    KS_CHECK(traced(good_did));
    KS_CHECK(reported("more than 4 restarts", "shutdown: module 'worker'"));
}

static void one_for_one_escalation(void)
{
    a_failing_restart_escalates(KS_CHILD(ofo, .intensity = 4, .period = 3600), true, "Aa");
}

static void simple_one_for_one_escalation(void)
{
    a_failing_restart_escalates(KS_CHILD(dyn, .intensity = 4, .period = 3600), true, "Aa");
}

static void one_for_all_escalation(void)
{
    a_failing_restart_escalates(KS_CHILD(ofa, .intensity = 4, .period = 3600), false, "AAaAaAaAa");
}

static void rest_for_one_escalation(void)
{
    a_failing_restart_escalates(KS_CHILD(rfo, .intensity = 4, .period = 3600), false, "AAa");
}

/* --- groups ----------------------------------------------------------------------------------- */
static void one_for_all(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofa, TWO_AN_HOUR));
    ks_pid one = ADD(sup, "child1"), two = ADD(sup, "child2");
    ks_link(two);
    end(one, ABNORMAL);
    KS_CHECK(exit_came(two, KS_REASON_SHUTDOWN, 0));
    KS_CHECK(runs(sup, "child1") && runs(sup, "child2") && counts(sup, 2, 2, 0, 2));
    KS_CHECK(!ks_is_alive(one) && !ks_is_alive(two));
    end(pid_of(sup, "child1"), ABNORMAL);
    end(pid_of(sup, "child2"), ABNORMAL);
    KS_CHECK(gave_up(sup));
}

static void rest_for_one(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(rfo, TWO_AN_HOUR));
    ks_pid one = ADD(sup, "child1"), two = ADD(sup, "child2"), three = ADD(sup, "child3");
    ks_link(three);
    end(two, ABNORMAL);
    KS_CHECK(exit_came(three, KS_REASON_SHUTDOWN, 0) && ks_is_alive(one) && !ks_is_alive(two));
    KS_CHECK(runs(sup, "child2") && runs(sup, "child3") && counts(sup, 3, 3, 0, 3));
    KS_CHECK(ks_same_pid(pid_of(sup, "child1"), one));
    end(pid_of(sup, "child3"), ABNORMAL);
    end(pid_of(sup, "child2"), ABNORMAL);
    KS_CHECK(gave_up(sup));
}

/* The second cannot be started for one time, while all is started again because of the first. */
static void the_other_fails_once(const ks_child *how, const char *events)
{
    begin();
    ks_pid sup = start(how);
    ks_pid one = add(sup, &(ks_child){ KS_START(worker, .tag = 'a'), .id = "child1" });
    add(sup, &(ks_child){ KS_START(worker, .tag = 'b', .how = FAILS_AGAIN), .id = "child2" });
    KS_CHECK(traced("AB"));
    world.again = true;
    (void)worker_cast_end(one, &ABNORMAL);
    while (world.failures == 0) ks_yield();
    world.again = false;
    ks_sleep(100);
    KS_CHECK(traced(events) && runs(sup, "child1") && runs(sup, "child2"));
    stop(sup);
}

static void one_for_all_other_child_fails_restart(void)
{
    the_other_fails_once(KS_CHILD(ofa, .intensity = 3, .period = 3600), "bAaAB");
}

static void rest_for_one_other_child_fails_restart(void)
{
    the_other_fails_once(KS_CHILD(rfo, .intensity = 3, .period = 3600), "bAB");
}

/* --- dynamic children ------------------------------------------------------------------------- */
static void simple_one_for_one_shutdown(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, TWO_AN_HOUR));
    for (int i = 0; i < 2; i++)
        add(sup, &(ks_child){ KS_START(worker, .how = SLOW), .shutdown = 2 * SECOND });
    add(sup, &(ks_child){ KS_START(worker, .how = SLEEPS), .shutdown = 2 * SECOND });
    ks_ms before = ks_now();
    stop(sup);
    KS_CHECK(ks_now() - before >= 2 * SECOND && ks_now() - before < 3 * SECOND);
}

static void simple_one_for_one_restart_ignore(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, TWO_AN_HOUR));
    ks_pid pid = add(sup, KS_CHILD(worker, .how = IGNORES_AGAIN));
    world.again = true;
    end(pid, ABNORMAL);
    KS_CHECK(counts(sup, 0, 0, 0, 0) && ks_is_alive(sup));
    stop(sup);
}

static char large[10000];

static void add_large(ks_pid sup, int count, const char *prefix)
{
    for (int i = 0; i < count; i++) {
        ks_child row = { KS_START(worker, .note = { large, sizeof large }),
            .id = ks_format("%s%d", prefix, i),
            .restart = prefix[0] == 'p' ? KS_PERMANENT : KS_TEMPORARY };
        add(sup, &row);
    }
}

static void simple_one_for_one_corruption(void)
{
    begin();
    memset(large, 'x', sizeof large);
    ks_pid sup = start(KS_CHILD(dyn, TWO_AN_HOUR));
    ks_pid first = ADD(sup, "first", .restart = KS_TEMPORARY);
    end(first, ABNORMAL);
    uint64_t before = ks_process_memory(sup);
    add_large(sup, 20, "t");
    KS_CHECK(ks_process_memory(sup) - before < sizeof large);
    stop(sup);
}

static void temporary_children_take_less(const ks_child *how)
{
    ks_pid permanent = start(how), temporary = start(how);
    add_large(permanent, 20, "p");
    add_large(temporary, 20, "t");
    KS_CHECK(ks_process_memory(permanent) > 20 * sizeof large);
    KS_CHECK(ks_process_memory(temporary) < 2 * sizeof large);
    stop(permanent);
    stop(temporary);
}

static void do_not_save_start_parameters_for_temporary_children(void)
{
    begin();
    memset(large, 'x', sizeof large);
    temporary_children_take_less(KS_CHILD(ofa));
    temporary_children_take_less(KS_CHILD(ofo));
    temporary_children_take_less(KS_CHILD(rfo));
    temporary_children_take_less(KS_CHILD(dyn));
}

/* reason.kind KS_REASON_STATUS: by ks_terminate_child. */
static void what_is_kept(ks_pid sup, ks_restart restart, ks_reason reason, ks_status status)
{
    const ks_child row = { KS_START(worker), .id = "child", .restart = restart };
    ks_pid pid = add(sup, &row);
    if (reason.kind == KS_REASON_STATUS)
        KS_CHECK_OK(ks_terminate_child(sup, "child"));
    else
        end(pid, reason);
    KS_CHECK(ks_start_child(sup, &row, NULL) == status);
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    (void)ks_delete_child(sup, "child");
    KS_CHECK(counts(sup, 0, 0, 0, 0));
}

static void do_not_save_child_specs_for_temporary_children(void)
{
    begin();
    const ks_child *hows[] = { KS_CHILD(ofa, .intensity = 100), KS_CHILD(ofo, .intensity = 100),
        KS_CHILD(rfo, .intensity = 100) };
    const ks_reason terminated = { .kind = KS_REASON_STATUS };
    for (int i = 0; i < 3; i++) {
        ks_pid sup = start(hows[i]);
        what_is_kept(sup, KS_PERMANENT, KS_KILL, KS_ALREADY_STARTED);
        what_is_kept(sup, KS_TRANSIENT, KS_KILL, KS_ALREADY_STARTED);
        what_is_kept(sup, KS_TEMPORARY, KS_KILL, KS_OK);
        what_is_kept(sup, KS_PERMANENT, NORMAL, KS_ALREADY_STARTED);
        what_is_kept(sup, KS_TRANSIENT, NORMAL, KS_ALREADY_PRESENT);
        what_is_kept(sup, KS_TEMPORARY, NORMAL, KS_OK);
        what_is_kept(sup, KS_PERMANENT, ABNORMAL, KS_ALREADY_STARTED);
        what_is_kept(sup, KS_TRANSIENT, ABNORMAL, KS_ALREADY_STARTED);
        what_is_kept(sup, KS_TEMPORARY, ABNORMAL, KS_OK);
        what_is_kept(sup, KS_PERMANENT, terminated, KS_ALREADY_PRESENT);
        what_is_kept(sup, KS_TRANSIENT, terminated, KS_ALREADY_PRESENT);
        what_is_kept(sup, KS_TEMPORARY, terminated, KS_OK);
        stop(sup);
    }
}

/* --- a restart that fails for ever ------------------------------------------------------------ */
static ks_pid hanging(const ks_child *how, ks_pid *ret_pid)
{
    begin();
    ks_pid sup = start(how);
    *ret_pid = add(
        sup, &(ks_child){ KS_START(worker, .how = FAILS_AGAIN), .id = "child1", .shutdown = 100 });
    world.again = true;
    end(*ret_pid, ABNORMAL);
    ks_sleep(20);
    KS_CHECK(info(sup, "child1").state == KS_CHILD_RESTARTING && counts(sup, 1, 0, 0, 1));
    return sup;
}

static void a_hanging_child_can_be_handled(const ks_child *how)
{
    ks_pid pid, sup = hanging(how, &pid);
    KS_CHECK(ks_start_child(sup, &(ks_child){ KS_START(worker), .id = "child1" }, NULL) ==
        KS_ALREADY_PRESENT);
    KS_CHECK(ks_restart_child(sup, "child1", NULL) == KS_ALREADY_STARTED);
    KS_CHECK(ks_delete_child(sup, "child1") == KS_ALREADY_STARTED);
    KS_CHECK_OK(ks_terminate_child(sup, "child1"));
    KS_CHECK(info(sup, "child1").state == KS_CHILD_STOPPED);
    world.again = false;
    KS_CHECK_OK(ks_restart_child(sup, "child1", &pid));
    world.again = true;
    end(pid, ABNORMAL);
    ks_sleep(20);
    stop(sup); /* does not hang */
}

static void hanging_restart_loop(void)
{
    a_hanging_child_can_be_handled(KS_CHILD(ofo, .intensity = 100000, .period = 10));
}

static void hanging_restart_loop_rest_for_one(void)
{
    a_hanging_child_can_be_handled(KS_CHILD(rfo, .intensity = 100000, .period = 10));
}

static void hanging_restart_loop_simple(void)
{
    ks_pid pid, sup = hanging(KS_CHILD(dyn, .intensity = 100000, .period = 10), &pid);
    KS_CHECK_OK(ks_terminate_child_pid(sup, pid));
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    world.again = false;
    pid = add(sup, KS_CHILD(worker, .how = FAILS_AGAIN));
    world.again = true;
    end(pid, ABNORMAL);
    ks_sleep(20);
    stop(sup);
}

static void count_restarting_children(void)
{
    ks_pid pid, sup = hanging(KS_CHILD(dyn, .intensity = 100000, .period = 10), &pid);
    ADD(sup, "good");
    KS_CHECK(counts(sup, 2, 1, 0, 2));
    world.again = false;
    ks_sleep(20);
    KS_CHECK(counts(sup, 2, 2, 0, 2));
    stop(sup);
}

int main(int argc, char **argv)
{
    return run_cases("supervisor_SUITE", argc, argv,
        SCENARIOS(SCENARIO(permanent_normal), SCENARIO(permanent_shutdown),
            SCENARIO(permanent_abnormal), SCENARIO(transient_normal), SCENARIO(transient_shutdown),
            SCENARIO(transient_abnormal), SCENARIO(temporary_normal), SCENARIO(temporary_shutdown),
            SCENARIO(temporary_abnormal), SCENARIO(temporary_bystander),
            SCENARIO(multiple_restarts), SCENARIO(one_for_one), SCENARIO(one_for_one_escalation),
            SCENARIO(one_for_all), SCENARIO(one_for_all_escalation),
            SCENARIO(one_for_all_other_child_fails_restart), SCENARIO(simple_one_for_one),
            SCENARIO(simple_one_for_one_shutdown), SCENARIO(simple_one_for_one_escalation),
            SCENARIO(simple_one_for_one_restart_ignore), SCENARIO(simple_one_for_one_corruption),
            SCENARIO(rest_for_one), SCENARIO(rest_for_one_escalation),
            SCENARIO(rest_for_one_other_child_fails_restart),
            SCENARIO(do_not_save_start_parameters_for_temporary_children),
            SCENARIO(do_not_save_child_specs_for_temporary_children),
            SCENARIO(hanging_restart_loop), SCENARIO(hanging_restart_loop_rest_for_one),
            SCENARIO(hanging_restart_loop_simple), SCENARIO(count_restarting_children)));
}
