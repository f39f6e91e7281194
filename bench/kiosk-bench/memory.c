/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - idle_memory: what a server takes that has run and waits; supervised_memory: the same
 * of one that has a supervisor, a link and a name. */
#include "bench.h"

#include <stdio.h>

enum { REST_MS = 500 };

/* Memory that is not counted has been touched before. */
static ks_pid *touched(int64_t n)
{
    ks_pid *pids = ks_alloc((size_t)n * sizeof *pids);
    for (int64_t i = 0; i < n; i++) pids[i] = (ks_pid){ .node = 1 };
    return pids;
}

static void say(const ks_pid *servers, int64_t n, int64_t before, double seconds)
{
    struct fields fields = { .len = 0 };
    for (int64_t i = 0; i < n; i++) call_counter(servers[i], i);
    ks_sleep(REST_MS);
    double each = (double)(memory_bytes("VmRSS:") - before) / (double)n;
    add_number(&fields, "bytes_per_process", each);
    report(&(struct result){ n, seconds, &fields });
}

void idle_memory(void)
{
    int64_t n = scaled(1000000);
    ks_pid *servers = touched(n);
    int64_t before = memory_bytes("VmRSS:");
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) servers[i] = start_counter(NULL);
    say(servers, n, before, now_seconds() - start);
    for (int64_t i = 0; i < n; i++) ks_exit_process(servers[i], KS_KILL);
}

KS_SUPERVISOR(guard, .strategy = KS_DYNAMIC);

void supervised_memory(void)
{
    int64_t n = scaled(100000);
    ks_pid *servers = touched(n), supervisor;
    char name[32];
    (void)ks_trap_exit(true);
    must(ks_start_link(KS_CHILD(guard), &supervisor), "the supervisor did not start");
    int64_t before = memory_bytes("VmRSS:");
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "server_%lld", (long long)i);
        const ks_child row = { .module = counter_as_module(), .name = name };
        must(ks_start_child(supervisor, &row, &servers[i]), "a child did not start");
        ks_end_turn();
    }
    say(servers, n, before, now_seconds() - start);
    must(ks_stop_process(supervisor, KS_SHUTDOWN, KS_INFINITY), "it did not stop");
}
