/* SPDX-License-Identifier: Apache-2.0 */
/* receive_test - cases of receive_SUITE: waiting for one message past others. */
#include "base/base.h"
#include "support/scenario.h"
#include <kiosk/timer.h>
#include <time.h>

enum { QUEUED = KSI_KNOB(500000, 900) };

static const ks_pid nobody;

KS_MODULE(echo, void);
KS_CALL(echo, say, ks_int, ks_int);
KS_CALL(echo, never, void, void);
struct echo {
    echo_never_from from;
};

static ks_next echo_handle_say(echo *self, const ks_int *request, ks_int *reply)
{
    *reply = *request;
    return ks_reply();
}

static ks_next echo_handle_never(echo *self)
{
    self->from = echo_from_never();
    return ks_noreply();
}

KS_GEN_SERVER(echo, .ops = KS_OPS(echo, say, never));

static ks_pid start_echo(void)
{
    ks_pid server;
    KS_CHECK_OK(ks_start(KS_CHILD(echo), &server));
    return server;
}

static void fill(ks_int count)
{
    for (ks_int i = 0; i < count; i++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &i));
}

/* What was queued is there, in its order, and nothing else. */
static void drain(ks_int count)
{
    for (ks_int i = 0; i < count; i++) {
        const ks_msg *msg = ks_receive(0);
        KS_CHECK(ks_as(ks_int, msg) && *ks_as(ks_int, msg) == i);
    }
    KS_CHECK(nothing_comes());
}

static void returns(void *arg) {}

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

/* --- other receives in between ---------------------------------------------------------------- */
static void receive_in_between(void)
{
    ks_ref monitor, timer;
    fill(5);
    ks_spawn_monitor(returns, NULL, &monitor);
    timer = ks_send_after(100, ks_self(), ks_bool, &(ks_bool){ true });
    KS_CHECK(ks_receive_as(ks_float, 0) == NULL);
    KS_CHECK(ks_receive_as(ks_bool, 1000) != NULL);
    KS_CHECK(ks_receive_ref(timer, 0) == NULL);
    const ks_msg *down = ks_receive_ref(monitor, 1000);
    KS_CHECK(ks_as(ks_down, down) != NULL);
    drain(5);
}

/* --- a long queue ----------------------------------------------------------------------------- */
static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A hundred requests and their answers by alias, or the DOWN. */
static int64_t round_trips_ns(ks_pid server)
{
    int64_t begin = cpu_ns();
    for (ks_int i = 0; i < 100; i++) {
        ks_int reply;
        echo_say_request request = echo_send_say(server, &i);
        KS_CHECK_OK(echo_wait_say(request, &reply, 1000));
        KS_CHECK(reply == i);
        ks_end_turn();
    }
    return cpu_ns() - begin;
}

static void call_with_huge_message_queue(void)
{
    ks_pid server = start_echo();
    int64_t empty = INT64_MAX, full = INT64_MAX, took;
    for (int i = 0; i < 5; i++) empty = (took = round_trips_ns(server)) < empty ? took : empty;
    fill(QUEUED);
    for (int i = 0; i < 5; i++) full = (took = round_trips_ns(server)) < full ? took : full;
    KS_CHECK(full <= 10 * empty);
    KS_CHECK(ks_mailbox_length(ks_self()) == QUEUED);
    kill_and_wait(server);
}

/* --- failures and nesting --------------------------------------------------------------------- */
static bool counts_looks(const ks_msg *msg, void *arg)
{
    ++*(int *)arg;
    return false;
}

/* A call that fails in the middle leaves a mailbox that is read from its start. */
static void receive_opt_exception(void)
{
    ks_pid server = start_echo();
    ks_int reply;
    int looks = 0;
    fill(5);
    KS_CHECK(echo_call_never(server, 20) == KS_TIMEOUT);
    KS_CHECK(echo_call_never(nobody, 1000) == KS_NOPROC);
    KS_CHECK(ks_receive_if(counts_looks, &looks, 0) == NULL && looks == 5);
    KS_CHECK_OK(echo_call_say(server, &(ks_int){ 3 }, &reply, 1000));
    KS_CHECK(reply == 3);
    kill_and_wait(server);
    drain(5);
}

/* Receives on refs that were made one within the other, taken from the innermost out. */
static void wait_within(int depth)
{
    ks_ref timer = ks_send_after(50 + depth, ks_self(), ks_float, &(ks_float){ depth });
    if (depth > 0) wait_within(depth - 1);
    const ks_msg *msg = ks_receive_ref(timer, 1000);
    KS_CHECK(ks_as(ks_float, msg) && (int)*ks_as(ks_float, msg) == depth);
}

static void receive_opt_recursion(void)
{
    fill(3);
    wait_within(10);
    drain(3);
}

/* A ref that is kept while other messages are taken from before and behind its own. */
static void receive_opt_deferred_save(void)
{
    ks_ref monitor;
    fill(1);
    ks_spawn_monitor(returns, NULL, &monitor);
    ks_sleep(100);
    for (ks_int i = 1; i < 4; i++) ks_send(ks_self(), ks_int, &i);
    const ks_int *first = ks_receive_as(ks_int, 0), *second = ks_receive_as(ks_int, 0);
    KS_CHECK(first && *first == 0 && second && *second == 1);
    ks_send(ks_self(), ks_int, &(ks_int){ 4 });
    const ks_msg *down = ks_receive_ref(monitor, 0);
    KS_CHECK(ks_as(ks_down, down) != NULL);
    for (ks_int i = 2; i < 5; i++) {
        const ks_int *number = ks_receive_as(ks_int, 0);
        KS_CHECK(number && *number == i);
    }
    KS_CHECK(nothing_comes());
}

/* --- several refs ----------------------------------------------------------------------------- */
static void multi_recv_opt(void)
{
    enum { WATCHED = 8 };
    ks_ref monitors[WATCHED];
    ks_pid pids[WATCHED];
    fill(20);
    for (int i = 0; i < WATCHED; i++)
        pids[i] = ks_spawn_monitor(waits_for_ever, NULL, &monitors[i]);
    for (int i = 0; i < WATCHED; i++)
        ks_exit_process(pids[i], ks_because((ks_status)(KS_USER + i)));
    for (int i = WATCHED - 1; i >= 0; i--) KS_CHECK(end_of(monitors[i]).code == KS_USER + i);
    drain(20);
}

/* Refs that are given up leave neither a message nor a trace in the others' way. */
static void multi_recv_opt_clear(void)
{
    enum { WATCHED = 8 };
    ks_ref monitors[WATCHED];
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    fill(20);
    for (int i = 0; i < WATCHED; i++) monitors[i] = ks_monitor(pid);
    for (int i = 0; i < WATCHED; i += 2) ks_demonitor(monitors[i]);
    ks_exit_process(pid, KS_KILL);
    for (int i = 1; i < WATCHED; i += 2) KS_CHECK(ended_with(monitors[i], KS_REASON_KILLED));
    for (int i = 0; i < WATCHED; i += 2) KS_CHECK(ks_receive_ref(monitors[i], 0) == NULL);
    drain(20);
}

/* --- a receive that fails --------------------------------------------------------------------- */
static void gh_5235_missing_save_reset(void)
{
    ks_ref monitor;
    fill(3);
    ks_pid pid = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    KS_CHECK(ks_receive_ref(monitor, 50) == NULL);
    ks_demonitor(monitor);
    const ks_int *number = ks_receive_as(ks_int, 0);
    KS_CHECK(number && *number == 0);
    kill_and_wait(pid);
    for (ks_int i = 1; i < 3; i++) {
        number = ks_receive_as(ks_int, 0);
        KS_CHECK(number && *number == i);
    }
    KS_CHECK(nothing_comes());
}

static void gh_5235_recv_mark(void)
{
    ks_ref first, second;
    ks_pid pid = ks_spawn_monitor(waits_for_ever, NULL, &first);
    second = ks_monitor(pid);
    KS_CHECK(ks_receive_ref(first, 20) == NULL);
    fill(3);
    KS_CHECK(ks_receive_ref(second, 20) == NULL);
    ks_exit_process(pid, KS_KILL);
    KS_CHECK(ended_with(second, KS_REASON_KILLED));
    KS_CHECK(ended_with(first, KS_REASON_KILLED));
    drain(3);
}

int main(int argc, char **argv)
{
    return run_cases("receive_SUITE", argc, argv,
        SCENARIOS(MEASUREMENT(call_with_huge_message_queue), SCENARIO(receive_in_between),
            SCENARIO(receive_opt_exception), SCENARIO(receive_opt_recursion),
            SCENARIO(receive_opt_deferred_save), SCENARIO(multi_recv_opt),
            SCENARIO(multi_recv_opt_clear), SCENARIO(gh_5235_missing_save_reset),
            SCENARIO(gh_5235_recv_mark)));
}
