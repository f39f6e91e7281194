/* SPDX-License-Identifier: Apache-2.0 */
/* keyspace_test - what deeds do to keys, their expiries, and the limit of memory. The clock is the
 * test's. */
#include "../../examples/store/keyspace.h"
#include "parts/check.h"

static struct keyspace keyspace;

static void begin(size_t bytes_max)
{
    keyspace_init(&keyspace, sip_key_random(), bytes_max);
    keyspace.now = 1000;
}

static void end(void)
{
    keyspace_flush(&keyspace);
    while (keyspace.shredded) keyspace_tidy(&keyspace);
    while (table_shred(&keyspace.table, SIZE_MAX)) continue;
    ks_free(keyspace.dropped);
    ck_assert_uint_eq(parts_blocks, 0);
}

static outcome act(deed what)
{
    outcome result;
    what.hash = table_hash(&keyspace.table, what.key);
    keyspace_do(&keyspace, &what, &result);
    return result;
}

static outcome simple(enum deed_verb verb, const char *key)
{
    return act((deed){ .verb = (uint8_t)verb, .key = text(key) });
}

static outcome set(const char *key, const char *value)
{
    return act((deed){ .verb = DEED_SET, .key = text(key), .value = text(value) });
}

static void set_until(const char *key, int64_t moment)
{
    act((deed){ .verb = DEED_SET, .key = text(key), .value = text("v"), .number = moment });
}

static outcome set_if(const char *key, const char *value, int flags)
{
    return act((deed){
        .verb = DEED_SET, .flags = (uint8_t)flags, .key = text(key), .value = text(value) });
}

static bool has(const char *key, const char *value)
{
    outcome result = simple(DEED_GET, key);
    if (!value) return result.status == KS_NOT_FOUND;
    return result.status == KS_OK && same(result.text, text(value));
}

START_TEST(a_value_is_set_got_and_deleted)
{
    begin(0);
    ck_assert(has("k", NULL));
    ck_assert_int_eq(set("k", "v").status, KS_OK);
    ck_assert(has("k", "v"));
    ck_assert_int_eq(simple(DEED_EXISTS, "k").number, 1);
    ck_assert_int_eq(simple(DEED_LENGTH, "k").number, 1);
    ck_assert_int_eq(simple(DEED_DELETE, "k").number, 1);
    ck_assert_int_eq(simple(DEED_DELETE, "k").number, 0);
    ck_assert_int_eq(simple(DEED_LENGTH, "k").number, 0);
    ck_assert(has("k", NULL));
    end();
}
END_TEST

START_TEST(conditions_of_set_hold_or_nothing_changes)
{
    begin(0);
    ck_assert_int_eq(set_if("k", "1", DEED_IF_PRESENT).status, KS_NOT_FOUND);
    ck_assert(has("k", NULL));
    ck_assert_int_eq(set_if("k", "2", DEED_IF_ABSENT).status, KS_OK);
    ck_assert_int_eq(set_if("k", "3", DEED_IF_ABSENT).status, KS_NOT_FOUND);
    ck_assert(has("k", "2"));
    ck_assert_int_eq(set_if("k", "4", DEED_IF_PRESENT).status, KS_OK);
    ck_assert(has("k", "4"));
    end();
}
END_TEST

START_TEST(set_shows_the_old_value)
{
    begin(0);
    ck_assert_int_eq(set_if("k", "1", DEED_OLD_VALUE).status, KS_NOT_FOUND);
    ck_assert(same(set_if("k", "a longer one", DEED_OLD_VALUE).text, text("1")));
    ck_assert(same(set_if("k", "x", DEED_OLD_VALUE | DEED_IF_ABSENT).text, text("a longer one")));
    ck_assert(has("k", "a longer one"));
    ck_assert(same(simple(DEED_GET_DELETE, "k").text, text("a longer one")));
    ck_assert(has("k", NULL));
    end();
}
END_TEST

START_TEST(numbers_are_added_within_64_bits)
{
    begin(0);
    ck_assert_int_eq(act((deed){ .verb = DEED_ADD, .key = text("n"), .number = 5 }).number, 5);
    ck_assert_int_eq(act((deed){ .verb = DEED_ADD, .key = text("n"), .number = -7 }).number, -2);
    ck_assert(has("n", "-2"));
    set("n", "9223372036854775807");
    ck_assert_int_eq(
        act((deed){ .verb = DEED_ADD, .key = text("n"), .number = 1 }).status, DEED_OVERFLOW);
    ck_assert(has("n", "9223372036854775807"));
    set("n", "one");
    ck_assert_int_eq(
        act((deed){ .verb = DEED_ADD, .key = text("n"), .number = 1 }).status, DEED_NOT_AN_INTEGER);
    ck_assert(has("n", "one"));
    end();
}
END_TEST

START_TEST(what_is_appended_is_behind)
{
    begin(0);
    const deed append = { .verb = DEED_APPEND, .key = text("k"), .value = text("ab") };
    ck_assert_int_eq(act(append).number, 2);
    ck_assert_int_eq(act(append).number, 4);
    ck_assert(has("k", "abab"));
    end();
}
END_TEST

START_TEST(a_key_is_gone_when_its_time_has_come)
{
    begin(0);
    set_until("k", 2000);
    keyspace.now = 1999;
    ck_assert_int_eq(simple(DEED_LEFT, "k").number, 1);
    ck_assert(has("k", "v"));
    keyspace.now = 2000;
    ck_assert(has("k", NULL));
    ck_assert_int_eq(simple(DEED_LEFT, "k").number, -2);
    ck_assert_uint_eq(keyspace.expired, 1);
    ck_assert_uint_eq(keyspace.table.count, 0);
    end();
}
END_TEST

START_TEST(expiries_are_set_kept_and_taken_away)
{
    begin(0);
    set("k", "v");
    ck_assert_int_eq(simple(DEED_LEFT, "k").number, -1);
    ck_assert_int_eq(simple(DEED_PERSIST, "k").number, 0);
    deed expire = { .verb = DEED_EXPIRE, .key = text("k"), .number = 5000 };
    ck_assert_int_eq(act(expire).number, 1);
    ck_assert_int_eq(simple(DEED_LEFT, "k").number, 4000);
    set_if("k", "other", DEED_KEEP_EXPIRY);
    ck_assert_int_eq(simple(DEED_LEFT, "k").number, 4000);
    ck_assert_int_eq(simple(DEED_PERSIST, "k").number, 1);
    act(expire);
    set("k", "v"); /* a plain SET takes it away */
    ck_assert_int_eq(simple(DEED_LEFT, "k").number, -1);
    expire.number = 1000; /* now: as a deletion */
    ck_assert_int_eq(act(expire).number, 1);
    ck_assert(has("k", NULL));
    ck_assert_int_eq(act(expire).number, 0);
    end();
}
END_TEST

static const struct {
    int flag;
    int64_t has, wants;
    bool done;
} conditions[] = {
    { DEED_IF_ABSENT, 0, 5000, true },
    { DEED_IF_ABSENT, 6000, 5000, false },
    { DEED_IF_PRESENT, 0, 5000, false },
    { DEED_IF_PRESENT, 6000, 5000, true },
    { DEED_IF_LATER, 0, 5000, false },
    { DEED_IF_LATER, 6000, 5000, false },
    { DEED_IF_LATER, 5000, 5000, false },
    { DEED_IF_LATER, 4000, 5000, true },
    { DEED_IF_SOONER, 0, 5000, true },
    { DEED_IF_SOONER, 6000, 5000, true },
    { DEED_IF_SOONER, 5000, 5000, false },
    { DEED_IF_SOONER, 4000, 5000, false },
};

START_TEST(conditions_of_expire_hold_or_nothing_changes)
{
    begin(0);
    set_until("k", conditions[_i].has);
    const deed expire = { .verb = DEED_EXPIRE,
        .flags = (uint8_t)conditions[_i].flag,
        .key = text("k"),
        .number = conditions[_i].wants };
    ck_assert_int_eq(act(expire).number, conditions[_i].done);
    int64_t at = conditions[_i].done ? conditions[_i].wants : conditions[_i].has;
    ck_assert_int_eq(simple(DEED_LEFT, "k").number, at ? at - keyspace.now : -1);
    end();
}
END_TEST

/* Many are over at once: no slice takes them all, and it says that there are more. */
START_TEST(a_sweep_takes_out_what_nobody_asks_for)
{
    enum { MANY = 5000 };
    char key[32];
    int slices = 0;
    begin(0);
    for (int i = 0; i < MANY; i++) {
        numbered(key, sizeof key, "key", i);
        set_until(key, i % 2 ? 2000 : 0);
    }
    keyspace_tidy(&keyspace);
    ck_assert_uint_eq(keyspace.table.count, MANY);
    keyspace.now = 2000;
    while (keyspace_tidy(&keyspace)) slices++;
    ck_assert_int_gt(slices, 5);
    for (int i = 0; i < 5; i++) keyspace_tidy(&keyspace);
    ck_assert_uint_eq(keyspace.table.count, MANY / 2);
    ck_assert_uint_eq(keyspace.expiries.count, 0);
    ck_assert_uint_eq(keyspace.expired, MANY / 2);
    end();
}
END_TEST

START_TEST(what_would_take_more_than_its_part_is_refused)
{
    begin(4096);
    char value[1000];
    memset(value, 'v', sizeof value);
    deed big = { .verb = DEED_SET, .key = text("a"), .value = { value, sizeof value } };
    ck_assert_int_eq(act(big).status, KS_OK);
    big.key = text("b");
    ck_assert_int_eq(act(big).status, KS_OK);
    big.key = text("c");
    ck_assert_int_eq(act(big).status, KS_OK);
    big.key = text("d");
    ck_assert_int_eq(act(big).status, DEED_NO_MEMORY);
    ck_assert(has("d", NULL));
    big.verb = DEED_APPEND;
    big.key = text("a");
    ck_assert_int_eq(act(big).status, DEED_NO_MEMORY);
    ck_assert_int_eq(simple(DEED_LENGTH, "a").number, 1000);
    ck_assert_uint_le(keyspace_bytes(&keyspace), 4096);
    ck_assert_int_eq(set("a", "short").status, KS_OK); /* what takes less is not refused */
    simple(DEED_DELETE, "b");
    big.verb = DEED_SET;
    big.key = text("d");
    ck_assert_int_eq(act(big).status, KS_OK);
    end();
}
END_TEST

START_TEST(a_flush_is_at_once_and_its_memory_follows)
{
    char key[32];
    begin(0);
    for (int i = 0; i < 3000; i++) {
        numbered(key, sizeof key, "key", i);
        set_until(key, i % 3 ? 0 : 9000);
    }
    size_t before = parts_blocks;
    keyspace_flush(&keyspace);
    ck_assert_uint_eq(keyspace.table.count, 0);
    ck_assert(has("key1", NULL));
    ck_assert_uint_ge(parts_blocks, before);
    int slices = 0;
    while (keyspace_tidy(&keyspace)) slices++;
    ck_assert_int_gt(slices, 5);
    ck_assert_uint_lt(parts_blocks, 10);
    end();
}
END_TEST

START_TEST(what_is_restored_is_there_unless_it_is_over)
{
    begin(0);
    ck_assert(keyspace_restore(&keyspace, text("a"), text("1"), 0));
    ck_assert(keyspace_restore(&keyspace, text("b"), text("2"), 5000));
    ck_assert(keyspace_restore(&keyspace, text("c"), text("3"), 1000));
    ck_assert(has("a", "1"));
    ck_assert_int_eq(simple(DEED_LEFT, "b").number, 4000);
    ck_assert_uint_eq(keyspace.table.count, 2);
    keyspace.bytes_max = 1;
    ck_assert(!keyspace_restore(&keyspace, text("d"), text("4"), 0));
    end();
}
END_TEST

static void count_key(ks_text key, void *count)
{
    (void)key;
    ++*(int *)count;
}

START_TEST(a_scan_leaves_out_what_is_over)
{
    int count = 0;
    uint64_t cursor = 0;
    begin(0);
    set("a", "1");
    set_until("b", 1500);
    keyspace.now = 1500;
    do cursor = keyspace_scan(&keyspace, cursor, 10, count_key, &count);
    while (cursor);
    ck_assert_int_eq(count, 1);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyspace");
    TCase *tcase = tcase_create("keyspace");
    tcase_add_test(tcase, a_value_is_set_got_and_deleted);
    tcase_add_test(tcase, conditions_of_set_hold_or_nothing_changes);
    tcase_add_test(tcase, set_shows_the_old_value);
    tcase_add_test(tcase, numbers_are_added_within_64_bits);
    tcase_add_test(tcase, what_is_appended_is_behind);
    tcase_add_test(tcase, a_key_is_gone_when_its_time_has_come);
    tcase_add_test(tcase, expiries_are_set_kept_and_taken_away);
    tcase_add_loop_test(tcase, conditions_of_expire_hold_or_nothing_changes, 0,
        (int)(sizeof conditions / sizeof conditions[0]));
    tcase_add_test(tcase, a_sweep_takes_out_what_nobody_asks_for);
    tcase_add_test(tcase, what_would_take_more_than_its_part_is_refused);
    tcase_add_test(tcase, a_flush_is_at_once_and_its_memory_follows);
    tcase_add_test(tcase, what_is_restored_is_there_unless_it_is_over);
    tcase_add_test(tcase, a_scan_leaves_out_what_is_over);
    suite_add_tcase(suite, tcase);
    return run_all(suite);
}
