/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the machine's two clocks in nanoseconds. Any thread. */
#ifndef KSI_BASE_CLOCK_H
#define KSI_BASE_CLOCK_H
#include <stdint.h>

/* Since some moment in the past; never goes back. */
int64_t ksi_clock_monotonic(void);
/* Since 1970; jumps when somebody sets it. */
int64_t ksi_clock_wall(void);
#endif
