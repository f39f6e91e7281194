/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_tree_test - cases of supervisor_SUITE: significant children, trees, counts, changes,
 * and supervisors with many children. */
#include "conformance/supervisor.h"

#include <time.h>

/* --- significant children --------------------------------------------------------------------- */
KS_MODULE(any, flags);
static ks_status any_init(const flags *args) { return limit(args); }
KS_SUPERVISOR_INIT(any, .auto_shutdown = KS_ANY_SIGNIFICANT);
KS_MODULE(every, flags);
static ks_status every_init(const flags *args) { return limit(args); }
KS_SUPERVISOR_INIT(every, .auto_shutdown = KS_ALL_SIGNIFICANT);
KS_SUPERVISOR(any_of_all, .strategy = KS_ONE_FOR_ALL, .auto_shutdown = KS_ANY_SIGNIFICANT);
KS_SUPERVISOR(any_of_rest, .strategy = KS_REST_FOR_ONE, .auto_shutdown = KS_ANY_SIGNIFICANT);
KS_SUPERVISOR(dynamic_any, .strategy = KS_DYNAMIC, .auto_shutdown = KS_ANY_SIGNIFICANT);

static void it_stays(const ks_child *how, ks_restart restart, ks_reason reason)
{
    ks_pid sup = start(how);
    end(ADD(sup, "child1", .restart = restart), reason);
    KS_CHECK(ks_is_alive(sup));
    stop(sup);
    KS_CHECK(exit_came(sup, KS_REASON_SHUTDOWN, 0));
}

static void nonsignificant_temporary(void)
{
    begin();
    const ks_reason reasons[] = { NORMAL, SHUTDOWN, SHUTDOWN_INFO, ABNORMAL };
    for (int i = 0; i < 4; i++) {
        it_stays(KS_CHILD(ofo), KS_TEMPORARY, reasons[i]);
        it_stays(KS_CHILD(any), KS_TEMPORARY, reasons[i]);
        it_stays(KS_CHILD(every), KS_TEMPORARY, reasons[i]);
    }
}

static void nonsignificant_transient(void)
{
    begin();
    const ks_reason reasons[] = { NORMAL, SHUTDOWN, SHUTDOWN_INFO, ABNORMAL };
    for (int i = 0; i < 4; i++) {
        it_stays(KS_CHILD(ofo), KS_TRANSIENT, reasons[i]);
        it_stays(KS_CHILD(any), KS_TRANSIENT, reasons[i]);
        it_stays(KS_CHILD(every), KS_TRANSIENT, reasons[i]);
    }
}

/* With any, the first of two ends it; with all, the second. */
static void it_ends(ks_restart restart, ks_reason reason)
{
    ks_pid sup = start(KS_CHILD(any)), other;
    ks_pid one = ADD(sup, "child1", .restart = restart, .significant = true);
    other = ADD(sup, "child2", .restart = restart, .significant = true);
    end(one, reason);
    KS_CHECK(exit_came(sup, KS_REASON_SHUTDOWN, 0) && !ks_is_alive(other));
    sup = start(KS_CHILD(every));
    one = ADD(sup, "child1", .restart = restart, .significant = true);
    other = ADD(sup, "child2", .restart = restart, .significant = true);
    ks_pid third = ADD(sup, "child3", .restart = restart);
    end(one, reason);
    KS_CHECK(ks_is_alive(sup) && ks_is_alive(other));
    end(other, reason);
    KS_CHECK(exit_came(sup, KS_REASON_SHUTDOWN, 0) && !ks_is_alive(third));
}

static void significant_temporary(void)
{
    begin();
    it_ends(KS_TEMPORARY, NORMAL);
    it_ends(KS_TEMPORARY, SHUTDOWN);
    it_ends(KS_TEMPORARY, SHUTDOWN_INFO);
    it_ends(KS_TEMPORARY, ABNORMAL);
    ks_pid sup = start(KS_CHILD(ofo));
    const ks_child row = { KS_START(worker), .restart = KS_TEMPORARY, .significant = true };
    KS_CHECK(ks_start_child(sup, &row, NULL) == KS_BADARG);
    stop(sup);
}

static void significant_transient(void)
{
    begin();
    it_ends(KS_TRANSIENT, NORMAL);
    it_ends(KS_TRANSIENT, SHUTDOWN);
    it_ends(KS_TRANSIENT, SHUTDOWN_INFO);
    ks_pid sup = start(KS_CHILD(any));
    end(ADD(sup, "child1", .restart = KS_TRANSIENT, .significant = true), ABNORMAL);
    KS_CHECK(ks_is_alive(sup) && runs(sup, "child1"));
    KS_CHECK_OK(ks_terminate_child(sup, "child1"));
    KS_CHECK(ks_is_alive(sup));
    stop(sup);
}

static void significant_simple(void)
{
    begin();
    KS_CHECK(ks_start_link(KS_CHILD(dynamic_any), NULL) == KS_BADARG);
    ks_pid sup = start(KS_CHILD(dyn));
    const ks_child row = { KS_START(worker), .restart = KS_TEMPORARY, .significant = true };
    KS_CHECK(ks_start_child(sup, &row, NULL) == KS_BADARG);
    stop(sup);
}

static void siblings_do_not_end_it(const ks_child *how)
{
    ks_pid sup = start(how), one = ADD(sup, "child1");
    ks_pid two = ADD(sup, "child2", .restart = KS_TRANSIENT, .significant = true);
    ADD(sup, "child3", .restart = KS_TEMPORARY, .significant = true);
    end(one, ABNORMAL);
    KS_CHECK(ks_is_alive(sup) && !ks_is_alive(two));
    KS_CHECK(runs(sup, "child1") && runs(sup, "child2") && counts(sup, 2, 2, 0, 2));
    stop(sup);
}

static void significant_bystander(void)
{
    begin();
    siblings_do_not_end_it(KS_CHILD(any_of_all));
    siblings_do_not_end_it(KS_CHILD(any_of_rest));
}

static void significant_escalation(void)
{
    begin();
    ks_pid top = start(KS_CHILD(any));
    ks_child below = { KS_START(any), .restart = KS_TRANSIENT, .significant = true };
    ks_pid middle = add(top, &below);
    end(ADD(middle, "child1", .restart = KS_TRANSIENT, .significant = true), NORMAL);
    KS_CHECK(!ks_is_alive(middle) && exit_came(top, KS_REASON_SHUTDOWN, 0));
}

static ks_status add_significant(ks_pid sup, const char *id, ks_pid *ret_pid)
{
    const ks_child row = { KS_START(worker), .id = id, .restart = KS_TRANSIENT,
        .significant = true };
    return ks_start_child(sup, &row, ret_pid);
}

/* From the first mode to the second: what each does with two significant children is seen. */
static void upgrade(const ks_child *how, ks_auto_shutdown to)
{
    ks_pid one, two;
    begin();
    ks_pid sup = start(how);
    bool never = how->module == &ofo_module;
    KS_CHECK(add_significant(sup, "child1", &one) == (never ? KS_BADARG : KS_OK));
    if (!never && to != KS_NEVER) KS_CHECK_OK(add_significant(sup, "child2", &two));
    KS_CHECK_OK(ks_change_auto_shutdown(sup, to));
    KS_CHECK(nothing_comes() && ks_is_alive(sup));
    if (never) {
        KS_CHECK_OK(add_significant(sup, "child1", &one));
        KS_CHECK_OK(add_significant(sup, "child2", &two));
    }
    if (to == KS_NEVER) {
        KS_CHECK(add_significant(sup, "child2", &two) == KS_BADARG);
        end(one, NORMAL);
        KS_CHECK(nothing_comes() && ks_is_alive(sup));
        KS_CHECK_OK(ks_restart_child(sup, "child1", &two));
        stop(sup);
    } else if (to == KS_ALL_SIGNIFICANT) {
        end(one, NORMAL);
        KS_CHECK(ks_is_alive(two) && ks_is_alive(sup));
        end(two, NORMAL);
    } else {
        end(one, NORMAL);
    }
    KS_CHECK(!ks_is_alive(two) && exit_came(sup, KS_REASON_SHUTDOWN, 0));
}

static void significant_upgrade_never_any(void) { upgrade(KS_CHILD(ofo), KS_ANY_SIGNIFICANT); }

static void significant_upgrade_any_never(void) { upgrade(KS_CHILD(any), KS_NEVER); }

static void significant_upgrade_never_all(void) { upgrade(KS_CHILD(ofo), KS_ALL_SIGNIFICANT); }

static void significant_upgrade_all_never(void) { upgrade(KS_CHILD(every), KS_NEVER); }

static void significant_upgrade_any_all(void) { upgrade(KS_CHILD(any), KS_ALL_SIGNIFICANT); }

static void significant_upgrade_all_any(void) { upgrade(KS_CHILD(every), KS_ANY_SIGNIFICANT); }

static void significant_upgrade_child(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(any));
    ks_child row = { KS_START(worker), .id = "child1", .restart = KS_TRANSIENT };
    ks_pid pid = add(sup, &row);
    row.significant = true;
    KS_CHECK_OK(ks_change_child(sup, &row));
    row.significant = false;
    KS_CHECK_OK(ks_change_child(sup, &row));
    end(pid, NORMAL);
    KS_CHECK(ks_is_alive(sup));
    row.significant = true;
    KS_CHECK_OK(ks_change_child(sup, &row));
    KS_CHECK_OK(ks_restart_child(sup, "child1", &pid));
    end(pid, NORMAL);
    KS_CHECK(exit_came(sup, KS_REASON_SHUTDOWN, 0));
}

/* --- trees ------------------------------------------------------------------------------------ */
KS_SUPERVISOR(supchild1, .max_restarts = 4, .max_seconds = 3600,
    .children = KS_CHILDREN(
        { KS_START(worker), .id = "child1" }, { KS_START(worker), .id = "child2" }));
KS_SUPERVISOR(supchild2, .max_restarts = 4, .max_seconds = 3600);

static void tree(void)
{
    begin();
    ks_pid top = start(KS_CHILD(ofa, .intensity = 4, .period = 3600));
    ks_pid one = add(top, KS_CHILD(supchild1)), two = add(top, KS_CHILD(supchild2));
    KS_CHECK(counts(top, 2, 2, 2, 0) && counts(one, 2, 2, 0, 2) && counts(two, 0, 0, 0, 0));
    ks_pid first = pid_of(one, "child1"), second = pid_of(one, "child2");
    ks_child bad = { KS_START(worker, .how = FAILS_AGAIN), .id = "child3" };
    ks_pid three = add(two, &bad), four = ADD(two, "child4");
    end(four, ABNORMAL);
    KS_CHECK(ks_same_pid(pid_of(one, "child1"), first));
    KS_CHECK(ks_same_pid(pid_of(one, "child2"), second));
    KS_CHECK(ks_same_pid(pid_of(two, "child3"), three) && runs(two, "child4"));
    KS_CHECK(!ks_same_pid(pid_of(two, "child4"), four));
    world.again = true; /* the tree is restarted, but for what was added to it */
    end(three, ABNORMAL);
    ks_sleep(SECOND);
    ks_pid new_one = pid_of(top, "supchild1"), new_two = pid_of(top, "supchild2");
    KS_CHECK(!ks_same_pid(new_one, one) && !ks_same_pid(new_two, two) && counts(top, 2, 2, 2, 0));
    KS_CHECK(runs(new_one, "child1") && runs(new_one, "child2") && counts(new_one, 2, 2, 0, 2));
    KS_CHECK(counts(new_two, 0, 0, 0, 0));
    stop(top);
}

static void order_of_children(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofa));
    for (int tag = 'a'; tag <= 'e'; tag++)
        add(sup, &(ks_child){ KS_START(worker, .tag = tag), .id = (char[]){ (char)tag, 0 } });
    KS_CHECK(traced("ABCDE"));
    ks_child_info infos[5];
    size_t count;
    KS_CHECK_OK(ks_which_children(sup, infos, 5, &count));
    for (int i = 0; i < 5; i++) KS_CHECK(infos[i].id.ptr[0] == 'a' + i);
    end(pid_of(sup, "c"), ABNORMAL);
    KS_CHECK(traced("edbaABCDE"));
    stop(sup);
    KS_CHECK(traced("edcba"));
}

static void terminate_it(void *supervisor)
{
    KS_CHECK_OK(ks_terminate_child(*(ks_pid *)supervisor, "naughty"));
}

static void child_unlink(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, TWO_AN_HOUR));
    const ks_child row = { KS_START(worker, .how = UNLINKS), .id = "naughty", .shutdown = 1000 };
    ks_pid pid = add(sup, &row);
    (void)ks_spawn(terminate_it, &sup);
    (void)ks_send(sup, ks_int, &(ks_int){ 7 });
    ks_sleep(5 * SECOND);
    KS_CHECK(ks_mailbox_length(sup) == 0 && !ks_is_alive(pid) && counts(sup, 1, 0, 0, 1));
    stop(sup);
}

static void get_callback_module(void)
{
    begin();
    ks_pid top = start(KS_CHILD(ofo));
    add(top, &(ks_child){ KS_START(supchild1), .id = "below" });
    ks_child row;
    KS_CHECK(ks_text_eq(info(top, "below").name, ks_lit("supchild1")));
    KS_CHECK(info(top, "below").is_supervisor);
    KS_CHECK_OK(ks_get_child(top, "below", &row));
    KS_CHECK(row.module == &supchild1_module);
    stop(top);
}

/* --- counts ----------------------------------------------------------------------------------- */
static void many_are_counted(const ks_child *child, bool supervisors)
{
    enum { MANY = 200 };
    begin();
    ks_child_info infos[2 * MANY];
    size_t count;
    ks_pid sup = start(KS_CHILD(dyn, TWO_AN_HOUR));
    for (int n = MANY; n <= 2 * MANY; n += MANY) {
        for (int i = 0; i < MANY; i++) add(sup, child);
        KS_CHECK(counts(sup, n, n, supervisors ? n : 0, supervisors ? 0 : n));
        KS_CHECK_OK(ks_which_children(sup, infos, 2 * MANY, &count));
        KS_CHECK(count == (size_t)n);
    }
    for (int i = 0; i < 2 * MANY; i++) ks_exit_process(infos[i].pid, KS_KILL);
    settle();
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    stop(sup);
}

static void count_children(void)
{
    many_are_counted(&(ks_child){ KS_START(worker), .restart = KS_TEMPORARY }, false);
}

static void count_children_supervisor(void)
{
    many_are_counted(&(ks_child){ KS_START(supchild2), .restart = KS_TEMPORARY }, true);
}

/* --- many: CPU time, since that of the world is virtual --------------------------------------- */
static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double end_many(int count)
{
    static ks_pid pids[2000];
    ks_pid sup = start(KS_CHILD(dyn));
    for (int i = 0; i < count; i++)
        pids[i] = add(sup, &(ks_child){ KS_START(worker), .restart = KS_TEMPORARY });
    double before = cpu_seconds();
    for (int i = 0; i < count; i++) KS_CHECK_OK(ks_terminate_child_pid(sup, pids[i]));
    double seconds = cpu_seconds() - before;
    stop(sup);
    return seconds;
}

static double start_and_stop_many(int count)
{
    double before = cpu_seconds();
    ks_pid sup = start(KS_CHILD(ofo));
    for (int i = 0; i < count; i++) ADD(sup, ks_format("%d", i));
    stop(sup);
    ks_end_turn();
    return cpu_seconds() - before;
}

/* Ten times as many may take fifty times as long, in the best of some batches. */
static bool grows_in_proportion(double (*run)(int count))
{
    for (int batch = 0; batch < 5; batch++) {
        double few = run(200);
        if (run(2000) < 50 * few) return true;
    }
    return false;
}

static void simple_one_for_one_scale_many_temporary_children(void)
{
    begin();
    KS_CHECK(grows_in_proportion(end_many));
}

static void scale_start_stop_many_children(void)
{
    begin();
    KS_CHECK(grows_in_proportion(start_and_stop_many));
}

/* --- changes ---------------------------------------------------------------------------------- */
static void code_change(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo, .intensity = KS_NONE, .period = 1)), pid;
    KS_CHECK_OK(ks_change_limits(sup, &(ks_supervisor_limits){ 1, 3, 0 }));
    KS_CHECK(ks_change_limits(sup, &(ks_supervisor_limits){ -2, 3, 0 }) == KS_BADARG);
    ks_child one = { KS_START(worker), .id = "child1", .shutdown = 2000 }, row;
    pid = add(sup, &one);
    ADD(sup, "child2");
    one.shutdown = 1000;
    KS_CHECK_OK(ks_change_child(sup, &one));
    KS_CHECK(ks_same_pid(pid_of(sup, "child1"), pid) && runs(sup, "child2"));
    KS_CHECK_OK(ks_get_child(sup, "child1", &row));
    KS_CHECK(row.shutdown == 1000);
    one.shutdown = -1;
    KS_CHECK(ks_change_child(sup, &one) == KS_BADARG);
    KS_CHECK_OK(ks_get_child(sup, "child1", &row));
    KS_CHECK(row.shutdown == 1000);
    end(pid, ABNORMAL);
    KS_CHECK(runs(sup, "child1"));
    end(pid_of(sup, "child1"), ABNORMAL);
    KS_CHECK(gave_up(sup));
}

/* --- names that the dying still hold ---------------------------------------------------------- */
KS_SUPERVISOR(sup2, .strategy = KS_ONE_FOR_ALL, .max_seconds = 60,
    .children = KS_CHILDREN({ KS_START(worker), .id = "child", .name = "server" }));
KS_SUPERVISOR(top, .strategy = KS_ONE_FOR_ALL, .max_seconds = 60,
    .children = KS_CHILDREN({ KS_START(sup2), .name = "sup2", .shutdown = 2000 }));

static void kill_supervisor(ks_pid server) { ks_exit_process(ks_whereis("sup2"), KS_KILL); }

static void kill_worker(ks_pid server) { ks_exit_process(server, KS_KILL); }

static void exit_worker(ks_pid server) { (void)worker_cast_end(server, &NORMAL); }

static void restart_worker(ks_pid server)
{
    KS_CHECK_OK(ks_terminate_child(ks_named("sup2"), "child"));
    KS_CHECK_OK(ks_restart_child(ks_named("sup2"), "child", NULL));
}

/* Whatever happens in a tree, there is another server by that name then. */
static void simple_global_supervisor(void)
{
    void (*const parts[])(ks_pid) = { kill_supervisor, kill_worker, exit_worker, restart_worker };
    begin();
    for (int i = 0; i < 4; i++) {
        ks_pid all = start(KS_CHILD(top)), former = ks_whereis("server");
        parts[i](former);
        ks_sleep(200);
        ks_pid now = ks_whereis("server");
        KS_CHECK(!ks_is_none(now) && !ks_same_pid(now, former));
        KS_CHECK(ks_is_alive(ks_named("sup2")));
        ks_exit_process(all, KS_KILL);
        KS_CHECK(exit_came(all, KS_REASON_KILLED, MINUTE));
        ks_sleep(200);
        KS_CHECK(ks_is_none(ks_whereis("sup2")) && ks_is_none(ks_whereis("server")));
    }
}

int main(int argc, char **argv)
{
    return run_cases("supervisor_SUITE", argc, argv,
        SCENARIOS(SCENARIO(nonsignificant_temporary), SCENARIO(nonsignificant_transient),
            SCENARIO(significant_temporary), SCENARIO(significant_transient),
            SCENARIO(significant_simple), SCENARIO(significant_bystander),
            SCENARIO(significant_escalation), SCENARIO(significant_upgrade_never_any),
            SCENARIO(significant_upgrade_any_never), SCENARIO(significant_upgrade_never_all),
            SCENARIO(significant_upgrade_all_never), SCENARIO(significant_upgrade_any_all),
            SCENARIO(significant_upgrade_all_any), SCENARIO(significant_upgrade_child),
            SCENARIO(tree), SCENARIO(order_of_children), SCENARIO(child_unlink),
            SCENARIO(get_callback_module), SCENARIO(count_children),
            SCENARIO(count_children_supervisor),
            MEASUREMENT(simple_one_for_one_scale_many_temporary_children),
            MEASUREMENT(scale_start_stop_many_children), SCENARIO(code_change),
            SCENARIO(simple_global_supervisor)));
}
