/* SPDX-License-Identifier: Apache-2.0 */
/* rule_17_timeout_test - the callback time-out is cancelled by any message and restarted by a
 * system message; 0 means "after the queue". */
#include "support/scenario.h"

typedef struct idle_args {
    ks_ms first; /* after init */
    trace *trace;
} idle_args;
KS_TYPE(idle_args, first, (local, trace));
KS_MODULE(idle, idle_args);
KS_CAST(idle, arm, ks_int);   /* time out after so long */
KS_CAST(idle, touch, ks_int); /* a message that asks for none; takes so long itself */
KS_CALL(idle, ask, void, ks_int);
KS_INFO(idle, known, ks_text);
struct idle {
    trace *trace;
    ks_ms armed_at, fired_after;
};

static ks_next idle_init(idle *self, const idle_args *args)
{
    self->trace = args->trace;
    self->armed_at = ks_now();
    ks_trap_exit(true);
    return ks_after(ks_ok(), args->first);
}

static ks_next idle_handle_arm(idle *self, const ks_int *after)
{
    trace_add(self->trace, 'a');
    self->armed_at = ks_now();
    return ks_after(ks_noreply(), *after);
}

static ks_next idle_handle_touch(idle *self, const ks_int *duration)
{
    trace_add(self->trace, 'c');
    if (*duration) ks_sleep(*duration);
    return ks_noreply();
}

/* When the time-out came, counted from where it was armed. */
static ks_next idle_handle_ask(idle *self, ks_int *reply)
{
    *reply = self->fired_after;
    return ks_reply();
}

static ks_next idle_handle_known(idle *self, const ks_text *text)
{
    trace_add(self->trace, 'k');
    return ks_noreply();
}

static ks_next idle_handle_info(idle *self, const ks_msg *msg)
{
    trace_add(self->trace, ks_as(ks_exited, msg) ? 'E' : 'i');
    return ks_noreply();
}

static ks_next idle_handle_timeout(idle *self)
{
    trace_add(self->trace, 'T');
    self->fired_after = ks_now() - self->armed_at;
    return ks_noreply();
}

static void idle_format_status(const idle *self, char *buffer, size_t size)
{
    if (size > 0) buffer[0] = 0;
}

KS_GEN_SERVER(idle, .init = idle_init, .handle_timeout = idle_handle_timeout,
    .handle_info = idle_handle_info, .format_status = idle_format_status,
    .ops = KS_OPS(idle, arm, touch, ask, known));

/* --- the scenarios ---------------------------------------------------------------------------- */
static trace seen;

static ks_pid start(ks_ms first)
{
    ks_pid server;
    seen = (trace){ 0 };
    KS_CHECK_OK(ks_start(KS_CHILD(idle, .first = first, .trace = &seen), &server));
    return server;
}

static ks_ms fired_after(ks_pid server)
{
    ks_int after;
    KS_CHECK_OK(idle_call_ask(server, &after, 1000));
    return after;
}

static void it_fires_once_and_not_early(void)
{
    ks_pid server = start(KS_INFINITY);
    idle_cast_arm(server, &(ks_int){ 100 });
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "aT"));
    KS_CHECK(fired_after(server) >= 100);
    KS_CHECK(fired_after(server) < 150);
    kill_and_wait(server);
}

static void init_may_arm_it(void)
{
    ks_pid server = start(50);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "T"));
    KS_CHECK(fired_after(server) >= 50);
    kill_and_wait(server);
}

static void a_handler_may_arm_it_again(void)
{
    ks_pid server = start(KS_INFINITY);
    idle_cast_arm(server, &(ks_int){ 100 });
    for (int i = 0; i < 5; i++) {
        ks_sleep(60);
        idle_cast_arm(server, &(ks_int){ 100 });
    }
    ks_sleep(60);
    KS_CHECK(trace_is(&seen, "aaaaaa"));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "aaaaaaT"));
    kill_and_wait(server);
}

/* --- any message cancels it ------------------------------------------------------------------- */
static void a_cast_cancels_it(void)
{
    ks_pid server = start(100);
    ks_sleep(50);
    idle_cast_touch(server, &(ks_int){ 0 });
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "c"));
    kill_and_wait(server);
}

static void a_call_cancels_it(void)
{
    ks_pid server = start(100);
    ks_sleep(50);
    KS_CHECK(fired_after(server) == 0);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, ""));
    kill_and_wait(server);
}

static void an_info_with_a_handler_cancels_it(void)
{
    ks_pid server = start(100);
    ks_sleep(50);
    ks_send(server, ks_text, &ks_lit("hello"));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "k"));
    kill_and_wait(server);
}

static void an_unexpected_info_cancels_it(void)
{
    ks_pid server = start(100);
    ks_sleep(50);
    ks_send(server, ks_int, &(ks_int){ 1 });
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "i"));
    kill_and_wait(server);
}

/* From a process that is not the parent. */
static void sends_normal(void *arg) { ks_exit_process(*(const ks_pid *)arg, KS_NORMAL); }

static void a_trapped_exit_cancels_it(void)
{
    ks_pid server = start(100);
    ks_sleep(50);
    ks_spawn(sends_normal, &server);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "E"));
    kill_and_wait(server);
}

/* The wait begins when the handler has returned, however long it took. */
static void a_slow_handler_does_not_eat_the_time(void)
{
    ks_pid server = start(100);
    idle_cast_touch(server, &(ks_int){ 500 });
    idle_cast_arm(server, &(ks_int){ 100 });
    ks_sleep(550);
    KS_CHECK(trace_is(&seen, "ca"));
    ks_sleep(500);
    KS_CHECK(trace_is(&seen, "caT"));
    KS_CHECK(fired_after(server) >= 100);
    kill_and_wait(server);
}

/* --- a system message starts it again --------------------------------------------------------- */
static void a_system_message_restarts_it(void)
{
    ks_pid server = start(100);
    char status[16];
    ks_sleep(60);
    KS_CHECK_OK(ks_format_status(server, status, sizeof status, 1000));
    ks_sleep(60);
    KS_CHECK(trace_is(&seen, ""));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "T"));
    KS_CHECK(fired_after(server) >= 160);
    kill_and_wait(server);
}

/* --- zero: after the queue -------------------------------------------------------------------- */
static void zero_fires_after_the_queue(void)
{
    ks_pid server = start(KS_INFINITY);
    idle_cast_touch(server, &(ks_int){ 50 });
    ks_sleep(10);
    for (int i = 0; i < 3; i++) idle_cast_arm(server, &(ks_int){ 0 });
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "caaaT"));
    kill_and_wait(server);
}

static void zero_is_cancelled_by_what_is_queued(void)
{
    ks_pid server = start(KS_INFINITY);
    idle_cast_touch(server, &(ks_int){ 50 });
    ks_sleep(10);
    idle_cast_arm(server, &(ks_int){ 0 });
    idle_cast_touch(server, &(ks_int){ 0 });
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "cac"));
    kill_and_wait(server);
}

static void zero_on_an_empty_queue_fires_at_once(void)
{
    ks_pid server = start(0);
    ks_sleep(20);
    KS_CHECK(trace_is(&seen, "T"));
    idle_cast_arm(server, &(ks_int){ 0 });
    ks_sleep(20);
    KS_CHECK(trace_is(&seen, "TaT"));
    KS_CHECK(fired_after(server) < 20);
    kill_and_wait(server);
}

/* As without handle_continue: what a verdict asks for must be there. */
KS_MODULE(mute, void);
KS_CAST(mute, arm, void);
struct mute {
    int unused;
};
static ks_next mute_handle_arm(mute *self) { return ks_after(ks_noreply(), 100); }
KS_GEN_SERVER(mute, .ops = KS_OPS(mute, arm));

static void without_a_handler_the_server_ends(void)
{
    ks_pid server;
    ks_ref monitor;
    forget_reports();
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(mute), &server, &monitor));
    ks_ms begin = ks_now();
    mute_cast_arm(server);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_UNDEF && ks_now() - begin >= 100);
    KS_CHECK(reported("mute has no handle_timeout", "undef"));
}

int main(void)
{
    return run_scenarios("rule 17", 100,
        SCENARIOS(SCENARIO(it_fires_once_and_not_early), SCENARIO(init_may_arm_it),
            SCENARIO(a_handler_may_arm_it_again), SCENARIO(a_cast_cancels_it),
            SCENARIO(a_call_cancels_it), SCENARIO(an_info_with_a_handler_cancels_it),
            SCENARIO(an_unexpected_info_cancels_it), SCENARIO(a_trapped_exit_cancels_it),
            SCENARIO(a_slow_handler_does_not_eat_the_time), SCENARIO(a_system_message_restarts_it),
            SCENARIO(zero_fires_after_the_queue), SCENARIO(zero_is_cancelled_by_what_is_queued),
            SCENARIO(zero_on_an_empty_queue_fires_at_once),
            SCENARIO(without_a_handler_the_server_ends)));
}
