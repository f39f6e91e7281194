/* SPDX-License-Identifier: Apache-2.0 */
/* rule_15_reply_stop_test - `stop` with a reply: terminate runs first, and the reply is sent even
 * if terminate fails. */
#include "support/scenario.h"

enum ending { ENDS_WELL, ENDS_SLOWLY, ENDS_BADLY, NEVER_ENDS };
typedef struct last_args {
    int32_t ending;
    trace *trace;
} last_args;
KS_TYPE(last_args, ending, (local, trace));
KS_MODULE(last, last_args);
KS_CALL(last, finish, ks_int, ks_text); /* answered at the end, by ks_reply_stop */
KS_CALL(last, leave, void, ks_text);    /* never answered */
KS_CALL(last, hurry, void, ks_text);    /* answered before the stop */
struct last {
    enum ending ending;
    trace *trace;
    char answer[16];
};

static ks_next last_init(last *self, const last_args *args)
{
    self->ending = (enum ending)args->ending;
    self->trace = args->trace;
    return ks_ok();
}

static ks_next last_handle_finish(last *self, const ks_int *code, ks_text *reply)
{
    trace_add(self->trace, 'h');
    *reply = ks_str(ks_format("code %d", (int)*code));
    return ks_reply_stop(*code ? ks_because((ks_status)*code) : KS_NORMAL);
}

static ks_next last_handle_leave(last *self, ks_text *reply)
{
    *reply = ks_lit("not to be sent");
    return ks_stop(KS_NORMAL);
}

static ks_next last_handle_hurry(last *self, ks_text *reply)
{
    ks_text now = ks_lit("at once");
    last_reply_hurry(last_from_hurry(), &now);
    return ks_stop(KS_NORMAL);
}

static void last_terminate(last *self, ks_reason why)
{
    trace_add(self->trace, 't');
    if (self->ending == ENDS_BADLY) ks_exit(ks_because(KS_USER + 99));
    if (self->ending == ENDS_SLOWLY) ks_sleep(100);
    if (self->ending == NEVER_ENDS) ks_sleep(KS_INFINITY);
    trace_add(self->trace, 'T');
}

KS_GEN_SERVER(last, .init = last_init, .terminate = last_terminate,
    .ops = KS_OPS(last, finish, leave, hurry));

/* --- the scenarios ---------------------------------------------------------------------------- */
static trace seen;

static ks_pid start(enum ending ending, ks_ref *ret_monitor)
{
    ks_pid server;
    seen = (trace){ 0 };
    KS_CHECK_OK(ks_start_monitor(
        KS_CHILD(last, .ending = (int32_t)ending, .trace = &seen), &server, ret_monitor));
    return server;
}

static void terminate_runs_before_the_reply_is_sent(void)
{
    ks_ref monitor;
    ks_pid server = start(ENDS_WELL, &monitor);
    ks_text reply;
    KS_CHECK_OK(last_call_finish(server, &(ks_int){ 0 }, &reply, 1000));
    trace_add(&seen, 'r');
    KS_CHECK(ks_text_eq(reply, ks_lit("code 0")));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, "htTr"));
}

static void the_caller_waits_for_a_slow_terminate(void)
{
    ks_ref monitor;
    ks_pid server = start(ENDS_SLOWLY, &monitor);
    ks_text reply;
    ks_ms begin = ks_now();
    KS_CHECK_OK(last_call_finish(server, &(ks_int){ 0 }, &reply, 1000));
    KS_CHECK(ks_now() - begin >= 100);
    trace_add(&seen, 'r');
    KS_CHECK(trace_is(&seen, "htTr"));
    end_of(monitor);
}

/* The text of the reply was made in the handler: it must last until it leaves. */
static void the_reply_is_sent_although_terminate_fails(void)
{
    ks_ref monitor;
    ks_pid server = start(ENDS_BADLY, &monitor);
    ks_text reply;
    KS_CHECK_OK(last_call_finish(server, &(ks_int){ 5 }, &reply, 1000));
    trace_add(&seen, 'r');
    KS_CHECK(ks_text_eq(reply, ks_lit("code 5")));
    KS_CHECK(trace_is(&seen, "htr"));
    KS_CHECK(
        end_of(monitor).code == KS_USER + 99); /* the failure of terminate replaces the reason */
}

static void the_reason_is_the_one_of_the_stop(void)
{
    ks_ref monitor;
    ks_pid server = start(ENDS_WELL, &monitor);
    ks_text reply;
    KS_CHECK_OK(last_call_finish(server, &(ks_int){ KS_USER + 5 }, &reply, 1000));
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_USER + 5);
}

/* The reply comes before the DOWN; and who waits in the queue behind is told, too. */
static void calls_queue(void *arg)
{
    ks_text reply;
    ks_status status = last_call_finish(*(const ks_pid *)arg, &(ks_int){ 0 }, &reply, KS_INFINITY);
    trace_add(&seen, status == KS_OK ? 'o' : status == KS_NOPROC ? 'n' : '?');
}

static void whoever_is_queued_behind_gets_noproc(void)
{
    ks_ref monitor, callers[3];
    ks_pid server = start(ENDS_SLOWLY, &monitor);
    for (int i = 0; i < 3; i++) ks_spawn_monitor(calls_queue, &server, &callers[i]);
    for (int i = 0; i < 3; i++) KS_CHECK(ended_with(callers[i], KS_REASON_NORMAL));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    int answered = 0, refused = 0;
    for (size_t i = 0; i < seen.len; i++) {
        answered += seen.text[i] == 'o';
        refused += seen.text[i] == 'n';
    }
    KS_CHECK(answered == 1 && refused == 2);
}

static void a_stop_without_a_reply_gives_noproc(void)
{
    ks_ref monitor;
    ks_pid server = start(ENDS_SLOWLY, &monitor);
    ks_text reply = ks_lit("untouched");
    KS_CHECK(last_call_leave(server, &reply, 1000) == KS_NOPROC);
    KS_CHECK(ks_text_eq(reply, ks_lit("untouched")));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, "tT"));
}

static void an_answer_before_the_stop_does_not_wait_for_terminate(void)
{
    ks_ref monitor;
    ks_pid server = start(ENDS_SLOWLY, &monitor);
    ks_text reply;
    ks_ms begin = ks_now();
    KS_CHECK_OK(last_call_hurry(server, &reply, 1000));
    KS_CHECK(ks_text_eq(reply, ks_lit("at once")));
    KS_CHECK(ks_now() - begin < 100);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

/* A caller that does not wait that long has gone: its reply is dropped, the server ends. */
static void a_caller_may_time_out_during_terminate(void)
{
    ks_ref monitor;
    ks_pid server = start(ENDS_SLOWLY, &monitor);
    ks_text reply;
    KS_CHECK(last_call_finish(server, &(ks_int){ 0 }, &reply, 50) == KS_TIMEOUT);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, "htT"));
    KS_CHECK(nothing_comes());
}

static void kills_soon(void *arg)
{
    ks_sleep(50);
    ks_exit_process(*(const ks_pid *)arg, KS_KILL);
}

/* The reply is sent when terminate is through. Killed before, it was never sent. */
static void a_kill_in_terminate_ends_the_call(void)
{
    ks_ref monitor;
    ks_pid server = start(NEVER_ENDS, &monitor);
    ks_text reply;
    ks_spawn(kills_soon, &server);
    KS_CHECK(last_call_finish(server, &(ks_int){ 0 }, &reply, KS_INFINITY) == KS_NOPROC);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    KS_CHECK(trace_is(&seen, "ht"));
}

static void asks_to_finish(void *arg)
{
    last_finish_request request = last_send_finish(*(const ks_pid *)arg, &(ks_int){ 0 });
    ks_text reply;
    KS_CHECK(last_wait_finish(request, &reply, KS_INFINITY) == KS_NOPROC);
}

/* The same of an asynchronous request: one response, which tells of the end. */
static void a_kill_in_terminate_ends_the_request(void)
{
    ks_ref monitor, asker;
    ks_pid server = start(NEVER_ENDS, &monitor);
    ks_spawn(kills_soon, &server);
    ks_spawn_monitor(asks_to_finish, &server, &asker);
    KS_CHECK(ended_with(asker, KS_REASON_NORMAL));
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

int main(void)
{
    return run_scenarios("rule 15", 100,
        SCENARIOS(SCENARIO(terminate_runs_before_the_reply_is_sent),
            SCENARIO(the_caller_waits_for_a_slow_terminate),
            SCENARIO(the_reply_is_sent_although_terminate_fails),
            SCENARIO(the_reason_is_the_one_of_the_stop),
            SCENARIO(whoever_is_queued_behind_gets_noproc),
            SCENARIO(a_stop_without_a_reply_gives_noproc),
            SCENARIO(an_answer_before_the_stop_does_not_wait_for_terminate),
            SCENARIO(a_caller_may_time_out_during_terminate),
            SCENARIO(a_kill_in_terminate_ends_the_call),
            SCENARIO(a_kill_in_terminate_ends_the_request)));
}
