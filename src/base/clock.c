/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - see clock.h. */
#include "base/clock.h"

#include "base/base.h"

#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    int failed = clock_gettime(clock, &now);
    KSI_ASSERT(!failed); /* only for a clock that does not exist */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t ksi_clock_monotonic(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t ksi_clock_wall(void) { return read_clock(CLOCK_REALTIME); }
