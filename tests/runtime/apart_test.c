/* SPDX-License-Identifier: Apache-2.0 */
/* apart_test - handlers on stacks of another size: as deep as asked for, guarded, and whatever they
 * do there (block, call, be called, leave, die) is as anywhere else. What faults does so in a
 * child. */
#include "support/scenario.h"
#include "support/suite.h"

#include <kiosk/info.h>
#include <kiosk/spawn.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

KS_MODULE(deep, void);
KS_CALL(deep, dig, ks_int, ks_int);
KS_CALL(deep, ask, ks_pid, ks_int);
KS_CALL(deep, nap, ks_int, ks_int);
KS_CAST(deep, leave, ks_int);
struct deep {
    ks_int calls;
};

enum { FRAME = 1024 };

/* Some KiB of stack, all of it written. */
static __attribute__((noinline)) int64_t dig(int64_t kib)
{
    volatile char frame[FRAME];
    for (int i = 0; i < FRAME; i += 64) frame[i] = 1;
    int64_t below = kib > 1 ? dig(kib - 1) : 0;
    __asm__ volatile("" : : "r"(frame) : "memory"); /* no loop in place of the recursion */
    return below + frame[0];
}

static ks_next deep_handle_dig(deep *self, const ks_int *kib, ks_int *reply)
{
    self->calls++;
    *reply = dig(*kib);
    return ks_reply();
}

static ks_next deep_handle_ask(deep *self, const ks_pid *other, ks_int *reply)
{
    ks_status status = deep_call_dig(*other, &(ks_int){ 10 }, reply, 1000);
    return status ? ks_fail(status) : ks_reply();
}

static ks_next deep_handle_nap(deep *self, const ks_int *kib, ks_int *reply)
{
    ks_sleep(10);
    *reply = dig(*kib);
    ks_sleep(10);
    return ks_reply();
}

static ks_next deep_handle_leave(deep *self, const ks_int *kib)
{
    dig(*kib);
    ks_exit(ks_because(KS_USER));
}

KS_GEN_SERVER(deep, .ops = KS_OPS(deep, dig, ask, nap, leave));

static ks_pid start_deep(size_t stack_size, ks_ref *ret_monitor)
{
    ks_pid pid;
    const ks_child row = { KS_START(deep), .stack_size = stack_size };
    KS_CHECK_OK(ks_start_monitor(&row, &pid, ret_monitor));
    return pid;
}

static void end_deep(ks_pid pid, ks_ref monitor)
{
    kill_and_wait(pid);
    end_of(monitor);
}

static size_t size_of(size_t asked)
{
    ks_ref monitor;
    ks_process_snapshot info;
    ks_pid pid = start_deep(asked, &monitor);
    KS_CHECK_OK(ks_process_info(pid, &info));
    KS_CHECK(info.stack_used == 0); /* an idle server owns none */
    end_deep(pid, monitor);
    return info.stack_size;
}

static void sizes_are_rounded_up(void)
{
    const size_t kib = 1024;
    size_t usual = size_of(0);
    KS_CHECK(size_of(1) == (usual < 64 * kib ? usual : 64 * kib));
    KS_CHECK(size_of(64 * kib) >= 64 * kib && size_of(64 * kib + 1) >= 65 * kib);
    KS_CHECK(size_of(64 * kib + 1) <= 256 * kib);
    KS_CHECK(size_of(usual) == usual);
    KS_CHECK(size_of(1024 * kib) == 1024 * kib && size_of(1024 * kib + 1) == 8192 * kib);
    KS_CHECK(size_of(KS_STACK_SIZE_MAX) == KS_STACK_SIZE_MAX);
    ks_pid pid;
    const ks_child row = { KS_START(deep), .stack_size = KS_STACK_SIZE_MAX + 1 };
    KS_CHECK(ks_start(&row, &pid) == KS_BADARG);
    KS_CHECK(ks_start_link(&row, &pid) == KS_BADARG);
}

static void a_handler_may_go_as_deep_as_was_asked(void)
{
    ks_ref monitor;
    ks_int sum;
    ks_pid pid = start_deep(2 << 20, &monitor);
    for (int i = 0; i < 3; i++) {
        KS_CHECK_OK(deep_call_dig(pid, &(ks_int){ 1024 }, &sum, 1000));
        KS_CHECK(sum == 1024);
        KS_CHECK_OK(deep_call_nap(pid, &(ks_int){ 1024 }, &sum, 1000));
        KS_CHECK(sum == 1024);
    }
    end_deep(pid, monitor);
}

/* Servers of all sizes call each other. */
static void calls_go_from_size_to_size(void)
{
    const size_t sizes[] = { 0, 1 << 20, 64 << 10, KS_STACK_SIZE_MAX };
    enum { COUNT = 4 };
    ks_pid pids[COUNT];
    ks_ref monitors[COUNT];
    ks_int sum;
    for (int i = 0; i < COUNT; i++) pids[i] = start_deep(sizes[i], &monitors[i]);
    for (int i = 0; i < COUNT * COUNT; i++) {
        ks_pid from = pids[i / COUNT], to = pids[i % COUNT];
        if (i / COUNT == i % COUNT) continue;
        sum = -1;
        KS_CHECK_OK(deep_call_ask(from, &to, &sum, 1000));
        KS_CHECK(sum == 10);
        KS_CHECK_OK(deep_call_nap(from, &(ks_int){ 10 }, &sum, 1000));
        KS_CHECK(sum == 10);
    }
    for (int i = 0; i < COUNT; i++) end_deep(pids[i], monitors[i]);
}

static void asks_often(void *arg)
{
    const ks_pid *pids = arg;
    ks_int sum;
    for (int i = 0; i < 20; i++) {
        KS_CHECK_OK(deep_call_nap(pids[i % 3], &(ks_int){ 20 }, &sum, KS_INFINITY));
        KS_CHECK(sum == 20);
        if (i % 4 == 0) ks_yield();
    }
}

/* Many wait on stacks of all sizes at once; those who ask stand on such stacks, too. */
static void many_block_at_once(void)
{
    enum { ASKERS = 12 };
    ks_pid pids[3];
    ks_ref servers[3], askers[ASKERS];
    for (int i = 0; i < 3; i++) pids[i] = start_deep((size_t)i << 19, &servers[i]);
    for (int i = 0; i < ASKERS; i++) {
        const ks_spawn_options options = { .stack_size = (size_t)(i % 3) << 19,
            .ret_monitor = &askers[i] };
        KS_CHECK_OK(ks_spawn_with(asks_often, pids, &options, NULL));
    }
    for (int i = 0; i < ASKERS; i++) KS_CHECK(ended_with(askers[i], KS_REASON_NORMAL));
    for (int i = 0; i < 3; i++) end_deep(pids[i], servers[i]);
}

/* From deep inside, by itself; and killed while it is blocked. */
static void it_may_end_anywhere(void)
{
    ks_ref monitor;
    ks_int sum;
    for (int i = 0; i < 3; i++) {
        ks_pid pid = start_deep(1 << 20, &monitor);
        KS_CHECK_OK(deep_cast_leave(pid, &(ks_int){ 500 }));
        KS_CHECK(ended_with(monitor, KS_REASON_STATUS));
        pid = start_deep(1 << 20, &monitor);
        deep_nap_request request = deep_send_nap(pid, &(ks_int){ 500 });
        ks_sleep(5);
        kill_and_wait(pid);
        KS_CHECK(deep_receive_nap(request, &sum, 1000) == KS_NOPROC);
        KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    }
}

static void waits(void *arg) { ks_receive(KS_INFINITY); }

/* A program that was built with a shorter row. */
static void a_shorter_row_is_read(void)
{
    ks_pid pid;
    ks_process_snapshot info;
    const ks_child row = { KS_START(deep), .name = "older", .stack_size = 1 << 20 };
    KS_CHECK_OK(ks_start_(&row, offsetof(ks_child, stack_size), 0, &pid, NULL));
    KS_CHECK_OK(ks_process_info(ks_named("older"), &info));
    KS_CHECK(info.stack_size == size_of(0));
    kill_and_wait(pid);
}

/* By its table, by request, and again after it was restarted. */
KS_SUPERVISOR(above,
    .children = KS_CHILDREN(
        { KS_START(deep), .name = "first", .stack_size = 1 << 20, .priority = KS_PRIORITY_LOW }));

static void keeps_its_options(const char *name, size_t stack_size, ks_priority priority)
{
    ks_process_snapshot info;
    for (int i = 0; i < 2; i++) {
        KS_CHECK_OK(ks_process_info(ks_named(name), &info));
        KS_CHECK(info.stack_size == stack_size && info.priority == priority);
        kill_and_wait(info.pid);
        ks_sleep(10);
        KS_CHECK(!ks_same_pid(ks_whereis(name), info.pid));
    }
}

static void a_child_keeps_them_when_it_is_restarted(void)
{
    ks_pid supervisor;
    const ks_child row = { KS_START(deep), .id = "second", .name = "second",
        .stack_size = KS_STACK_SIZE_MAX, .priority = KS_PRIORITY_HIGH };
    KS_CHECK_OK(ks_start(KS_CHILD(above), &supervisor));
    KS_CHECK_OK(ks_start_child(supervisor, &row, NULL));
    keeps_its_options("first", 1 << 20, KS_PRIORITY_LOW);
    ks_sleep(10000); /* so that the restarts do not count together */
    keeps_its_options("second", KS_STACK_SIZE_MAX, KS_PRIORITY_HIGH);
    KS_CHECK_OK(ks_stop_process(supervisor, KS_SHUTDOWN, KS_INFINITY));
}

static void a_blocked_one_shows_what_it_uses(void)
{
    ks_pid pid;
    ks_process_snapshot info;
    KS_CHECK_OK(ks_spawn_with(waits, NULL, &(ks_spawn_options){ .stack_size = 1 << 20 }, &pid));
    ks_sleep(10);
    KS_CHECK_OK(ks_process_info(pid, &info));
    KS_CHECK(info.stack_used > 0 && info.stack_used < info.stack_size);
    kill_and_wait(pid);
}

/* --- without memory: the start fails, or the process ends; nothing is lost -------------------- */
static int served;
static void start_and_dig(void)
{
    const ks_child row = { KS_START(deep), .stack_size = 64 << 10 };
    ks_pid pid;
    ks_ref monitor;
    ks_int sum;
    ks_status status = ks_start_monitor(&row, &pid, &monitor);
    KS_CHECK(status == KS_OK || status == KS_NOMEM);
    if (status) return;
    status = deep_call_dig(pid, &(ks_int){ 10 }, &sum, 1000);
    KS_CHECK(status == KS_OK || status == KS_NOMEM || status == KS_NOPROC);
    if (status == KS_OK) served++;
    if (status == KS_NOPROC) {
        ks_reason end = end_of(monitor);
        KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_NOMEM);
    } else {
        ks_exit_process(pid, KS_KILL);
        end_of(monitor);
    }
}

static bool sweep(void)
{
    served = 0;
    for (uint64_t n = 1; n < 40; n++) {
        const ks_simulation one = { .seed = 1, .fail_allocation = n };
        if (ks_simulate(&one, start_and_dig)) return false;
    }
    return served > 10 && served < 38;
}

/* --- without a simulator a reply goes on at once where it can: not on a stack apart ----------- */
KS_MODULE(giver, void);
KS_CALL(giver, give, void, ks_int);
struct giver {
    int unused;
};

/* Replies, and blocks: whoever got the reply would go on from here. */
static ks_next giver_handle_give(giver *self, ks_int *reply)
{
    giver_reply_give(giver_from_give(), &(ks_int){ 7 });
    ks_sleep(5);
    return ks_noreply();
}

KS_GEN_SERVER(giver, .ops = KS_OPS(giver, give));

KS_MODULE(taker, void);
KS_CALL(taker, take, ks_pid, ks_int);
struct taker {
    int unused;
};

static ks_next taker_handle_take(taker *self, const ks_pid *from, ks_int *reply)
{
    ks_status status = giver_call_give(*from, reply, 1000);
    return status ? ks_fail(status) : ks_reply();
}

KS_GEN_SERVER(taker, .ops = KS_OPS(taker, take));

/* The runtime asserts that enough stacks stay in the pool. */
static bool replies_reach_a_stack_apart(void)
{
    const ks_child row = { KS_START(taker), .stack_size = 1 << 20 };
    ks_pid giver_pid, taker_pid;
    ks_int reply = 0;
    if (ks_step_start(KS_CHILD(giver), &giver_pid) || ks_step_start(&row, &taker_pid)) return false;
    for (int i = 0; i < 3; i++) {
        if (taker_call_take(taker_pid, &giver_pid, &reply, KS_INFINITY) || reply != 7) return false;
        ks_step_time(10);
    }
    ks_step_end();
    return true;
}

/* --- guards ----------------------------------------------------------------------------------- */
static int64_t kib_to_dig;
static void digs(void *arg) { dig(kib_to_dig); }

/* The other one's stack is the one below. */
static void dig_in_a_small_one(void)
{
    ks_ref monitor;
    ks_pid other;
    const ks_spawn_options small = { .stack_size = 64 << 10 };
    KS_CHECK_OK(ks_spawn_with(waits, NULL, &small, &other));
    ks_sleep(1);
    const ks_spawn_options options = { .stack_size = 64 << 10, .ret_monitor = &monitor };
    KS_CHECK_OK(ks_spawn_with(digs, NULL, &options, NULL));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    kill_and_wait(other);
}

/* The signal that ends a child in which a process with 64 KiB digs; 0: it lived. */
static int ended_by(int64_t kib)
{
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        signal(SIGSEGV, SIG_DFL); /* a sanitizer's would speak and exit */
        kib_to_dig = kib;
        _exit(ks_simulate(NULL, dig_in_a_small_one));
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    if (WIFSIGNALED(status)) return WTERMSIG(status);
    return WEXITSTATUS(status) == 0 ? 0 : -1;
}

int main(void)
{
    if (!sweep()) return 1;
    if (!replies_reach_a_stack_apart()) return 3;
    if (ended_by(8) != 0 || ended_by(70) != SIGSEGV) return 2;
    return run_scenarios("apart", 50,
        SCENARIOS(SCENARIO(sizes_are_rounded_up), SCENARIO(a_handler_may_go_as_deep_as_was_asked),
            SCENARIO(calls_go_from_size_to_size), SCENARIO(many_block_at_once),
            SCENARIO(it_may_end_anywhere), SCENARIO(a_shorter_row_is_read),
            SCENARIO(a_child_keeps_them_when_it_is_restarted),
            SCENARIO(a_blocked_one_shows_what_it_uses)));
}
