/* SPDX-License-Identifier: Apache-2.0 */
/* processes.c - spawn_exit, idle_memory. */
#include "bench.h"

#include <stdio.h>

static void ends(void *arg) {}

void spawn_exit(void)
{
    enum { AT_ONCE = 1000 };
    static ks_ref monitors[AT_ONCE];
    int64_t rounds = scaled(1000);
    double start = now_seconds();
    for (int64_t round = 0; round < rounds; round++) {
        for (int i = 0; i < AT_ONCE; i++)
            if (ks_is_none(ks_spawn_monitor(ends, NULL, &monitors[i]))) wrong("not spawned");
        for (int i = 0; i < AT_ONCE; i++) {
            const ks_down *down = ks_as(ks_down, ks_receive(60000));
            if (!down || down->reason.kind != KS_REASON_NORMAL) wrong("a DOWN is missing");
        }
    }
    report(&(struct result){ rounds * AT_ONCE, now_seconds() - start, NULL });
}

void idle_memory(void)
{
    int64_t n = scaled(1000000);
    ks_pid *servers = ks_alloc((size_t)n * sizeof *servers);
    for (int64_t i = 0; i < n; i++) servers[i] = (ks_pid){ .node = 1 }; /* touched: not counted */
    int64_t before = memory_bytes("VmRSS:");
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) servers[i] = start_counter(0);
    double seconds = now_seconds() - start;
    for (int64_t i = 0; i < n; i++) call_counter(servers[i], i);
    ks_sleep(500);
    char extra[64];
    snprintf(extra, sizeof extra, ",\"bytes_per_process\":%.1f",
        (double)(memory_bytes("VmRSS:") - before) / (double)n);
    report(&(struct result){ n, seconds, extra });
    for (int64_t i = 0; i < n; i++) ks_exit_process(servers[i], KS_KILL);
}
