/* SPDX-License-Identifier: Apache-2.0 */
/* message_test - blocks that carry copies, and the mailbox as a list that loses any of its
 * members. */
#include "runtime/message.h"

#include "runtime/mailbox.h"
#include "runtime/world.h"

typedef struct letter {
    int64_t number;
    ks_text to;
    ks_bin *enclosed;
} letter;
KS_TYPE(letter, number, to, enclosed);

START_TEST(a_message_is_a_deep_copy)
{
    struct world world;
    char name[] = "ann";
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    ks_bin *bin = ks_bin_new(ks_bytes("bytes", 5));
    letter mine = { .number = 7, .to = { name, 3 }, .enclosed = bin };
    struct ksi_message *m = ksi_message_new(s, &letter_type, &mine);
    name[0] = 'x';
    ks_bin_unref(bin);
    const letter *copy = m->public.body;
    ck_assert_ptr_eq(copy, m->body);
    ck_assert_int_eq(copy->number, 7);
    ck_assert(ks_text_eq(copy->to, ks_lit("ann")));
    ck_assert_int_eq(copy->to.ptr[3], 0);
    ck_assert_uint_eq(ks_bin_bytes(copy->enclosed).len, 5);
    ksi_message_free(s, m); /* gives the share back: else a leak */
    world_end(&world);
}
END_TEST

START_TEST(small_bodies_share_a_cache_line_with_their_header)
{
    struct world world;
    world_begin(&world);
    ks_int number = 7;
    ck_assert_uint_le(sizeof(struct ksi_message), 64);
    struct ksi_message *m = ksi_message_new(world.scheduler, &ks_int_type, &number);
    ck_assert_int_eq(*(const ks_int *)m->public.body, 7);
    ksi_message_free(world.scheduler, m);
    m = ksi_message_new(world.scheduler, NULL, NULL);
    ck_assert_ptr_null(m->public.body);
    ksi_message_free(world.scheduler, m);
    world_end(&world);
}
END_TEST

static bool always(void *arg) { return true; }

START_TEST(without_memory_there_is_no_message)
{
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    ks_bin *bin = ks_bin_new(ks_bytes("bytes", 5));
    letter mine = { .enclosed = bin };
    s->pool.fails = always;
    ck_assert_ptr_null(ksi_message_new(s, &letter_type, &mine));
    s->pool.fails = NULL;
    ks_bin_unref(bin); /* the only share */
    world_end(&world);
}
END_TEST

/* The mailbox holds the messages of the model, in order, and knows its end. */
static void check_mailbox(struct ksi_process *p, struct ksi_message *const *model, uint32_t count)
{
    struct ksi_message **link = &p->mailbox;
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_ptr_eq(*link, model[i]);
        link = &(*link)->next;
    }
    ck_assert_ptr_null(*link);
    ck_assert_ptr_eq(p->mailbox_end, link);
    ck_assert_uint_eq(ksi_load_relaxed(&p->queue_length), count);
}

START_TEST(random_use_of_a_mailbox_agrees_with_a_list)
{
    enum { MAX = 50 };
    struct world world;
    struct ksi_random random;
    struct ksi_message *model[MAX];
    uint32_t count = 0;
    world_begin(&world);
    ksi_random_seed(&random, 3);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world);
    p->flags = KSI_EXITING; /* so that it is not made ready: it has nothing to run */
    for (ks_int step = 0; step < 5000; step++) {
        if (count < MAX && (count == 0 || ksi_random_below(&random, 2))) {
            model[count] = ksi_message_new(s, &ks_int_type, &step);
            ksi_message_put(s, p, model[count++]);
        } else {
            uint32_t at = (uint32_t)ksi_random_below(&random, count);
            struct ksi_message **link = &p->mailbox;
            for (uint32_t i = 0; i < at; i++) link = &(*link)->next;
            struct ksi_message *m = ksi_mailbox_take(p, link);
            ck_assert_ptr_eq(m, model[at]);
            ck_assert_ptr_null(m->next);
            ksi_message_free(s, m);
            memmove(model + at, model + at + 1, sizeof *model * (--count - at));
        }
        check_mailbox(p, model, count);
    }
    while (p->mailbox) ksi_message_free(s, ksi_mailbox_take(p, &p->mailbox));
    check_mailbox(p, model, 0);
    ksi_process_free(s, p);
    world_end(&world);
}
END_TEST

/* Pushed by nobody in particular, applied by the owner: in order, and only for its tenant. */
START_TEST(what_is_sent_to_a_slot_is_not_for_its_next_tenant)
{
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world);
    uint64_t stale = ksi_process_id(p);
    ksi_process_free(s, p);
    struct ksi_process *next = world_process(&world);
    ck_assert_ptr_eq(next, p);
    ck_assert_ptr_null(ksi_process_of(s, stale));
    ck_assert_ptr_eq(ksi_process_of(s, ksi_process_id(next)), next);
    ck_assert_ptr_null(ksi_process_of(s, 0));
    ck_assert_ptr_null(ksi_process_of(s, UINT64_MAX));
    ksi_process_free(s, next);
    world_end(&world);
}
END_TEST

int main(void)
{
    return run_suite("message", 60,
        TESTS(a_message_is_a_deep_copy, small_bodies_share_a_cache_line_with_their_header,
            without_memory_there_is_no_message, random_use_of_a_mailbox_agrees_with_a_list,
            what_is_sent_to_a_slot_is_not_for_its_next_tenant));
}
