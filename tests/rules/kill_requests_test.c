/* SPDX-License-Identifier: Apache-2.0 */
/* kill_requests_test - a kill at every moment of asynchronous requests. Each has one response, or
 * none when its requester is gone or gave it up; nothing is left, and bystanders work. */
#include "support/kill.h"

enum { YIELDS = 20, REQUESTS = 6 };

/* --- a server with answers of every kind, which hold what must be given back ------------------ */
typedef struct page {
    ks_text text;
    ks_bin *bytes;
} page;
KS_TYPE(page, text, bytes);
KS_MODULE(desk, void);
KS_CALL(desk, now, ks_text, page);
KS_CALL(desk, sleep, ks_text, page);
KS_CALL(desk, later, ks_text, page);
KS_CAST(desk, answer, void);
struct desk {
    desk_later_from waiting[64]; /* ring */
    int first, count;
};

static void unref(void *bin) { ks_bin_unref(bin); }

static void fill(page *reply)
{
    reply->text = ks_str(ks_format("page %d", 7));
    reply->bytes = ks_bin_new(ks_bytes("bytes", 5));
    ks_defer(unref, reply->bytes);
}

static ks_next desk_handle_now(desk *self, const ks_text *text, page *reply)
{
    fill(reply);
    return ks_reply();
}

static ks_next desk_handle_sleep(desk *self, const ks_text *text, page *reply)
{
    ks_sleep(4);
    fill(reply);
    return ks_reply();
}

static ks_next desk_handle_later(desk *self, const ks_text *text, page *reply)
{
    KS_CHECK(self->count < 64);
    self->waiting[(self->first + self->count++) % 64] = desk_from_later();
    desk_cast_after_answer(4, ks_self());
    return ks_noreply();
}

static ks_next desk_handle_answer(desk *self)
{
    page reply;
    fill(&reply);
    self->count--;
    desk_reply_later(self->waiting[self->first++ % 64], &reply);
    return ks_noreply();
}

KS_GEN_SERVER(desk, .ops = KS_OPS(desk, now, sleep, later, answer));

static ks_pid start_desk(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(desk), &pid));
    return pid;
}

static bool is_page(ks_status status, const page *reply)
{
    if (status == KS_NOPROC) return false;
    KS_CHECK_OK(status);
    KS_CHECK(ks_text_eq(reply->text, ks_lit("page 7")) && ks_bin_bytes(reply->bytes).len == 5);
    return true;
}

static void works(ks_pid server)
{
    page reply;
    KS_CHECK(is_page(desk_call_now(server, &ks_lit("text"), &reply, 5000), &reply));
}

/* --- a requester: two requests of each kind --------------------------------------------------- */
struct requester {
    ks_pid server;
    ks_ref end;
    int answered, refused, given_up;
};

static void count(struct requester *requester, ks_status status, const page *reply)
{
    if (is_page(status, reply))
        requester->answered++;
    else
        requester->refused++;
}

/* What is not waited for comes as a message, once. */
static void take_messages(struct requester *requester, desk_sleep_request request)
{
    page reply;
    ks_status status;
    const ks_msg *msg = ks_receive(1000);
    KS_CHECK(desk_check_sleep(request, msg, &reply, &status));
    count(requester, status, &reply);
}

static void asks(void *arg)
{
    struct requester *requester = arg;
    ks_pid server = requester->server;
    ks_text text = ks_lit("a text that makes the request larger than the smallest block there is");
    page reply;
    ks_trap_exit(true);
    desk_later_request later = desk_send_later(server, &text);
    desk_now_request now = desk_send_now(server, &text);
    desk_sleep_request sleep = desk_send_sleep(server, &text);
    desk_now_request forgotten = desk_send_now(server, &text);
    desk_sleep_request last = desk_send_sleep(server, &text);
    desk_later_request late = desk_send_later(server, &text);
    count(requester, desk_wait_now(now, &reply, 1000), &reply);
    ks_status status = desk_wait_later(later, &reply, 2);
    if (status == KS_TIMEOUT) status = desk_wait_later(later, &reply, 1000);
    count(requester, status, &reply);
    ks_abandon(forgotten.raw);
    status = desk_receive_later(late, &reply, 1);
    if (status == KS_TIMEOUT)
        requester->given_up++;
    else
        count(requester, status, &reply);
    count(requester, desk_wait_sleep(sleep, &reply, 1000), &reply);
    take_messages(requester, last);
    KS_CHECK(requester->answered + requester->refused + requester->given_up == REQUESTS - 1);
    ks_sleep(20);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

static ks_pid start_requester(struct requester *requester, ks_pid server)
{
    *requester = (struct requester){ .server = server };
    return ks_spawn_monitor(asks, requester, &requester->end);
}

/* --- kills ------------------------------------------------------------------------------------ */
static void kill_a_requester(struct kill *kill)
{
    ks_pid server = start_desk();
    struct requester killed, other;
    kill->victim = start_requester(&killed, server);
    start_requester(&other, server);
    kill_arm(kill);
    ended_or_killed(killed.end);
    KS_CHECK(ended_with(other.end, KS_REASON_NORMAL));
    KS_CHECK(other.refused == 0);
    kill_done(kill);
    works(server);
    ks_sleep(50);
    kill_and_wait(server);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

static void kill_a_server(struct kill *kill)
{
    ks_pid server = start_desk();
    struct requester requesters[2];
    ks_ms begin = ks_now();
    kill->victim = server;
    for (int i = 0; i < 2; i++) start_requester(&requesters[i], server);
    kill_arm(kill);
    for (int i = 0; i < 2; i++) KS_CHECK(ended_with(requesters[i].end, KS_REASON_NORMAL));
    KS_CHECK(ks_now() - begin < 200);
    kill_done(kill);
    kill_and_wait(server);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

/* Both at about the same time. */
static void kill_both(struct kill *kill)
{
    ks_pid server = start_desk();
    struct requester requester;
    struct kill second = *kill;
    kill->victim = start_requester(&requester, server);
    second.victim = server;
    kill_arm(kill);
    kill_arm(&second);
    ended_or_killed(requester.end);
    kill_done(kill);
    kill_done(&second);
    kill_and_wait(server);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

static void a_requester_killed(void) { kill_sweep(YIELDS, 30, kill_a_requester); }
static void a_server_killed(void) { kill_sweep(YIELDS, 30, kill_a_server); }
static void both_killed(void) { kill_sweep(YIELDS, 30, kill_both); }

int main(void)
{
    return run_scenarios("kill requests", 30,
        SCENARIOS(SCENARIO(a_requester_killed), SCENARIO(a_server_killed), SCENARIO(both_killed)));
}
