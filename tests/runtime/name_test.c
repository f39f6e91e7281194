/* SPDX-License-Identifier: Apache-2.0 */
/* name_test - the table of names: thousands of them, taken, freed, looked up by pids that hold
 * none. */
#include "runtime/name.h"

#include "runtime/world.h"

#include <kiosk/kiosk.h>
#include <kiosk/log.h>
#include <kiosk/spawn.h>
#include <stdatomic.h>
#include <stdio.h>

enum { NAMES = 5000, NAME_BYTES = 32 };

static const char *name_of(int number, char *buffer)
{
    snprintf(buffer, NAME_BYTES, "server_%d", number);
    return buffer;
}

START_TEST(thousands_of_names_are_told_apart)
{
    struct world world;
    struct ksi_process *holders[NAMES];
    char text[NAME_BYTES];
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    for (int i = 0; i < NAMES; i++) {
        holders[i] = world_process(&world);
        ck_assert_int_eq(ksi_name_register(s, name_of(i, text), ksi_process_id(holders[i])), KS_OK);
    }
    for (int i = 0; i < NAMES; i++) {
        uint64_t holder = ksi_name_holder(s, ks_named(name_of(i, text)));
        ck_assert_uint_eq(holder, ksi_process_id(holders[i]));
        char name[KSI_NAME_BYTES];
        ck_assert(ksi_name_text(s, holders[i], name, sizeof name));
        ck_assert_str_eq(name, text);
        if (i % 2) ksi_name_release(s, holders[i]);
    }
    for (int i = 0; i < NAMES; i++) {
        bool found = ksi_name_holder(s, ks_named(name_of(i, text))) != 0;
        ck_assert(found == (i % 2 == 0));
        ksi_name_release(s, holders[i]); /* of a process without a name: nothing */
        ksi_process_free(s, holders[i]);
    }
    ck_assert_uint_eq(world.runtime->names.count, 0);
    world_end(&world);
}
END_TEST

START_TEST(a_pid_of_a_name_holds_no_memory)
{
    struct world world;
    char text[NAME_BYTES];
    world_begin(&world);
    for (int i = 0; i < NAMES; i++)
        ck_assert_uint_eq(ksi_name_holder(world.scheduler, ks_named(name_of(i, text))), 0);
    ck_assert_uint_eq(world.runtime->names.size, 0);
    world_end(&world);
}
END_TEST

START_TEST(a_pid_of_a_name_is_a_value)
{
    ck_assert(ks_same_pid(ks_named("a"), ks_named("a")));
    ck_assert(!ks_same_pid(ks_named("a"), ks_named("b")));
    ck_assert(!ks_is_none(ks_named("a")));
    ck_assert(ks_is_none(ks_named("")));
    ck_assert(ks_is_none(ks_named(NULL)));
    ck_assert_uint_eq(ks_named("a").kind & 15, KSI_PID_NAME);
}
END_TEST

START_TEST(a_name_is_taken_once_and_a_process_has_one)
{
    struct world world;
    world_begin(&world);
    struct ksi_scheduler *s = world.scheduler;
    struct ksi_process *p = world_process(&world), *q = world_process(&world);
    ck_assert_int_eq(ksi_name_register(s, "a", ksi_process_id(p)), KS_OK);
    ck_assert_int_eq(ksi_name_register(s, "a", ksi_process_id(p)), KS_ALREADY_STARTED);
    ck_assert_int_eq(ksi_name_register(s, "b", ksi_process_id(p)), KS_ALREADY_STARTED);
    ck_assert_int_eq(ksi_name_register(s, "a", ksi_process_id(q)), KS_ALREADY_STARTED);
    ck_assert_int_eq(ksi_name_register(s, "b", ksi_process_id(q)), KS_OK);
    ksi_name_release(s, p);
    ck_assert_int_eq(ksi_name_register(s, "a", ksi_process_id(p)), KS_OK);
    ksi_name_release(s, p);
    ksi_name_release(s, q);
    ksi_process_free(s, p);
    ksi_process_free(s, q);
    world_end(&world);
}
END_TEST

/* --- several schedulers: some look a name up while the table grows under another one ---------- */
KS_MODULE(holder, void);
struct holder {
    int unused;
};
static ks_next holder_init(holder *self, const holder_args *args) { return ks_ok(); }
KS_GEN_SERVER(holder, .init = holder_init);

enum { MANY_NAMES = 4 * NAMES, LOOKERS = 5 };
static atomic_bool all_there;

static void look_up(void *arg)
{
    while (!atomic_load(&all_there))
        if (ks_is_none(ks_whereis("first"))) ks_exit(ks_error("a name was lost"));
}

KS_MODULE(names, void);
static void names_main(const ks_none *args)
{
    char text[NAME_BYTES];
    ks_ref ends[LOOKERS];
    ck_assert_int_eq(ks_register("first", ks_self()), KS_OK);
    for (uint32_t i = 0; i < LOOKERS; i++) {
        const ks_spawn_options elsewhere = { .scheduler = 2 + i, .ret_monitor = &ends[i] };
        ck_assert_int_eq(ks_spawn_with(look_up, NULL, &elsewhere, NULL), KS_OK);
    }
    for (int i = 0; i < MANY_NAMES; i++) {
        const ks_child row = { KS_START(holder), .name = name_of(i, text), .scheduler = 1 };
        ck_assert_int_eq(ks_start(&row, NULL), KS_OK);
        ks_end_turn();
    }
    atomic_store(&all_there, true);
    for (int i = 0; i < LOOKERS; i++) {
        const ks_down *down = ks_as(ks_down, ks_receive_ref(ends[i], KS_INFINITY));
        ck_assert(down && down->reason.kind == KS_REASON_NORMAL);
    }
}
KS_PROCESS(names);

START_TEST(the_table_grows_while_others_look)
{
    ks_log_set_level(KS_LOG_NONE);
    const ks_runtime_options options = { .schedulers = 1 + LOOKERS };
    ck_assert_int_eq(ks_run(&options, KS_CHILD(names)), KS_OK);
}
END_TEST

int main(void)
{
    return run_suite("name", 60,
        TESTS(thousands_of_names_are_told_apart, a_pid_of_a_name_holds_no_memory,
            a_pid_of_a_name_is_a_value, a_name_is_taken_once_and_a_process_has_one,
            the_table_grows_while_others_look));
}
