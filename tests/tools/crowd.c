/* SPDX-License-Identifier: Apache-2.0 */
/* crowd - two runtimes with processes that wait in every way, for debuggers and tracers to look at.
 *
 *     crowd             all stand still, then crowd_stands() is called, and it ends
 *     crowd SECONDS     calls, casts and spawns go on meanwhile; prints `busy` first
 */
#include <kiosk/kiosk.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int seconds;
static _Atomic(bool) second_stands, over;

/* A breakpoint's place: everybody waits. */
static __attribute__((noinline)) void crowd_stands(void) { __asm__ volatile("" ::: "memory"); }

/* --- a server that is slow, and one that asks it ---------------------------------------------- */
KS_MODULE(clerk, void);
struct clerk {
    int64_t served;
};
KS_CALL(clerk, nap, ks_int, ks_int);
KS_CALL(clerk, add, ks_int, ks_int);
KS_CAST(clerk, note, ks_int);

static __attribute__((noinline)) void nap_deep_inside(ks_ms duration)
{
    ks_sleep(duration);
    __asm__ volatile("" ::: "memory");
}
static ks_next clerk_handle_nap(clerk *self, const ks_int *duration, ks_int *reply)
{
    nap_deep_inside(*duration);
    *reply = ++self->served;
    return ks_reply();
}
/* Long enough to be seen by a profiler. The innermost function of all may have no frame, then what
 * called it is not seen. */
static __attribute__((noinline)) int64_t work_step(int64_t value)
{
    for (int i = 0; i < 200; i++) __asm__ volatile("" : "+r"(value));
    return value;
}
static __attribute__((noinline)) int64_t work_deep_inside(int64_t value)
{
    for (int i = 0; i < 10; i++) value = work_step(value);
    return value + 1;
}
static ks_next clerk_handle_add(clerk *self, const ks_int *value, ks_int *reply)
{
    self->served++;
    *reply = work_deep_inside(*value);
    return ks_reply();
}
static ks_next clerk_handle_note(clerk *self, const ks_int *value)
{
    self->served++;
    return ks_noreply();
}
KS_GEN_SERVER(clerk, .ops = KS_OPS(clerk, nap, add, note));

/* --- plain processes, one for each way to wait ------------------------------------------------ */
static const ks_ms long_time = 3600000;

static void must(ks_status status)
{
    if (status) ks_exit(ks_because(status));
}

static void waits_for_reply(void *arg)
{
    ks_int served;
    ks_set_label("asker of %s", (const char *)arg);
    must(clerk_call_nap(ks_named(arg), &long_time, &served, KS_INFINITY));
}
static void waits_for_message(void *arg)
{
    ks_set_label("listener");
    (void)ks_receive(KS_INFINITY);
}
static void waits_for_time(void *arg)
{
    ks_set_label("sleeper");
    ks_sleep(long_time);
}
static void waits_for_io(void *arg)
{
    int ends[2];
    ks_set_label("reader");
    if (pipe(ends)) ks_exit(ks_error("no pipe"));
    must(ks_wait_fd(ends[0], KS_READABLE, KS_INFINITY));
}
static void waits_for_room(void *arg)
{
    ks_set_label("pusher");
    for (int64_t i = 0; i < 3; i++) (void)clerk_cast_note(ks_named("full"), &i);
}

/* --- what goes on ----------------------------------------------------------------------------- */
static void nothing(void *arg) {}

static void calls(void *arg)
{
    ks_pid clerk_pid = *(const ks_pid *)arg;
    ks_int reply;
    for (int64_t i = 0;; i++) {
        if (clerk_call_add(clerk_pid, &i, &reply, 1000)) ks_exit(ks_error("no answer"));
        if (i % 10 == 0) (void)clerk_cast_note(clerk_pid, &i);
        if (i % 100 == 0) ks_spawn(nothing, NULL);
        ks_end_turn();
    }
}

/* --- the two programs ------------------------------------------------------------------------- */
static ks_pid start_clerk(const char *name, uint32_t mailbox_max)
{
    ks_pid pid = { 0 };
    const ks_child row = { KS_START(clerk), .name = name, .mailbox_max = mailbox_max,
        .overload = mailbox_max ? KS_BLOCK : KS_REFUSE, .overload_timeout = long_time };
    if (ks_start_link(&row, &pid)) ks_exit(ks_error("a clerk did not start"));
    return pid;
}

/* Two askers: one is served, the other one waits in the queue. */
static void everybody_waits(void)
{
    static void (*const others[])(void *) = { waits_for_message, waits_for_time, waits_for_io };
    static char busy[] = "busy", full[] = "full";
    start_clerk(busy, 0);
    start_clerk(full, 1);
    ks_spawn_link(waits_for_reply, busy);
    ks_spawn_link(waits_for_reply, busy);
    ks_spawn_link(waits_for_reply, full);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) ks_spawn_link(others[i], NULL);
    ks_sleep(100);
    ks_spawn_link(waits_for_room, NULL);
    ks_sleep(100);
}

/* Its thread is its own for so long: the scheduler goes on with another one, but for who is blocked
 * on a stack of this thread. */
static int stuck_until[2];
static __attribute__((noinline)) char reads_natively(void)
{
    char byte = 0;
    return read(stuck_until[0], &byte, 1) == 1 ? byte : 0;
}
static void is_stuck(void *arg)
{
    ks_set_label("stuck");
    if (reads_natively() != 'x') ks_exit(ks_error("no byte"));
}

KS_MODULE(crowd, void);
static void crowd_main(const ks_none *args)
{
    ks_pid idle = start_clerk("idle", 0);
    ks_set_label("crowd");
    everybody_waits();
    while (!second_stands) ks_sleep(1);
    ks_sleep(200);
    if (seconds) {
        ks_spawn_link(calls, &idle);
        puts("busy");
        fflush(stdout);
        ks_sleep((ks_ms)seconds * 1000);
    } else {
        crowd_stands();
    }
    over = true;
    if (write(stuck_until[1], "x", 1) != 1) ks_exit(ks_error("no pipe"));
    ks_exit(KS_SHUTDOWN); /* and whoever is linked */
}
KS_PROCESS(crowd);

KS_MODULE(second, void);
static void second_main(const ks_none *args)
{
    ks_spawn_link(waits_for_message, NULL);
    ks_spawn_link(is_stuck, NULL);
    second_stands = true;
    while (!over) ks_sleep(10);
    ks_exit(KS_SHUTDOWN);
}
KS_PROCESS(second);

static void *run_second(void *arg)
{
    const ks_runtime_options options = { .processes_max = 10000, .schedulers = 2 };
    return ks_run(&options, KS_CHILD(second)) ? &over : NULL; /* any pointer: it failed */
}

int main(int argc, char **argv)
{
    const ks_runtime_options options = { .processes_max = 10000, .schedulers = 1 };
    pthread_t thread;
    void *failed = &over;
    if (argc > 1) seconds = atoi(argv[1]);
    if (pipe(stuck_until) || pthread_create(&thread, NULL, run_second, NULL)) return EXIT_FAILURE;
    ks_status status = ks_run(&options, KS_CHILD(crowd));
    over = true;
    pthread_join(thread, &failed);
    return status || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
