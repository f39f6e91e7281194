/* SPDX-License-Identifier: Apache-2.0 */
/* messages.c - call_1core, cast_1to1, cast_1core, ring. */
#include "bench.h"

void call_1core(void)
{
    int64_t n = scaled(2000000);
    ks_pid counter = start_counter(0);
    for (int64_t i = 0; i < n / 10; i++) call_counter(counter, i);
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) call_counter(counter, i);
    double seconds = now_seconds() - start;
    if (counter_count(counter) != n + n / 10) wrong("the server counted something else");
    report(&(struct result){ n, seconds, NULL });
    ks_exit_process(counter, KS_KILL);
}

/* The mailbox is unbounded, as nearly as it can be: a cast that is refused would be a failure. */
void cast_1to1(void)
{
    int64_t n = scaled(2000000);
    ks_pid counter = start_counter(UINT32_MAX);
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) cast_counter(counter, i);
    if (counter_count(counter) != n) wrong("the server counted something else");
    report(&(struct result){ n, now_seconds() - start, NULL });
    ks_exit_process(counter, KS_KILL);
}

/* Our own: the server keeps pace, so the messages stay in the cache. */
void cast_1core(void)
{
    enum { AT_ONCE = 50 };
    int64_t n = scaled(2000000);
    ks_pid counter = start_counter(0);
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) {
        cast_counter(counter, i);
        if (i % AT_ONCE == AT_ONCE - 1) ks_yield();
    }
    if (counter_count(counter) != n) wrong("the server counted something else");
    report(&(struct result){ n, now_seconds() - start, NULL });
    ks_exit_process(counter, KS_KILL);
}

/* --- ring: each passes the token on, one less, until it is 0 ---------------------------------- */
enum { MEMBERS = 1000 };
struct member {
    ks_pid next, teller;
};

static void pass_on(void *arg)
{
    const struct member *self = arg;
    for (;;) { /* until the ring is killed */
        const ks_int *token = ks_as(ks_int, ks_receive(KS_INFINITY));
        if (!token) return;
        ks_int less = *token - 1;
        (void)ks_send(less > 0 ? self->next : self->teller, ks_int, &less);
    }
}

void ring(void)
{
    int64_t n = scaled(1000000);
    static struct member members[MEMBERS];
    ks_pid pids[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        members[i].teller = ks_self();
        pids[i] = ks_spawn(pass_on, &members[i]);
        if (ks_is_none(pids[i])) wrong("a process was not spawned");
    }
    for (int i = 0; i < MEMBERS; i++) members[i].next = pids[(i + 1) % MEMBERS];
    ks_yield(); /* all wait */
    double start = now_seconds();
    (void)ks_send(pids[0], ks_int, &n);
    const ks_int *token = ks_receive_as(ks_int, 600000);
    double seconds = now_seconds() - start;
    if (!token || *token != 0) wrong("the token did not come back as 0");
    report(&(struct result){ n, seconds, NULL });
    for (int i = 0; i < MEMBERS; i++) ks_exit_process(pids[i], KS_KILL);
}
