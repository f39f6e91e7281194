/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - latency_under_load: calls while plain processes compute without pause; idle_cpu: what a
 * program takes that does nothing. */
#include "bench.h"

#include <stdatomic.h>
#include <sys/resource.h>

/* --- latency_under_load -----------------------------------------------------------------------
 * Two variants of the client. A server owns no stack while it waits, so that it is never tied to
 * the thread of a hog; a plain process is, when it waits on a thread where a hog begins. */
enum { HOGS_A_CORE = 2, STOP_S = 4, GIVE_UP_S = 8, SPINS = 10000, NS_PER_MS = 1000000 };
static atomic_bool over;
static atomic_uint hogs_there;
static double until; /* hogs end then in any case: a client that never gets a core has waited */

static void hog(void *arg)
{
    uint32_t x = 1;
    while (!atomic_load(&over) && now_seconds() < until)
        for (int i = 0; i < SPINS; i++)
            if (next_random(&x, UINT32_MAX) == UINT32_MAX) wrong("it cannot be");
    atomic_fetch_sub(&hogs_there, 1);
}

struct samples {
    int64_t *call, *due;
    size_t count, max;
    double stop;
    ks_pid counter;
};

static void prepare(struct samples *samples)
{
    size_t max = (size_t)scaled(2000);
    *samples = (struct samples){ .call = ks_alloc(max * sizeof(int64_t)),
        .due = ks_alloc(max * sizeof(int64_t)),
        .max = max,
        .stop = now_seconds() + STOP_S,
        .counter = start_counter(NULL) };
}

/* False: there are enough, or the time is over. */
static bool take_sample(struct samples *samples, int64_t due)
{
    int64_t start = now_ns();
    call_counter(samples->counter, (int64_t)samples->count);
    int64_t end = now_ns();
    samples->call[samples->count] = end - start;
    samples->due[samples->count++] = end - due;
    return samples->count < samples->max && now_seconds() < samples->stop;
}

static uint32_t start_hogs(void)
{
    uint32_t hogs = HOGS_A_CORE * ks_scheduler_count();
    until = now_seconds() + GIVE_UP_S;
    atomic_store(&over, false);
    atomic_store(&hogs_there, hogs);
    for (uint32_t i = 0; i < hogs; i++)
        if (ks_is_none(ks_spawn(hog, NULL))) wrong("a process was not spawned");
    return hogs;
}

static void say(const char *client, struct samples *samples, uint32_t hogs, double seconds)
{
    struct fields fields = { .len = 0 };
    atomic_store(&over, true);
    while (atomic_load(&hogs_there)) ks_sleep(1);
    add_text(&fields, "variant", client);
    add_number(&fields, "hogs", hogs);
    add_latencies(&fields, "", samples->call, samples->count);
    add_latencies(&fields, "due_", samples->due, samples->count);
    report(&(struct result){ (int64_t)samples->count, seconds, &fields });
    ks_exit_process(samples->counter, KS_KILL);
}

/* The client is there when the hogs come: nobody waits for them to let it begin. */
static void with_plain_client(void)
{
    struct samples samples;
    prepare(&samples);
    uint32_t hogs = start_hogs();
    double start = now_seconds();
    int64_t due;
    do {
        due = now_ns() + NS_PER_MS;
        ks_sleep(1);
    } while (take_sample(&samples, due));
    say("plain process", &samples, hogs, now_seconds() - start);
}

typedef struct prober_args {
    struct samples *samples;
    ks_pid teller;
} prober_args;
KS_TYPE(prober_args, (local, samples), teller);
KS_MODULE(prober, prober_args);
struct prober {
    struct samples *samples;
    ks_pid teller;
    int64_t due;
};
KS_CAST(prober, tick, void);

static void wait_a_moment(prober *self)
{
    self->due = now_ns() + NS_PER_MS;
    if (ks_is_no_ref(prober_cast_after_tick(1, ks_self()))) wrong("no timer");
}

static ks_next prober_init(prober *self, const prober_args *args)
{
    *self = (prober){ args->samples, args->teller, 0 };
    wait_a_moment(self);
    return ks_ok();
}

static ks_next prober_handle_tick(prober *self)
{
    if (take_sample(self->samples, self->due)) {
        wait_a_moment(self);
        return ks_noreply();
    }
    atomic_store(&over, true); /* so that our starter is not tied to a hog any more */
    must(ks_send(self->teller, ks_bool, &(ks_bool){ true }), "no report");
    return ks_stop(KS_NORMAL);
}
KS_GEN_SERVER(prober, .init = prober_init, .ops = KS_OPS(prober, tick));

static void with_server_client(void)
{
    struct samples samples;
    prepare(&samples);
    double start = now_seconds();
    must(ks_start(KS_CHILD(prober, &samples, ks_self()), NULL), "no client");
    uint32_t hogs = start_hogs();
    if (!ks_receive_as(ks_bool, KS_INFINITY)) wrong("no report");
    say("server", &samples, hogs, now_seconds() - start);
}

void latency_under_load(void)
{
    with_server_client();
    with_plain_client();
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
