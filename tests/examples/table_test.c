/* SPDX-License-Identifier: Apache-2.0 */
/* table_test - the hash and the table of the example store, with memory that is counted. */
#include <check.h>
#include <kiosk/process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t blocks;

static void *counted_alloc(size_t size)
{
    blocks++;
    return calloc(1, size);
}

static void counted_free(void *memory)
{
    if (memory) blocks--;
    free(memory);
}

/* A table needs a process for its memory; here the test is the process. */
#define ks_alloc counted_alloc
#define ks_free counted_free
#include "../../examples/store/siphash.c"
#include "../../examples/store/table.c"

static ks_text text(const char *s) { return (ks_text){ s, strlen(s) }; }

static ks_text numbered(char *buffer, size_t size, const char *what, int n)
{
    return (ks_text){ buffer, (size_t)snprintf(buffer, size, "%s%d", what, n) };
}

static void empty_all(struct table *table, int count)
{
    char key[32];
    for (int i = 0; i < count; i++) table_delete(table, numbered(key, sizeof key, "key", i));
}

static void release(struct table *table)
{
    counted_free(table->now.heads);
    counted_free(table->past.heads);
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
    ck_assert_uint_eq(blocks, 0);
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
    ck_assert_uint_eq(blocks, 0);
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
    ck_assert_uint_eq(blocks, 0);
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
    ck_assert_uint_eq(blocks, 0);
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
    ck_assert_uint_eq(blocks, 0);
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
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
