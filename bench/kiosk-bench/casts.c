/* SPDX-License-Identifier: Apache-2.0 */
/* casts.c - cast_1to1, cast_1core, cast_Nto1, remote_cast, fanout. */
#include "bench.h"

/* As nearly unbounded as a mailbox can be: a cast that is refused would be a failure. */
#define UNBOUNDED .mailbox_max = UINT32_MAX, .mailbox_bytes_max = SIZE_MAX

/* --- one sender ------------------------------------------------------------------------------- */
/* To the reply that tells how many have arrived. */
static double time_casts(ks_pid counter, int64_t n)
{
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) cast_counter(counter, i);
    if (counter_count(counter) != n) wrong("the server counted something else");
    return now_seconds() - start;
}

void cast_1to1(void)
{
    int64_t n = scaled(2000000);
    ks_pid counter = start_counter(&(ks_child){ UNBOUNDED });
    report(&(struct result){ n, time_casts(counter, n), NULL });
    ks_exit_process(counter, KS_KILL);
}

void remote_cast(void)
{
    int64_t n = scaled(2000000);
    struct fields fields = { .len = 0 };
    hold_schedulers();
    ks_pid counter = start_counter(&(ks_child){ UNBOUNDED, .scheduler = another_scheduler() });
    double ping = ping_ns(), seconds = time_casts(counter, n);
    add_number(&fields, "ping_ns", ping);
    add_number(&fields, "pings", seconds * 1e9 / (double)n / ping);
    report(&(struct result){ n, seconds, &fields });
    ks_exit_process(counter, KS_KILL);
}

/* Our own: the server keeps pace, so the messages stay in the cache. */
void cast_1core(void)
{
    enum { AT_ONCE = 50 };
    int64_t n = scaled(2000000);
    ks_pid counter = start_counter(NULL);
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) {
        cast_counter(counter, i);
        if (i % AT_ONCE == AT_ONCE - 1) ks_yield();
    }
    if (counter_count(counter) != n) wrong("the server counted something else");
    report(&(struct result){ n, now_seconds() - start, NULL });
    ks_exit_process(counter, KS_KILL);
}

/* --- many senders ----------------------------------------------------------------------------- */
enum { SENDERS = 64 };
struct aim {
    ks_pid counter;
    int64_t casts; /* of each sender */
};

static void cast_all(int number, void *arg)
{
    const struct aim *aim = arg;
    for (int64_t i = 0; i < aim->casts; i++) cast_counter(aim->counter, i);
}

void cast_Nto1(void)
{
    struct aim aim = { start_counter(&(ks_child){ UNBOUNDED }), scaled(2000000) / SENDERS };
    if (!aim.casts) aim.casts = 1;
    int64_t n = aim.casts * SENDERS;
    const struct crowd crowd = { .count = SENDERS, .part = cast_all, .arg = &aim };
    double seconds = run_crowd(&crowd), start = now_seconds();
    if (counter_count(aim.counter) != n) wrong("the server counted something else");
    report(&(struct result){ n, seconds + now_seconds() - start, NULL });
    ks_exit_process(aim.counter, KS_KILL);
}

/* --- fanout: a herald tells its listeners, who report after the last message ------------------ */
enum { LISTENERS = 10000, REPORT_WAIT = 600000 };
typedef struct listener_args {
    ks_pid teller;
    int64_t expected;
} listener_args;
KS_TYPE(listener_args, teller, expected);
KS_MODULE(listener, listener_args);
struct listener {
    ks_pid teller;
    int64_t left, sum;
};
KS_CAST(listener, hear, ks_int);

static ks_next listener_init(listener *self, const listener_args *args)
{
    *self = (listener){ args->teller, args->expected, 0 };
    return ks_ok();
}

static ks_next listener_handle_hear(listener *self, const ks_int *news)
{
    self->sum += *news;
    if (--self->left == 0 && ks_send(self->teller, ks_int, &self->sum)) wrong("no report");
    return ks_noreply();
}
KS_GEN_SERVER(listener, .init = listener_init, .ops = KS_OPS(listener, hear));

typedef struct herald_args {
    const ks_pid *listeners;
} herald_args;
KS_TYPE(herald_args, (local, listeners));
KS_MODULE(herald, herald_args);
struct herald {
    const ks_pid *listeners;
};
KS_CAST(herald, tell, ks_int);

static ks_next herald_init(herald *self, const herald_args *args)
{
    self->listeners = args->listeners;
    return ks_ok();
}

static ks_next herald_handle_tell(herald *self, const ks_int *news)
{
    if (listener_abcast_hear(self->listeners, LISTENERS, news) != LISTENERS)
        wrong("a listener refused");
    return ks_noreply();
}
KS_GEN_SERVER(herald, .init = herald_init, .ops = KS_OPS(herald, tell));

/* Each hears 1 + 2 + ... + broadcasts. */
static double broadcast(ks_pid crier, int64_t broadcasts)
{
    double start = now_seconds();
    for (ks_int i = 1; i <= broadcasts; i++) must(herald_cast_tell(crier, &i), "no order");
    for (int i = 0; i < LISTENERS; i++) {
        const ks_int *sum = ks_as(ks_int, ks_receive(REPORT_WAIT));
        if (!sum || *sum != broadcasts * (broadcasts + 1) / 2) wrong("a listener missed something");
    }
    return now_seconds() - start;
}

void fanout(void)
{
    int64_t broadcasts = scaled(100);
    ks_pid crier, *listeners = ks_alloc(LISTENERS * sizeof *listeners);
    for (int i = 0; i < LISTENERS; i++) {
        const ks_child *row = KS_CHILD(listener, ks_self(), broadcasts);
        must(ks_start(row, &listeners[i]), "a listener did not start");
    }
    must(ks_start(KS_CHILD(herald, listeners), &crier), "no herald");
    double seconds = broadcast(crier, broadcasts);
    report(&(struct result){ broadcasts * LISTENERS, seconds, NULL });
    ks_exit_process(crier, KS_KILL);
    for (int i = 0; i < LISTENERS; i++) ks_exit_process(listeners[i], KS_KILL);
}
