/* SPDX-License-Identifier: Apache-2.0 */
/* overflows.c - stacks overflow all the time, while others are called.
 *
 *     overflows [SCHEDULERS [SECONDS [OVERFLOWS A SECOND]]]
 *
 * Counted: each overflow ends its process, with its reason, and that one only; every call of the
 * others is answered. Said: how long those calls took, how late who
 * slept for a millisecond came back, and how long the overflows took. Exit status 0,
 * or 1 with a line that says what was broken: also when memory has grown. 77: nothing is contained
 * in this build. */
#include <kiosk/kiosk.h>
#include <kiosk/log.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLERS = 4, TIMES_MAX = 1 << 20, GROWTH_MAX_KIB = 512, SETTLED_AFTER = 5 };

static _Atomic int broken;
static int rate = 100;
static ks_ms until, began;

#define HOLDS(condition) ((condition) ? (void)0 : breaks(__LINE__, #condition))
static void breaks(int line, const char *what)
{
    fprintf(stderr, "overflows: line %d: %s\n", line, what);
    atomic_store(&broken, 1);
}

/* --- times ------------------------------------------------------------------------------------ */
struct times {
    _Atomic uint32_t count;
    uint32_t ns[TIMES_MAX];
};
static struct times calls, sleeps, overflows;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void add_time(struct times *times, int64_t ns)
{
    uint32_t i = atomic_fetch_add(&times->count, 1);
    if (i < TIMES_MAX) times->ns[i] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void say_times(const char *what, struct times *times)
{
    uint32_t all = times->count, count = all < TIMES_MAX ? all : TIMES_MAX;
    if (!count) return;
    qsort(times->ns, count, sizeof times->ns[0], compare);
    printf("%-10s %8u  median %7.1f us  p99 %7.1f us  p99.9 %7.1f us  max %7.1f us\n", what, all,
        times->ns[count / 2] / 1e3, times->ns[(uint64_t)count * 99 / 100] / 1e3,
        times->ns[(uint64_t)count * 999 / 1000] / 1e3, times->ns[count - 1] / 1e3);
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return pages * 4;
}

/* --- who overflows ---------------------------------------------------------------------------- */
KS_MODULE(diver, void);
KS_CALL(diver, dive, void, void);
struct diver {
    int unused;
};
static __attribute__((noinline)) int recurse(int depth)
{
    volatile char frame[200];
    frame[depth % 200] = (char)depth;
    return depth < 1000000000 ? recurse(depth + 1) + frame[depth % 200] : 0;
}
static ks_next diver_handle_dive(diver *self)
{
    self->unused = recurse(0);
    return ks_reply();
}
KS_GEN_SERVER(diver, .ops = KS_OPS(diver, dive));

static void overflow_once(int i)
{
    static const size_t sizes[] = { 0, 0, 64 << 10, 1 << 20 };
    ks_child row = { KS_START(diver), .stack_size = sizes[i % 4] };
    ks_pid pid;
    ks_ref monitor;
    if (ks_start_monitor(&row, &pid, &monitor)) return;
    int64_t start = now_ns();
    HOLDS(diver_call_dive(pid, 10000) == KS_NOPROC);
    add_time(&overflows, now_ns() - start);
    const ks_msg *msg = ks_receive_ref(monitor, 10000);
    HOLDS(msg != NULL);
    if (msg) HOLDS(ks_as(ks_down, msg)->reason.code == KS_STACK_OVERFLOW);
}

KS_MODULE(sinker, void);
static void sinker_main(const ks_none *args)
{
    long settled = 0;
    for (int i = 0; ks_now() < until; i++) {
        overflow_once(i);
        ks_end_turn();
        ks_ms due = began + (ks_ms)(i + 1) * 1000 / rate;
        ks_sleep(ks_until(due));
        if (!settled && ks_now() - began > (until - began) / SETTLED_AFTER)
            settled = resident_kib();
    }
    long grown = resident_kib() - settled;
    printf("memory     %8ld KiB, %ld more than when it had settled\n", resident_kib(), grown);
    HOLDS(grown < GROWTH_MAX_KIB);
}
KS_PROCESS(sinker);

/* --- the others ------------------------------------------------------------------------------- */
KS_MODULE(clerk, void);
KS_CALL(clerk, twice, ks_int, ks_int);
struct clerk {
    int unused;
};
static ks_next clerk_handle_twice(clerk *self, const ks_int *request, ks_int *reply)
{
    *reply = *request * 2;
    return ks_reply();
}
KS_GEN_SERVER(clerk, .ops = KS_OPS(clerk, twice));

static void call_all_the_time(void *arg)
{
    ks_pid server = ks_named(arg);
    for (ks_int i = 0, reply; ks_now() < until; i++) {
        int64_t start = now_ns();
        HOLDS(clerk_call_twice(server, &i, &reply, 10000) == KS_OK);
        add_time(&calls, now_ns() - start);
        HOLDS(reply == 2 * i);
        ks_end_turn();
        int64_t end = now_ns() + 1000000;
        ks_sleep(1);
        add_time(&sleeps, now_ns() - end);
    }
}

KS_MODULE(office, void);
static void office_main(const ks_none *args)
{
    static char names[CALLERS][16];
    for (int i = 0; i < CALLERS; i++) {
        snprintf(names[i], sizeof names[i], "clerk%d", i);
        ks_child row = { KS_START(clerk), .name = names[i] };
        ks_pid pid;
        HOLDS(ks_start(&row, &pid) == KS_OK);
        (void)ks_spawn_link(call_all_the_time, names[i]);
    }
    ks_sleep(ks_until(until) + 100);
}
KS_PROCESS(office);

KS_SUPERVISOR(app,
    .children = KS_CHILDREN({ KS_START(office), .restart = KS_TEMPORARY },
        { KS_START(sinker), .restart = KS_TRANSIENT, .significant = true }),
    .auto_shutdown = KS_ANY_SIGNIFICANT);

int main(int argc, char **argv)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 77;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return 77;
#endif
#endif
    ks_runtime_options options = { .schedulers = 1 };
    long seconds = argc > 2 ? strtol(argv[2], NULL, 10) : 60;
    if (argc > 1) options.schedulers = (uint32_t)strtoul(argv[1], NULL, 10);
    if (argc > 3) rate = (int)strtol(argv[3], NULL, 10);
    (void)ks_log_set_level(KS_LOG_NONE);
    memset(calls.ns, 1, sizeof calls.ns); /* what is measured is not our own growth */
    memset(sleeps.ns, 1, sizeof sleeps.ns);
    memset(overflows.ns, 1, sizeof overflows.ns);
    began = ks_now();
    until = began + seconds * 1000;
    HOLDS(ks_run(&options, KS_CHILD(app)) == KS_OK);
    HOLDS(overflows.count >= (uint32_t)(seconds * rate) / 2);
    say_times("calls", &calls);
    say_times("late by", &sleeps);
    say_times("overflows", &overflows);
    return broken;
}
