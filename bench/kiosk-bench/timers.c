/* SPDX-License-Identifier: Apache-2.0 */
/* timers.c - a million timers.
 *
 * timers_cancel: they are armed, and none of them fires.
 * timers_fire: 16 processes arm them to themselves, and they all fire within a second; how late
 * each message is handled. */
#include "bench.h"

#include <kiosk/timer.h>

void timers_cancel(void)
{
    int64_t n = scaled(1000000);
    uint32_t x = 7919;
    ks_ref *timers = ks_alloc((size_t)n * sizeof *timers);
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++)
        timers[i] = ks_send_after(60000 + next_random(&x, 60000), ks_self(), ks_int, &i);
    double armed = now_seconds();
    int64_t cancelled = 0;
    for (int64_t i = 0; i < n; i++) cancelled += ks_cancel(timers[i]);
    double end = now_seconds();
    if (cancelled != n || ks_receive(0)) wrong("a timer was not armed, or fired");
    struct fields fields = { .len = 0 };
    add_number(&fields, "arm_ns", (armed - start) * 1e9 / (double)n);
    add_number(&fields, "cancel_ns", (end - armed) * 1e9 / (double)n);
    report(&(struct result){ n, end - start, &fields });
}

enum { OWNERS = 16, SPREAD_MS = 1000, AHEAD_MS = 3000 };
struct owner {
    uint32_t seed;
    int64_t timers;
    ks_ms first;     /* none is due before */
    int64_t *late;   /* ns */
    double armed_at; /* seconds; the last of them */
};

static void arm_and_take(void *arg)
{
    struct owner *owner = arg;
    uint32_t x = owner->seed;
    for (int64_t i = 0; i < owner->timers; i++) {
        ks_ms due = owner->first + next_random(&x, SPREAD_MS);
        if (ks_is_no_ref(ks_send_at(due, ks_self(), ks_int, &due))) wrong("no timer");
    }
    owner->armed_at = now_seconds();
    for (int64_t i = 0; i < owner->timers; i++) {
        const ks_int *due = ks_as(ks_int, ks_receive(60000));
        if (!due) wrong("a timer did not fire");
        owner->late[i] = (int64_t)((now_seconds() - (double)*due / 1e3) * 1e9);
        if (owner->late[i] < 0) wrong("a timer was early");
    }
}

void timers_fire(void)
{
    int64_t each = scaled(1000000) / OWNERS > 0 ? scaled(1000000) / OWNERS : 1, n = each * OWNERS;
    int64_t *late = ks_alloc((size_t)n * sizeof *late);
    struct owner owners[OWNERS];
    ks_ref ends[OWNERS];
    ks_ms first = ks_now() + AHEAD_MS;
    for (uint32_t i = 0; i < OWNERS; i++) {
        owners[i] = (struct owner){ (i + 1) * 104729, each, first, late + i * each, 0 };
        ks_spawn_monitor(arm_and_take, &owners[i], &ends[i]);
    }
    double armed = 0;
    for (int i = 0; i < OWNERS; i++) {
        if (!ks_receive_ref(ends[i], KS_INFINITY)) wrong("an owner did not end");
        if (owners[i].armed_at > armed) armed = owners[i].armed_at;
    }
    double end = now_seconds(), begin = (double)first / 1e3;
    struct fields fields = { .len = 0 };
    add_latencies(&fields, "", late, (size_t)n);
    add_number(&fields, "armed_before_first_ms", (begin - armed) * 1e3);
    report(&(struct result){ n, end - begin, &fields });
}
