/* SPDX-License-Identifier: Apache-2.0 */
/* virtual.c - see virtual.h. */
#include "test/virtual.h"

#include "base/base.h"

enum { PROCESSES_MAX = 1 << 20, STACK_BYTES = 256 * 1024 };

static int64_t monotonic(void *arg)
{
    const struct ksi_virtual *world = arg;
    return world->now_ns;
}

static int64_t wall(void *arg)
{
    const struct ksi_virtual *world = arg;
    return 1000000000000000000 + world->now_ns; /* 2001-09-09 */
}

static uint64_t next_random(void *arg)
{
    struct ksi_virtual *world = arg;
    return ksi_random_next(&world->random);
}

static uint32_t choose(void *arg, uint32_t count)
{
    struct ksi_virtual *world = arg;
    return (uint32_t)ksi_random_below(&world->random, count);
}

static void poll(void *arg, int64_t timeout_ns)
{
    struct ksi_virtual *world = arg;
    if (timeout_ns == INT64_MAX)
        world->stuck = true;
    else
        world->now_ns += timeout_ns;
}

static void unpark(void *arg) {}

bool ksi_virtual_chance(struct ksi_virtual *world, double chance)
{
    enum { STEPS = 1 << 20 };
    return chance > 0 && (double)ksi_random_below(&world->random, STEPS) < chance * STEPS;
}

static bool yields(struct ksi_simulator *simulator)
{
    struct ksi_virtual *world = KSI_CONTAINER_OF(simulator, struct ksi_virtual, simulator);
    return ksi_virtual_chance(world, world->yield);
}

static bool holds_back(struct ksi_simulator *simulator)
{
    struct ksi_virtual *world = KSI_CONTAINER_OF(simulator, struct ksi_virtual, simulator);
    return ksi_virtual_chance(world, world->delay);
}

void ksi_virtual_init(struct ksi_virtual *world, uint64_t seed)
{
    *world = (struct ksi_virtual){ .simulator = { yields, holds_back }, .now_ns = 1000000000 };
    ksi_random_seed(&world->random, seed);
}

struct ksi_seams ksi_virtual_seams(struct ksi_virtual *world)
{
    return (struct ksi_seams){ .monotonic_ns = monotonic,
        .wall_ns = wall,
        .random = next_random,
        .choose = choose,
        .poll = poll,
        .unpark = unpark,
        .arg = world };
}

struct ksi_runtime *ksi_virtual_runtime(struct ksi_virtual *world)
{
    ks_runtime_options options = { .processes_max = PROCESSES_MAX, .stack_size = STACK_BYTES };
    struct ksi_seams seams = ksi_virtual_seams(world);
    return ksi_runtime_new(&options, &seams, 1);
}
