/* SPDX-License-Identifier: Apache-2.0 */
/* init_ack_test - plain processes that say themselves when they have started, or that they
 * cannot. */
#include "support/scenario.h"
#include <errno.h>

enum how { ACKS, FAILS, IGNORES, RETURNS, EXITS, NEVER, ACKS_THEN_FAILS, BECOMES };
typedef struct opener_args {
    int32_t how;
    trace *trace;
} opener_args;
KS_TYPE(opener_args, how, (local, trace));

KS_MODULE(door, void);
KS_CALL(door, knock, void, void);
struct door {
    int knocks;
};
static ks_next door_handle_knock(door *self)
{
    return ++self->knocks < 3 ? ks_reply() : ks_fail(1);
}
KS_GEN_SERVER(door, .ops = KS_OPS(door, knock));

KS_MODULE(opener, opener_args);
static void released(void *t) { trace_add(t, 'r'); }

static void fail_deep_inside(const opener_args *args)
{
    if (args->how == FAILS) ks_init_fail(-EADDRINUSE);
    if (args->how == IGNORES) ks_init_fail(KS_IGNORE);
}

static void opener_main(const opener_args *args)
{
    ks_own(released, args->trace);
    ks_sleep(50);
    trace_add(args->trace, 'o');
    fail_deep_inside(args);
    if (args->how == RETURNS) return;
    if (args->how == EXITS) ks_exit(ks_because(-EACCES));
    if (args->how == NEVER) ks_sleep(KS_INFINITY);
    if (args->how == BECOMES) door_enter_loop(NULL, ks_ok()); /* acknowledges */
    ks_init_ack();
    ks_init_ack(); /* nothing more */
    ks_sleep(50);
    trace_add(args->trace, 'w');
    if (args->how == ACKS_THEN_FAILS) ks_init_fail(-EPIPE);
}
KS_PROCESS_ACKS(opener);

static trace seen;

static ks_status start(enum how how, ks_pid *ret_pid)
{
    seen = (trace){ 0 };
    const ks_child row = { KS_START(opener, .how = (int32_t)how, .trace = &seen), .name = "opener",
        .start_timeout = 1000 };
    ks_status status = ks_start_link(&row, ret_pid);
    trace_add(&seen, 's');
    return status;
}

static void the_starter_waits_for_the_ack(void)
{
    ks_pid pid;
    KS_CHECK_OK(start(ACKS, &pid));
    ks_ref monitor = ks_monitor(pid);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, "oswr"));
}

/* Gone, without a report or an exit, and the name is free, when the starter hears of it. */
static void a_failure_is_the_starters_status(void)
{
    ks_pid pid = { 0 };
    forget_reports();
    ks_trap_exit(true);
    for (int i = 0; i < 3; i++) {
        KS_CHECK(start(FAILS, &pid) == -EADDRINUSE);
        KS_CHECK(trace_is(&seen, "ors") && ks_is_none(pid));
        KS_CHECK(ks_is_none(ks_whereis("opener")));
        KS_CHECK(start(IGNORES, &pid) == KS_IGNORE);
    }
    KS_CHECK(nothing_comes());
    KS_CHECK(report_count(KS_LOG_ERROR) == 0);
}

static void an_end_before_the_ack_is_exited(void)
{
    ks_trap_exit(true);
    forget_reports();
    KS_CHECK(start(RETURNS, NULL) == KS_EXITED);
    KS_CHECK(report_count(KS_LOG_ERROR) == 0);
    KS_CHECK(start(EXITS, NULL) == KS_EXITED);
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(start(NEVER, NULL) == KS_TIMEOUT);
    KS_CHECK(ks_is_none(ks_whereis("opener")));
    KS_CHECK(nothing_comes());
}

static void after_the_ack_it_is_an_ordinary_end(void)
{
    ks_pid pid;
    forget_reports();
    ks_trap_exit(true);
    KS_CHECK_OK(start(ACKS_THEN_FAILS, &pid));
    KS_CHECK(exit_came(pid, KS_REASON_STATUS, 1000));
    KS_CHECK(trace_is(&seen, "oswr"));
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
}

static void becoming_a_server_is_an_ack(void)
{
    ks_pid pid;
    KS_CHECK_OK(start(BECOMES, &pid));
    KS_CHECK_OK(door_call_knock(ks_named("opener"), 1000));
    KS_CHECK_OK(door_call_knock(pid, 1000));
    KS_CHECK(door_call_knock(pid, 1000) == 1);
    ks_unlink(pid);
    KS_CHECK_OK(ks_stop_process(pid, KS_SHUTDOWN, 1000));
    KS_CHECK(trace_is(&seen, "osr"));
}

int main(void)
{
    return run_scenarios("init_ack", 100,
        SCENARIOS(SCENARIO(the_starter_waits_for_the_ack),
            SCENARIO(a_failure_is_the_starters_status), SCENARIO(an_end_before_the_ack_is_exited),
            SCENARIO(after_the_ack_it_is_an_ordinary_end), SCENARIO(becoming_a_server_is_an_ack)));
}
