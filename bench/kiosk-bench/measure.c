/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - counts, clock, memory, random numbers, the result line. */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };
static const char *name = "?";

void measure_begin(const char *workload) { name = workload; }

int64_t scaled(int64_t count)
{
    const char *scale = getenv("BENCH_SCALE");
    double value = scale ? strtod(scale, NULL) * (double)count : (double)count;
    return value < 1 ? 1 : (int64_t)(value + 0.5);
}

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

double now_seconds(void) { return (double)now_ns() / NS_PER_S; }

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

double least_share(const int64_t *amounts, uint32_t count)
{
    int64_t sum = 0, least = INT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        sum += amounts[i];
        if (amounts[i] < least) least = amounts[i];
    }
    return sum ? 100.0 * (double)least / (double)sum : 0;
}

/* --- the result line -------------------------------------------------------------------------- */
static void add(struct fields *fields, const char *format, ...) KS_PRINTF(2, 3);
static void add(struct fields *fields, const char *format, ...)
{
    size_t left = sizeof fields->text - fields->len;
    va_list args;
    va_start(args, format);
    int added = vsnprintf(fields->text + fields->len, left, format, args);
    va_end(args);
    if (added < 0 || (size_t)added >= left) wrong("too many fields");
    fields->len += (size_t)added;
}

void add_number(struct fields *fields, const char *field, double value)
{
    bool whole = value == (double)(int64_t)value;
    add(fields, whole ? ",\"%s\":%.0f" : ",\"%s\":%.3f", field, value);
}

void add_text(struct fields *fields, const char *field, const char *value)
{
    add(fields, ",\"%s\":\"%s\"", field, value);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void add_latencies(struct fields *fields, const char *prefix, int64_t *values, size_t count)
{
    static const struct {
        const char *name;
        double share;
    } points[] = { { "p50_ns", 0.5 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 }, { "max_ns", 1 } };
    qsort(values, count, sizeof *values, by_value);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        size_t at = (size_t)((double)count * points[i].share);
        long long value = values[at < count ? at : count - 1];
        add(fields, ",\"%s%s\":%lld", prefix, points[i].name, value);
    }
}

void report(const struct result *result)
{
    printf("{\"peer\":\"kiosk\",\"workload\":\"%s\",\"cores\":%u,\"n\":%lld,\"seconds\":%.6f,"
           "\"rate_per_s\":%.1f,\"ns_per_op\":%.2f,\"rss_bytes\":%lld%s}\n",
        name, ks_scheduler_count(), (long long)result->n, result->seconds,
        (double)result->n / result->seconds, result->seconds * 1e9 / (double)result->n,
        (long long)memory_bytes("VmHWM:"), result->fields ? result->fields->text : "");
    fflush(stdout);
}

void wrong(const char *what)
{
    fprintf(stderr, "kiosk-bench: %s: %s\n", name, what);
    exit(1);
}

void must(ks_status status, const char *what)
{
    if (!status) return;
    fprintf(stderr, "kiosk-bench: %s: %s\n", what, ks_status_text(status));
    wrong(what);
}
