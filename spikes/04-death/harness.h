/* SPDX-License-Identifier: Apache-2.0 */
/* harness.h - runs a list of scenarios in the real runtime and under the seeded runner, and looks
 * for what they leave: processes, blocks, records, descriptors. For the programs of this folder. */
#ifndef SPIKE_HARNESS_H
#define SPIKE_HARNESS_H
#include <kiosk/kiosk.h>
#include <kiosk/test.h>

struct scenario {
    const char *name;
    void (*run)(void); /* a process of its own; fails by KS_CHECK */
    bool needs_io;     /* descriptors, or real time: not for the seeded runner */
    double delay;      /* chance that a signal is held back, there; 0: the usual one */
};

/* seeds: how many runs of each under the seeded runner; 0: the real runtime. What main returns. */
int run_scenarios(const struct scenario *list, size_t count, int seeds);
#endif
