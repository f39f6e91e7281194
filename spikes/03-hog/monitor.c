/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.c - looks for a handler that keeps its thread, and gives the scheduler to a spare thread.
 * Runs on a thread of its own. */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>

#include "rt_core.h"

static struct thread *take_spare(void)
{
    for (int i = 0; i < rt_options.threads; i++) {
        int yes = 1;
        if (atomic_compare_exchange_strong(&rt_threads[i].spare, &yes, 2))
            return &rt_threads[i];
    }
    return NULL;
}

static void give(struct scheduler *s, struct thread *n)
{
    s->thread = n;
    atomic_store(&n->given, s);
    atomic_fetch_add(&n->wake, 1);
    futex_wake(&n->wake);
}

/* True if `s` was taken from its thread, which has been in turn `turn` for too long. */
static bool hand_over(struct scheduler *s, uint64_t turn)
{
    struct thread *t = s->thread, *n = take_spare();
    int asked = 1;
    if (!n)
        return false;
    atomic_store(&t->revoked, 1);
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    /* acquire: all that the thread did inside, if it is outside; pairs with leave() */
    if (atomic_load_explicit(&t->in_runtime, memory_order_acquire) ||
        atomic_load_explicit(&s->turn, memory_order_relaxed) != turn) {
        /* fails if the thread has answered already */
        atomic_compare_exchange_strong(&t->revoked, &asked, 0);
    } else if (atomic_compare_exchange_strong_explicit(&t->revoked, &asked, 2,
                                                       memory_order_acq_rel,
                                                       memory_order_relaxed)) {
        give(s, n);
        return true;
    }
    atomic_store(&n->spare, 1);
    return false;
}

static int64_t cpu_ns(struct thread *t)
{
    clockid_t clock;
    return pthread_getcpuclockid(t->id, &clock) ? 0 : now_ns(clock);
}

/* The state letter of the thread in /proc: R runs or waits for a processor. */
static char state_of(struct thread *t)
{
    char path[64], text[256] = "", state = '?';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", t->tid);
    FILE *f = fopen(path, "re");
    if (f && fgets(text, sizeof text, f)) {
        char *end = strrchr(text, ')');
        if (end && end[1])
            state = end[2];
    }
    if (f)
        fclose(f);
    return state;
}

/* A computing handler has had its time when it has used it, not when the clock says so: a thread
 * that wants to run and is not let (throttled, crowded out) is no hog, and another thread would not
 * be let either.  A handler that sleeps in a system call uses none: there the clock decides. */
static bool has_had_its_time(struct thread *t, int64_t cpu_then)
{
    return cpu_ns(t) - cpu_then >= rt_options.hog_us * 1000 || state_of(t) != 'R';
}

void *rt_monitor(void *unused)
{
    struct scheduler *s = &rt_scheduler;
    uint64_t seen = 0;
    int64_t since = now_ns(CLOCK_MONOTONIC), cpu_then = 0;
    while (!atomic_load(&rt_stopping)) {
        int64_t before = now_ns(CLOCK_MONOTONIC);
        nanosleep(&(struct timespec){.tv_nsec = MONITOR_PERIOD_US * 1000}, NULL);
        int64_t now = now_ns(CLOCK_MONOTONIC), late = now - before - MONITOR_PERIOD_US * 1000;
        uint64_t turn = atomic_load_explicit(&s->turn, memory_order_relaxed);
        bool stopped = rt_options.trust_lateness && late > rt_options.hog_us * 1000 / 4;
        if (turn != seen || stopped || atomic_load(&s->thread->in_runtime)) {
            seen = turn;
            since = now;
            cpu_then = cpu_ns(s->thread);
        } else if (now - since >= rt_options.hog_us * 1000 &&
                   (!rt_options.trust_cpu || has_had_its_time(s->thread, cpu_then)) &&
                   hand_over(s, turn)) {
            atomic_fetch_add(&rt_taken, 1);
            since = now;
            cpu_then = cpu_ns(s->thread);
        }
    }
    return unused;
}
