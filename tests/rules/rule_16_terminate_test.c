/* SPDX-License-Identifier: Apache-2.0 */
/* rule_16_terminate_test - terminate does not run for a non-trapping server ended by a signal. EXIT
 * from the parent terminates a trapping server and never reaches handle_info; other EXITs do. */
#include "support/scenario.h"

typedef struct careful_args {
    bool trap;
    trace *trace;
} careful_args;
KS_TYPE(careful_args, trap, (local, trace));
KS_MODULE(careful, careful_args);
KS_CALL(careful, ping, void, void);
KS_CALL(careful, link, ks_pid, void);
KS_CALL(careful, fail, void, void);
KS_CALL(careful, leave, void, void);
KS_CALL(careful, block, void, void);
struct careful {
    trace *trace;
};

static ks_next careful_init(careful *self, const careful_args *args)
{
    self->trace = args->trace;
    ks_trap_exit(args->trap);
    return ks_ok();
}

static ks_next careful_handle_ping(careful *self) { return ks_reply(); }

static ks_next careful_handle_link(careful *self, const ks_pid *to)
{
    ks_link(*to);
    return ks_reply();
}

static ks_next careful_handle_fail(careful *self) { return ks_stop(ks_error("on request")); }

static ks_next careful_handle_leave(careful *self) { return ks_reply_stop(KS_NORMAL); }

static ks_next careful_handle_block(careful *self)
{
    ks_sleep(100);
    trace_add(self->trace, 'b');
    return ks_reply();
}

/* E: the exit of somebody, as a message. */
static ks_next careful_handle_info(careful *self, const ks_msg *msg)
{
    trace_add(self->trace, ks_as(ks_exited, msg) ? 'E' : '?');
    return ks_noreply();
}

/* The kind of the reason it was told: n, s, k, d (killed), e... */
static void careful_terminate(careful *self, ks_reason why)
{
    trace_add(self->trace, 't');
    trace_add(self->trace, "nskdcfe"[why.kind]);
}

KS_GEN_SERVER(careful, .init = careful_init, .handle_info = careful_handle_info,
    .terminate = careful_terminate, .ops = KS_OPS(careful, ping, link, fail, leave, block));

/* --- servers that are ended by a signal ------------------------------------------------------- */
static ks_pid start(bool trap, trace *t, ks_ref *ret_monitor)
{
    ks_pid server;
    KS_CHECK_OK(
        ks_start_monitor(KS_CHILD(careful, .trap = trap, .trace = t), &server, ret_monitor));
    return server;
}

static void a_signal_to_a_non_trapper_skips_terminate(void)
{
    const ks_reason reasons[] = { ks_error("x"), ks_because(KS_USER), KS_KILL };
    for (int i = 0; i < 3; i++) {
        trace seen = { 0 };
        ks_ref monitor;
        ks_pid server = start(false, &seen, &monitor);
        ks_exit_process(server, reasons[i]);
        ks_reason_kind kind = end_of(monitor).kind;
        KS_CHECK(kind == (i == 2 ? KS_REASON_KILLED : reasons[i].kind));
        KS_CHECK(trace_is(&seen, ""));
    }
}

static void fails(void *arg)
{
    ks_receive_as(ks_int, KS_INFINITY);
    ks_exit(ks_error("peer failed"));
}

static void the_end_of_a_linked_peer_skips_terminate_of_a_non_trapper(void)
{
    trace seen = { 0 };
    ks_ref monitor;
    ks_pid server = start(false, &seen, &monitor), peer = ks_spawn(fails, NULL);
    KS_CHECK_OK(careful_call_link(server, &peer, 1000));
    ks_send(peer, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(trace_is(&seen, ""));
}

static void a_kill_skips_terminate_of_a_trapper(void)
{
    trace seen = { 0 };
    ks_ref monitor;
    ks_pid server = start(true, &seen, &monitor);
    ks_exit_process(server, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    KS_CHECK(trace_is(&seen, ""));
}

static void a_strangers_exit_signal_to_a_trapper_is_an_info(void)
{
    trace seen = { 0 };
    ks_ref monitor;
    ks_pid peer = ks_spawn(fails, NULL), server = start(true, &seen, &monitor);
    KS_CHECK_OK(careful_call_link(server, &peer, 1000));
    ks_send(peer, ks_int, &(ks_int){ 0 });
    ks_sleep(50);
    KS_CHECK_OK(careful_call_ping(server, 1000));
    KS_CHECK(trace_is(&seen, "E"));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(trace_is(&seen, "Etn"));
    end_of(monitor);
}

/* --- the parent's end ------------------------------------------------------------------------- */
struct parent {
    bool trap;
    ks_reason end;
    trace seen;
    ks_pid server, scenario;
};

/* Starts a linked server, says which, and ends when told. */
static void starts_and_ends(void *arg)
{
    struct parent *parent = arg;
    KS_CHECK_OK(ks_start_link(
        KS_CHILD(careful, .trap = parent->trap, .trace = &parent->seen), &parent->server));
    ks_send(parent->scenario, ks_int, &(ks_int){ 0 });
    ks_receive_as(ks_int, KS_INFINITY);
    ks_exit(parent->end);
}

/* The server is monitored before its parent ends. */
static void end_a_parent(struct parent *parent, ks_ref *ret_monitor)
{
    parent->scenario = ks_self();
    ks_pid pid = ks_spawn(starts_and_ends, parent);
    KS_CHECK(ks_receive_as(ks_int, 1000) != NULL);
    *ret_monitor = ks_monitor(parent->server);
    ks_send(pid, ks_int, &(ks_int){ 0 });
}

static void the_parents_exit_terminates_a_trapper(void)
{
    static const char *const expected[] = { "tn", "ts", "tc" };
    const ks_reason reasons[] = { KS_NORMAL, KS_SHUTDOWN, ks_because(KS_USER) };
    for (int i = 0; i < 3; i++) {
        struct parent parent = { .trap = true, .end = reasons[i] };
        ks_ref monitor;
        end_a_parent(&parent, &monitor);
        KS_CHECK(ended_with(monitor, reasons[i].kind));
        KS_CHECK(trace_is(&parent.seen, expected[i]));
    }
}

static void the_parents_exit_ends_a_non_trapper_without_terminate(void)
{
    struct parent parent = { .trap = false, .end = ks_because(KS_USER) };
    ks_ref monitor;
    end_a_parent(&parent, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_STATUS));
    KS_CHECK(trace_is(&parent.seen, ""));
}

static void the_parents_normal_end_leaves_a_non_trapper_alone(void)
{
    struct parent parent = { .trap = false, .end = KS_NORMAL };
    ks_ref monitor;
    end_a_parent(&parent, &monitor);
    ks_sleep(100);
    KS_CHECK_OK(careful_call_ping(parent.server, 1000));
    KS_CHECK(trace_is(&parent.seen, ""));
    KS_CHECK_OK(ks_stop_process(parent.server, KS_NORMAL, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

/* A signal that the parent sends by hand counts as its exit. */
static void an_exit_signal_from_the_parent_terminates_a_trapper(void)
{
    trace seen = { 0 };
    ks_ref monitor;
    ks_pid server;
    KS_CHECK_OK(ks_start_link(KS_CHILD(careful, .trap = true, .trace = &seen), &server));
    monitor = ks_monitor(server);
    ks_trap_exit(true);
    ks_exit_process(server, KS_SHUTDOWN);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(exit_came(server, KS_REASON_SHUTDOWN, 1000));
    KS_CHECK(trace_is(&seen, "ts"));
}

/* --- terminate runs for every end that the server has a say in -------------------------------- */
static void terminate_runs_for_a_stop_from_outside(void)
{
    for (int trap = 0; trap < 2; trap++) {
        trace seen = { 0 };
        ks_ref monitor;
        ks_pid server = start(trap, &seen, &monitor);
        KS_CHECK_OK(ks_stop_process(server, KS_SHUTDOWN, 1000));
        KS_CHECK(trace_is(&seen, "ts"));
        KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    }
}

static void terminate_runs_for_the_servers_own_stop(void)
{
    trace seen = { 0 };
    ks_ref monitor;
    ks_pid server = start(false, &seen, &monitor);
    KS_CHECK(careful_call_fail(server, 1000) == KS_NOPROC);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(trace_is(&seen, "te"));

    seen = (trace){ 0 };
    server = start(false, &seen, &monitor);
    KS_CHECK_OK(careful_call_leave(server, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, "tn"));
}

static void calls_block(void *arg)
{
    ks_status status = careful_call_block(*(const ks_pid *)arg, KS_INFINITY);
    KS_CHECK(status == KS_OK);
}

/* Asked to stop in the middle of a handler: the handler ends first. */
static void a_stop_waits_for_the_handler(void)
{
    trace seen = { 0 };
    ks_ref monitor, caller;
    ks_pid server = start(false, &seen, &monitor);
    ks_spawn_monitor(calls_block, &server, &caller);
    ks_sleep(10);
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(trace_is(&seen, "btn"));
    KS_CHECK(ended_with(caller, KS_REASON_NORMAL));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static void a_stop_that_times_out_leaves_a_running_server(void)
{
    trace seen = { 0 };
    ks_ref monitor, caller;
    ks_pid server = start(false, &seen, &monitor);
    ks_spawn_monitor(calls_block, &server, &caller);
    ks_sleep(10);
    KS_CHECK(ks_stop_process(server, KS_NORMAL, 20) == KS_TIMEOUT);
    KS_CHECK(ks_is_alive(server));
    KS_CHECK(trace_is(&seen, ""));
    end_of(caller);
    kill_and_wait(server);
    end_of(monitor);
    KS_CHECK(nothing_comes());
}

int main(void)
{
    return run_scenarios("rule 16", 100,
        SCENARIOS(SCENARIO(a_signal_to_a_non_trapper_skips_terminate),
            SCENARIO(the_end_of_a_linked_peer_skips_terminate_of_a_non_trapper),
            SCENARIO(a_kill_skips_terminate_of_a_trapper),
            SCENARIO(a_strangers_exit_signal_to_a_trapper_is_an_info),
            SCENARIO(the_parents_exit_terminates_a_trapper),
            SCENARIO(the_parents_exit_ends_a_non_trapper_without_terminate),
            SCENARIO(the_parents_normal_end_leaves_a_non_trapper_alone),
            SCENARIO(an_exit_signal_from_the_parent_terminates_a_trapper),
            SCENARIO(terminate_runs_for_a_stop_from_outside),
            SCENARIO(terminate_runs_for_the_servers_own_stop),
            SCENARIO(a_stop_waits_for_the_handler),
            SCENARIO(a_stop_that_times_out_leaves_a_running_server)));
}
