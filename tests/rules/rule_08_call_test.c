/* SPDX-License-Identifier: Apache-2.0 */
/* rule_08_call_test - a call is monitor, alias and time-out. On time-out the caller takes a reply
 * that just arrived, and then never again sees one, nor a DOWN. */
#include "support/scenario.h"
#include <kiosk/timer.h>

/* --- a server that answers late, in every way there is ---------------------------------------- */
typedef struct echo {
    int64_t value;
    ks_ms delay; /* before the answer */
} echo;
KS_TYPE(echo, value, delay);
KS_MODULE(slow, void);
KS_CALL(slow, block, echo, ks_int); /* sleeps in the handler */
KS_CALL(slow, defer, echo, ks_int); /* answers later */
KS_CALL(slow, twice, echo, ks_int); /* answers twice */
KS_CALL(slow, fail, void, void);    /* ends without an answer */
KS_CALL(slow, delivered, void, ks_int);
KS_CAST(slow, answer, ks_int);
struct slow {
    slow_defer_from from;
    int64_t handled, delivered;
};

static ks_next slow_handle_block(slow *self, const echo *request, ks_int *reply)
{
    self->handled++;
    ks_sleep(request->delay);
    *reply = request->value;
    return ks_reply();
}

static ks_next slow_handle_defer(slow *self, const echo *request, ks_int *reply)
{
    self->from = slow_from_defer();
    slow_cast_after_answer(request->delay, ks_self(), &request->value);
    return ks_noreply();
}

static ks_next slow_handle_answer(slow *self, const ks_int *value)
{
    bool waited = slow_waits_defer(self->from);
    bool delivered = slow_reply_defer(self->from, value);
    KS_CHECK(waited || !delivered); /* it may give up between, on another scheduler */
    self->delivered += delivered;
    KS_CHECK(!slow_waits_defer(self->from));
    return ks_noreply();
}

static ks_next slow_handle_twice(slow *self, const echo *request, ks_int *reply)
{
    slow_twice_from from = slow_from_twice();
    int64_t first = request->value, second = first + 1;
    self->delivered += slow_reply_twice(from, &first);
    self->delivered += slow_reply_twice(from, &second);
    return ks_noreply();
}

static ks_next slow_handle_fail(slow *self) { return ks_stop(KS_SHUTDOWN); }

static ks_next slow_handle_delivered(slow *self, ks_int *reply)
{
    *reply = self->delivered * 100 + self->handled;
    self->delivered = self->handled = 0;
    return ks_reply();
}

KS_GEN_SERVER(slow, .ops = KS_OPS(slow, block, defer, twice, fail, delivered, answer));

static ks_pid start_slow(void)
{
    ks_pid server;
    KS_CHECK_OK(ks_start(KS_CHILD(slow), &server));
    return server;
}

/* --- time-outs -------------------------------------------------------------------------------- */
static void a_late_reply_is_never_seen(void)
{
    ks_pid server = start_slow();
    ks_int reply = -1;
    ks_ms begin = ks_now();
    KS_CHECK(slow_call_block(server, &(echo){ 1, 100 }, &reply, 50) == KS_TIMEOUT);
    KS_CHECK(ks_now() - begin >= 50);
    KS_CHECK(reply == -1);
    KS_CHECK(nothing_comes());
    KS_CHECK(reply == -1);
    kill_and_wait(server);
}

/* The answer to the call that was given up comes while the next one waits. */
static void a_late_reply_does_not_answer_the_next_call(void)
{
    ks_pid first = start_slow(), second = start_slow();
    ks_int reply = -1;
    KS_CHECK(slow_call_defer(first, &(echo){ 1, 60 }, &reply, 50) == KS_TIMEOUT);
    KS_CHECK_OK(slow_call_block(second, &(echo){ 2, 100 }, &reply, 1000));
    KS_CHECK(reply == 2);
    KS_CHECK(slow_call_block(first, &(echo){ 3, 60 }, &reply, 50) == KS_TIMEOUT);
    KS_CHECK_OK(slow_call_block(first, &(echo){ 4, 1 }, &reply, 1000));
    KS_CHECK(reply == 4);
    KS_CHECK(nothing_comes());
    kill_and_wait(first);
    kill_and_wait(second);
}

static void a_second_answer_goes_nowhere(void)
{
    ks_pid server = start_slow();
    ks_int reply;
    for (int i = 1; i <= 3; i++) {
        KS_CHECK_OK(slow_call_twice(server, &(echo){ .value = 10 * i }, &reply, 1000));
        KS_CHECK(reply == 10 * i);
    }
    KS_CHECK_OK(slow_call_delivered(server, &reply, 1000));
    KS_CHECK(reply == 300);
    KS_CHECK(nothing_comes());
    kill_and_wait(server);
}

/* Answer and time-out fall together: whoever wins, both sides know the same. */
static void answered_and_gave_up_is_one_decision(void)
{
    ks_pid server = start_slow();
    for (ks_ms delay = 48; delay <= 52; delay++) {
        ks_int reply = -1, delivered;
        ks_status status = slow_call_defer(server, &(echo){ 7, delay }, &reply, 50);
        KS_CHECK(status == KS_OK || status == KS_TIMEOUT);
        KS_CHECK(reply == (status ? -1 : 7));
        ks_sleep(20);
        KS_CHECK_OK(slow_call_delivered(server, &delivered, 1000));
        KS_CHECK(delivered == (status ? 0 : 100));
    }
    KS_CHECK(nothing_comes());
    kill_and_wait(server);
}

static void no_down_after_a_time_out(void)
{
    ks_pid server = start_slow();
    ks_int reply;
    KS_CHECK(slow_call_block(server, &(echo){ 1, 100 }, &reply, 50) == KS_TIMEOUT);
    kill_and_wait(server);
    KS_CHECK(nothing_comes());
}

static void no_down_after_a_reply(void)
{
    ks_pid server = start_slow();
    ks_int reply;
    KS_CHECK_OK(slow_call_block(server, &(echo){ 1, 1 }, &reply, 50));
    kill_and_wait(server);
    KS_CHECK(nothing_comes());
}

/* A request whose caller is gone is not worth the work. */
static void an_expired_request_is_not_handled(void)
{
    ks_pid server = start_slow();
    ks_int reply;
    KS_CHECK(slow_call_block(server, &(echo){ 1, 200 }, &reply, 10) == KS_TIMEOUT);
    for (int i = 0; i < 3; i++)
        KS_CHECK(slow_call_block(server, &(echo){ 1, 1 }, &reply, 10) == KS_TIMEOUT);
    KS_CHECK_OK(slow_call_delivered(server, &reply, 1000));
    KS_CHECK(reply == 1);
    kill_and_wait(server);
}

/* --- the monitor ------------------------------------------------------------------------------ */
static void a_server_that_ends_ends_the_call_at_once(void)
{
    ks_pid server = start_slow();
    ks_ms begin = ks_now();
    KS_CHECK(slow_call_fail(server, KS_INFINITY) == KS_NOPROC);
    KS_CHECK(ks_now() - begin < 100);
    KS_CHECK(slow_call_fail(server, KS_INFINITY) == KS_NOPROC);
    KS_CHECK(nothing_comes());
}

static void kills_soon(void *arg)
{
    ks_sleep((ks_ms)ks_random(20));
    ks_exit_process(*(const ks_pid *)arg, KS_KILL);
}

/* Whatever the server is doing with the request: handling, deferring, or not yet. */
static void a_killed_server_ends_the_call_at_once(void)
{
    for (int deferred = 0; deferred < 2; deferred++) {
        ks_pid server = start_slow();
        ks_int reply;
        ks_ms begin = ks_now();
        ks_spawn(kills_soon, &server);
        ks_status status = deferred
            ? slow_call_defer(server, &(echo){ 1, 5000 }, &reply, KS_INFINITY)
            : slow_call_block(server, &(echo){ 1, 5000 }, &reply, KS_INFINITY);
        KS_CHECK(status == KS_NOPROC);
        KS_CHECK(ks_now() - begin < 1000);
        KS_CHECK(nothing_comes());
    }
}

/* --- the caller that died --------------------------------------------------------------------- */
static void calls_with_defer(void *arg)
{
    ks_int reply;
    ks_status status =
        slow_call_defer(*(const ks_pid *)arg, &(echo){ 1, 100 }, &reply, KS_INFINITY);
    KS_CHECK(status == KS_OK);
}

static void an_answer_to_a_dead_caller_says_so(void)
{
    ks_pid server = start_slow(), caller = ks_spawn(calls_with_defer, &server);
    ks_int delivered;
    ks_sleep(50);
    kill_and_wait(caller);
    ks_sleep(100);
    KS_CHECK_OK(slow_call_delivered(server, &delivered, 1000));
    KS_CHECK(delivered == 0);
    kill_and_wait(server);
}

/* A mailbox that is in use is left as it was. */
static void a_call_leaves_the_mailbox_alone(void)
{
    ks_pid server = start_slow();
    ks_int reply;
    for (ks_int i = 0; i < 3; i++) ks_send(ks_self(), ks_int, &i);
    KS_CHECK_OK(slow_call_block(server, &(echo){ 9, 1 }, &reply, 1000));
    KS_CHECK(slow_call_block(server, &(echo){ 1, 100 }, &reply, 50) == KS_TIMEOUT);
    for (ks_int i = 0; i < 3; i++) {
        const ks_int *number = ks_receive_as(ks_int, 0);
        KS_CHECK(number && *number == i);
    }
    KS_CHECK(reply == 9);
    kill_and_wait(server);
    KS_CHECK(nothing_comes());
}

int main(void)
{
    return run_scenarios("rule 8", 100,
        SCENARIOS(SCENARIO(a_late_reply_is_never_seen),
            SCENARIO(a_late_reply_does_not_answer_the_next_call),
            SCENARIO(a_second_answer_goes_nowhere), SCENARIO(answered_and_gave_up_is_one_decision),
            SCENARIO(no_down_after_a_time_out), SCENARIO(no_down_after_a_reply),
            SCENARIO(an_expired_request_is_not_handled),
            SCENARIO(a_server_that_ends_ends_the_call_at_once),
            SCENARIO(a_killed_server_ends_the_call_at_once),
            SCENARIO(an_answer_to_a_dead_caller_says_so),
            SCENARIO(a_call_leaves_the_mailbox_alone)));
}
