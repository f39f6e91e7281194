/* SPDX-License-Identifier: Apache-2.0 */
/* gen_server_loop_test - cases of gen_server_SUITE: hibernation, and processes that become
 * servers. */
#include "support/scenario.h"
#include <kiosk/timer.h>

enum { AUTO_MS = 100 };
typedef struct dozer_args {
    bool sleeps;
    trace *trace;
} dozer_args;
KS_TYPE(dozer_args, sleeps, (local, trace));
KS_MODULE(dozer, dozer_args);
KS_CALL(dozer, sleep, void, void);
KS_CALL(dozer, started_p, void, ks_bool);
KS_CALL(dozer, sleep_then_continue, void, void);
KS_CAST(dozer, sleep_by_cast, void);
KS_CAST(dozer, stop, void);
struct dozer {
    trace *trace;
};

static ks_next dozer_init(dozer *self, const dozer_args *args)
{
    self->trace = args->trace;
    return args->sleeps ? ks_hibernate(ks_ok()) : ks_ok();
}

static ks_next dozer_handle_sleep(dozer *self) { return ks_hibernate(ks_reply()); }

static ks_next dozer_handle_started_p(dozer *self, ks_bool *reply)
{
    *reply = true;
    return ks_reply();
}

/* The verdict of handle_continue counts. */
static ks_next dozer_handle_sleep_then_continue(dozer *self)
{
    return ks_continue(ks_hibernate(ks_reply()), 1);
}

static ks_next dozer_handle_continue(dozer *self, int what)
{
    trace_add(self->trace, 'c');
    return ks_noreply();
}

static ks_next dozer_handle_sleep_by_cast(dozer *self) { return ks_hibernate(ks_noreply()); }
static ks_next dozer_handle_stop(dozer *self) { return ks_stop(KS_NORMAL); }

static ks_next dozer_handle_info(dozer *self, const ks_msg *msg)
{
    const ks_int *n = ks_as(ks_int, msg);
    trace_add(self->trace, 'i');
    return n && *n ? ks_hibernate(ks_noreply()) : ks_noreply();
}

static ks_next dozer_handle_timeout(dozer *self)
{
    trace_add(self->trace, 'T');
    return ks_noreply();
}

static void dozer_terminate(dozer *self, ks_reason why)
{
    if (self->trace) trace_add(self->trace, 't');
}

static void dozer_format_status(const dozer *self, char *buffer, size_t size) { buffer[0] = 0; }

KS_GEN_SERVER(dozer, .init = dozer_init, .handle_continue = dozer_handle_continue,
    .handle_info = dozer_handle_info, .handle_timeout = dozer_handle_timeout,
    .terminate = dozer_terminate, .format_status = dozer_format_status,
    .ops = KS_OPS(dozer, sleep, started_p, sleep_then_continue, sleep_by_cast, stop));

static trace seen;

static bool sleeps(ks_pid server)
{
    ks_sleep(1);
    return ks_is_hibernating(server);
}

static void is_awake_after_a_call(ks_pid server)
{
    ks_bool started;
    KS_CHECK_OK(dozer_call_started_p(server, &started, 1000));
    KS_CHECK(!sleeps(server));
}

static void hibernate(void)
{
    ks_pid server;
    char status[8];
    seen = (trace){ 0 };
    KS_CHECK_OK(ks_start_link(KS_CHILD(dozer, .sleeps = true, .trace = &seen), &server));
    KS_CHECK(sleeps(server));
    is_awake_after_a_call(server);
    KS_CHECK_OK(dozer_call_sleep(server, 1000));
    KS_CHECK(sleeps(server));
    is_awake_after_a_call(server);
    dozer_cast_sleep_by_cast(server);
    KS_CHECK(sleeps(server));
    ks_send(server, ks_int, &(ks_int){ 0 });
    KS_CHECK(!sleeps(server));
    ks_send(server, ks_int, &(ks_int){ 1 });
    KS_CHECK(sleeps(server));
    KS_CHECK_OK(ks_format_status(server, status, sizeof status, 1000));
    KS_CHECK(sleeps(server)); /* a system message leaves it so */
    KS_CHECK_OK(dozer_call_sleep_then_continue(server, 1000));
    KS_CHECK(!sleeps(server));
    KS_CHECK_OK(dozer_call_sleep(server, 1000));
    ks_ref monitor = ks_monitor(server);
    dozer_cast_stop(server);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, "iict"));
}

/* --- hibernate_after -------------------------------------------------------------------------- */
KS_MODULE(napper, void);
KS_CALL(napper, ping, void, void);
struct napper {
    int unused;
};
static ks_next napper_handle_ping(napper *self) { return ks_reply(); }
static void napper_format_status(const napper *self, char *buffer, size_t size) { buffer[0] = 0; }
KS_GEN_SERVER(napper, .format_status = napper_format_status, .hibernate_after = AUTO_MS,
    .ops = KS_OPS(napper, ping));

static void auto_hibernate(void)
{
    ks_pid server;
    char status[8];
    KS_CHECK_OK(ks_start_link(KS_CHILD(napper), &server));
    KS_CHECK(!sleeps(server));
    ks_sleep(AUTO_MS + 10);
    KS_CHECK(sleeps(server));
    KS_CHECK_OK(ks_format_status(server, status, sizeof status, 1000));
    KS_CHECK(sleeps(server));
    for (int i = 0; i < 3; i++) { /* each begins the count anew */
        KS_CHECK_OK(napper_call_ping(server, 1000));
        ks_sleep(AUTO_MS - 50);
        KS_CHECK(!sleeps(server));
    }
    ks_sleep(AUTO_MS);
    KS_CHECK(sleeps(server));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
}

/* --- enter_loop ------------------------------------------------------------------------------- */
enum { PLAIN, NAMED, SLEEPING, TIMED, CONTINUING, STOPPING };
typedef struct entry_args {
    int32_t how;
    bool traps;
    trace *trace;
} entry_args;
KS_TYPE(entry_args, how, traps, (local, trace));
KS_MODULE(entry, entry_args);

static void entry_main(const entry_args *args)
{
    dozer state = { .trace = args->trace };
    if (args->how == NAMED) KS_CHECK_OK(ks_register("entered", ks_self()));
    ks_trap_exit(args->traps);
    ks_init_ack();
    switch (args->how) {
    case SLEEPING: dozer_enter_loop(&state, ks_hibernate(ks_ok()));
    case TIMED: dozer_enter_loop(&state, ks_after(ks_ok(), 50));
    case CONTINUING: dozer_enter_loop(&state, ks_continue(ks_ok(), 1));
    case STOPPING: dozer_enter_loop(&state, ks_stop(KS_SHUTDOWN));
    default: dozer_enter_loop(&state, ks_ok());
    }
}
KS_PROCESS_ACKS(entry);

static ks_pid enter(int how, bool traps)
{
    ks_pid pid;
    seen = (trace){ 0 };
    KS_CHECK_OK(
        ks_start_link(KS_CHILD(entry, .how = (int32_t)how, .traps = traps, .trace = &seen), &pid));
    ks_sleep(1);
    return pid;
}

static void serves_and_stops(ks_pid pid, const char *expected)
{
    ks_bool started = false;
    ks_ref monitor = ks_monitor(pid);
    KS_CHECK_OK(dozer_call_started_p(pid, &started, 1000));
    KS_CHECK(started);
    dozer_cast_stop(pid);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, expected));
}

static void spec_init(void)
{
    serves_and_stops(enter(PLAIN, false), "t");
    ks_pid pid = enter(NAMED, false);
    KS_CHECK(ks_same_pid(ks_whereis("entered"), pid));
    serves_and_stops(pid, "t");
    KS_CHECK(ks_is_none(ks_whereis("entered")));
    pid = enter(SLEEPING, false);
    KS_CHECK(ks_is_hibernating(pid));
    serves_and_stops(pid, "t");
    pid = enter(TIMED, false);
    ks_sleep(100);
    serves_and_stops(pid, "Tt");
    pid = enter(CONTINUING, false);
    serves_and_stops(pid, "ct");
    ks_trap_exit(true);
    pid = enter(STOPPING, false);
    KS_CHECK(exit_came(pid, KS_REASON_SHUTDOWN, 1000));
    KS_CHECK(trace_is(&seen, "t"));
}

/* The parent's exit ends it, by way of terminate. */
static void is_the_parent(void *arg)
{
    KS_CHECK_OK(ks_register("parent", ks_self()));
    *(ks_pid *)arg = enter(PLAIN, true);
    ks_sleep(10);
    ks_exit(KS_SHUTDOWN);
}

static void spec_init_local_registered_parent(void)
{
    ks_pid server = { 0 };
    ks_ref parent;
    ks_spawn_monitor(is_the_parent, &server, &parent);
    ks_sleep(5);
    ks_ref monitor = ks_monitor(server);
    KS_CHECK(ended_with(parent, KS_REASON_SHUTDOWN));
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&seen, "t"));
}

int main(int argc, char **argv)
{
    return run_cases("gen_server_SUITE", argc, argv,
        SCENARIOS(SCENARIO(hibernate), SCENARIO(auto_hibernate), SCENARIO(spec_init),
            SCENARIO(spec_init_local_registered_parent)));
}
