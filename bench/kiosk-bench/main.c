/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - kiosk-bench WORKLOAD: one workload, one line of JSON. Exit status 2: it is not known.
 *
 * BENCH_SCALE multiplies the counts. There is one scheduler, whatever PEER_CORES says: the line has
 * `cores` 1. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct workload workloads[] = { { "call_1core", call_1core },
    { "cast_1to1", cast_1to1 }, { "cast_1core", cast_1core }, { "ring", ring },
    { "spawn_exit", spawn_exit }, { "idle_memory", idle_memory },
    { "timers_cancel", timers_cancel }, { "timers_fire", timers_fire },
    { "flood_refuse", flood_refuse }, { "flood_drop_newest", flood_drop_newest },
    { "flood_drop_oldest", flood_drop_oldest }, { "flood_block", flood_block },
    { "supervisor_many", supervisor_many } };
static const struct workload *chosen;

int64_t scaled(int64_t count)
{
    const char *scale = getenv("BENCH_SCALE");
    double value = scale ? strtod(scale, NULL) * (double)count : (double)count;
    return value < 1 ? 1 : (int64_t)value;
}

double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int64_t memory_bytes(const char *row)
{
    char line[256];
    long long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, row, strlen(row)) == 0) kilobytes = strtoll(line + strlen(row), NULL, 10);
    if (file) fclose(file);
    return kilobytes * 1024;
}

uint32_t next_random(uint32_t *x, uint32_t range)
{
    *x = (*x * 1103515245u + 12345u) & 0x7fffffffu;
    return (*x >> 7) % range;
}

void report(const struct result *result)
{
    printf("{\"peer\":\"kiosk\",\"workload\":\"%s\",\"cores\":1,\"n\":%lld,\"seconds\":%.6f,"
           "\"rate_per_s\":%.1f,\"ns_per_op\":%.2f,\"rss_bytes\":%lld%s}\n",
        chosen->name, (long long)result->n, result->seconds, (double)result->n / result->seconds,
        result->seconds * 1e9 / (double)result->n, (long long)memory_bytes("VmHWM:"),
        result->extra ? result->extra : "");
    fflush(stdout);
}

void wrong(const char *what)
{
    fprintf(stderr, "kiosk-bench: %s: %s\n", chosen->name, what);
    exit(1);
}

/* --- the only process that the runtime starts by itself --------------------------------------- */
KS_MODULE(bench, void);
static void bench_main(const ks_none *args) { chosen->run(); }
KS_PROCESS(bench);

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof workloads / sizeof *workloads; i++)
        if (strcmp(argv[1], workloads[i].name) == 0) chosen = &workloads[i];
    if (!chosen) {
        fprintf(stderr, "kiosk-bench: no such workload\n");
        return 2;
    }
    ks_log_set_level(KS_LOG_ERROR);
    return ks_run(&(const ks_runtime_options){ 0 }, KS_CHILD(bench)) ? 1 : 0;
}
