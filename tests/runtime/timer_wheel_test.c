/* SPDX-License-Identifier: Apache-2.0 */
/* timer_wheel_test - a wheel against a list of timers that is looked at one by one. */
#include "runtime/timer_wheel.h"

#include "base/base.h"
#include "base/random.h"

#include "support/suite.h"

/* Check notes every assertion in a file: too slow for millions. */
#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) ck_abort_msg("%s", #condition);                                          \
    } while (0)

enum { ITEMS = 150 };

struct item {
    struct ksi_timer timer;
    bool armed;
    int64_t due, count; /* the count-th to be armed */
};

struct world {
    struct ksi_wheel wheel;
    struct ksi_random random;
    struct item items[ITEMS];
    int64_t count;            /* armed so far */
    int64_t last, last_count; /* due tick and count of the timer that fired last */
};

static int64_t some(struct world *world, int64_t below)
{
    return (int64_t)ksi_random_below(&world->random, (uint64_t)below);
}

/* From a tick to some thousand years, edges of slots more often than others. */
static int64_t distance(struct world *world)
{
    static const int64_t edges[] = { 0, 1, 2, 62, 63, 64, 65, 127, 128, 4095, 4096, 4097, 262143,
        262144, 1000000, 1000000000, (int64_t)1 << 42, (int64_t)1 << 48, ((int64_t)1 << 48) + 5 };
    if (some(world, 2)) return edges[some(world, (int64_t)KSI_COUNT_OF(edges))];
    return some(world, (int64_t)1 << (1 + some(world, 40)));
}

static int64_t earliest(const struct world *world)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < ITEMS; i++)
        if (world->items[i].armed && world->items[i].due < least) least = world->items[i].due;
    return least;
}

static int armed(const struct world *world)
{
    int count = 0;
    for (int i = 0; i < ITEMS; i++) count += world->items[i].armed;
    return count;
}

/* A bit is set exactly when its ring is not empty, and the rings are whole. */
static void check_wheel(struct world *world)
{
    int count = 0;
    for (int level = 0; level < KSI_WHEEL_LEVELS; level++)
        for (int slot = 0; slot < KSI_WHEEL_SLOTS; slot++) {
            struct ksi_timer *head = &world->wheel.slots[level][slot];
            HOLDS((head->next != head) == (world->wheel.occupied[level] >> slot & 1));
            for (struct ksi_timer *at = head->next; at != head; at = at->next, count++)
                HOLDS(at->next->previous == at && at->previous->next == at);
        }
    HOLDS(count == armed(world));
    HOLDS(ksi_wheel_next(&world->wheel) <= earliest(world));
}

static void arm(struct world *world, struct item *item, int64_t due)
{
    item->armed = true;
    item->due = due > world->wheel.now ? due : world->wheel.now;
    item->count = ++world->count;
    ksi_wheel_arm(&world->wheel, &item->timer, due);
}

static void fired(struct world *world, struct item *item, int64_t now)
{
    HOLDS(item->armed);
    HOLDS(!ksi_timer_armed(&item->timer));
    HOLDS(item->timer.due == item->due);
    HOLDS(item->due <= now);
    HOLDS(item->due >= world->last);
    HOLDS(item->due > world->last || item->count > world->last_count); /* as they were armed */
    world->last_count = item->count;
    world->last = item->due;
    item->armed = false;
    if (some(world, 3) == 0) arm(world, item, item->due + 1 + distance(world));
}

static void advance(struct world *world, int64_t by)
{
    int64_t now = world->wheel.now + by;
    struct ksi_timer *timer;
    while ((timer = ksi_wheel_advance(&world->wheel, now)))
        fired(world, KSI_CONTAINER_OF(timer, struct item, timer), now);
    HOLDS(world->wheel.now == now);
    HOLDS(earliest(world) > now);
    world->last = now;
}

static void one_step(struct world *world)
{
    struct item *item = &world->items[some(world, ITEMS)];
    switch (some(world, 4)) {
    case 0:
    case 1:
        if (!item->armed) arm(world, item, world->wheel.now - 1 + distance(world));
        break;
    case 2:
        ksi_wheel_cancel(&world->wheel, &item->timer); /* also when it is not armed */
        item->armed = false;
        break;
    default:
        /* To the next timer of interest more often than beyond all of them. */
        if (some(world, 8))
            advance(world, some(world, 200));
        else
            advance(world, distance(world) / (1 + some(world, 1000)));
    }
    check_wheel(world);
}

static void walk(int64_t start, uint64_t seed, int steps)
{
    struct world *world = calloc(1, sizeof *world);
    ck_assert_ptr_nonnull(world);
    ksi_random_seed(&world->random, seed);
    ksi_wheel_init(&world->wheel, start);
    world->last = start;
    for (int i = 0; i < steps; i++) one_step(world);
    for (int i = 0; i < ITEMS; i++) { /* what is left fires, too, and nothing twice */
        ksi_wheel_cancel(&world->wheel, &world->items[i].timer);
        world->items[i].armed = false;
        if (i % 2) arm(world, &world->items[i], world->wheel.now + distance(world));
    }
    for (int i = 0; i < 10000 && armed(world); i++)
        advance(world, earliest(world) - world->wheel.now);
    check_wheel(world);
    ck_assert_int_eq(armed(world), 0);
    ck_assert_int_eq(ksi_wheel_next(&world->wheel), INT64_MAX);
    free(world);
}

START_TEST(random_use_agrees_with_a_list)
{
    static const int64_t starts[] = { 0, 1, 63, 64, 4095, ((int64_t)1 << 42) - 3,
        ((int64_t)1 << 48) - 50, 1000000000000 };
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (size_t i = 0; i < KSI_COUNT_OF(starts); i++) walk(starts[i], seed, 1500);
}
END_TEST

/* Each distance alone, in one jump, in two, and tick by tick to its end. */
START_TEST(every_distance_fires_at_its_tick)
{
    static const int64_t distances[] = { 0, 1, 63, 64, 65, 4095, 4096, 1000000, 1000000000,
        (int64_t)1 << 42, (int64_t)1 << 50 };
    for (int64_t start = 0; start < 130; start++)
        for (size_t i = 0; i < KSI_COUNT_OF(distances); i++) {
            struct ksi_wheel wheel;
            struct ksi_timer timer = { .next = NULL };
            int64_t due = start + distances[i];
            ksi_wheel_init(&wheel, start);
            ksi_wheel_arm(&wheel, &timer, due);
            if (distances[i]) ck_assert_ptr_null(ksi_wheel_advance(&wheel, due - 1));
            ck_assert_ptr_eq(ksi_wheel_advance(&wheel, due), &timer);
            ck_assert_ptr_null(ksi_wheel_advance(&wheel, due));
            ck_assert_ptr_null(ksi_wheel_advance(&wheel, due + 1000000));
        }
}
END_TEST

START_TEST(a_cancelled_timer_never_fires)
{
    struct ksi_wheel wheel;
    struct ksi_timer timers[3] = { { .next = NULL } };
    ksi_wheel_init(&wheel, 5);
    for (int i = 0; i < 3; i++) ksi_wheel_arm(&wheel, &timers[i], 100);
    ksi_wheel_cancel(&wheel, &timers[1]);
    ksi_wheel_cancel(&wheel, &timers[1]);
    int count = 0;
    for (struct ksi_timer *timer; (timer = ksi_wheel_advance(&wheel, 1000)); count++)
        ck_assert_ptr_ne(timer, &timers[1]);
    ck_assert_int_eq(count, 2);
}
END_TEST

/* An idle scheduler looks at the wheel seldom, however far the next timer is. */
START_TEST(a_far_timer_needs_few_looks)
{
    struct ksi_wheel wheel;
    struct ksi_timer timer = { .next = NULL };
    int64_t due = 86400000 + 1234567;
    int looks = 0;
    ksi_wheel_init(&wheel, 1234567);
    ksi_wheel_arm(&wheel, &timer, due);
    for (int64_t now = wheel.now; now < due; looks++) {
        ck_assert_ptr_null(ksi_wheel_advance(&wheel, now));
        ck_assert_int_gt(ksi_wheel_next(&wheel), now);
        now = ksi_wheel_next(&wheel);
    }
    ck_assert_int_le(looks, KSI_WHEEL_LEVELS);
    ck_assert_ptr_eq(ksi_wheel_advance(&wheel, due), &timer);
}
END_TEST

int main(void)
{
    return run_suite("timer_wheel", 60,
        TESTS(random_use_agrees_with_a_list, every_distance_fires_at_its_tick,
            a_cancelled_timer_never_fires, a_far_timer_needs_few_looks));
}
