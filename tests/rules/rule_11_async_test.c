/* SPDX-License-Identifier: Apache-2.0 */
/* rule_11_async_test - asynchronous requests: wait keeps the request alive after a time-out,
 * receive abandons it; nobody there is an error response, as is the server's end. A response comes
 * exactly once, and never after ks_abandon. Kills: kill_requests_test.c. */
#include "support/scenario.h"
#include <kiosk/timer.h>

/* --- a server that answers in every way there is ---------------------------------------------- */
typedef struct echo {
    ks_text text;
    ks_ms delay; /* before the answer */
} echo;
KS_TYPE(echo, text, delay);
KS_MODULE(slow, void);
KS_CALL(slow, now, echo, ks_text);
KS_CALL(slow, block, echo, ks_text); /* sleeps in the handler */
KS_CALL(slow, defer, echo, ks_text); /* answers later */
KS_CALL(slow, left, void, ks_int);   /* what the request may take */
KS_CALL(slow, fail, void, void);
KS_CALL(slow, leave, void, void);
KS_CALL(slow, last, void, ks_text); /* answers, and ends */
KS_CALL(slow, handled, void, ks_int);
KS_CALL(slow, delivered, void, ks_int);
KS_CAST(slow, answer, void);
struct slow {
    slow_defer_from from[100]; /* answered in order */
    int first, count;
    int64_t handled, delivered;
};

static ks_next slow_handle_now(slow *self, const echo *request, ks_text *reply)
{
    self->handled++;
    *reply = request->text;
    return ks_reply();
}

static ks_next slow_handle_block(slow *self, const echo *request, ks_text *reply)
{
    self->handled++;
    ks_sleep(request->delay);
    *reply = request->text;
    return ks_reply();
}

static ks_next slow_handle_defer(slow *self, const echo *request, ks_text *reply)
{
    self->handled++;
    KS_CHECK(self->count < 100);
    self->from[self->count++] = slow_from_defer();
    slow_cast_after_answer(request->delay, ks_self());
    return ks_noreply();
}

static ks_next slow_handle_answer(slow *self)
{
    slow_defer_from from = self->from[self->first++];
    bool waited = slow_waits_defer(from);
    bool delivered = slow_reply_defer(from, &ks_lit("deferred"));
    KS_CHECK(waited || !delivered); /* it may be given up in between */
    KS_CHECK(!slow_waits_defer(from));
    KS_CHECK(!slow_reply_defer(from, &ks_lit("again")));
    KS_CHECK(!slow_fail_defer(from, KS_FULL));
    self->delivered += delivered;
    return ks_noreply();
}

static ks_next slow_handle_left(slow *self, ks_int *reply)
{
    *reply = ks_time_left();
    return ks_reply();
}

static ks_next slow_handle_fail(slow *self) { return ks_fail(KS_USER + 7); }
static ks_next slow_handle_leave(slow *self) { return ks_stop(KS_SHUTDOWN); }

static ks_next slow_handle_last(slow *self, ks_text *reply)
{
    *reply = ks_lit("last words");
    return ks_reply_stop(KS_SHUTDOWN);
}

static ks_next slow_handle_handled(slow *self, ks_int *reply)
{
    *reply = self->handled;
    return ks_reply();
}

static ks_next slow_handle_delivered(slow *self, ks_int *reply)
{
    *reply = self->delivered;
    return ks_reply();
}

static void slow_terminate(slow *self, ks_reason why) { ks_sleep(3); }

KS_GEN_SERVER(slow, .terminate = slow_terminate,
    .ops = KS_OPS(slow, now, block, defer, left, fail, leave, last, handled, delivered, answer));

static ks_pid start_slow(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(slow), &pid));
    return pid;
}

static const echo *after(ks_ms delay)
{
    static echo request;
    request = (echo){ ks_lit("a text"), delay };
    return &request;
}

static void is_text(ks_status status, ks_text text, const char *expected)
{
    KS_CHECK_OK(status);
    KS_CHECK(ks_text_eq(text, ks_str(expected)));
}

/* --- waiting ---------------------------------------------------------------------------------- */
static void an_answer_is_waited_for(void)
{
    ks_pid server = start_slow();
    ks_text text;
    slow_now_request now = slow_send_now(server, after(0));
    slow_block_request block = slow_send_block(server, after(5));
    slow_defer_request defer = slow_send_defer(server, after(5));
    slow_fail_request fail = slow_send_fail(server);
    /* In any order. */
    KS_CHECK(slow_wait_fail(fail, 1000) == KS_USER + 7);
    is_text(slow_wait_defer(defer, &text, 1000), text, "deferred");
    is_text(slow_wait_block(block, &text, KS_INFINITY), text, "a text");
    is_text(slow_wait_now(now, &text, 0), text, "a text"); /* it came long ago */
    KS_CHECK(slow_wait_now(now, &text, 1000) == KS_NOT_FOUND);
    kill_and_wait(server);
    KS_CHECK(nothing_comes());
}

static void wait_keeps_the_request(void)
{
    ks_pid server = start_slow();
    ks_text text;
    ks_ms begin = ks_now();
    slow_block_request block = slow_send_block(server, after(50));
    slow_defer_request defer = slow_send_defer(server, after(100));
    for (int i = 0; i < 3; i++) KS_CHECK(slow_wait_block(block, &text, 10) == KS_TIMEOUT);
    KS_CHECK(ks_now() - begin >= 30 && ks_now() - begin < 50);
    KS_CHECK(slow_wait_defer(defer, &text, 0) == KS_TIMEOUT);
    is_text(slow_wait_block(block, &text, 1000), text, "a text");
    is_text(slow_wait_defer(defer, &text, 1000), text, "deferred");
    kill_and_wait(server);
    KS_CHECK(nothing_comes());
}

static void receive_abandons_the_request(void)
{
    ks_pid server = start_slow();
    ks_text text;
    ks_int handled, delivered;
    slow_defer_request defer = slow_send_defer(server, after(50));
    slow_block_request block = slow_send_block(server, after(50));
    slow_block_request queued = slow_send_block(server, after(50));
    KS_CHECK(slow_receive_block(queued, &text, 5) == KS_TIMEOUT);
    KS_CHECK(slow_receive_block(block, &text, 5) == KS_TIMEOUT);
    KS_CHECK(slow_receive_defer(defer, &text, 5) == KS_TIMEOUT);
    KS_CHECK(slow_wait_defer(defer, &text, 1000) == KS_NOT_FOUND);
    ks_sleep(200);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
    KS_CHECK_OK(slow_call_delivered(server, &delivered, 1000));
    KS_CHECK(delivered == 0);
    KS_CHECK_OK(slow_call_handled(server, &handled, 1000));
    KS_CHECK(handled == 2); /* the queued one was never begun */
    slow_now_request now = slow_send_now(server, after(0));
    is_text(slow_receive_now(now, &text, 1000), text, "a text");
    kill_and_wait(server);
    KS_CHECK(nothing_comes());
}

/* A time-out about the moment of the answer: one of the two, and nothing afterwards. */
static void a_time_out_meets_the_answer(void)
{
    ks_pid server = start_slow();
    for (ks_ms timeout = 3; timeout < 8; timeout++) {
        ks_text text;
        slow_defer_request defer = slow_send_defer(server, after(5));
        ks_status status = slow_receive_defer(defer, &text, timeout);
        if (status != KS_TIMEOUT) is_text(status, text, "deferred");
        ks_sleep(20);
        KS_CHECK(ks_mailbox_length(ks_self()) == 0);
    }
    kill_and_wait(server);
}

/* --- failures are responses ------------------------------------------------------------------- */
static void nobody_there_is_a_response(void)
{
    ks_text text;
    ks_status status;
    ks_pid gone = start_slow();
    kill_and_wait(gone);
    slow_now_request named = slow_send_now(ks_named("nobody"), after(0));
    slow_now_request dead = slow_send_now(gone, after(0));
    slow_now_request none = slow_send_now((ks_pid){ 0 }, after(0));
    KS_CHECK(slow_wait_now(named, &text, 0) == KS_NOPROC);
    KS_CHECK(slow_receive_now(dead, &text, 1000) == KS_NOPROC);
    const ks_msg *msg = ks_receive(1000);
    KS_CHECK(slow_check_now(none, msg, &text, &status) && status == KS_NOPROC);
    KS_CHECK(nothing_comes());
}

static void the_end_of_the_server_is_a_response(void)
{
    ks_pid server = start_slow();
    ks_text text;
    slow_defer_request defer = slow_send_defer(server, after(50));
    slow_leave_request leave = slow_send_leave(server);
    slow_now_request queued = slow_send_now(server, after(0));
    KS_CHECK(slow_wait_now(queued, &text, 1000) == KS_NOPROC);
    KS_CHECK(slow_wait_leave(leave, 1000) == KS_NOPROC);
    KS_CHECK(slow_wait_defer(defer, &text, 1000) == KS_NOPROC);
    server = start_slow();
    slow_last_request last = slow_send_last(server);
    is_text(slow_wait_last(last, &text, 1000), text, "last words");
    KS_CHECK(nothing_comes());
}

/* A plain process serves nothing; a server of another kind neither. */
KS_MODULE(other, void);
KS_CAST(other, nothing, void);
struct other {
    int unused;
};
static ks_next other_handle_nothing(other *self) { return ks_noreply(); }
KS_GEN_SERVER(other, .ops = KS_OPS(other, nothing));

static void receives(void *arg) { (void)ks_receive(100); }
static void a_wrong_server_is_a_response(void)
{
    ks_pid server;
    ks_text text;
    KS_CHECK_OK(ks_start(KS_CHILD(other), &server));
    slow_now_request wrong = slow_send_now(server, after(0));
    slow_now_request plain = slow_send_now(ks_spawn(receives, NULL), after(0));
    KS_CHECK(slow_wait_now(wrong, &text, 1000) == KS_UNDEF);
    KS_CHECK(slow_wait_now(plain, &text, 1000) == KS_UNDEF);
    ks_sleep(200);
    kill_and_wait(server);
}

static void a_full_mailbox_is_a_response(void)
{
    ks_pid server;
    ks_text text;
    slow_block_request requests[10];
    KS_CHECK_OK(ks_start(&(ks_child){ KS_START(slow), .mailbox_max = 3 }, &server));
    for (int i = 0; i < 10; i++) requests[i] = slow_send_block(server, after(10));
    int refused = 0;
    for (int i = 0; i < 10; i++) {
        ks_status status = slow_wait_block(requests[i], &text, 1000);
        KS_CHECK(status == KS_OK || status == KS_OVERLOAD);
        refused += status == KS_OVERLOAD;
    }
    KS_CHECK(refused >= 1 && refused <= 7);
    kill_and_wait(server);
}

/* --- responses as messages -------------------------------------------------------------------- */
static void abandoned_is_never_seen(void)
{
    ks_pid server = start_slow();
    ks_text text;
    slow_now_request came = slow_send_now(server, after(0));
    slow_defer_request late = slow_send_defer(server, after(20));
    ks_sleep(5);
    KS_CHECK(ks_mailbox_length(ks_self()) == 1);
    ks_abandon(came.raw);
    ks_abandon(late.raw);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
    ks_abandon(late.raw); /* over: nothing */
    ks_abandon((ks_request){ 0 });
    KS_CHECK(slow_wait_now(came, &text, 100) == KS_NOT_FOUND);
    ks_sleep(100);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
    kill_and_wait(server);
}

static void each_answers_its_own_request(void)
{
    enum { COUNT = 5 };
    ks_pid server = start_slow();
    slow_defer_request requests[COUNT];
    bool answered[COUNT] = { 0 };
    for (int i = 0; i < COUNT; i++) requests[i] = slow_send_defer(server, after(5 + i));
    for (int n = 0; n < COUNT; n++) {
        const ks_msg *msg = ks_receive(1000);
        const ks_response *response = ks_as(ks_response, msg);
        KS_CHECK(response && response->status == KS_OK);
        int fits = 0;
        for (int i = 0; i < COUNT; i++) {
            ks_text text;
            ks_status status;
            if (!slow_check_defer(requests[i], msg, &text, &status)) continue;
            is_text(status, text, "deferred");
            KS_CHECK(!answered[i] && ks_same_ref(response->ref, requests[i].raw.ref));
            answered[i] = true;
            fits++;
        }
        KS_CHECK(fits == 1);
    }
    kill_and_wait(server);
    KS_CHECK(nothing_comes());
}

/* A copy of a response is a message like any other, and nobody's answer. */
static void a_copy_answers_nothing(void)
{
    ks_pid server = start_slow();
    ks_text text;
    ks_status status;
    slow_now_request request = slow_send_now(server, after(0));
    const ks_msg *msg = ks_receive(1000);
    KS_CHECK(slow_check_now(request, msg, &text, &status) && status == KS_OK);
    KS_CHECK_OK(ks_send(ks_self(), ks_response, ks_as(ks_response, msg)));
    msg = ks_receive(1000);
    KS_CHECK(ks_as(ks_response, msg) && !slow_check_now(request, msg, &text, &status));
    kill_and_wait(server);
}

/* --- a server that asks ----------------------------------------------------------------------- */
KS_MODULE(asker, ks_pid);
KS_CALL(asker, ask, ks_int, ks_text);   /* answered when the response came */
KS_CALL(asker, within, ks_int, ks_int); /* waits in the handler */
struct asker {
    ks_pid server;
    slow_defer_request request;
    asker_ask_from from;
};

static ks_next asker_init(asker *self, const ks_pid *server)
{
    self->server = *server;
    return ks_ok();
}

static ks_next asker_handle_ask(asker *self, const ks_int *delay, ks_text *reply)
{
    self->from = asker_from_ask();
    self->request = slow_send_defer(self->server, after(*delay));
    return ks_noreply();
}

static ks_next asker_handle_within(asker *self, const ks_int *timeout, ks_int *reply)
{
    ks_text text;
    slow_defer_request request = slow_send_defer(self->server, after(1000));
    *reply = slow_receive_defer(request, &text, *timeout);
    return ks_reply();
}

static ks_next asker_handle_info(asker *self, const ks_msg *msg)
{
    ks_text text;
    ks_status status;
    if (!slow_check_defer(self->request, msg, &text, &status))
        return ks_unexpected_(&asker_module, msg);
    if (status)
        asker_fail_ask(self->from, status);
    else
        asker_reply_ask(self->from, &text);
    return ks_noreply();
}

KS_GEN_SERVER(
    asker, .init = asker_init, .handle_info = asker_handle_info, .ops = KS_OPS(asker, ask, within));

static void responses_are_infos_of_a_server(void)
{
    ks_pid server = start_slow(), pid;
    ks_text text;
    ks_int status, left;
    KS_CHECK_OK(ks_start(&(ks_child){ KS_START_WITH(asker, &server) }, &pid));
    is_text(asker_call_ask(pid, &(ks_int){ 10 }, &text, 1000), text, "deferred");
    /* A deadline holds for a wait, too; not for the request: that is nobody's time to give. */
    KS_CHECK(asker_call_within(pid, &(ks_int){ 5 }, &status, 1000) == KS_OK);
    KS_CHECK(status == KS_TIMEOUT);
    slow_left_request request = slow_send_left(server);
    KS_CHECK_OK(slow_wait_left(request, &left, 10));
    KS_CHECK(left == KS_INFINITY);
    /* Both time-outs are due at once; which is seen first is nobody's to say. */
    ks_status late = asker_call_within(pid, &(ks_int){ 500 }, &status, 5);
    KS_CHECK(late == KS_TIMEOUT || (late == KS_OK && status == KS_DEADLINE));
    is_text(asker_call_ask(pid, &(ks_int){ 10 }, &text, 5000), text, "deferred");
    kill_and_wait(server);
    KS_CHECK(asker_call_ask(pid, &(ks_int){ 10 }, &text, 1000) == KS_NOPROC);
    kill_and_wait(pid);
}

/* --- the end of the requester ----------------------------------------------------------------- */
static void asks_and_ends(void *arg)
{
    const ks_pid *server = arg;
    (void)slow_send_now(*server, after(0)).raw;
    (void)slow_send_block(*server, after(10)).raw;
    (void)slow_send_defer(*server, after(10)).raw;
    (void)slow_send_now(ks_named("nobody"), after(0)).raw;
}

static void requests_die_with_their_process(void)
{
    ks_pid server = start_slow();
    ks_ref end;
    ks_int delivered;
    ks_spawn_monitor(asks_and_ends, &server, &end);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    ks_sleep(100);
    KS_CHECK_OK(slow_call_delivered(server, &delivered, 1000));
    KS_CHECK(delivered == 0);
    kill_and_wait(server);
}

static void waits_for_anothers(void *arg)
{
    ks_text text;
    slow_defer_request request = *(const slow_defer_request *)arg;
    KS_CHECK(slow_wait_defer(request, &text, 100) == KS_NOT_FOUND);
    ks_abandon(request.raw);
}

static void only_the_requester_may_wait(void)
{
    ks_pid server = start_slow();
    ks_text text;
    ks_ref end;
    slow_defer_request request = slow_send_defer(server, after(50));
    ks_spawn_monitor(waits_for_anothers, &request, &end);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    is_text(slow_wait_defer(request, &text, 1000), text, "deferred");
    kill_and_wait(server);
}

int main(void)
{
    return run_scenarios("rule 11", 100,
        SCENARIOS(SCENARIO(an_answer_is_waited_for), SCENARIO(wait_keeps_the_request),
            SCENARIO(receive_abandons_the_request), SCENARIO(a_time_out_meets_the_answer),
            SCENARIO(nobody_there_is_a_response), SCENARIO(the_end_of_the_server_is_a_response),
            SCENARIO(a_wrong_server_is_a_response), SCENARIO(a_full_mailbox_is_a_response),
            SCENARIO(abandoned_is_never_seen), SCENARIO(each_answers_its_own_request),
            SCENARIO(a_copy_answers_nothing), SCENARIO(responses_are_infos_of_a_server),
            SCENARIO(requests_die_with_their_process), SCENARIO(only_the_requester_may_wait)));
}
