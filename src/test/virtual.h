/* SPDX-License-Identifier: Apache-2.0 */
/* virtual.h - seams of a world that is made of a seed: time passes only when nobody can run.
 *
 * Belongs to the thread that runs the runtime. */
#ifndef KSI_TEST_VIRTUAL_H
#define KSI_TEST_VIRTUAL_H
#include "base/random.h"
#include "runtime/scheduler.h"

struct ksi_virtual {
    struct ksi_simulator simulator;
    struct ksi_random random;
    int64_t now_ns;
    double yield, delay, out_of_memory; /* chances */
    bool stuck;                         /* nobody could run, and no timer was armed */
};

void ksi_virtual_init(struct ksi_virtual *world, uint64_t seed);
struct ksi_seams ksi_virtual_seams(struct ksi_virtual *world);
/* A small runtime in that world; NULL: out of memory. */
struct ksi_runtime *ksi_virtual_runtime(struct ksi_virtual *world);
/* True with a chance between 0 and 1. */
bool ksi_virtual_chance(struct ksi_virtual *world, double chance);

#endif
