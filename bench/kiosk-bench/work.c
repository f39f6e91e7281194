/* SPDX-License-Identifier: Apache-2.0 */
/* work.c - work_2us, work_20us: clients of servers that compute for so long; with two schedulers
 * it should be twice as much. */
#include "bench.h"

#include <stdatomic.h>

enum { SERVERS = 1000, CLIENTS = 64 };

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
    by_thread[thread_number()].handled++;
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
    double seconds = run_crowd(&(struct crowd){ .count = CLIENTS, .part = order, .arg = shop });
    for (int i = 0; i < THREADS; i++) shares[i] = by_thread[i].handled;
    add_number(&fields, "of_ideal_percent", (double)(n * us) / 1e4 / seconds / cores);
    add_number(&fields, "least_share_percent", least_share(shares, cores));
    report(&(struct result){ n, seconds, &fields });
    for (int i = 0; i < SERVERS; i++) ks_exit_process(shop->smiths[i], KS_KILL);
}

void work_2us(void) { work(2, 400000); }
void work_20us(void) { work(20, 100000); }
