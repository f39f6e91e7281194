/* SPDX-License-Identifier: Apache-2.0 */
/* skew.c - work that begins on one scheduler only, and when both have their part of it. Two kinds:
 * a thousand servers that always have something to do, and clients that call a thousand servers.
 *
 * What each thread does is counted in windows of 10 ms. The load is balanced when each has at least
 * four fifths of its fair share in a window and the next ones, and the time that is reported is the
 * end of the first such window: never less than it took. */
#include "bench.h"

#include <stdatomic.h>
#include <string.h>

enum { SERVERS = 1000, CLIENTS = 64, TURN_US = 20 };
enum { WINDOW_MS = 10, WINDOWS = 200, LASTING = 5, NEVER = WINDOWS, NS_PER_MS = 1000000 };
static const double fair_part = 0.8;

/* --- what was done when ----------------------------------------------------------------------- */
static _Atomic(uint32_t) turns[WINDOWS][THREADS]; /* of a window and a thread, which writes it */
static _Atomic(int64_t) begun_ns;                 /* 0: nobody has begun */

static void begin_all(void)
{
    memset(turns, 0, sizeof turns);
    atomic_store(&begun_ns, 0);
}

/* The window of now, which whoever comes first begins; WINDOWS: it is over. */
static int64_t window_now(void)
{
    int64_t begun = 0, now = now_ns();
    if (atomic_compare_exchange_strong(&begun_ns, &begun, now)) begun = now;
    int64_t window = (now - begun) / NS_PER_MS / WINDOW_MS;
    return window < WINDOWS ? window : WINDOWS;
}

static void count_turn(void)
{
    int64_t window = window_now();
    if (window < WINDOWS) turns[window][thread_number()]++;
}

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

/* --- the servers ------------------------------------------------------------------------------ */
KS_MODULE(mule, void);
struct mule {
    int64_t turns, thread;
};
KS_CAST(mule, go_on, void);
KS_CALL(mule, carry, void, ks_int);
KS_CALL(mule, turns, void, ks_int);
KS_CALL(mule, thread, void, ks_int);

static ks_next mule_init(mule *self, const mule_args *args)
{
    self->thread = thread_number();
    return ks_ok();
}

static void take_turn(mule *self)
{
    spin_us(TURN_US);
    self->thread = thread_number();
    self->turns++;
    count_turn();
}

static ks_next mule_handle_go_on(mule *self)
{
    if (window_now() == WINDOWS) return ks_noreply();
    take_turn(self);
    must(mule_cast_go_on(ks_self()), "a cast to oneself was refused");
    return ks_noreply();
}

static ks_next mule_handle_carry(mule *self, ks_int *reply)
{
    take_turn(self);
    *reply = TURN_US;
    return ks_reply();
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
KS_GEN_SERVER(mule, .init = mule_init, .ops = KS_OPS(mule, go_on, carry, turns, thread));

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
    for (int i = 0; i < SERVERS; i++) ret_counts[ask(mule_call_thread, mules[i])]++;
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

/* --- the two kinds ---------------------------------------------------------------------------- */
static void drive_by_themselves(ks_pid *mules)
{
    for (int i = 0; i < SERVERS; i++) must(mule_cast_go_on(mules[i]), "a cast was refused");
    ks_sleep(WINDOWS * WINDOW_MS);
}

static void call_until_the_end(int number, void *arg)
{
    const ks_pid *mules = arg;
    uint32_t x = (uint32_t)number * 7919;
    while (window_now() < WINDOWS)
        if (ask(mule_call_carry, mules[next_random(&x, SERVERS)]) != TURN_US) wrong("no reply");
}

static void drive_by_clients(ks_pid *mules)
{
    const struct crowd crowd = {
        .count = CLIENTS, .scheduler = ks_scheduler_id(), .part = call_until_the_end, .arg = mules
    };
    (void)run_crowd(&crowd);
}

static void measure(const char *part, void (*drive)(ks_pid *mules))
{
    struct fields fields = { .len = 0 };
    ks_pid *mules = ks_alloc(SERVERS * sizeof *mules);
    int64_t counts[THREADS], n;
    uint32_t cores = ks_scheduler_count();
    begin_all();
    for (int i = 0; i < SERVERS; i++)
        must(ks_start(KS_CHILD(mule), &mules[i]), "a server did not start");
    count_threads(mules, counts);
    add_text(&fields, "part", part);
    add_number(&fields, "elsewhere_at_start", (double)(SERVERS - counts[thread_number()]));
    double start = now_seconds();
    drive(mules);
    double seconds = now_seconds() - start, slowest = slowest_percent(mules, &n);
    int window = balanced_from(cores);
    count_threads(mules, counts);
    add_number(&fields, "balanced_after_ms", (window < NEVER ? window + 1 : NEVER) * WINDOW_MS);
    add_text(&fields, "balanced", window < NEVER ? "yes" : "never");
    add_number(&fields, "least_servers_percent", least_share(counts, cores));
    add_number(&fields, "slowest_server_percent", slowest);
    report(&(struct result){ n, seconds, &fields });
    for (int i = 0; i < SERVERS; i++) ks_exit_process(mules[i], KS_KILL);
    ks_free(mules);
}

void skew(void)
{
    (void)ks_set_priority(KS_PRIORITY_HIGH); /* we look on, and must not wait for our turn */
    measure("busy servers", drive_by_themselves);
    measure("called servers", drive_by_clients);
}
