/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - what the workloads share: counts, clock, result line, the server that most of them
 * call, processes that begin at once.
 *
 * A workload is the first process of a runtime of its own. It prints one JSON object for what it
 * measured, and ends the program with status 1 when a result is wrong. Real time. */
#ifndef BENCH_H
#define BENCH_H
#include <kiosk/kiosk.h>

/* Further fields of a result: ,"name":value... */
struct fields {
    char text[512];
    size_t len;
};
struct result {
    int64_t n;
    double seconds;
    const struct fields *fields; /* NULL: none */
};

/* --- measure.c -------------------------------------------------------------------------------- */
/* A default count times BENCH_SCALE, at least 1. */
int64_t scaled(int64_t count);
double now_seconds(void); /* monotonic */
int64_t now_ns(void);
/* The value of a row of /proc/self/status, such as "VmRSS:", in bytes. */
int64_t memory_bytes(const char *row);
/* The workloads' generator: 0..range-1. */
uint32_t next_random(uint32_t *x, uint32_t range);
/* The part, in percent, of whom has the least of count. */
double least_share(const int64_t *amounts, uint32_t count);
void add_number(struct fields *fields, const char *name, double value);
void add_text(struct fields *fields, const char *name, const char *value);
/* p50_ns, p99_ns, p999_ns, max_ns of count values, which are sorted; prefix stands before each. */
void add_latencies(struct fields *fields, const char *prefix, int64_t *values, size_t count);
void report(const struct result *result);
/* Ends the program. */
void wrong(const char *what) __attribute__((noreturn));
/* The same when a status is not KS_OK. */
void must(ks_status status, const char *what);
/* The name of the workload, for the result line. */
void measure_begin(const char *workload);

/* --- cores.c: which CPU runs whom ------------------------------------------------------------- */
/* Ties the thread of each scheduler to a CPU of its own, as far as there are as many. */
void hold_schedulers(void);
/* A scheduler that is not the caller's: what is held there runs on another core. */
uint32_t another_scheduler(void);
/* How long a cache line takes from the core of one scheduler to that of another, one way. */
double ping_ns(void);
enum { THREADS = 64 };
/* A thread of this program, from 0 to THREADS - 1, in the order in which they ask; by the operating
 * system's account, not by the library's. */
int thread_number(void);
void spin_us(int64_t us);

/* --- crowd.c ---------------------------------------------------------------------------------- */
struct crowd {
    int count;
    uint32_t scheduler; /* all are held there; 0: on none */
    void (*part)(int number, void *arg);
    void *arg;
};
/* Starts the processes, gives all of them the signal, and waits until part(number, arg) has
 * returned in each; number is from 1. The time from the signal to the last end, in seconds. */
double run_crowd(const struct crowd *crowd);

/* --- counter.c: the server; 64 bytes of state, its first word counts requests ----------------- */
const ks_module *counter_as_module(void);
/* row NULL: all defaults; else its limits, name and scheduler, but not its module. */
ks_pid start_counter(const ks_child *row);
/* The reply must be value + 1. */
void call_counter(ks_pid to, int64_t value);
void cast_counter(ks_pid to, int64_t value);
int64_t counter_count(ks_pid to);
/* The scheduler that ran it for this very call. */
uint32_t counter_scheduler(ks_pid to);

/* --- the workloads ---------------------------------------------------------------------------- */
void call_1core(void);
void call_2core(void);
void call_pinned_cross(void);
void cast_1to1(void);
void cast_1core(void);
void cast_Nto1(void);
void fanout(void);
void ring(void);
void skynet(void);
void spawn_exit(void);
void idle_memory(void);
void supervised_memory(void);
void many_calls(void);
void blocking(void);
void timers_cancel(void);
void timers_fire(void);
void supervisor_many(void);
void supervisor_restart(void);
void registry_lookup(void);
void big_message_ref(void);
void copy_1k(void);
void latency_under_load(void);
void work_2us(void);
void work_20us(void);
void skew(void);
void idle_cpu(void);
void remote_cast(void);
void remote_call(void);
void flood_refuse(void);
void flood_drop_newest(void);
void flood_drop_oldest(void);
void flood_block(void);
/* Until the program is killed. */
void tcp_echo_server(const char *port);
#endif
