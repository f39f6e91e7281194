/* SPDX-License-Identifier: Apache-2.0 */
/* deferred_test - answers that come later: any number, in any order, by anybody, at most once. */
#include "support/scenario.h"

#include <kiosk/timer.h>

#include <string.h>

enum { ROOM = 30 };
KS_MODULE(desk, void);
KS_CALL(desk, wait, ks_text, ks_text);
KS_CALL(desk, wrong, void, void);
KS_CALL(desk, forgets, void, void);
KS_CALL(desk, waiting, void, ks_int);
KS_CAST(desk, serve, ks_int);   /* answers the n-th that waits */
KS_CAST(desk, refuse, ks_int);  /* fails it */
KS_CAST(desk, hand_on, ks_int); /* another process answers it */
KS_CAST(desk, close, void);
struct desk {
    desk_wait_from from[ROOM];
    int count, delivered, dropped;
};

static ks_next desk_handle_wait(desk *self, const ks_text *name, ks_text *reply)
{
    KS_CHECK(self->count < ROOM && name->len > 0);
    desk_wait_from from = desk_from_wait();
    KS_CHECK(desk_waits_wait(from));
    self->from[self->count++] = from;
    return ks_noreply();
}

static ks_next desk_handle_wrong(desk *self)
{
    (void)desk_from_wait(); /* the from of another operation: ends us */
    return ks_reply();
}

static ks_next desk_handle_forgets(desk *self) { return ks_noreply(); }

static ks_next desk_handle_waiting(desk *self, ks_int *reply)
{
    *reply = 0;
    for (int i = 0; i < self->count; i++) *reply += desk_waits_wait(self->from[i]);
    return ks_reply();
}

static void count(desk *self, bool delivered)
{
    if (delivered)
        self->delivered++;
    else
        self->dropped++;
}

static ks_next desk_handle_serve(desk *self, const ks_int *index)
{
    ks_text text = ks_str(ks_format("served %d", (int)*index));
    bool waited = desk_waits_wait(self->from[*index]);
    bool delivered = desk_reply_wait(self->from[*index], &text);
    KS_CHECK(delivered == waited);
    KS_CHECK(!desk_reply_wait(self->from[*index], &text)); /* never twice */
    KS_CHECK(!desk_fail_wait(self->from[*index], KS_FULL));
    count(self, delivered);
    return ks_noreply();
}

static ks_next desk_handle_refuse(desk *self, const ks_int *index)
{
    count(self, desk_fail_wait(self->from[*index], KS_USER + 1));
    return ks_noreply();
}

static void answers(void *arg)
{
    ks_sleep(10);
    (void)desk_reply_wait(*(const desk_wait_from *)arg, &ks_lit("by another"));
}

static ks_next desk_handle_hand_on(desk *self, const ks_int *index)
{
    ks_spawn(answers, &self->from[*index]);
    return ks_noreply();
}

static ks_next desk_handle_close(desk *self) { return ks_stop(KS_SHUTDOWN); }

KS_GEN_SERVER(
    desk, .ops = KS_OPS(desk, wait, wrong, forgets, waiting, serve, refuse, hand_on, close));

/* --- clients ---------------------------------------------------------------------------------- */
typedef struct client_args {
    ks_pid desk, teller;
    ks_ms timeout;
    int32_t number;
} client_args;
KS_TYPE(client_args, desk, teller, timeout, number);
typedef struct visited {
    int32_t number, status;
    ks_text text;
} visited;
KS_TYPE(visited, number, status, text);

KS_MODULE(client, client_args);
static void client_main(const client_args *args)
{
    visited result = { .number = args->number };
    const char *name =
        ks_format("client %d, with a name that needs a block of its own", args->number);
    ks_text request = ks_str(name);
    result.status = desk_call_wait(args->desk, &request, &result.text, args->timeout);
    if (result.status) result.text = (ks_text){ NULL, 0 };
    ks_send(args->teller, visited, &result);
}
KS_PROCESS(client);

static void visit(ks_pid to, int number, ks_ms timeout)
{
    KS_CHECK_OK(ks_start(
        KS_CHILD(client, .desk = to, .teller = ks_self(), .timeout = timeout, .number = number),
        NULL));
    ks_sleep(1); /* so that they wait in order */
}

static bool is_visit(const ks_msg *msg, void *arg)
{
    const visited *got = ks_as(visited, msg);
    return got && got->number == *(const int *)arg;
}

static bool got(int number, ks_status status, const char *text)
{
    const visited *result = ks_as(visited, ks_receive_if(is_visit, &number, 10000));
    return result && result->status == status && ks_text_eq(result->text, ks_str(text));
}

static ks_pid start_desk(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(desk), &pid));
    return pid;
}

static void answers_in_any_order_reach_their_callers(void)
{
    ks_pid to = start_desk();
    for (int i = 0; i < 20; i++) visit(to, i, KS_INFINITY);
    for (ks_int i = 0; i < 20; i++) desk_cast_serve(to, &(ks_int){ i * 7 % 20 });
    for (int i = 0; i < 20; i++) KS_CHECK(got(i, KS_OK, ks_format("served %d", i)));
    kill_and_wait(to);
    KS_CHECK(nothing_comes());
}

static void some_are_refused_or_answered_by_another(void)
{
    ks_pid to = start_desk();
    for (int i = 0; i < 9; i++) visit(to, i, KS_INFINITY);
    for (ks_int i = 0; i < 9; i += 3) {
        desk_cast_refuse(to, &i);
        desk_cast_serve(to, &(ks_int){ i + 1 });
        desk_cast_hand_on(to, &(ks_int){ i + 2 });
    }
    for (int i = 0; i < 9; i += 3) {
        KS_CHECK(got(i, KS_USER + 1, ""));
        KS_CHECK(got(i + 1, KS_OK, ks_format("served %d", i + 1)));
        KS_CHECK(got(i + 2, KS_OK, "by another"));
    }
    kill_and_wait(to);
}

static void the_impatient_are_forgotten(void)
{
    ks_pid to = start_desk();
    ks_int waiting;
    for (int i = 0; i < 10; i++) visit(to, i, i % 2 ? 50 : KS_INFINITY);
    for (int i = 1; i < 10; i += 2) KS_CHECK(got(i, KS_TIMEOUT, ""));
    KS_CHECK_OK(desk_call_waiting(to, &waiting, 1000));
    KS_CHECK(waiting == 5);
    for (ks_int i = 9; i >= 0; i--) desk_cast_serve(to, &i);
    for (int i = 0; i < 10; i += 2) KS_CHECK(got(i, KS_OK, ks_format("served %d", i)));
    kill_and_wait(to);
    KS_CHECK(nothing_comes());
}

static void a_desk_that_closes_tells_all_who_wait(void)
{
    for (int killed = 0; killed < 2; killed++) {
        ks_pid to = start_desk();
        for (int i = 0; i < 10; i++) visit(to, i, KS_INFINITY);
        if (killed)
            ks_exit_process(to, KS_KILL);
        else
            desk_cast_close(to);
        for (int i = 0; i < 10; i++) KS_CHECK(got(i, KS_NOPROC, ""));
        KS_CHECK(nothing_comes());
    }
}

static void a_request_that_can_never_be_answered_is_cancelled(void)
{
    ks_pid to = start_desk();
    forget_reports();
    KS_CHECK(desk_call_forgets(to, KS_INFINITY) == KS_CANCELLED);
    KS_CHECK(reported("desk", "forgets"));
    KS_CHECK(ks_is_alive(to));
    KS_CHECK(desk_call_wrong(to, KS_INFINITY) == KS_NOPROC);
    KS_CHECK(reported("took the from of 'wait'", "desk"));
    KS_CHECK(!ks_is_alive(to));
}

int main(void)
{
    return run_scenarios("deferred", 50,
        SCENARIOS(SCENARIO(answers_in_any_order_reach_their_callers),
            SCENARIO(some_are_refused_or_answered_by_another),
            SCENARIO(the_impatient_are_forgotten), SCENARIO(a_desk_that_closes_tells_all_who_wait),
            SCENARIO(a_request_that_can_never_be_answered_is_cancelled)));
}
