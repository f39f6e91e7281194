/* SPDX-License-Identifier: Apache-2.0 */
/* timers.c - timers_cancel: a million timers are armed, and none of them fires. */
#include "bench.h"

#include <kiosk/timer.h>

#include <stdio.h>

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
    char extra[96];
    snprintf(extra, sizeof extra, ",\"arm_ns\":%.2f,\"cancel_ns\":%.2f",
        (armed - start) * 1e9 / (double)n, (end - armed) * 1e9 / (double)n);
    report(&(struct result){ n, end - start, extra });
}
