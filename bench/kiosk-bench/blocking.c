/* SPDX-License-Identifier: Apache-2.0 */
/* blocking.c - jobs that do nothing, there and back.
 *
 * blocking: by one process, each after the other; then by 64 at once (all_ns). */
#include "bench.h"

#include <kiosk/blocking.h>

enum { CLIENTS = 64 };

static void count(void *data) { ++*(int64_t *)data; }

static void ask(void *arg)
{
    int64_t counted = 0;
    for (int64_t i = 0; i < *(const int64_t *)arg; i++)
        if (ks_blocking(count, &counted, sizeof counted, KS_INFINITY)) wrong("a job was refused");
    if (counted != *(const int64_t *)arg) wrong("a job was lost");
}

void blocking(void)
{
    int64_t n = scaled(100000), each = n / CLIENTS + 1;
    ks_ref monitors[CLIENTS];
    double start = now_seconds();
    ask(&n);
    double one = now_seconds();
    for (int i = 0; i < CLIENTS; i++) (void)ks_spawn_monitor(ask, &each, &monitors[i]);
    for (int i = 0; i < CLIENTS; i++)
        if (!ks_receive_ref(monitors[i], KS_INFINITY)) wrong("a client was lost");
    double all = now_seconds();
    struct fields fields = { .len = 0 };
    add_number(&fields, "all_ns", (all - one) * 1e9 / (double)(each * CLIENTS));
    report(&(struct result){ n, one - start, &fields });
}
