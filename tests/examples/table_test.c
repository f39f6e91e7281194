/* SPDX-License-Identifier: Apache-2.0 */
/* table_test - the hash and the table of the example store, with memory that is counted. */
#include "../../examples/store/table.h"
#include "parts/check.h"

static struct table_entry *entry_of(const struct table *table, ks_text key)
{
    return table_find(table, key, table_hash(table, key));
}

static void table_set(struct table *table, ks_text key, ks_text value)
{
    struct table_entry *entry = entry_of(table, key);
    if (!entry) entry = table_add(table, key, table_hash(table, key));
    table_put(table, entry, value);
}

static bool table_get(const struct table *table, ks_text key, ks_text *ret_value)
{
    const struct table_entry *entry = entry_of(table, key);
    if (entry) *ret_value = table_value(entry);
    return entry != NULL;
}

static bool table_delete(struct table *table, ks_text key)
{
    struct table_entry *entry = entry_of(table, key);
    if (entry) table_remove(table, entry);
    return entry != NULL;
}

static void empty_all(struct table *table, int count)
{
    char key[32];
    for (int i = 0; i < count; i++) table_delete(table, numbered(key, sizeof key, "key", i));
}

static void release(struct table *table)
{
    while (table_shred(table, 7)) continue;
}

START_TEST(siphash_gives_the_published_values)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = { { 0, 0x726fdb47dd0e0e31u }, { 1, 0x74f839c593dc67fdu },
        { 15, 0xa129ca6149be45e5u } };
    const struct sip_key key = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
    char bytes[16];
    for (int i = 0; i < 16; i++) bytes[i] = (char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint64_t hash = siphash_rounds(2, 4, key, (ks_text){ bytes, vectors[i].len });
        ck_assert_uint_eq(hash, vectors[i].hash);
    }
}
END_TEST

START_TEST(another_key_gives_another_hash)
{
    ck_assert_uint_ne(siphash(sip_key_random(), text("k")), siphash(sip_key_random(), text("k")));
}
END_TEST

START_TEST(a_value_is_found_replaced_and_deleted)
{
    struct table table;
    ks_text value;
    table_init(&table, sip_key_random());
    ck_assert(!table_get(&table, text("k"), &value));
    table_set(&table, text("k"), text("one"));
    table_set(&table, text("k"), text("a longer one"));
    ck_assert_uint_eq(table.count, 1);
    ck_assert(table_get(&table, text("k"), &value));
    ck_assert_uint_eq(value.len, 12);
    ck_assert(memcmp(value.ptr, "a longer one", 12) == 0);
    ck_assert(table_delete(&table, text("k")));
    ck_assert(!table_delete(&table, text("k")));
    ck_assert(!table_get(&table, text("k"), &value));
    release(&table);
    ck_assert_uint_eq(parts_blocks, 0);
}
END_TEST

START_TEST(keys_and_values_are_any_bytes)
{
    struct table table;
    ks_text value;
    const ks_text keys[] = { { "", 0 }, { "\0", 1 }, { "\0\0", 2 }, { "a\0b", 3 }, { "a\0c", 3 } };
    table_init(&table, sip_key_random());
    for (size_t i = 0; i < 5; i++) table_set(&table, keys[i], (ks_text){ keys[i].ptr, i });
    ck_assert_uint_eq(table.count, 5);
    for (size_t i = 0; i < 3; i++) {
        ck_assert(table_get(&table, keys[i], &value));
        ck_assert_uint_eq(value.len, i);
    }
    for (size_t i = 0; i < 5; i++) ck_assert(table_delete(&table, keys[i]));
    release(&table);
    ck_assert_uint_eq(parts_blocks, 0);
}
END_TEST

START_TEST(an_empty_value_takes_the_place_of_a_long_one)
{
    struct table table;
    ks_text value;
    table_init(&table, sip_key_random());
    table_set(&table, text("k"), text("something"));
    table_set(&table, text("k"), text(""));
    ck_assert(table_get(&table, text("k"), &value));
    ck_assert_uint_eq(value.len, 0);
    ck_assert_ptr_nonnull(value.ptr);
    table_set(&table, text("k"), text("again"));
    ck_assert(table_get(&table, text("k"), &value));
    ck_assert_uint_eq(value.len, 5);
    table_delete(&table, text("k"));
    release(&table);
    ck_assert_uint_eq(parts_blocks, 0);
}
END_TEST

enum { MANY = 50000 };

START_TEST(nothing_is_lost_while_it_grows_and_shrinks)
{
    struct table table;
    char key[32], expected[32];
    ks_text value;
    table_init(&table, sip_key_random());
    for (int i = 0; i < MANY; i++) {
        ks_text what = numbered(expected, sizeof expected, "value", i);
        table_set(&table, numbered(key, sizeof key, "key", i), what);
        int older = (int)((uint64_t)i * 7919 % ((uint64_t)i + 1));
        what = numbered(expected, sizeof expected, "value", older);
        ck_assert(table_get(&table, numbered(key, sizeof key, "key", older), &value));
        ck_assert(value.len == what.len && memcmp(value.ptr, what.ptr, what.len) == 0);
    }
    ck_assert_uint_eq(table.count, MANY);
    size_t most = table.now.size;
    for (int i = 0; i < MANY; i++) {
        ck_assert(table_delete(&table, numbered(key, sizeof key, "key", i)));
        ck_assert(!table_get(&table, numbered(key, sizeof key, "key", i), &value));
        if (i + 1 < MANY)
            ck_assert(table_get(&table, numbered(key, sizeof key, "key", MANY - 1), &value));
    }
    ck_assert_uint_eq(table.count, 0);
    ck_assert_uint_lt(table.now.size, most / 64);
    release(&table);
    ck_assert_uint_eq(parts_blocks, 0);
}
END_TEST

/* A resize begun is done before the next is due; else entries would be dropped with `past`. */
START_TEST(a_resize_ends_before_the_next_begins)
{
    struct table table;
    char key[32];
    int resizes = 0;
    table_init(&table, sip_key_random());
    for (int i = 0; i < MANY; i++) {
        bool was_resizing = table.past.size != 0;
        size_t size = table.now.size;
        table_set(&table, numbered(key, sizeof key, "key", i), text("v"));
        if (table.now.size == size) continue;
        ck_assert(!was_resizing);
        resizes++;
    }
    ck_assert_int_gt(resizes, 8);
    ck_assert_uint_le(table.count, 2 * table.now.size);
    empty_all(&table, MANY);
    release(&table);
    ck_assert_uint_eq(parts_blocks, 0);
}
END_TEST

START_TEST(what_is_appended_stands_behind)
{
    struct table table;
    ks_text value;
    table_init(&table, sip_key_random());
    table_set(&table, text("k"), text("ab"));
    for (int i = 0; i < 100; i++) table_append(&table, entry_of(&table, text("k")), text("cd"));
    table_append(&table, entry_of(&table, text("k")), text(""));
    ck_assert(table_get(&table, text("k"), &value));
    ck_assert_uint_eq(value.len, 202);
    ck_assert(memcmp(value.ptr, "abcdcd", 6) == 0 && memcmp(value.ptr + 199, "dcd", 3) == 0);
    release(&table);
    ck_assert_uint_eq(parts_blocks, 0);
}
END_TEST

START_TEST(its_bytes_are_those_of_what_is_in_it)
{
    struct table table;
    table_init(&table, sip_key_random());
    size_t empty = table.bytes;
    table_set(&table, text("key"), text("0123456789"));
    ck_assert_uint_eq(table.bytes, empty + table_cost(3, 10));
    table_set(&table, text("key"), text("012345678"));
    ck_assert_uint_eq(table.bytes, empty + table_cost(3, 10)); /* its memory is kept */
    table_set(&table, text("key"), text("0"));
    ck_assert_uint_eq(table.bytes, empty + table_cost(3, 1)); /* not most of it for nothing */
    table_delete(&table, text("key"));
    ck_assert_uint_eq(table.bytes, empty);
    release(&table);
}
END_TEST

static void count_visit(struct table_entry *entry, void *visits)
{
    ((int *)visits)[number_in(table_key(entry))]++;
}

/* While a scan is under way the table grows, or shrinks, by much. */
static void scan_while(int from, int to)
{
    enum { STAY = 200, MOST = 20000 };
    static int visits[MOST];
    struct table table;
    char key[32];
    uint64_t cursor = 0;
    int rounds = 0;
    memset(visits, 0, sizeof visits);
    table_init(&table, sip_key_random());
    for (int i = 0; i < from; i++) table_set(&table, numbered(key, sizeof key, "key", i), text(""));
    do {
        cursor = table_scan(&table, cursor, count_visit, visits);
        if (rounds++ % 16) continue;
        for (int i = 0; i < 400 && from < to; i++)
            table_set(&table, numbered(key, sizeof key, "key", from++), text(""));
        for (int i = 0; i < 400 && from > to; i++)
            table_delete(&table, numbered(key, sizeof key, "key", --from));
    } while (cursor);
    for (int i = 0; i < STAY; i++) ck_assert_msg(visits[i] > 0, "key%d was not visited", i);
    release(&table);
    ck_assert_uint_eq(parts_blocks, 0);
}

START_TEST(a_scan_visits_all_that_stay_while_it_grows) { scan_while(200, 20000); }
END_TEST

START_TEST(a_scan_visits_all_that_stay_while_it_shrinks) { scan_while(20000, 200); }
END_TEST

START_TEST(a_scan_of_a_table_at_rest_visits_each_once)
{
    enum { COUNT = 1000 };
    static int visits[COUNT];
    struct table table;
    char key[32];
    uint64_t cursor = 0;
    table_init(&table, sip_key_random());
    for (int i = 0; i < COUNT; i++)
        table_set(&table, numbered(key, sizeof key, "key", i), text(""));
    while (table.past.size) { /* each change moves a little */
        table_delete(&table, text("key0"));
        table_set(&table, text("key0"), text(""));
    }
    do cursor = table_scan(&table, cursor, count_visit, visits);
    while (cursor);
    for (int i = 0; i < COUNT; i++) ck_assert_int_eq(visits[i], 1);
    release(&table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tcase = tcase_create("table");
    tcase_set_timeout(tcase, 60); /* ThreadSanitizer is slow */
    tcase_add_test(tcase, siphash_gives_the_published_values);
    tcase_add_test(tcase, another_key_gives_another_hash);
    tcase_add_test(tcase, a_value_is_found_replaced_and_deleted);
    tcase_add_test(tcase, keys_and_values_are_any_bytes);
    tcase_add_test(tcase, an_empty_value_takes_the_place_of_a_long_one);
    tcase_add_test(tcase, nothing_is_lost_while_it_grows_and_shrinks);
    tcase_add_test(tcase, a_resize_ends_before_the_next_begins);
    tcase_add_test(tcase, what_is_appended_stands_behind);
    tcase_add_test(tcase, its_bytes_are_those_of_what_is_in_it);
    tcase_add_test(tcase, a_scan_visits_all_that_stay_while_it_grows);
    tcase_add_test(tcase, a_scan_visits_all_that_stay_while_it_shrinks);
    tcase_add_test(tcase, a_scan_of_a_table_at_rest_visits_each_once);
    suite_add_tcase(suite, tcase);
    return run_all(suite);
}
