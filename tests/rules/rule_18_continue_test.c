/* SPDX-License-Identifier: Apache-2.0 */
/* rule_18_continue_test - continue runs before any queued message, system messages included. */
#include "support/scenario.h"

enum { FIRST = 1, SECOND = 2, SLOW = 3, STOP = 4, LARGEST = 65535 };
typedef struct steady_args {
    int32_t then; /* after init */
    trace *trace;
} steady_args;
KS_TYPE(steady_args, then, (local, trace));
KS_MODULE(steady, steady_args);
KS_CAST(steady, go, ks_int);         /* continue with that */
KS_CAST(steady, note, void);         /* an ordinary message */
KS_CALL(steady, ask, ks_int, void);  /* reply, then continue with that */
KS_CALL(steady, busy, ks_int, void); /* 50 ms, then reply and continue with that */
struct steady {
    trace *trace;
};

static ks_next with(ks_next next, int64_t then)
{
    return then ? ks_continue(next, (uint16_t)then) : next;
}

/* Two messages are in the queue before init has returned. */
static ks_next steady_init(steady *self, const steady_args *args)
{
    self->trace = args->trace;
    steady_cast_note(ks_self());
    ks_send(ks_self(), ks_int, &(ks_int){ 0 });
    return with(ks_ok(), args->then);
}

static ks_next steady_handle_go(steady *self, const ks_int *then)
{
    trace_add(self->trace, 'g');
    return with(ks_noreply(), *then);
}

static ks_next steady_handle_note(steady *self)
{
    trace_add(self->trace, 'n');
    return ks_noreply();
}

static ks_next steady_handle_ask(steady *self, const ks_int *then)
{
    trace_add(self->trace, 'a');
    return with(ks_reply(), *then);
}

static ks_next steady_handle_busy(steady *self, const ks_int *then)
{
    trace_add(self->trace, 'b');
    ks_sleep(50);
    return with(ks_reply(), *then);
}

static ks_next steady_handle_info(steady *self, const ks_msg *msg)
{
    trace_add(self->trace, 'i');
    return ks_noreply();
}

static ks_next steady_handle_continue(steady *self, int what)
{
    trace_add(self->trace, what == LARGEST ? 'L' : (char)('0' + what));
    if (what == FIRST) return ks_continue(ks_noreply(), SECOND);
    if (what == SLOW) ks_sleep(100);
    if (what == STOP) return ks_stop(KS_SHUTDOWN);
    return ks_noreply();
}

static ks_next steady_handle_timeout(steady *self)
{
    trace_add(self->trace, 'T');
    return ks_noreply();
}

static void steady_terminate(steady *self, ks_reason why) { trace_add(self->trace, 't'); }

static void steady_format_status(const steady *self, char *buffer, size_t size)
{
    trace_add(self->trace, 's');
    if (size > 0) buffer[0] = 0;
}

KS_GEN_SERVER(steady, .init = steady_init, .handle_continue = steady_handle_continue,
    .handle_info = steady_handle_info, .handle_timeout = steady_handle_timeout,
    .terminate = steady_terminate, .format_status = steady_format_status,
    .ops = KS_OPS(steady, go, note, ask, busy));

/* --- the scenarios ---------------------------------------------------------------------------- */
static trace seen;

static ks_pid start(int32_t then)
{
    ks_pid server;
    seen = (trace){ 0 };
    KS_CHECK_OK(ks_start(KS_CHILD(steady, .then = then, .trace = &seen), &server));
    return server;
}

/* Handled is what init queued; the trace begins anew. */
static ks_pid start_quiet(void)
{
    ks_pid server = start(0);
    ks_sleep(10);
    KS_CHECK(trace_is(&seen, "ni"));
    seen = (trace){ 0 };
    return server;
}

static void it_runs_before_what_init_queued(void)
{
    ks_pid server = start(SECOND);
    ks_sleep(10);
    KS_CHECK(trace_is(&seen, "2ni"));
    kill_and_wait(server);
}

static void it_may_follow_another(void)
{
    ks_pid server = start(FIRST);
    ks_sleep(10);
    KS_CHECK(trace_is(&seen, "12ni"));
    kill_and_wait(server);
}

static void every_number_arrives(void)
{
    ks_pid server = start(LARGEST);
    ks_sleep(10);
    KS_CHECK(trace_is(&seen, "Lni"));
    kill_and_wait(server);
}

static void it_runs_before_queued_messages(void)
{
    ks_pid server = start_quiet();
    steady_cast_go(server, &(ks_int){ FIRST });
    steady_cast_note(server);
    ks_send(server, ks_int, &(ks_int){ 0 });
    steady_cast_go(server, &(ks_int){ SECOND });
    steady_cast_note(server);
    ks_sleep(10);
    KS_CHECK(trace_is(&seen, "g12nig2n"));
    kill_and_wait(server);
}

static void calls_busy(void *arg)
{
    KS_CHECK_OK(steady_call_busy(*(const ks_pid *)arg, &(ks_int){ FIRST }, KS_INFINITY));
}

/* The stop, and a question for the status, stand in the queue when the handler returns. */
static void it_runs_before_a_queued_stop(void)
{
    ks_pid server = start_quiet();
    ks_ref caller;
    ks_spawn_monitor(calls_busy, &server, &caller);
    ks_sleep(10);
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(trace_is(&seen, "b12t"));
    KS_CHECK(ended_with(caller, KS_REASON_NORMAL));
}

static void it_runs_before_a_queued_system_question(void)
{
    ks_pid server = start_quiet();
    ks_ref caller;
    char status[8];
    ks_spawn_monitor(calls_busy, &server, &caller);
    ks_sleep(10);
    KS_CHECK_OK(ks_format_status(server, status, sizeof status, 1000));
    KS_CHECK(trace_is(&seen, "b12s"));
    KS_CHECK(ended_with(caller, KS_REASON_NORMAL));
    kill_and_wait(server);
}

static void a_reply_leaves_before_it_runs(void)
{
    ks_pid server = start_quiet();
    ks_ms begin = ks_now();
    KS_CHECK_OK(steady_call_ask(server, &(ks_int){ SLOW }, 1000));
    KS_CHECK(ks_now() - begin < 100);
    ks_sleep(200);
    KS_CHECK(trace_is(&seen, "a3"));
    kill_and_wait(server);
}

static void it_may_stop_the_server(void)
{
    ks_pid server = start_quiet();
    ks_ref monitor = ks_monitor(server);
    steady_cast_go(server, &(ks_int){ STOP });
    steady_cast_note(server);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&seen, "g4t"));
}

/* The starter hears of the start before the rest of the work is done: that is what it is for. */
static void a_start_does_not_wait_for_it(void)
{
    ks_ms begin = ks_now();
    ks_pid server = start(SLOW);
    KS_CHECK(ks_now() - begin < 100);
    ks_sleep(200);
    KS_CHECK(trace_is(&seen, "3ni"));
    kill_and_wait(server);
}

/* A kill does not wait for it. */
static void a_kill_is_no_message(void)
{
    ks_pid server = start(SLOW);
    ks_sleep(10);
    kill_and_wait(server);
    KS_CHECK(trace_is(&seen, "3"));
}

int main(void)
{
    return run_scenarios("rule 18", 100,
        SCENARIOS(SCENARIO(it_runs_before_what_init_queued), SCENARIO(it_may_follow_another),
            SCENARIO(every_number_arrives), SCENARIO(it_runs_before_queued_messages),
            SCENARIO(it_runs_before_a_queued_stop),
            SCENARIO(it_runs_before_a_queued_system_question),
            SCENARIO(a_reply_leaves_before_it_runs), SCENARIO(it_may_stop_the_server),
            SCENARIO(a_start_does_not_wait_for_it), SCENARIO(a_kill_is_no_message)));
}
