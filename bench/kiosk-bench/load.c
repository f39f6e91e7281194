/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - latency_under_load: calls while plain processes compute without pause; idle_cpu: what a
 * program takes that does nothing. */
#include "bench.h"

#include <stdatomic.h>
#include <sys/resource.h>

/* --- latency_under_load ----------------------------------------------------------------------- */
enum { HOGS_A_CORE = 2, STOP_S = 4, GIVE_UP_S = 8, SPINS = 10000 };
static atomic_bool over;
static double until; /* hogs end then in any case: a client that never gets a core has waited */

static void hog(void *arg)
{
    uint32_t x = 1;
    while (!atomic_load(&over) && now_seconds() < until)
        for (int i = 0; i < SPINS; i++)
            if (next_random(&x, UINT32_MAX) == UINT32_MAX) wrong("it cannot be");
}

struct samples {
    int64_t *call, *due;
    size_t count;
};

/* Waits a moment and calls, until there are enough samples or the time is over. */
static void sample(struct samples *samples, size_t max, ks_pid counter)
{
    double stop = now_seconds() + STOP_S;
    while (samples->count < max && now_seconds() < stop) {
        int64_t due = now_ns() + 1000000;
        ks_sleep(1);
        int64_t start = now_ns();
        call_counter(counter, (int64_t)samples->count);
        int64_t end = now_ns();
        samples->call[samples->count] = end - start;
        samples->due[samples->count++] = end - due;
    }
}

/* The client is there when the hogs come: nobody waits for them to let it begin. */
void latency_under_load(void)
{
    struct fields fields = { .len = 0 };
    size_t max = (size_t)scaled(2000);
    struct samples samples = { ks_alloc(max * sizeof(int64_t)), ks_alloc(max * sizeof(int64_t)),
        0 };
    uint32_t hogs = HOGS_A_CORE * ks_scheduler_count();
    ks_pid counter = start_counter(NULL);
    until = now_seconds() + GIVE_UP_S;
    for (uint32_t i = 0; i < hogs; i++)
        if (ks_is_none(ks_spawn(hog, NULL))) wrong("a process was not spawned");
    double start = now_seconds();
    sample(&samples, max, counter);
    double seconds = now_seconds() - start;
    atomic_store(&over, true);
    add_number(&fields, "hogs", hogs);
    add_latencies(&fields, "", samples.call, samples.count);
    add_latencies(&fields, "due_", samples.due, samples.count);
    report(&(struct result){ (int64_t)samples.count, seconds, &fields });
    ks_exit_process(counter, KS_KILL);
}

/* --- idle_cpu --------------------------------------------------------------------------------- */
enum { SERVERS = 1000, SETTLE_MS = 1000, IDLE_MS = 5000 };

static double cpu_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
        (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

/* Servers that have answered and wait, and one process that sleeps. */
void idle_cpu(void)
{
    struct fields fields = { .len = 0 };
    ks_pid servers[SERVERS];
    struct rusage before, after;
    for (int i = 0; i < SERVERS; i++) servers[i] = start_counter(NULL);
    for (int i = 0; i < SERVERS; i++) call_counter(servers[i], i);
    ks_sleep(SETTLE_MS);
    double start = now_seconds();
    getrusage(RUSAGE_SELF, &before);
    ks_sleep(IDLE_MS);
    getrusage(RUSAGE_SELF, &after);
    double seconds = now_seconds() - start;
    add_number(
        &fields, "cpu_percent", 100 * (cpu_seconds(&after) - cpu_seconds(&before)) / seconds);
    add_number(&fields, "voluntary_switches", (double)(after.ru_nvcsw - before.ru_nvcsw));
    add_number(&fields, "other_switches", (double)(after.ru_nivcsw - before.ru_nivcsw));
    report(&(struct result){ 1, seconds, &fields });
    for (int i = 0; i < SERVERS; i++) ks_exit_process(servers[i], KS_KILL);
}
