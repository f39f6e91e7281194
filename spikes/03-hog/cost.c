/* SPDX-License-Identifier: Apache-2.0 */
/* cost.c - one entry into the runtime and back, from a handler, when nothing is wrong.  Built
 * twice: with the protocol and (-DNO_CHECK) without.  Median of 9. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rt.h"

enum { TIMES = 20000000, REPEATS = 9 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(struct process *self, struct request *request, long value)
{
    double v[REPEATS];
    for (int r = 0; r < REPEATS; r++) {
        double start = now_ns();
        for (int i = 0; i < TIMES; i++)
            rt_nothing();
        v[r] = (now_ns() - start) / TIMES;
    }
    qsort(v, REPEATS, sizeof *v, compare);
#ifdef NO_CHECK
    const char *what = "without the protocol";
#else
    const char *what = "with the protocol";
#endif
    printf("  empty function of the runtime, %-20s %5.2f ns  [%.2f .. %.2f]\n", what,
           v[REPEATS / 2], v[0], v[REPEATS - 1]);
    rt_reply(request, 0);
}

int main(void)
{
    struct rt_options options = {.threads = 1};
    rt_start(&options);
    rt_call(rt_spawn(measure, NULL), 0);
    rt_stop();
    return 0;
}
