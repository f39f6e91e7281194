/* SPDX-License-Identifier: Apache-2.0 */
/* rule_12_start_test - synchronous start: a failure or time-out leaves no stray EXIT, DOWN or
 * acknowledgement; a child that timed out is killed and awaited. */
#include "support/scenario.h"

/* --- a server whose init ends in every way there is ------------------------------------------- */
enum how {
    HOW_OK,
    HOW_FAIL,
    HOW_STOP,
    HOW_STOP_NORMAL,
    HOW_IGNORE,
    HOW_EXIT,
    HOW_EXIT_DEEP,
    HOW_SUICIDE,
    HOW_SLEEP,
    HOW_COUNT
};

/* What a child leaves behind in the scenario. */
struct seen {
    ks_pid child;
    int inits, releases;
};
typedef struct starting_args {
    int32_t how;
    bool trap;
    struct seen *seen;
} starting_args;
KS_TYPE(starting_args, how, trap, (local, seen));
KS_MODULE(starting, starting_args);
KS_CALL(starting, ping, void, void);
struct starting {
    int unused;
};

static ks_next starting_handle_ping(starting *self) { return ks_reply(); }

static void count_release(void *resource) { ((struct seen *)resource)->releases++; }

/* From a function that does not know where it is called. */
static void exit_below(const int *code)
{
    if (*code) ks_exit(ks_because(*code));
}

static ks_next starting_init(starting *self, const starting_args *args)
{
    if (args->seen) {
        args->seen->child = ks_self();
        args->seen->inits++;
        ks_own(count_release, args->seen);
    }
    ks_trap_exit(args->trap);
    switch (args->how) {
    case HOW_FAIL: return ks_fail(KS_USER + 7);
    case HOW_STOP: return ks_stop(ks_error("no"));
    case HOW_STOP_NORMAL: return ks_stop(KS_NORMAL);
    case HOW_IGNORE: return ks_ignore();
    case HOW_EXIT: ks_exit(ks_error("no"));
    case HOW_EXIT_DEEP: exit_below(&(int){ KS_USER }); break;
    case HOW_SUICIDE: ks_exit_process(ks_self(), KS_KILL); break;
    case HOW_SLEEP: ks_sleep(KS_INFINITY); break;
    default: break;
    }
    return ks_ok();
}

KS_GEN_SERVER(starting, .init = starting_init, .ops = KS_OPS(starting, ping));

static ks_status expected(enum how how)
{
    static const ks_status statuses[HOW_COUNT] = { KS_OK, KS_USER + 7, KS_EXITED, KS_EXITED,
        KS_IGNORE, KS_EXITED, KS_EXITED, KS_EXITED, KS_TIMEOUT };
    return statuses[how];
}

/* What may not have changed is set first, and looked at afterwards. */
static const ks_pid untouched = { .id = 77 };

static ks_status start(const ks_child *row, int relation, ks_ref *ret_monitor)
{
    ks_pid pid = untouched;
    ks_status status = KS_OK;
    if (relation == 0) status = ks_start(row, &pid);
    if (relation == 1) status = ks_start_link(row, &pid);
    if (relation == 2) status = ks_start_monitor(row, &pid, ret_monitor);
    if (status && status != KS_ALREADY_STARTED) KS_CHECK(ks_same_pid(pid, untouched));
    return status;
}

/* --- failures --------------------------------------------------------------------------------- */
static void every_failure_leaves_nothing(bool trap)
{
    ks_trap_exit(trap);
    for (enum how how = HOW_FAIL; how < HOW_COUNT; how++) {
        for (int relation = 0; relation < 3; relation++) {
            struct seen seen = { 0 };
            ks_ref monitor = { { 1, 2 } };
            const ks_child row = { KS_START(starting, .how = (int32_t)how, .seen = &seen),
                .name = "starting", .start_timeout = 50 };
            KS_CHECK(start(&row, relation, &monitor) == expected(how));
            KS_CHECK(seen.inits == 1 && seen.releases == 1);
            KS_CHECK(!ks_is_alive(seen.child));
            KS_CHECK(ks_is_none(ks_whereis("starting")));
            KS_CHECK(monitor.id[0] == 1 && monitor.id[1] == 2);
            KS_CHECK(ks_receive(0) == NULL);
        }
    }
    KS_CHECK(nothing_comes());
}

static void a_failure_leaves_nothing_for_a_trapper(void) { every_failure_leaves_nothing(true); }

static void a_failure_leaves_a_non_trapper_alive(void) { every_failure_leaves_nothing(false); }

static void many_failures_leave_nothing(void)
{
    for (int i = 0; i < 100; i++)
        KS_CHECK(ks_start_link(KS_CHILD(starting, .how = HOW_STOP), NULL) == KS_EXITED);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
    KS_CHECK(nothing_comes());
}

/* --- time-outs -------------------------------------------------------------------------------- */
static void a_timed_out_child_is_gone_when_start_returns(bool trap)
{
    ks_trap_exit(true);
    for (int relation = 0; relation < 3; relation++) {
        struct seen seen = { 0 };
        ks_ref monitor;
        const ks_child row = { KS_START(starting, .how = HOW_SLEEP, .trap = trap, .seen = &seen),
            .name = "starting", .start_timeout = 100 };
        ks_ms begin = ks_now();
        KS_CHECK(start(&row, relation, &monitor) == KS_TIMEOUT);
        KS_CHECK(ks_now() - begin >= 100 && ks_now() - begin < 200);
        KS_CHECK(!ks_is_alive(seen.child) && seen.releases == 1);
        KS_CHECK(ks_is_none(ks_whereis("starting")));
        KS_CHECK(nothing_comes());
    }
}

static void a_slow_child_is_killed_and_awaited(void)
{
    a_timed_out_child_is_gone_when_start_returns(false);
}

static void trapping_exits_does_not_save_a_slow_child(void)
{
    a_timed_out_child_is_gone_when_start_returns(true);
}

KS_MODULE(late, starting_args);
struct late {
    int unused;
};

static ks_next late_init(late *self, const starting_args *args)
{
    args->seen->child = ks_self();
    ks_sleep(args->how);
    return ks_ok();
}

KS_GEN_SERVER(late, .init = late_init);

/* Ready at the moment the start gives up: it runs and is known, or it is gone. */
static void started_and_gave_up_is_one_decision(void)
{
    for (int32_t ms = 48; ms <= 52; ms++) {
        struct seen seen = { 0 };
        ks_pid pid;
        const ks_child row = { KS_START(late, .how = ms, .seen = &seen), .start_timeout = 50 };
        ks_status status = ks_start_link(&row, &pid);
        KS_CHECK(status == KS_OK || status == KS_TIMEOUT);
        KS_CHECK(ks_is_alive(seen.child) == (status == KS_OK));
        if (status == KS_OK) {
            KS_CHECK(ks_same_pid(pid, seen.child));
            ks_unlink(pid);
            kill_and_wait(pid);
        }
        KS_CHECK(nothing_comes());
    }
}

/* --- success ---------------------------------------------------------------------------------- */
static void a_started_child_answers_and_is_linked_or_monitored(void)
{
    ks_trap_exit(true);
    const ks_child row = { KS_START(starting, .how = HOW_OK), .name = "starting" };
    ks_pid pid;
    ks_ref monitor;
    KS_CHECK_OK(ks_start(&row, &pid));
    KS_CHECK_OK(starting_call_ping(ks_named("starting"), 1000));
    kill_and_wait(pid);
    KS_CHECK(nothing_comes());

    KS_CHECK_OK(ks_start_link(&row, &pid));
    ks_exit_process(pid, KS_KILL);
    KS_CHECK(exit_came(pid, KS_REASON_KILLED, 1000));

    KS_CHECK_OK(ks_start_monitor(&row, &pid, &monitor));
    ks_exit_process(pid, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    KS_CHECK(nothing_comes());
}

static void a_taken_name_gives_its_holder_and_runs_no_init(void)
{
    ks_trap_exit(true);
    struct seen seen = { 0 };
    const ks_child row = { KS_START(starting, .how = HOW_OK, .seen = &seen), .name = "starting" };
    ks_pid holder, pid;
    ks_ref monitor;
    KS_CHECK_OK(ks_start(&row, &holder));
    KS_CHECK(ks_start(&row, &pid) == KS_ALREADY_STARTED && ks_same_pid(pid, holder));
    KS_CHECK(ks_start_link(&row, &pid) == KS_ALREADY_STARTED && ks_same_pid(pid, holder));
    KS_CHECK(ks_start_monitor(&row, &pid, &monitor) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(pid, holder) && seen.inits == 1);
    KS_CHECK_OK(starting_call_ping(holder, 1000));
    kill_and_wait(holder);
    KS_CHECK(nothing_comes());
}

/* A mailbox in use keeps its messages and their order over starts of every kind. */
static void the_mailbox_of_the_starter_is_left_alone(void)
{
    ks_trap_exit(true);
    for (ks_int i = 0; i < 3; i++) ks_send(ks_self(), ks_int, &i);
    KS_CHECK(ks_start_link(KS_CHILD(starting, .how = HOW_STOP), NULL) == KS_EXITED);
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(starting, .how = HOW_OK), &pid));
    for (ks_int i = 0; i < 3; i++) {
        const ks_msg *msg = ks_receive(0);
        KS_CHECK(msg && ks_as(ks_int, msg) && *ks_as(ks_int, msg) == i);
    }
    kill_and_wait(pid);
    KS_CHECK(nothing_comes());
}

int main(void)
{
    return run_scenarios("rule 12", 100,
        SCENARIOS(SCENARIO(a_failure_leaves_nothing_for_a_trapper),
            SCENARIO(a_failure_leaves_a_non_trapper_alive), SCENARIO(many_failures_leave_nothing),
            SCENARIO(a_slow_child_is_killed_and_awaited),
            SCENARIO(trapping_exits_does_not_save_a_slow_child),
            SCENARIO(started_and_gave_up_is_one_decision),
            SCENARIO(a_started_child_answers_and_is_linked_or_monitored),
            SCENARIO(a_taken_name_gives_its_holder_and_runs_no_init),
            SCENARIO(the_mailbox_of_the_starter_is_left_alone)));
}
