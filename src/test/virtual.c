/* SPDX-License-Identifier: Apache-2.0 */
/* virtual.c - see virtual.h. */
#include "test/virtual.h"

#include "base/base.h"
#include "runtime/keep.h"
#include <errno.h>

enum { PROCESSES_MAX = 1 << 20, STACK_BYTES = 256 * 1024 };

static struct ksi_virtual *world_of(void *arg) { return ((struct ksi_virtual_thread *)arg)->world; }

static int64_t monotonic(void *arg) { return world_of(arg)->now_ns; }

static int64_t wall(void *arg)
{
    return 1000000000000000000 + world_of(arg)->now_ns; /* 2001-09-09 */
}

static uint64_t next_random(void *arg) { return ksi_random_next(&world_of(arg)->random); }

static uint32_t choose(void *arg, uint32_t count)
{
    return (uint32_t)ksi_random_below(&world_of(arg)->random, count);
}

bool ksi_virtual_chance(struct ksi_virtual *world, double chance)
{
    enum { STEPS = 1 << 20 };
    return chance > 0 && (double)ksi_random_below(&world->random, STEPS) < chance * STEPS;
}

/* --- the threads of the schedulers, which are one --------------------------------------------- */
static void be(struct ksi_scheduler *s)
{
    ksi_this_thread.scheduler = s;
    ksi_this_thread.runner = s->runner;
}

/* Returns when somebody goes on with us. */
static void go_on_with(struct ksi_virtual_thread *thread)
{
    struct ksi_scheduler *from = ksi_this_scheduler, *to = thread->scheduler;
    uint32_t inside = ksi_load_relaxed(&ksi_this_thread.inside); /* this very thread's */
    int kept = errno;
    if (!from || from == to) return;
    be(to);
    if (ksi_keeps())
        ksi_keep_and_switch(from->stack, to->stack);
    else
        ksi_stack_switch(from->stack, to->stack);
    be(from);
    ksi_store_relaxed(&ksi_this_thread.inside, inside);
    errno = kept;
}

/* One that can run, by lot; NULL: all are parked. */
static struct ksi_virtual_thread *draw(struct ksi_virtual *world)
{
    struct ksi_virtual_thread *ready[KSI_VIRTUAL_THREADS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->thread_count; i++)
        if (!world->threads[i].parked) ready[count++] = &world->threads[i];
    return count ? ready[ksi_random_below(&world->random, count)] : NULL;
}

static void others_go_on(struct ksi_virtual *world)
{
    if (world->thread_count > 1 && ksi_virtual_chance(world, world->yield)) go_on_with(draw(world));
}

/* False: nobody waits for a moment. */
static bool pass_time(struct ksi_virtual *world)
{
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < world->thread_count; i++)
        if (world->threads[i].until < next) next = world->threads[i].until;
    if (next == INT64_MAX) return false;
    world->now_ns = next;
    for (uint32_t i = 0; i < world->thread_count; i++)
        if (world->threads[i].until <= next) world->threads[i].parked = false;
    return true;
}

static void poll(void *arg, int64_t timeout_ns)
{
    struct ksi_virtual_thread *self = arg, *next;
    struct ksi_virtual *world = self->world;
    if (timeout_ns <= 0) {
        others_go_on(world);
        return;
    }
    bool woken = self->woken;
    self->woken = false;
    if (woken) return;
    self->parked = true;
    self->until = timeout_ns == INT64_MAX ? INT64_MAX : world->now_ns + timeout_ns;
    while (!(next = draw(world)) && pass_time(world)) continue;
    if (next)
        go_on_with(next);
    else
        world->stuck = true;
    self->parked = self->woken = false;
}

static void unpark(void *arg)
{
    struct ksi_virtual_thread *thread = arg;
    thread->parked = false;
    thread->woken = true; /* it may be about to park */
    others_go_on(thread->world);
}

static struct ksi_virtual *world_in(struct ksi_simulator *simulator)
{
    return KSI_CONTAINER_OF(simulator, struct ksi_virtual, simulator);
}

static bool yields(struct ksi_simulator *simulator)
{
    others_go_on(world_in(simulator));
    return ksi_virtual_chance(world_in(simulator), world_in(simulator)->yield);
}

static bool holds_back(struct ksi_simulator *simulator)
{
    return ksi_virtual_chance(world_in(simulator), world_in(simulator)->delay);
}

static struct ksi_scheduler *moves_to(struct ksi_simulator *simulator)
{
    struct ksi_virtual *world = world_in(simulator);
    if (!ksi_virtual_chance(world, world->yield)) return NULL;
    return world->threads[ksi_random_below(&world->random, world->thread_count)].scheduler;
}

/* --- the world -------------------------------------------------------------------------------- */
void ksi_virtual_init(struct ksi_virtual *world, uint64_t seed)
{
    *world = (struct ksi_virtual){ .simulator = { yields, holds_back, moves_to },
        .now_ns = 1000000000,
        .thread_count = 1,
        .threads[0].world = world };
    ksi_random_seed(&world->random, seed);
}

static struct ksi_seams seams_of(struct ksi_virtual_thread *thread)
{
    return (struct ksi_seams){ .monotonic_ns = monotonic,
        .wall_ns = wall,
        .random = next_random,
        .choose = choose,
        .poll = poll,
        .unpark = unpark,
        .arg = thread };
}

struct ksi_seams ksi_virtual_seams(struct ksi_virtual *world)
{
    return seams_of(&world->threads[0]);
}

/* It stands at the start of its loop, where the first turn drawn for it begins. */
static bool stand_ready(struct ksi_scheduler *s)
{
    s->stack = ksi_stack_get(&s->runner->stacks);
    return s->stack != NULL;
}

struct ksi_runtime *ksi_virtual_runtime(struct ksi_virtual *world, uint32_t schedulers)
{
    ks_runtime_options options = { .processes_max = PROCESSES_MAX, .stack_size = STACK_BYTES };
    struct ksi_seams seams[KSI_VIRTUAL_THREADS];
    KSI_ASSERT(schedulers >= 1 && schedulers <= KSI_VIRTUAL_THREADS);
    world->thread_count = schedulers;
    for (uint32_t i = 0; i < schedulers; i++) {
        world->threads[i] = (struct ksi_virtual_thread){ .world = world };
        seams[i] = seams_of(&world->threads[i]);
    }
    struct ksi_runtime *runtime = ksi_runtime_new(&options, seams, schedulers);
    bool good = runtime;
    for (uint32_t i = 0; i < schedulers && good; i++) {
        world->threads[i].scheduler = runtime->schedulers[i];
        good = i == 0 || stand_ready(runtime->schedulers[i]);
    }
    if (good || !runtime) return runtime;
    ksi_runtime_end(runtime);
    return NULL;
}

void ksi_virtual_end(struct ksi_virtual *world)
{
    for (uint32_t i = 1; i < world->thread_count; i++)
        ksi_stack_drop(world->threads[i].scheduler->stack);
}
