/* SPDX-License-Identifier: Apache-2.0 */
/* cost.c - what the protocol costs: a local send with and without its look into the inbox, on one
 * hot process and on many cold ones; a push from another scheduler in chains of 1, 8 and 64, beside
 * a cache-line ping of the same run.  Medians of REPEATS. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "inbox.h"

enum { REPEATS = 7, POOL = 8192, WINDOW = 4096, COLD = 200000 };
enum { LOCAL_SENDS = 4000000, REMOTE_SENDS = 2000000, PINGS = 100000 };

static struct scheduler self, other;
static struct process *cold;
static struct message *pool;
static uint32_t order[POOL];
static struct process target;
static uint32_t chain;
static _Alignas(64) _Atomic uint32_t credit;
static _Alignas(64) _Atomic uint32_t ping, pong;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, double (*run)(void))
{
    double v[REPEATS];
    for (int i = 0; i < REPEATS; i++)
        v[i] = run();
    qsort(v, REPEATS, sizeof *v, compare);
    printf("%-52s %7.2f ns  [%.2f .. %.2f]\n", what, v[REPEATS / 2], v[0], v[REPEATS - 1]);
}

static inline void send_unchecked(struct scheduler *me, struct process *p, struct message *m)
{
    append(p, m);
    if (!p->queued)
        enqueue(me, p);
}

/* As send_local() after the test of home that every send makes. */
static inline void send_with(bool check, struct process *p, struct message *m)
{
    if (atomic_load_explicit(&p->home, memory_order_relaxed) != &self)
        abort();
    if (check)
        send_local(&self, p, m);
    else
        send_unchecked(&self, p, m);
}

/* 64 sends, 64 receives, to one process. */
static inline double local_hot(bool check)
{
    double start = now();
    for (int i = 0; i < LOCAL_SENDS; i += 64) {
        for (int k = 0; k < 64; k++)
            send_with(check, &target, &pool[k]);
        dequeue(&self);
        while (take(&target))
            ;
        target.queued = false;
    }
    return (now() - start) / LOCAL_SENDS;
}

/* One message to each of many processes in an order that the prefetcher cannot guess. */
static inline double local_cold(bool check)
{
    double start = now();
    for (uint32_t i = 0; i < COLD; i++)
        send_with(check, &cold[(i * 7919u) % COLD], &pool[i % POOL]);
    double taken = (now() - start) / COLD;
    struct process *p;
    while ((p = dequeue(&self))) {
        p->head = NULL;
        p->tail = &p->head;
        p->queued = false;
    }
    return taken;
}

static double hot_plain(void) { return local_hot(false); }
static double hot_checked(void) { return local_hot(true); }
static double cold_plain(void) { return local_cold(false); }
static double cold_checked(void) { return local_cold(true); }

static void *pusher(void *arg)
{
    uint32_t seen = 0;
    pin(0);
    for (uint32_t i = 0; i < REMOTE_SENDS; i += chain) {
        while (i + chain - seen > WINDOW) /* ends: the receiver's credit grows to i */
            seen = atomic_load_explicit(&credit, memory_order_acquire);
        struct message *newest = NULL, *oldest = NULL;
        for (uint32_t k = 0; k < chain; k++) {
            struct message *m = &pool[order[(i + k) % POOL]];
            m->number = i + k;
            m->next = newest;
            newest = m;
            if (!oldest)
                oldest = m;
        }
        push_chain(&target, newest, oldest);
    }
    return arg;
}

static double remote(void)
{
    pthread_t thread;
    uint32_t count = 0;
    struct message *m;
    credit = 0;
    process_init(&target, 0, &self);
    atomic_store(&target.inbox, NULL); /* running: no wakes */
    pthread_create(&thread, NULL, pusher, NULL);
    pin(1);
    while (!pending(&target))
        ;
    double start = now();
    while (count < REMOTE_SENDS) {
        drain(&target);
        for (; (m = take(&target)); count++)
            if (m->number != count)
                abort();
        atomic_store_explicit(&credit, count, memory_order_release);
    }
    double taken = (now() - start) / REMOTE_SENDS;
    pthread_join(thread, NULL);
    return taken;
}

static void *ponger(void *arg)
{
    pin(0);
    for (uint32_t i = 1; i <= PINGS; i++) {
        while (atomic_load_explicit(&ping, memory_order_acquire) != i)
            ;
        atomic_store_explicit(&pong, i, memory_order_release);
    }
    return arg;
}

static double one_way_ping(void)
{
    pthread_t thread;
    ping = pong = 0;
    pthread_create(&thread, NULL, ponger, NULL);
    pin(1);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    double start = now();
    for (uint32_t i = 1; i <= PINGS; i++) {
        atomic_store_explicit(&ping, i, memory_order_release);
        while (atomic_load_explicit(&pong, memory_order_acquire) != i)
            ;
    }
    double taken = (now() - start) / (2.0 * PINGS);
    pthread_join(thread, NULL);
    return taken;
}

/* give + arrival on the other scheduler, both played by this thread: two CAS and an exchange. */
static double migration(void)
{
    enum { TIMES = 1000000 };
    process_init(&target, 0, &self);
    double start = now();
    for (int i = 0; i < TIMES; i++) {
        struct scheduler *to = i % 2 ? &self : &other;
        if (!give(&target, to))
            abort();
        take_wakes(to);
        dequeue(to);
        if (!go_idle(&target))
            abort();
    }
    return (now() - start) / TIMES;
}

static void prepare(void)
{
    uint64_t seed = 88172645463325252u;
    self.rq_tail = &self.rq_head;
    other.rq_tail = &other.rq_head;
    pool = aligned_alloc(64, POOL * sizeof *pool);
    cold = aligned_alloc(64, COLD * sizeof *cold);
    if (!pool || !cold)
        abort();
    for (uint32_t i = 0; i < COLD; i++)
        process_init(&cold[i], i, &self);
    for (uint32_t i = 0; i < POOL; i++)
        order[i] = i;
    for (uint32_t i = POOL - 1; i > 0; i--) { /* what a recycled free list gives */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint32_t k = (uint32_t)(seed >> 33) % (i + 1), swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
}

int main(void)
{
    prepare();
    pin(1);
    process_init(&target, 0, &self);
    report("local send + receive, hot, no drain check", hot_plain);
    report("local send + receive, hot, drain check", hot_checked);
    report("local send, 200,000 cold processes, no drain check", cold_plain);
    report("local send, 200,000 cold processes, drain check", cold_checked);
    report("migration of an idle process, without line transfer", migration);
    report("cache-line ping, one way", one_way_ping);
    for (chain = 1; chain <= 64; chain *= 8) {
        char name[64];
        snprintf(name, sizeof name, "remote push + receive, shuffled, chain of %u", chain);
        report(name, remote);
    }
    report("cache-line ping, one way", one_way_ping);
    return 0;
}
