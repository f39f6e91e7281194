/* SPDX-License-Identifier: Apache-2.0 */
/* cores.c - schedulers on CPUs of their own, the way of a cache line between two of them, threads
 * by number, time that is spent. */
#define _GNU_SOURCE /* affinity */
#include "bench.h"

#include <kiosk/spawn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { WAIT_MS = 20 };
static uint32_t passes;

/* --- CPUs ------------------------------------------------------------------------------------- */
/* The CPUs that this program may use, taken before anything is tied to one. */
static cpu_set_t allowed;

/* Ties the calling thread to the CPU of that index among the allowed ones. */
static void hold_thread(uint32_t index)
{
    uint32_t count = (uint32_t)CPU_COUNT(&allowed), at = 0;
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && at++ == index % count) CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one)) wrong("a thread cannot be tied to a CPU");
}

static void hold_own(void *arg) { hold_thread(ks_scheduler_id() - 1); }

void hold_schedulers(void)
{
    if (sched_getaffinity(0, sizeof allowed, &allowed)) wrong("no CPU may be used");
    if (CPU_COUNT(&allowed) < 2) wrong("it takes two CPUs");
    for (uint32_t i = 1; i <= ks_scheduler_count(); i++) {
        ks_ref end;
        const ks_spawn_options there = { .scheduler = i, .ret_monitor = &end };
        must(ks_spawn_with(hold_own, NULL, &there, NULL), "a process was not spawned");
        if (!ks_receive_ref(end, 60000)) wrong("a scheduler is stuck");
    }
}

uint32_t another_scheduler(void) { return ks_scheduler_id() % ks_scheduler_count() + 1; }

/* --- a cache line ----------------------------------------------------------------------------- */
static atomic_bool measured;
static _Alignas(64) _Atomic(uint32_t) there_line;
static _Alignas(64) _Atomic(uint32_t) back_line;

/* relaxed: the value itself is all that is passed */
static void await(_Atomic(uint32_t) *line, uint32_t value)
{
    while (atomic_load_explicit(line, memory_order_relaxed) != value) {}
}

static void *give_back(void *arg)
{
    hold_thread(1);
    for (uint32_t i = 1; i <= passes; i++) {
        await(&there_line, i);
        atomic_store_explicit(&back_line, i, memory_order_relaxed);
    }
    return NULL;
}

static void *pass_there(void *arg)
{
    double *ret_ns = arg;
    hold_thread(0);
    atomic_store_explicit(&there_line, 1, memory_order_relaxed);
    await(&back_line, 1); /* both are there */
    double start = now_seconds();
    for (uint32_t i = 2; i <= passes; i++) {
        atomic_store_explicit(&there_line, i, memory_order_relaxed);
        await(&back_line, i);
    }
    *ret_ns = (now_seconds() - start) * 1e9 / (2.0 * (passes - 1));
    atomic_store(&measured, true);
    return NULL;
}

/* The caller sleeps meanwhile: who blocks its thread loses its scheduler to another one. */
double ping_ns(void)
{
    pthread_t there, back;
    double ns = 0;
    passes = 2 + (uint32_t)scaled(200000);
    atomic_store(&measured, false);
    atomic_store(&there_line, 0);
    atomic_store(&back_line, 0);
    if (pthread_create(&back, NULL, give_back, NULL) ||
        pthread_create(&there, NULL, pass_there, &ns))
        wrong("there is no thread");
    while (!atomic_load(&measured)) ks_sleep(WAIT_MS);
    pthread_join(there, NULL);
    pthread_join(back, NULL);
    return ns;
}

/* --- threads and time ------------------------------------------------------------------------- */
int thread_number(void)
{
    static atomic_int count;
    static _Thread_local int number = -1;
    if (number < 0) number = atomic_fetch_add(&count, 1) % THREADS;
    return number;
}

void spin_us(int64_t us)
{
    int64_t end = now_ns() + us * 1000;
    while (now_ns() < end) {}
}
