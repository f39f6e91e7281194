/* SPDX-License-Identifier: Apache-2.0 */
/* link_test - the tree of a process's links against a plain set, in any order, with thousands. */
#include "runtime/world.h"

enum { PEERS = 700, MANY = 20000 };

/* Pid ids as they come: slots in a row, some with later generations. */
static uint64_t id_of(uint32_t number) { return (uint64_t)(1 + number % 7) << 32 | (number + 1); }

struct shape {
    uint32_t count, depth;
    bool broken;
};

/* Everything below `at` lies between two keys; counts it. */
static void walk(struct ksi_scheduler *s, uint32_t at, uint64_t from, uint64_t to, uint32_t depth,
    struct shape *shape)
{
    if (!at) return;
    const struct ksi_record *record = ksi_record_at(s, at);
    bool in_place = record->link.peer >= from && record->link.peer < to;
    shape->broken |= !in_place || record->kind != KSI_RECORD_LINK;
    shape->count++;
    if (depth > shape->depth) shape->depth = depth;
    walk(s, record->link.left, from, record->link.peer, depth + 1, shape);
    walk(s, record->link.right, record->link.peer + 1, to, depth + 1, shape);
}

static struct shape shape_of(struct world *world, struct ksi_process *p)
{
    struct shape shape = { .broken = false };
    walk(world->scheduler, p->links, 0, UINT64_MAX, 1, &shape);
    ck_assert(!shape.broken);
    return shape;
}

START_TEST(random_use_agrees_with_a_set)
{
    struct world world;
    struct ksi_random random;
    bool linked[PEERS] = { false };
    uint32_t count = 0;
    world_begin(&world);
    ksi_random_seed(&random, 7);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world);
    for (int step = 0; step < 20000; step++) {
        uint32_t peer = (uint32_t)ksi_random_below(&random, PEERS);
        struct ksi_record *record = ksi_link_find(s, p, id_of(peer));
        ck_assert((record != NULL) == linked[peer]);
        if (record) {
            ck_assert_uint_eq(record->link.peer, id_of(peer));
            ksi_link_remove(s, p, record);
            count--;
        } else {
            ck_assert_ptr_nonnull(ksi_link_add(s, p, id_of(peer)));
            count++;
        }
        linked[peer] = !linked[peer];
        if (step % 50 == 0) ck_assert_uint_eq(shape_of(&world, p).count, count);
    }
    for (uint32_t i = 0; i < PEERS; i++)
        if (linked[i]) ksi_link_remove(s, p, ksi_link_find(s, p, id_of(i)));
    ck_assert_uint_eq(p->links, 0);
    ksi_process_free(s, p);
    world_end(&world);
}
END_TEST

/* A supervisor of thousands: pids in order are no worst case. */
START_TEST(thousands_of_links_make_a_flat_tree)
{
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world);
    for (uint32_t i = 0; i < MANY; i++) ck_assert_ptr_nonnull(ksi_link_add(s, p, id_of(7 * i)));
    struct shape shape = shape_of(&world, p);
    ck_assert_uint_eq(shape.count, MANY);
    ck_assert_uint_le(shape.depth, 60); /* 14 would be perfect */
    for (uint32_t i = 0; i < MANY; i += 2) ksi_link_remove(s, p, ksi_link_find(s, p, id_of(7 * i)));
    for (uint32_t i = 0; i < MANY; i++)
        ck_assert((ksi_link_find(s, p, id_of(7 * i)) != NULL) == (i % 2 == 1));
    for (uint32_t i = 1; i < MANY; i += 2) ksi_link_remove(s, p, ksi_link_find(s, p, id_of(7 * i)));
    ck_assert_uint_eq(p->links, 0);
    ksi_process_free(s, p);
    world_end(&world);
}
END_TEST

/* A link is in the tree, not in the list of what its process owns. */
START_TEST(links_are_not_in_the_list_of_what_is_owned)
{
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world);
    struct ksi_record *alias = ksi_record_new(s, p, KSI_RECORD_ALIAS);
    struct ksi_record *link = ksi_link_add(s, p, id_of(1));
    ck_assert_uint_eq(p->owned, ksi_record_index(s, alias));
    ck_assert_uint_eq(alias->next, 0);
    ck_assert_uint_eq(alias->previous, 0);
    ksi_link_remove(s, p, link);
    ksi_record_remove(s, p, alias);
    ksi_record_free(s, alias);
    ksi_process_free(s, p);
    world_end(&world);
}
END_TEST

int main(void)
{
    return run_suite("link", 60,
        TESTS(random_use_agrees_with_a_set, thousands_of_links_make_a_flat_tree,
            links_are_not_in_the_list_of_what_is_owned));
}
