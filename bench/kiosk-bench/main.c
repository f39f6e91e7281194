/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - kiosk-bench WORKLOAD: one workload, one line of JSON, or a line for each of its parts.
 *
 *     kiosk-bench tcp_echo_server PORT    prints READY and serves until it is killed
 *     kiosk-bench --list                  name, schedulers to measure it with, the field to compare
 *
 * BENCH_SCALE multiplies the counts; PEER_CORES says how many schedulers there are: without it as
 * many as the library has by default, and two where the workload needs two. Exit status 2: the
 * workload is not known. */
#include "bench.h"

#include <kiosk/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cores {
    ONE,  /* one scheduler, whatever PEER_CORES says */
    ANY,  /* as many as it says; defined for two */
    BOTH, /* the same; what matters is how two compare with one */
    TWO   /* at least two */
};
static const char *const core_texts[] = { [ONE] = "1", [ANY] = "2", [BOTH] = "1,2", [TWO] = "2" };

struct workload {
    const char *name;
    void (*run)(void);
    enum cores cores;
    const char *metric; /* the field by which runs are compared; NULL: ns_per_op */
};
static const struct workload workloads[] = { { "call_1core", call_1core, ONE, NULL },
    { "call_2core", call_2core, ANY, NULL }, { "call_pinned_cross", call_pinned_cross, TWO, NULL },
    { "cast_1core", cast_1core, ONE, NULL }, { "cast_1to1", cast_1to1, ANY, NULL },
    { "cast_Nto1", cast_Nto1, ANY, NULL }, { "fanout", fanout, ANY, NULL },
    { "ring", ring, ANY, NULL }, { "skynet", skynet, ANY, NULL },
    { "spawn_exit", spawn_exit, ANY, NULL },
    { "idle_memory", idle_memory, ANY, "bytes_per_process" },
    { "supervised_memory", supervised_memory, ANY, "bytes_per_process" },
    { "many_calls", many_calls, ANY, NULL }, { "timers_cancel", timers_cancel, ANY, NULL },
    { "timers_fire", timers_fire, ANY, "p99_ns" },
    { "supervisor_many", supervisor_many, ONE, NULL },
    { "supervisor_restart", supervisor_restart, ANY, NULL },
    { "registry_lookup", registry_lookup, ANY, NULL },
    { "big_message_ref", big_message_ref, ANY, NULL }, { "copy_1k", copy_1k, ANY, NULL },
    { "latency_under_load", latency_under_load, ANY, "due_p99_ns" },
    { "blocking", blocking, ANY, NULL }, { "work_2us", work_2us, BOTH, NULL },
    { "work_20us", work_20us, BOTH, NULL }, { "skew", skew, TWO, "balanced_after_ms" },
    { "idle_cpu", idle_cpu, ANY, "cpu_percent" }, { "remote_cast", remote_cast, TWO, "pings" },
    { "remote_call", remote_call, TWO, "pings" }, { "flood_refuse", flood_refuse, ONE, NULL },
    { "flood_drop_newest", flood_drop_newest, ONE, NULL },
    { "flood_drop_oldest", flood_drop_oldest, ONE, NULL },
    { "flood_block", flood_block, ONE, NULL } };
enum { WORKLOADS = sizeof workloads / sizeof *workloads };

static const struct workload *chosen; /* NULL: the TCP server */
static const char *port;

/* --- the only process that the runtime starts by itself --------------------------------------- */
KS_MODULE(bench, void);
static void bench_main(const ks_none *args)
{
    if (chosen)
        chosen->run();
    else
        tcp_echo_server(port);
}
KS_PROCESS(bench);

/* 0: the library decides. */
static uint32_t schedulers(enum cores cores)
{
    const char *text = getenv("PEER_CORES");
    long count = text ? strtol(text, NULL, 10) : 0;
    if (cores == ONE) return 1;
    if (cores == TWO && count < 2) return 2;
    return count < 1 ? 0 : (uint32_t)count;
}

static int run(enum cores cores)
{
    const ks_runtime_options options = { .schedulers = schedulers(cores) };
    ks_log_set_level(KS_LOG_NONE); /* a killed child would log a report each time */
    return ks_run(&options, KS_CHILD(bench)) ? 1 : 0;
}

static int list(void)
{
    for (size_t i = 0; i < WORKLOADS; i++) {
        const char *metric = workloads[i].metric ? workloads[i].metric : "ns_per_op";
        printf("%s %s %s\n", workloads[i].name, core_texts[workloads[i].cores], metric);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) return list();
    if (argc == 3 && strcmp(argv[1], "tcp_echo_server") == 0) {
        port = argv[2];
        measure_begin(argv[1]);
        return run(ANY);
    }
    for (size_t i = 0; argc == 2 && i < WORKLOADS; i++)
        if (strcmp(argv[1], workloads[i].name) == 0) chosen = &workloads[i];
    if (!chosen) {
        fprintf(stderr, "kiosk-bench: no such workload\n");
        return 2;
    }
    measure_begin(chosen->name);
    return run(chosen->cores);
}
