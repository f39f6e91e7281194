/* SPDX-License-Identifier: Apache-2.0 */
/* rule_23_intensity_test - a supervisor's intensity counts every retry of a failing restart; the
 * supervisor stays responsive meanwhile, and lists the child as restarting. */
#include "support/scenario.h"

/* --- a child whose starts can be made to fail ------------------------------------------------- */
struct luck {
    int inits, failures; /* so many starts happened, so many more will fail */
    ks_pid pid;
};
typedef struct unlucky_args {
    struct luck *luck;
} unlucky_args;
KS_TYPE(unlucky_args, (local, luck));
KS_MODULE(unlucky, unlucky_args);
KS_CALL(unlucky, ping, void, void);
KS_CALL(unlucky, crash, void, void);
struct unlucky {
    int unused;
};

/* Fails in two ways in turn, and takes a moment. */
static ks_next unlucky_init(unlucky *self, const unlucky_args *args)
{
    struct luck *luck = args->luck;
    luck->inits++;
    ks_yield();
    if (luck->failures > 0)
        return luck->failures-- % 2 ? ks_fail(KS_NOT_FOUND) : ks_stop(ks_error("no luck"));
    luck->pid = ks_self();
    return ks_ok();
}

static ks_next unlucky_handle_ping(unlucky *self) { return ks_reply(); }

static ks_next unlucky_handle_crash(unlucky *self) { return ks_stop(ks_error("as told")); }

KS_GEN_SERVER(unlucky, .init = unlucky_init, .ops = KS_OPS(unlucky, ping, crash));

/* --- supervisors, the same but for their intensity -------------------------------------------- */
typedef struct top_args {
    int32_t children;
    struct luck *luck; /* of each child */
} top_args;
KS_TYPE(top_args, children, (local, luck));
static const char *const ids[] = { "first", "second", "third" };

static ks_status add_children(const top_args *args)
{
    for (int i = 0; i < args->children; i++) {
        ks_status status = ks_add_child(
            &(const ks_child){ KS_START(unlucky, .luck = &args->luck[i]), .id = ids[i] });
        if (status) return status;
    }
    return KS_OK;
}

KS_MODULE(five, top_args);
static ks_status five_init(const top_args *args) { return add_children(args); }
KS_SUPERVISOR_INIT(five, .strategy = KS_ONE_FOR_ONE, .max_restarts = 5, .max_seconds = 10);

KS_MODULE(none, top_args);
static ks_status none_init(const top_args *args) { return add_children(args); }
KS_SUPERVISOR_INIT(none, .strategy = KS_ONE_FOR_ONE, .max_restarts = KS_NONE);

KS_MODULE(plain, top_args);
static ks_status plain_init(const top_args *args) { return add_children(args); }
KS_SUPERVISOR_INIT(plain, .strategy = KS_ONE_FOR_ONE);

KS_MODULE(patient, top_args);
static ks_status patient_init(const top_args *args) { return add_children(args); }
KS_SUPERVISOR_INIT(patient, .strategy = KS_ONE_FOR_ONE, .max_restarts = 1000000);

static ks_pid start(const ks_child *row, ks_ref *ret_monitor)
{
    ks_pid supervisor;
    KS_CHECK_OK(ks_start_monitor(row, &supervisor, ret_monitor));
    return supervisor;
}

static void crash(const struct luck *luck)
{
    KS_CHECK(unlucky_call_crash(luck->pid, 1000) == KS_NOPROC);
}

static void stop(ks_pid supervisor, ks_ref monitor)
{
    KS_CHECK_OK(ks_stop_process(supervisor, KS_SHUTDOWN, KS_INFINITY));
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
}

/* --- counting --------------------------------------------------------------------------------- */
static void so_many_crashes_are_allowed(const ks_child *row, struct luck *luck, int allowed)
{
    ks_ref monitor;
    ks_pid supervisor = start(row, &monitor);
    for (int i = 0; i < allowed; i++) {
        crash(luck);
        ks_sleep(10);
        KS_CHECK(ks_is_alive(supervisor));
        KS_CHECK_OK(unlucky_call_ping(luck->pid, 1000));
    }
    KS_CHECK(luck->inits == 1 + allowed);
    crash(luck);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(luck->inits == 1 + allowed);
}

static void five_restarts_are_five(void)
{
    struct luck luck = { 0 };
    so_many_crashes_are_allowed(KS_CHILD(five, .children = 1, .luck = &luck), &luck, 5);
}

static void the_default_is_three(void)
{
    struct luck luck = { 0 };
    so_many_crashes_are_allowed(KS_CHILD(plain, .children = 1, .luck = &luck), &luck, 3);
}

static void none_is_none(void)
{
    struct luck luck = { 0 };
    so_many_crashes_are_allowed(KS_CHILD(none, .children = 1, .luck = &luck), &luck, 0);
}

/* The crash is the first, each failing start one more: five attempts, then it gives up. */
static void each_failing_restart_counts(void)
{
    struct luck luck = { 0 };
    ks_ref monitor;
    start(KS_CHILD(five, .children = 1, .luck = &luck), &monitor);
    luck.failures = 1000;
    crash(&luck);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(luck.inits == 1 + 5);
}

static void a_restart_that_works_in_the_end_is_kept(void)
{
    struct luck luck = { 0 };
    ks_ref monitor;
    ks_pid supervisor = start(KS_CHILD(five, .children = 1, .luck = &luck), &monitor);
    luck.failures = 4;
    crash(&luck);
    ks_sleep(100);
    KS_CHECK(luck.inits == 1 + 5);
    KS_CHECK_OK(unlucky_call_ping(luck.pid, 1000));
    stop(supervisor, monitor);
}

/* All children of a supervisor count together. */
static void the_children_share_the_intensity(void)
{
    struct luck luck[3] = { 0 };
    ks_ref monitor;
    ks_pid supervisor = start(KS_CHILD(five, .children = 3, .luck = luck), &monitor);
    for (int i = 0; i < 5; i++) {
        crash(&luck[i % 3]);
        ks_sleep(10);
    }
    KS_CHECK(ks_is_alive(supervisor));
    crash(&luck[0]);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    for (int i = 0; i < 3; i++) KS_CHECK(!ks_is_alive(luck[i].pid));
}

/* 5 in 10 s: one each 2.5 s leaves the window as fast as it enters. */
static void old_restarts_leave_the_window(void)
{
    struct luck luck = { 0 };
    ks_ref monitor;
    ks_pid supervisor = start(KS_CHILD(five, .children = 1, .luck = &luck), &monitor);
    for (int i = 0; i < 20; i++) {
        crash(&luck);
        ks_sleep(2500);
    }
    KS_CHECK(ks_is_alive(supervisor));
    KS_CHECK_OK(unlucky_call_ping(luck.pid, 1000));
    stop(supervisor, monitor);
}

/* --- responsive ------------------------------------------------------------------------------- */
static ks_child_info only_child(ks_pid supervisor)
{
    ks_child_info info;
    size_t count;
    KS_CHECK_OK(ks_which_children(supervisor, &info, 1, &count));
    KS_CHECK(count == 1);
    return info;
}

/* A supervisor whose child fails for ever, while the answers must come. */
static ks_pid start_failing(struct luck *luck, ks_ref *ret_monitor)
{
    ks_pid supervisor = start(KS_CHILD(patient, .children = 1, .luck = luck), ret_monitor);
    luck->failures = 1000000;
    crash(luck);
    while (luck->inits < 10) ks_sleep(1);
    return supervisor;
}

static void it_answers_while_a_child_fails(void)
{
    struct luck luck = { 0 };
    ks_ref monitor;
    ks_pid supervisor = start_failing(&luck, &monitor);
    ks_child_info info = only_child(supervisor);
    KS_CHECK(info.state == KS_CHILD_RESTARTING && ks_is_none(info.pid));
    KS_CHECK(ks_text_eq(info.id, ks_lit("first")));
    ks_child_counts counts;
    KS_CHECK_OK(ks_count_children(supervisor, &counts));
    KS_CHECK(counts.specs == 1 && counts.active == 0);

    struct luck other = { 0 };
    const ks_child same = { KS_START(unlucky, .luck = &other), .id = "first" };
    const ks_child another = { KS_START(unlucky, .luck = &other), .id = "another" };
    KS_CHECK(ks_start_child(supervisor, &same, NULL) == KS_ALREADY_PRESENT);
    KS_CHECK(ks_delete_child(supervisor, "first") != KS_OK);
    KS_CHECK(ks_restart_child(supervisor, "first", NULL) != KS_OK);
    KS_CHECK_OK(ks_start_child(supervisor, &another, NULL));
    KS_CHECK_OK(unlucky_call_ping(other.pid, 1000));
    stop(supervisor, monitor);
    KS_CHECK(!ks_is_alive(other.pid));
}

static void a_failing_child_recovers(void)
{
    struct luck luck = { 0 };
    ks_ref monitor;
    ks_pid supervisor = start_failing(&luck, &monitor);
    luck.failures = 0;
    ks_sleep(10);
    ks_child_info info = only_child(supervisor);
    KS_CHECK(info.state == KS_CHILD_RUNNING && ks_same_pid(info.pid, luck.pid));
    KS_CHECK_OK(unlucky_call_ping(luck.pid, 1000));
    stop(supervisor, monitor);
}

static void a_failing_child_can_be_terminated_and_started_again(void)
{
    struct luck luck = { 0 };
    ks_ref monitor;
    ks_pid supervisor = start_failing(&luck, &monitor), pid;
    KS_CHECK_OK(ks_terminate_child(supervisor, "first"));
    int inits = luck.inits;
    KS_CHECK(only_child(supervisor).state == KS_CHILD_STOPPED);
    ks_sleep(100);
    KS_CHECK(luck.inits == inits);
    luck.failures = 0;
    KS_CHECK_OK(ks_restart_child(supervisor, "first", &pid));
    KS_CHECK(ks_same_pid(pid, luck.pid) && luck.inits == inits + 1);
    KS_CHECK(only_child(supervisor).state == KS_CHILD_RUNNING);
    stop(supervisor, monitor);
}

static void it_can_be_stopped_while_a_child_fails(void)
{
    struct luck luck = { 0 };
    ks_ref monitor;
    ks_pid supervisor = start_failing(&luck, &monitor);
    stop(supervisor, monitor);
    int inits = luck.inits;
    ks_sleep(100);
    KS_CHECK(luck.inits == inits);
}

int main(void)
{
    return run_scenarios("rule 23", 100,
        SCENARIOS(SCENARIO(five_restarts_are_five), SCENARIO(the_default_is_three),
            SCENARIO(none_is_none), SCENARIO(each_failing_restart_counts),
            SCENARIO(a_restart_that_works_in_the_end_is_kept),
            SCENARIO(the_children_share_the_intensity), SCENARIO(old_restarts_leave_the_window),
            SCENARIO(it_answers_while_a_child_fails), SCENARIO(a_failing_child_recovers),
            SCENARIO(a_failing_child_can_be_terminated_and_started_again),
            SCENARIO(it_can_be_stopped_while_a_child_fails)));
}
