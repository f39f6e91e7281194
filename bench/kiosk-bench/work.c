/* SPDX-License-Identifier: Apache-2.0 */
/* work.c - work_2us, work_20us: clients of servers that compute for so long; with two schedulers
 * it should be twice as much. skew: work that begins on one scheduler only, and when both have
 * their part of it. */
#include "bench.h"

#include <stdatomic.h>
#include <string.h>

enum { SERVERS = 1000, CLIENTS = 64, THREADS = 64 };

/* --- work: a request that takes time ---------------------------------------------------------- */
KS_MODULE(smith, void);
struct smith {
    int64_t words[8];
};
KS_CALL(smith, forge, ks_int, ks_int);

/* Requests handled by each thread, which alone writes its own. */
static struct {
    _Alignas(64) _Atomic(int64_t) handled;
} by_thread[THREADS];

static ks_next smith_handle_forge(smith *self, const ks_int *us, ks_int *reply)
{
    spin_us(*us);
    self->words[0]++;
    by_thread[thread_number() % THREADS].handled++;
    *reply = *us + 1;
    return ks_reply();
}
KS_GEN_SERVER(smith, .ops = KS_OPS(smith, forge));

struct shop {
    ks_pid smiths[SERVERS];
    int64_t calls; /* of each client */
    int64_t us;
};

static void order(int number, void *arg)
{
    const struct shop *shop = arg;
    uint32_t x = (uint32_t)number * 7919;
    for (int64_t i = 0; i < shop->calls; i++) {
        ks_int reply;
        ks_pid to = shop->smiths[next_random(&x, SERVERS)];
        if (smith_call_forge(to, &shop->us, &reply, 60000) || reply != shop->us + 1)
            wrong("a call gave no reply, or not its own");
    }
}

/* The part, in percent, of whom has the least of all schedulers. */
static double least_share(const int64_t *amounts, uint32_t count)
{
    int64_t sum = 0, least = INT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        sum += amounts[i];
        if (amounts[i] < least) least = amounts[i];
    }
    return sum ? 100.0 * (double)least / (double)sum : 0;
}

static void work(int64_t us, int64_t requests)
{
    struct fields fields = { .len = 0 };
    struct shop *shop = ks_alloc(sizeof *shop);
    int64_t shares[THREADS], n = scaled(requests) / CLIENTS;
    uint32_t cores = ks_scheduler_count();
    *shop = (struct shop){ .calls = n ? n : 1, .us = us };
    n = shop->calls * CLIENTS;
    for (int i = 0; i < SERVERS; i++)
        must(ks_start(KS_CHILD(smith), &shop->smiths[i]), "a server did not start");
    double seconds = run_crowd(CLIENTS, order, shop);
    for (int i = 0; i < THREADS; i++) shares[i] = by_thread[i].handled;
    add_number(&fields, "of_ideal_percent", (double)(n * us) / 1e4 / seconds / cores);
    add_number(&fields, "least_share_percent", least_share(shares, cores));
    report(&(struct result){ n, seconds, &fields });
    for (int i = 0; i < SERVERS; i++) ks_exit_process(shop->smiths[i], KS_KILL);
}

void work_2us(void) { work(2, 400000); }
void work_20us(void) { work(20, 100000); }

/* --- skew: a thousand servers that always have something to do ---------------------------------
 * What each thread does is counted in windows of 10 ms. The load is balanced when each has at least
 * four fifths of its fair share in this window and the next ones, and the reported time is the end
 * of that window: never less than it took. */
enum { WINDOW_MS = 10, WINDOWS = 200, LASTING = 5, TURN_US = 20, NEVER = WINDOWS };
static const double fair_part = 0.8;
static _Atomic(uint32_t) turns[WINDOWS][THREADS]; /* of a window and a thread, which writes it */
static _Atomic(int64_t) begun_ns;
static atomic_bool over;

KS_MODULE(mule, void);
struct mule {
    int64_t turns, thread;
};
KS_CAST(mule, carry, void);
KS_CALL(mule, turns, void, ks_int);
KS_CALL(mule, thread, void, ks_int);

static ks_next mule_init(mule *self, const mule_args *args)
{
    self->thread = thread_number();
    return ks_ok();
}

static ks_next mule_handle_carry(mule *self)
{
    if (atomic_load(&over)) return ks_noreply();
    spin_us(TURN_US);
    int64_t window = (now_ns() - atomic_load(&begun_ns)) / 1000000 / WINDOW_MS;
    self->thread = thread_number();
    self->turns++;
    if (window < WINDOWS) turns[window][self->thread % THREADS]++;
    must(mule_cast_carry(ks_self()), "a cast to oneself was refused");
    return ks_noreply();
}

static ks_next mule_handle_turns(mule *self, ks_int *reply)
{
    *reply = self->turns;
    return ks_reply();
}

static ks_next mule_handle_thread(mule *self, ks_int *reply)
{
    *reply = self->thread;
    return ks_reply();
}
KS_GEN_SERVER(mule, .init = mule_init, .ops = KS_OPS(mule, carry, turns, thread));

static bool is_balanced(int window, uint32_t cores)
{
    int64_t amounts[THREADS];
    for (int i = 0; i < THREADS; i++) amounts[i] = turns[window][i];
    return least_share(amounts, cores) >= 100.0 * fair_part / cores;
}

/* The first window from which on the load is balanced for a while; NEVER. */
static int balanced_from(uint32_t cores)
{
    for (int window = 0; window + LASTING <= WINDOWS; window++) {
        int lasting = 0;
        while (lasting < LASTING && is_balanced(window + lasting, cores)) lasting++;
        if (lasting == LASTING) return window;
    }
    return NEVER;
}

static int64_t ask(ks_status (*question)(ks_pid, ks_int *, ks_ms), ks_pid to)
{
    ks_int answer;
    must(question(to, &answer, 60000), "a server did not answer");
    return answer;
}

/* How many of them were last on each thread. */
static void count_threads(const ks_pid *mules, int64_t *ret_counts)
{
    memset(ret_counts, 0, THREADS * sizeof *ret_counts);
    for (int i = 0; i < SERVERS; i++) ret_counts[ask(mule_call_thread, mules[i]) % THREADS]++;
}

/* The slowest server's turns, in percent of the mean; *ret_n: those of all. */
static double slowest_percent(const ks_pid *mules, int64_t *ret_n)
{
    int64_t sum = 0, least = INT64_MAX;
    for (int i = 0; i < SERVERS; i++) {
        int64_t done = ask(mule_call_turns, mules[i]);
        sum += done;
        if (done < least) least = done;
    }
    *ret_n = sum;
    return sum ? 100.0 * (double)least * SERVERS / (double)sum : 0;
}

/* First of all who are ready: it looks at the clock, and takes no part. */
static double drive(const ks_pid *mules)
{
    (void)ks_set_priority(KS_PRIORITY_HIGH);
    double start = now_seconds();
    atomic_store(&begun_ns, now_ns());
    for (int i = 0; i < SERVERS; i++) must(mule_cast_carry(mules[i]), "a cast was refused");
    ks_sleep(WINDOWS * WINDOW_MS);
    atomic_store(&over, true);
    return now_seconds() - start;
}

void skew(void)
{
    struct fields fields = { .len = 0 };
    ks_pid *mules = ks_alloc(SERVERS * sizeof *mules);
    int64_t counts[THREADS], n;
    uint32_t cores = ks_scheduler_count();
    for (int i = 0; i < SERVERS; i++)
        must(ks_start(KS_CHILD(mule), &mules[i]), "a server did not start");
    count_threads(mules, counts);
    add_number(
        &fields, "elsewhere_at_start", (double)(SERVERS - counts[thread_number() % THREADS]));
    double seconds = drive(mules), slowest = slowest_percent(mules, &n);
    int window = balanced_from(cores);
    count_threads(mules, counts);
    add_number(&fields, "balanced_after_ms", (window < NEVER ? window + 1 : NEVER) * WINDOW_MS);
    add_text(&fields, "balanced", window < NEVER ? "yes" : "never");
    add_number(&fields, "least_servers_percent", least_share(counts, cores));
    add_number(&fields, "slowest_server_percent", slowest);
    report(&(struct result){ n, seconds, &fields });
    for (int i = 0; i < SERVERS; i++) ks_exit_process(mules[i], KS_KILL);
}
