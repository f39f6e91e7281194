/* SPDX-License-Identifier: Apache-2.0 */
/* gen_server_request_test - cases of gen_server_SUITE: asynchronous requests, collections of them,
 * calls and casts to several servers. */
#include "support/scenario.h"
#include <kiosk/timer.h>

enum { COLLECTED = 4 };
KS_MODULE(desk, void);
KS_CALL(desk, started_p, void, ks_bool);
KS_CALL(desk, delayed, ks_int, ks_text); /* answered after so many ms */
KS_CALL(desk, stop, void, void);         /* ends without an answer */
KS_CAST(desk, answer, void);
KS_CAST(desk, note, ks_int);
KS_CALL(desk, noted, void, ks_int);
KS_MODULE(other, void);
KS_CALL(other, ask, void, void);

struct desk {
    desk_delayed_from from[COLLECTED];
    int first, count;
    ks_int noted;
};

static ks_next desk_handle_started_p(desk *self, ks_bool *reply)
{
    *reply = true;
    return ks_reply();
}

static ks_next desk_handle_delayed(desk *self, const ks_int *ms, ks_text *reply)
{
    KS_CHECK(self->count < COLLECTED);
    self->from[self->count++] = desk_from_delayed();
    desk_cast_after_answer(*ms, ks_self());
    return ks_noreply();
}

static ks_next desk_handle_answer(desk *self)
{
    desk_reply_delayed(self->from[self->first++], &ks_lit("delayed"));
    return ks_noreply();
}

static ks_next desk_handle_stop(desk *self) { return ks_stop(ks_shutdown("asked to")); }

static ks_next desk_handle_note(desk *self, const ks_int *n)
{
    self->noted += *n;
    return ks_noreply();
}

static ks_next desk_handle_noted(desk *self, ks_int *reply)
{
    *reply = self->noted;
    return ks_reply();
}

KS_GEN_SERVER(desk, .ops = KS_OPS(desk, started_p, delayed, stop, answer, note, noted));

struct other {
    int unused;
};
static ks_next other_handle_ask(other *self) { return ks_reply(); }
KS_GEN_SERVER(other, .ops = KS_OPS(other, ask));

static ks_pid start_desk(const char *name)
{
    ks_pid pid;
    const ks_child row = { KS_START(desk), .name = name };
    KS_CHECK_OK(ks_start(&row, &pid));
    return pid;
}

static void send_request(void)
{
    ks_pid server = start_desk("my_test_name");
    ks_bool started = false;
    ks_text text;
    ks_status status;
    /* By name; waited for, then by looking at messages. */
    desk_started_p_request first = desk_send_started_p(ks_named("my_test_name"));
    KS_CHECK_OK(desk_wait_started_p(first, &started, 1000));
    KS_CHECK(started);
    desk_delayed_request late = desk_send_delayed(server, &(ks_int){ 100 });
    KS_CHECK(desk_wait_delayed(late, &text, 10) == KS_TIMEOUT);
    ks_send(ks_self(), ks_int, &(ks_int){ 1 });
    KS_CHECK(!desk_check_delayed(late, ks_receive(1000), &text, &status));
    KS_CHECK(desk_check_delayed(late, ks_receive(1000), &text, &status));
    KS_CHECK(status == KS_OK && ks_text_eq(text, ks_lit("delayed")));
    /* One that is given up is never seen. */
    desk_delayed_request never = desk_send_delayed(server, &(ks_int){ 100 });
    KS_CHECK(desk_receive_delayed(never, &text, 10) == KS_TIMEOUT);
    KS_CHECK(nothing_comes());
    /* The server ends; nobody is there; nobody has that name; it serves something else. */
    KS_CHECK(desk_wait_stop(desk_send_stop(server), 1000) == KS_NOPROC);
    KS_CHECK(desk_wait_stop(desk_send_stop(server), 1000) == KS_NOPROC);
    KS_CHECK(desk_wait_stop(desk_send_stop(ks_named("my_test_name")), 1000) == KS_NOPROC);
    ks_pid wrong;
    KS_CHECK_OK(ks_start(KS_CHILD(other), &wrong));
    KS_CHECK(desk_wait_stop(desk_send_stop(wrong), 1000) == KS_UNDEF);
    kill_and_wait(wrong);
}

/* --- collections: three that answer after 100, 200, 300 ms, and one that ends ----------------- */
static void collect(ks_requests *all, const ks_pid *servers)
{
    KS_CHECK_OK(desk_collect_delayed(all, 2, servers[0], &(ks_int){ 200 }));
    KS_CHECK_OK(desk_collect_delayed(all, 3, servers[1], &(ks_int){ 300 }));
    KS_CHECK_OK(desk_collect_delayed(all, 1, servers[2], &(ks_int){ 100 }));
    KS_CHECK_OK(desk_collect_stop(all, 0, servers[3]));
    KS_CHECK(all->count == COLLECTED);
}

static void start_desks(ks_pid *servers)
{
    for (int i = 0; i < COLLECTED; i++) servers[i] = start_desk(NULL);
}

static void end_desks(const ks_pid *servers)
{
    for (int i = 0; i < COLLECTED; i++) kill_and_wait(servers[i]);
    KS_CHECK(nothing_comes());
}

static void is_response(const ks_any_response *response, uint64_t label)
{
    ks_text text;
    KS_CHECK(response->label == label);
    KS_CHECK(response->status == (label == 0 ? KS_NOPROC : KS_OK));
    KS_CHECK(desk_response_delayed(response, &text) == response->status);
    KS_CHECK(label == 0 || ks_text_eq(text, ks_lit("delayed")));
}

static void send_request_receive_reqid_collection(void)
{
    ks_pid servers[COLLECTED];
    ks_requests all = { 0 };
    ks_any_response response;
    start_desks(servers);
    KS_CHECK(ks_receive_any(&all, &response, KS_INFINITY) == KS_EMPTY);
    collect(&all, servers);
    for (uint64_t label = 0; label < COLLECTED; label++) {
        KS_CHECK_OK(ks_receive_any(&all, &response, KS_INFINITY));
        is_response(&response, label);
    }
    KS_CHECK(ks_receive_any(&all, &response, KS_INFINITY) == KS_EMPTY);
    /* A time-out abandons all of them. */
    KS_CHECK_OK(desk_collect_delayed(&all, 1, servers[0], &(ks_int){ 100 }));
    KS_CHECK_OK(desk_collect_delayed(&all, 2, servers[1], &(ks_int){ 100 }));
    KS_CHECK(ks_receive_any(&all, &response, 50) == KS_TIMEOUT);
    KS_CHECK(all.count == 0);
    end_desks(servers);
}

static void send_request_wait_reqid_collection(void)
{
    ks_pid servers[COLLECTED];
    ks_requests all = { 0 };
    ks_any_response response;
    start_desks(servers);
    KS_CHECK(ks_wait_any(&all, &response, KS_INFINITY) == KS_EMPTY);
    collect(&all, servers);
    for (uint64_t label = 0; label < COLLECTED; label++) {
        while (ks_wait_any(&all, &response, 30) == KS_TIMEOUT) /* a time-out leaves them alive */
            KS_CHECK(label > 0 && all.count == COLLECTED - label);
        is_response(&response, label);
    }
    end_desks(servers);
}

static void send_request_check_reqid_collection(void)
{
    ks_pid servers[COLLECTED];
    ks_requests all = { 0 };
    ks_any_response response;
    start_desks(servers);
    ks_send(ks_self(), ks_int, &(ks_int){ 1 });
    KS_CHECK(!ks_check_any(&all, ks_receive(0), &response));
    collect(&all, servers);
    ks_send_after(150, ks_self(), ks_int, &(ks_int){ 2 });
    for (uint64_t label = 0; label < COLLECTED;) {
        const ks_msg *msg = ks_receive(1000);
        KS_CHECK(msg);
        if (ks_as(ks_int, msg)) {
            KS_CHECK(!ks_check_any(&all, msg, &response));
            continue;
        }
        KS_CHECK(ks_check_any(&all, msg, &response));
        is_response(&response, label++);
    }
    KS_CHECK(all.count == 0);
    end_desks(servers);
}

/* --- several servers at once ------------------------------------------------------------------ */
static void multicall(void)
{
    ks_pid servers[COLLECTED];
    ks_text texts[COLLECTED];
    ks_status statuses[COLLECTED];
    start_desks(servers);
    ks_ms begin = ks_now();
    KS_CHECK(desk_multi_call_delayed(servers, COLLECTED, &(ks_int){ 100 }, texts, statuses, 5000) ==
        COLLECTED);
    KS_CHECK(ks_now() - begin < 200);
    KS_CHECK_OK(ks_register("gone", servers[1]));
    kill_and_wait(servers[1]);
    ks_pid asked[] = { servers[0], ks_named("gone"), servers[2] };
    KS_CHECK(desk_multi_call_delayed(asked, 3, &(ks_int){ 10 }, texts, statuses, 1000) == 2);
    KS_CHECK(statuses[0] == KS_OK && statuses[1] == KS_NOPROC && statuses[2] == KS_OK);
    KS_CHECK(ks_text_eq(texts[2], ks_lit("delayed")));
    end_desks(servers);
}

static void abcast(void)
{
    ks_pid servers[COLLECTED];
    ks_int noted[COLLECTED];
    ks_status statuses[COLLECTED];
    start_desks(servers);
    KS_CHECK_OK(ks_register("my_test_name", servers[0]));
    ks_pid told[] = { ks_named("my_test_name"), servers[1], ks_named("nobody") };
    KS_CHECK(desk_abcast_note(told, 3, &(ks_int){ 3 }) == 3);
    KS_CHECK(desk_multi_call_noted(servers, COLLECTED, noted, statuses, 1000) == COLLECTED);
    KS_CHECK(noted[0] == 3 && noted[1] == 3 && noted[2] == 0 && noted[3] == 0);
    end_desks(servers);
}

int main(int argc, char **argv)
{
    return run_cases("gen_server_SUITE", argc, argv,
        SCENARIOS(SCENARIO(send_request), SCENARIO(send_request_receive_reqid_collection),
            SCENARIO(send_request_wait_reqid_collection),
            SCENARIO(send_request_check_reqid_collection), SCENARIO(multicall), SCENARIO(abcast)));
}
