/* SPDX-License-Identifier: Apache-2.0 */
/* multi_call_test - cases of gen_server_SUITE: calls to several servers of which some do not
 * answer, and what they cost where much is queued. */
#include "base/base.h"
#include "support/scenario.h"
#include <kiosk/info.h>
#include <kiosk/timer.h>
#include <time.h>

enum { SERVERS = 4 };
KS_MODULE(desk, void);
KS_CALL(desk, ping, void, ks_int);
KS_CALL(desk, delayed, ks_int, ks_int); /* answered after so many ms */
KS_CALL(desk, never, void, ks_int);
KS_CAST(desk, answer, void);
struct desk {
    desk_delayed_from from;
};

static ks_next desk_handle_ping(desk *self, ks_int *reply)
{
    *reply = 1;
    return ks_reply();
}

static ks_next desk_handle_delayed(desk *self, const ks_int *ms, ks_int *reply)
{
    self->from = desk_from_delayed();
    desk_cast_after_answer(*ms, ks_self());
    return ks_noreply();
}

static ks_next desk_handle_never(desk *self, ks_int *reply)
{
    (void)desk_from_never();
    return ks_noreply();
}

static ks_next desk_handle_answer(desk *self)
{
    desk_reply_delayed(self->from, &(ks_int){ 2 });
    return ks_noreply();
}

KS_GEN_SERVER(desk, .ops = KS_OPS(desk, ping, delayed, never, answer));

static void start(ks_pid *ret_servers)
{
    for (int i = 0; i < SERVERS; i++) KS_CHECK_OK(ks_start(KS_CHILD(desk), &ret_servers[i]));
}

static void end(const ks_pid *servers)
{
    for (int i = 0; i < SERVERS; i++) kill_and_wait(servers[i]);
}

/* One is gone, one never was, one is suspended: all is known when the time is over. */
static void multicall_down(void)
{
    ks_pid servers[SERVERS];
    ks_int replies[SERVERS + 1] = { 0 };
    ks_status statuses[SERVERS + 1];
    start(servers);
    kill_and_wait(servers[1]);
    KS_CHECK_OK(ks_suspend_process(servers[3]));
    const ks_pid asked[] = { servers[0], servers[1], servers[2], servers[3], ks_named("nobody") };
    ks_ms begin = ks_now();
    KS_CHECK(desk_multi_call_delayed(asked, 5, &(ks_int){ 10 }, replies, statuses, 1000) == 2);
    KS_CHECK(ks_now() - begin >= 1000 && ks_now() - begin < 1100);
    KS_CHECK(statuses[0] == KS_OK && replies[0] == 2 && statuses[2] == KS_OK && replies[2] == 2);
    KS_CHECK(statuses[1] == KS_NOPROC && statuses[3] == KS_TIMEOUT && statuses[4] == KS_NOPROC);
    KS_CHECK_OK(ks_resume_process(servers[3]));
    KS_CHECK(nothing_comes()); /* neither the answer that comes now */
    end(servers);
}

/* --- a full mailbox at the caller ------------------------------------------------------------- */
enum { CALLS = 50, BATCHES = 5, QUEUED = KSI_KNOB(5000, 900), MARGIN = 10 };

static void success(const ks_pid *servers)
{
    ks_int replies[SERVERS];
    ks_status statuses[SERVERS];
    KS_CHECK(desk_multi_call_ping(servers, SERVERS, replies, statuses, KS_INFINITY) == SERVERS);
}

static void times_out(const ks_pid *servers)
{
    ks_int replies[SERVERS];
    ks_status statuses[SERVERS];
    KS_CHECK(desk_multi_call_never(servers, SERVERS, replies, statuses, 1) == 0);
    KS_CHECK(statuses[0] == KS_TIMEOUT);
}

static void nobody_there(const ks_pid *servers)
{
    ks_int replies[SERVERS];
    ks_status statuses[SERVERS];
    KS_CHECK(desk_multi_call_ping(servers, SERVERS, replies, statuses, 1000) == SERVERS - 1);
    KS_CHECK(statuses[1] == KS_NOPROC);
}

/* CPU time of this thread: the best of several batches. */
static int64_t cost_ns(void (*call)(const ks_pid *servers), const ks_pid *servers)
{
    int64_t best = INT64_MAX;
    for (int batch = 0; batch < BATCHES; batch++) {
        struct timespec begin, end;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
        for (int i = 0; i < CALLS; i++) {
            call(servers);
            ks_end_turn();
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        int64_t took =
            (int64_t)(end.tv_sec - begin.tv_sec) * 1000000000 + (end.tv_nsec - begin.tv_nsec);
        if (took < best) best = took;
    }
    return best;
}

static void costs_the_same(void (*call)(const ks_pid *servers), bool one_is_gone)
{
    ks_pid servers[SERVERS];
    start(servers);
    if (one_is_gone) kill_and_wait(servers[1]);
    int64_t empty = cost_ns(call, servers);
    for (ks_int i = 0; i < QUEUED; i++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &i));
    int64_t full = cost_ns(call, servers);
    KS_CHECK(full <= empty * MARGIN);
    KS_CHECK(ks_mailbox_length(ks_self()) == QUEUED);
    end(servers);
}

static void multicall_recv_opt_success(void) { costs_the_same(success, false); }

static void multicall_recv_opt_timeout(void) { costs_the_same(times_out, false); }

static void multicall_recv_opt_noconnection(void) { costs_the_same(nobody_there, true); }

int main(int argc, char **argv)
{
    return run_cases("gen_server_SUITE", argc, argv,
        SCENARIOS(SCENARIO(multicall_down), MEASUREMENT(multicall_recv_opt_success),
            MEASUREMENT(multicall_recv_opt_timeout), MEASUREMENT(multicall_recv_opt_noconnection)));
}
