/* SPDX-License-Identifier: Apache-2.0 */
/* record_test - handles name one tenant of a record, lists are newest first, slots are used
 * again. */
#include "runtime/record.h"

#include "runtime/world.h"

enum { RECORDS = 200 };

START_TEST(a_handle_is_of_one_kind_and_one_tenant)
{
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world);
    struct ksi_record *record = ksi_record_new(s, p, KSI_RECORD_OWNED);
    uint64_t handle = ksi_record_handle(s, record);
    ck_assert_ptr_eq(ksi_record_find(s, handle, KSI_RECORD_OWNED), record);
    ck_assert_ptr_null(ksi_record_find(s, handle, KSI_RECORD_TIMER));
    ck_assert(ksi_record_ref(s, record).id[1] == ksi_process_id(p));
    ksi_record_remove(s, p, record);
    ksi_record_free(s, record);
    ck_assert_ptr_null(ksi_record_find(s, handle, KSI_RECORD_OWNED));
    struct ksi_record *next = ksi_record_new(s, p, KSI_RECORD_OWNED);
    ck_assert_ptr_eq(next, record);
    ck_assert_ptr_null(ksi_record_find(s, handle, KSI_RECORD_OWNED));
    ck_assert_ptr_eq(ksi_record_find(s, ksi_record_handle(s, next), KSI_RECORD_OWNED), next);
    ksi_record_remove(s, p, next);
    ksi_record_free(s, next);
    ksi_process_free(s, p);
    world_end(&world);
}
END_TEST

START_TEST(handles_of_nobody_find_nothing)
{
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    for (int kind = KSI_RECORD_FREE; kind <= KSI_RECORD_RESOURCE; kind++) {
        ck_assert_ptr_null(ksi_record_find(s, 0, (uint8_t)kind));
        ck_assert_ptr_null(ksi_record_find(s, 1, (uint8_t)kind));
        ck_assert_ptr_null(ksi_record_find(s, (uint64_t)1 << 32, (uint8_t)kind));
        ck_assert_ptr_null(ksi_record_find(s, (uint64_t)1 << 32 | 1, (uint8_t)kind));
        ck_assert_ptr_null(ksi_record_find(s, UINT64_MAX, (uint8_t)kind));
    }
    world_end(&world);
}
END_TEST

/* The records of p, newest first, are those of the model. */
static void check_list(
    struct world *world, struct ksi_process *p, struct ksi_record *const *model, int count)
{
    uint32_t at = p->owned, previous = 0;
    bool same = true;
    for (int i = count - 1; i >= 0; i--) {
        struct ksi_record *record = ksi_record_at(world->scheduler, at);
        same &= record == model[i] && record->previous == previous;
        previous = at;
        at = record->next;
    }
    ck_assert(same);
    ck_assert_uint_eq(at, 0);
}

START_TEST(lists_are_newest_first_whatever_is_taken_out)
{
    struct world world;
    struct ksi_random random;
    struct ksi_record *model[RECORDS];
    int count = 0;
    world_begin(&world);
    ksi_random_seed(&random, 5);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world), *other = world_process(&world);
    struct ksi_record *foreign = ksi_record_new(s, other, KSI_RECORD_ALIAS);
    for (int step = 0; step < 3000; step++) {
        if (count < RECORDS && (count == 0 || ksi_random_below(&random, 2))) {
            model[count++] = ksi_record_new(s, p, KSI_RECORD_ALIAS);
        } else {
            int at = (int)ksi_random_below(&random, (uint64_t)count);
            ksi_record_remove(s, p, model[at]);
            ksi_record_free(s, model[at]);
            memmove(model + at, model + at + 1, sizeof *model * (size_t)(--count - at));
        }
        check_list(&world, p, model, count);
        check_list(&world, other, &foreign, 1);
        ck_assert_int_eq(s->records.alive, count + 1);
    }
    for (; count > 0; count--) {
        ksi_record_remove(s, p, model[count - 1]);
        ksi_record_free(s, model[count - 1]);
    }
    ksi_record_remove(s, other, foreign);
    ksi_record_free(s, foreign);
    ck_assert_uint_le(ksi_load_relaxed(&s->records.slots->used), RECORDS + 2 + 64);
    ksi_process_free(s, p);
    ksi_process_free(s, other);
    world_end(&world);
}
END_TEST

/* The table grows in place, by parts: a record never moves. */
START_TEST(many_records_have_their_own_places)
{
    enum { MANY = 100000 };
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world);
    for (int i = 0; i < MANY; i++) {
        struct ksi_record *record = ksi_record_new(s, p, KSI_RECORD_OWNED);
        ck_assert_ptr_nonnull(record);
        record->own.resource = record;
    }
    ck_assert_int_eq(s->records.alive, MANY);
    while (p->owned) {
        struct ksi_record *record = ksi_record_at(s, p->owned);
        ck_assert_ptr_eq(record->own.resource, record);
        ksi_record_remove(s, p, record);
        ksi_record_free(s, record);
    }
    ksi_process_free(s, p);
    world_end(&world);
}
END_TEST

/* A slot whose generations are used up has no tenant any more: a stale handle stays stale. */
START_TEST(a_record_with_no_generation_left_is_retired)
{
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world);
    struct ksi_record *record = ksi_record_new(s, p, KSI_RECORD_OWNED);
    ksi_store_relaxed(&record->generation, UINT32_MAX);
    ksi_record_remove(s, p, record);
    ksi_record_free(s, record);
    struct ksi_record *next = ksi_record_new(s, p, KSI_RECORD_OWNED);
    ck_assert_ptr_ne(next, record);
    ksi_record_remove(s, p, next);
    ksi_record_free(s, next);
    ksi_process_free(s, p);
    world_end(&world);
}
END_TEST

int main(void)
{
    return run_suite("record", 60,
        TESTS(a_handle_is_of_one_kind_and_one_tenant, handles_of_nobody_find_nothing,
            lists_are_newest_first_whatever_is_taken_out, many_records_have_their_own_places,
            a_record_with_no_generation_left_is_retired));
}
