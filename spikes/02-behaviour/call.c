/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - nanoseconds of one call on one scheduler: a plain process adds to a counter. Prints one
 * figure, the fastest of REPEATS, since others share the machine. `call infinity`: no time-out. */
#include <kiosk/kiosk.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLS = 50000, REPEATS = 40 };
static ks_ms timeout_ms = 5000;

KS_MODULE(counter, void);
struct counter {
    int64_t value;
};
KS_CALL(counter, add, ks_int, ks_int);
static ks_next counter_handle_add(counter *self, const ks_int *n, ks_int *reply)
{
    *reply = self->value += *n;
    return ks_reply();
}
KS_GEN_SERVER(counter, .ops = KS_OPS(counter, add));

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

KS_MODULE(client, void);
static void client_main(const client_args *args)
{
    ks_pid pid;
    ks_int one = 1, reply = 0;
    double ns[REPEATS];
    if (ks_start_link(KS_CHILD(counter), &pid)) abort();
    for (int r = 0; r < REPEATS; r++) {
        double start = now_ns();
        for (int i = 0; i < CALLS; i++)
            if (counter_call_add(pid, &one, &reply, timeout_ms)) abort();
        ns[r] = (now_ns() - start) / CALLS;
    }
    if (reply != (ks_int)CALLS * REPEATS) abort();
    qsort(ns, REPEATS, sizeof *ns, compare);
    printf("%.2f\n", ns[0]);
}
KS_PROCESS(client);

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "infinity") == 0) timeout_ms = KS_INFINITY;
    (void)ks_log_set_level(KS_LOG_CRITICAL);
    return ks_run(NULL, KS_CHILD(client)) ? 1 : 0;
}
