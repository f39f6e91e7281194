/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - a runtime in which nothing runs, for tests of its parts.
 *
 * Processes made here have no module and never run; a test frees what it makes. */
#ifndef WORLD_H
#define WORLD_H
#include "test/virtual.h"

#include "runtime/signal.h"
#include "support/suite.h"

struct world {
    struct ksi_virtual virtual;
    struct ksi_runtime *runtime;
    struct ksi_scheduler *scheduler;
};

static inline void world_begin(struct world *world)
{
    ksi_virtual_init(&world->virtual, 1);
    world->runtime = ksi_virtual_runtime(&world->virtual, 1);
    ck_assert_ptr_nonnull(world->runtime);
    world->scheduler = &world->runtime->scheduler;
}

/* Nothing may be left. */
static inline void world_end(struct world *world)
{
    ck_assert_int_eq(ksi_pool_blocks(&world->scheduler->pool), 0);
    ck_assert_int_eq(world->scheduler->records.alive, 0);
    ksi_runtime_end(world->runtime);
}

static inline struct ksi_process *world_process(struct world *world)
{
    struct ksi_process *p = ksi_process_new(world->scheduler);
    ck_assert_ptr_nonnull(p);
    return p;
}
#endif
