/* SPDX-License-Identifier: Apache-2.0 */
/* virtual.h - seams of a world that is made of a seed: time passes only when nobody can run.
 *
 * Several schedulers take turns on one thread, whose turn it is being drawn by lot: when one has
 * nothing to do, where its processes may be put aside, and whenever it has woken another. So what
 * real threads do to each other happens under a seed, down to the border of a public function or of
 * a signal. Belongs to the thread that runs the runtime. */
#ifndef KSI_TEST_VIRTUAL_H
#define KSI_TEST_VIRTUAL_H
#include "base/random.h"
#include "runtime/scheduler.h"

enum { KSI_VIRTUAL_THREADS = 8 };

/* What a scheduler takes for its thread. */
struct ksi_virtual_thread {
    struct ksi_virtual *world;
    struct ksi_scheduler *scheduler;
    int64_t until; /* while it is parked */
    bool parked, woken;
};
struct ksi_virtual {
    struct ksi_simulator simulator;
    struct ksi_random random;
    int64_t now_ns;
    double yield, delay, out_of_memory; /* chances */
    bool stuck;                         /* nobody could run, and no timer was armed */
    uint32_t thread_count;
    struct ksi_virtual_thread threads[KSI_VIRTUAL_THREADS];
};

void ksi_virtual_init(struct ksi_virtual *world, uint64_t seed);
/* The seams of its first scheduler. */
struct ksi_seams ksi_virtual_seams(struct ksi_virtual *world);
/* A small runtime of so many schedulers in that world, which is run by ksi_scheduler_run of the
 * first one; NULL: out of memory. */
struct ksi_runtime *ksi_virtual_runtime(struct ksi_virtual *world, uint32_t schedulers);
/* The other schedulers have nothing left to do, for ever. */
void ksi_virtual_end(struct ksi_virtual *world);
/* The world of a scheduler. */
static inline struct ksi_virtual *ksi_virtual_of(const struct ksi_scheduler *s)
{
    return ((struct ksi_virtual_thread *)s->seams.arg)->world;
}
/* True with a chance between 0 and 1. */
bool ksi_virtual_chance(struct ksi_virtual *world, double chance);

#endif
