/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - what the workloads share: counts, clock, result line, the server that most of them
 * call.
 *
 * A workload is the first process of a runtime of its own. It prints one JSON object for what it
 * measured, and ends the program with status 1 when a result is wrong. Real time. */
#ifndef BENCH_H
#define BENCH_H
#include <kiosk/kiosk.h>

struct result {
    int64_t n;
    double seconds;
    const char *extra; /* further fields, beginning with a comma; NULL: none */
};

struct workload {
    const char *name;
    void (*run)(void);
};

/* A default count times BENCH_SCALE, at least 1. */
int64_t scaled(int64_t count);
double now_seconds(void); /* monotonic */
/* The value of a row of /proc/self/status, such as "VmRSS:", in bytes. */
int64_t memory_bytes(const char *row);
/* The workloads' generator: 0..range-1. */
uint32_t next_random(uint32_t *x, uint32_t range);
void report(const struct result *result);
/* Ends the program. */
void wrong(const char *what) __attribute__((noreturn));

/* --- the server: 64 bytes of state, its first word counts requests ---------------------------- */
ks_pid start_counter(uint32_t mailbox_max); /* 0: the default */
/* The reply must be value + 1. */
void call_counter(ks_pid to, int64_t value);
void cast_counter(ks_pid to, int64_t value);
int64_t counter_count(ks_pid to);

/* --- the workloads ---------------------------------------------------------------------------- */
void call_1core(void);
void cast_1to1(void);
void cast_1core(void);
void ring(void);
void spawn_exit(void);
void idle_memory(void);
void timers_cancel(void);
void flood_refuse(void);
void flood_drop_newest(void);
void flood_drop_oldest(void);
void flood_block(void);
void supervisor_many(void);
void timers_fire(void);
#endif
