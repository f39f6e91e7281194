/* SPDX-License-Identifier: Apache-2.0 */
/* process_test - cases of process_SUITE: exit signals, yield, names, limits, the queue of
 * oneself and of others. */
#include "support/scenario.h"
#include <kiosk/runtime.h>
#include <kiosk/start.h>
#include <kiosk/timer.h>
#include <string.h>

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

/* --- exit ------------------------------------------------------------------------------------- */
enum { TEXT = KS_REASON_TEXT_MAX - 1 };

/* As long as a reason's text may be, and different from its first to its last byte. */
static const char *long_text(void)
{
    static char text[TEXT + 1];
    for (int i = 0; i < TEXT; i++) text[i] = (char)('a' + i % 26);
    return text;
}

static bool is_long(ks_reason reason)
{
    return reason.kind == KS_REASON_ERROR && reason.code == 17 && reason.text &&
        strcmp(reason.text, long_text()) == 0;
}

static ks_reason long_reason(void)
{
    return (ks_reason){ .kind = KS_REASON_ERROR, .code = 17, .text = long_text() };
}

static void exits_at_length(void *arg) { ks_exit(long_reason()); }

static void t_exit_1(void)
{
    ks_trap_exit(true);
    ks_pid pid = ks_spawn_link(exits_at_length, NULL);
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    KS_CHECK(exited && ks_same_pid(exited->pid, pid) && is_long(exited->reason));
    KS_CHECK(nothing_comes());
}

static void t_exit_2_other(void)
{
    ks_trap_exit(true);
    ks_pid pid = ks_spawn_link(waits_for_ever, NULL);
    ks_exit_process(pid, long_reason());
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    KS_CHECK(exited && ks_same_pid(exited->pid, pid) && is_long(exited->reason));
    KS_CHECK(nothing_comes());
}

static void t_exit_2_other_normal(void)
{
    ks_trap_exit(true);
    ks_pid pid = ks_spawn_link(waits_for_ever, NULL);
    ks_exit_process(pid, KS_NORMAL);
    KS_CHECK(nothing_comes());
    KS_CHECK(ks_is_alive(pid));
    ks_exit_process(pid, KS_KILL);
    KS_CHECK(exit_came(pid, KS_REASON_KILLED, 1000));
}

static void self_exit(void)
{
    ks_trap_exit(true);
    const ks_reason reasons[] = { ks_because(KS_USER), KS_NORMAL, KS_SHUTDOWN };
    for (int i = 0; i < 3; i++) {
        ks_exit_process(ks_self(), reasons[i]);
        const ks_exited *exited = ks_receive_as(ks_exited, 1000);
        KS_CHECK(exited && ks_same_pid(exited->pid, ks_self()));
        KS_CHECK(exited->reason.kind == reasons[i].kind && exited->reason.code == reasons[i].code);
    }
    KS_CHECK(nothing_comes());
}

struct suicide {
    ks_reason reason;
    bool lived;
    int released;
};

static void count(void *arg) { ++*(int *)arg; }

static void ends_itself(void *arg)
{
    struct suicide *suicide = arg;
    ks_own(count, &suicide->released);
    ks_exit_process(ks_self(), suicide->reason);
    ks_sleep(0);
    suicide->lived = true;
}

static void suicide(ks_reason reason)
{
    struct suicide suicide = { .reason = reason };
    ks_trap_exit(true);
    ks_pid pid = ks_spawn_link(ends_itself, &suicide);
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    KS_CHECK(exited && ks_same_pid(exited->pid, pid));
    KS_CHECK(exited->reason.kind == reason.kind && exited->reason.code == reason.code);
    KS_CHECK(!suicide.lived && suicide.released == 1);
    KS_CHECK(nothing_comes());
}

static void normal_suicide_exit(void) { suicide(KS_NORMAL); }

static void abnormal_suicide_exit(void)
{
    suicide(ks_because(KS_USER + 6));
    suicide(KS_SHUTDOWN);
}

/* Nothing of the process runs after the signal, from however deep it was sent: no handler of a
 * failure, and not terminate. */
KS_MODULE(deep, void);
KS_CALL(deep, end_below, ks_int, ks_int);
struct deep {
    int unused;
};
static trace deep_seen;

static void descend(int depth)
{
    if (depth > 0)
        descend(depth - 1);
    else
        ks_exit_process(ks_self(), ks_because(KS_USER + 8));
    trace_add(&deep_seen, 'r');
}

static ks_next deep_handle_end_below(deep *self, const ks_int *depth, ks_int *reply)
{
    descend((int)*depth);
    *reply = 0;
    return ks_reply();
}

static void deep_terminate(deep *self, ks_reason why) { trace_add(&deep_seen, 'T'); }

KS_GEN_SERVER(deep, .terminate = deep_terminate, .ops = KS_OPS(deep, end_below));

static void t_exit_2_catch(void)
{
    for (ks_int depth = 0; depth < 10; depth += 3) {
        ks_pid server;
        ks_ref monitor;
        ks_int reply = -1;
        deep_seen = (trace){ .len = 0 };
        KS_CHECK_OK(ks_start_monitor(KS_CHILD(deep), &server, &monitor));
        KS_CHECK(deep_call_end_below(server, &depth, &reply, 1000) == KS_NOPROC);
        KS_CHECK(reply == -1);
        ks_reason end = end_of(monitor);
        KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_USER + 8);
        KS_CHECK(trace_is(&deep_seen, ""));
    }
}

static void times_out_once(void *arg) { ks_receive(20); }

/* The signal comes a little before, with, and after the time-out. */
static void exit_and_timeout(void)
{
    for (ks_ms ms = 18; ms <= 22; ms++) {
        ks_ref monitor;
        ks_pid pid = ks_spawn_monitor(times_out_once, NULL, &monitor);
        ks_sleep(ms);
        ks_exit_process(pid, ks_because(KS_USER + 9));
        ks_reason end = end_of(monitor);
        KS_CHECK(end.kind == KS_REASON_NORMAL ||
            (end.kind == KS_REASON_STATUS && end.code == KS_USER + 9));
        KS_CHECK(nothing_comes());
    }
}

static void exit_twice(void)
{
    ks_ref monitor;
    ks_trap_exit(true);
    ks_pid pid = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    ks_link(pid);
    ks_exit_process(pid, ks_because(KS_USER + 10));
    ks_exit_process(pid, ks_because(KS_USER + 11));
    KS_CHECK(end_of(monitor).code == KS_USER + 10);
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    KS_CHECK(exited && exited->reason.code == KS_USER + 10);
    KS_CHECK(nothing_comes());
}

/* --- turns ------------------------------------------------------------------------------------ */
struct turns {
    int count, limit;
};

static void yields(void *arg)
{
    struct turns *turns = arg;
    for (; turns->count < turns->limit; turns->count++) ks_yield();
}

/* Who yields lets the others go on: all get on alike, and nobody is left behind. */
static void yield(void)
{
    enum { YIELDERS = 5, TURNS = 50 };
    struct turns turns[YIELDERS];
    ks_ref monitors[YIELDERS];
    for (int i = 0; i < YIELDERS; i++) {
        turns[i] = (struct turns){ .limit = TURNS };
        ks_spawn_monitor(yields, &turns[i], &monitors[i]);
    }
    for (int round = 0; round < TURNS * 4 && turns[0].count < TURNS; round++) ks_yield();
    for (int i = 0; i < YIELDERS; i++) {
        KS_CHECK(turns[i].count > 0);
        KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
        KS_CHECK(turns[i].count == TURNS);
    }
}

/* --- names ------------------------------------------------------------------------------------ */
static void bad_register(void)
{
    char long_name[300];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    ks_pid pid = ks_spawn(waits_for_ever, NULL), gone = ks_spawn(waits_for_ever, NULL);
    kill_and_wait(gone);
    KS_CHECK(ks_register("", pid) == KS_BADARG);
    KS_CHECK(ks_register(long_name, pid) == KS_BADARG);
    KS_CHECK(ks_register("gone", gone) == KS_NOPROC);
    KS_CHECK(ks_register("none", (ks_pid){ .id = 0 }) == KS_NOPROC);
    KS_CHECK_OK(ks_register("taken", pid));
    KS_CHECK(ks_register("taken", ks_self()) == KS_ALREADY_STARTED);
    KS_CHECK(ks_register("another", pid) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(ks_whereis("taken"), pid));
    KS_CHECK(ks_is_none(ks_whereis("gone")) && ks_is_none(ks_whereis("another")));
    KS_CHECK(ks_is_none(ks_whereis("")) && ks_is_none(ks_whereis(long_name)));
    kill_and_wait(pid);
}

/* --- memory ----------------------------------------------------------------------------------- */
typedef struct eater_args {
    ks_blob feed;
} eater_args;
KS_TYPE(eater_args, feed);
KS_MODULE(eater, eater_args);
KS_CALL(eater, eat, ks_int, void);
KS_CALL(eater, sum, void, ks_int);
struct eater {
    ks_int sum;
    bool full;
};

static ks_next eater_init(eater *self, const eater_args *args)
{
    for (size_t i = 0; i < args->feed.len; i++) self->sum += args->feed.ptr[i];
    return ks_ok();
}

static ks_next eater_handle_eat(eater *self, const ks_int *size)
{
    KS_CHECK(ks_alloc((size_t)*size) != NULL);
    return ks_reply();
}

static ks_next eater_handle_sum(eater *self, ks_int *reply)
{
    *reply = self->sum;
    return ks_reply();
}

KS_GEN_SERVER(eater, .init = eater_init, .ops = KS_OPS(eater, eat, sum));

static void spawn_opt_max_heap_size(void)
{
    const ks_child limited = { KS_START(eater), .memory_max = 100000 }, free = { KS_START(eater) };
    ks_pid small, large;
    ks_ref monitor;
    forget_reports();
    KS_CHECK_OK(ks_start_monitor(&limited, &small, &monitor));
    KS_CHECK_OK(ks_start(&free, &large));
    KS_CHECK_OK(eater_call_eat(small, &(ks_int){ 40000 }, 1000));
    KS_CHECK(report_count(KS_LOG_WARNING) == 0);
    KS_CHECK(eater_call_eat(small, &(ks_int){ 80000 }, 1000) == KS_NOPROC);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_NOMEM);
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK_OK(eater_call_eat(large, &(ks_int){ 200000 }, 1000));
    kill_and_wait(large);
}

static void spawn_huge_arglist(void)
{
    enum { SIZE = 1 << 20 };
    uint8_t *feed = ks_alloc(SIZE);
    ks_pid server;
    ks_int sum = 0;
    memset(feed, 3, SIZE);
    KS_CHECK_OK(ks_start(KS_CHILD(eater, .feed = ks_bytes(feed, SIZE)), &server));
    memset(feed, 0, SIZE); /* the process has its own */
    KS_CHECK_OK(eater_call_sum(server, &sum, 1000));
    KS_CHECK(sum == 3 * SIZE);
    kill_and_wait(server);
    ks_free(feed);
}

/* A process with a large state that waits is as ready for a message as any other. */
static void otp_7738_waiting(void)
{
    const ks_child row = { KS_START(eater) };
    ks_pid server;
    ks_int sum = -1;
    KS_CHECK_OK(ks_start(&row, &server));
    KS_CHECK_OK(eater_call_eat(server, &(ks_int){ 4 << 20 }, 1000));
    ks_sleep(5000);
    ks_ms begin = ks_now();
    KS_CHECK_OK(eater_call_sum(server, &sum, 1000));
    KS_CHECK(sum == 0 && ks_now() - begin < 100);
    kill_and_wait(server);
}

/* --- what the queue holds --------------------------------------------------------------------- */
static void sends_ten(void *arg)
{
    for (ks_int i = 0; i < 10; i++) ks_send(*(const ks_pid *)arg, ks_int, &i);
}

/* Sent by somebody who has ended since: all have arrived, and count, looked at or not. */
static void process_info_self_msgq_len(void)
{
    ks_pid self = ks_self();
    ks_ref monitor;
    KS_CHECK(ks_mailbox_length(self) == 0);
    ks_spawn_monitor(sends_ten, &self, &monitor);
    end_of(monitor);
    KS_CHECK(ks_mailbox_length(self) == 10);
    KS_CHECK(ks_receive_as(ks_int, 0) != NULL);
    KS_CHECK(ks_mailbox_length(self) == 9);
    while (ks_receive_as(ks_int, 0)) {}
    KS_CHECK(ks_mailbox_length(self) == 0);
}

/* Sent by oneself, without a look at the mailbox in between. */
static void process_info_self_msgq_len_more(void)
{
    for (ks_int i = 1; i <= 200; i++) {
        ks_send(ks_self(), ks_int, &i);
        KS_CHECK(ks_mailbox_length(ks_self()) == (uint64_t)i);
    }
    for (ks_int i = 1; i <= 200; i++) {
        const ks_int *number = ks_receive_as(ks_int, 0);
        KS_CHECK(number && *number == i);
        KS_CHECK(ks_mailbox_length(ks_self()) == (uint64_t)(200 - i));
    }
}

/* --- pids ------------------------------------------------------------------------------------- */
static void returns(void *arg) {}

/* However often a slot is used again, its pids differ, and an old one reaches nobody. */
static void no_pid_wrap(void)
{
    ks_ref monitor;
    ks_pid first = ks_spawn_monitor(returns, NULL, &monitor), last = first;
    end_of(monitor);
    for (int i = 0; i < 1000; i++) {
        ks_pid pid = ks_spawn_monitor(returns, NULL, &monitor);
        KS_CHECK(!ks_same_pid(pid, first) && !ks_same_pid(pid, last));
        KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
        KS_CHECK(!ks_is_alive(first) && !ks_is_alive(pid));
        ks_end_turn();
        last = pid;
    }
    ks_pid tenant = ks_spawn(waits_for_ever, NULL);
    ks_exit_process(first, KS_KILL);
    ks_exit_process(last, KS_KILL);
    ks_sleep(10);
    KS_CHECK(ks_is_alive(tenant));
    kill_and_wait(tenant);
}

int main(int argc, char **argv)
{
    return run_cases("process_SUITE", argc, argv,
        SCENARIOS(SCENARIO(t_exit_1), SCENARIO(t_exit_2_other), SCENARIO(t_exit_2_other_normal),
            SCENARIO(self_exit), SCENARIO(normal_suicide_exit), SCENARIO(abnormal_suicide_exit),
            SCENARIO(t_exit_2_catch), SCENARIO(exit_and_timeout), SCENARIO(exit_twice),
            SCENARIO(yield), SCENARIO(bad_register), SCENARIO(spawn_opt_max_heap_size),
            SCENARIO(spawn_huge_arglist), SCENARIO(otp_7738_waiting),
            SCENARIO(process_info_self_msgq_len), SCENARIO(process_info_self_msgq_len_more),
            SCENARIO(no_pid_wrap)));
}
