/* SPDX-License-Identifier: Apache-2.0 */
/* expiry_test - the ring of what expires: each is met once a round, however it changes. */
#include "../../examples/store/expiry.h"
#include "parts/check.h"

enum { COUNT = 5 };
static struct table_entry *entries[COUNT];
static struct table table;
static struct expiries expiries;

static void begin(void)
{
    char key[32];
    table_init(&table, sip_key_random());
    expiries = (struct expiries){ 0 };
    for (int i = 0; i < COUNT; i++) {
        ks_text name = numbered(key, sizeof key, "key", i);
        entries[i] = table_add(&table, name, table_hash(&table, name));
    }
}

static void end(void)
{
    for (int i = 0; i < COUNT; i++) expiry_clear(&expiries, entries[i]);
    ck_assert_ptr_null(expiry_next(&expiries));
    ck_assert_uint_eq(expiries.count, 0);
    while (table_shred(&table, SIZE_MAX)) continue;
    ck_assert_uint_eq(parts_blocks, 0);
}

/* Bits of those that a whole round meets; none twice. */
static unsigned round_of_all(void)
{
    unsigned met = 0;
    for (size_t i = 0; i < expiries.count; i++) {
        const struct expiry *expiry = expiry_next(&expiries);
        for (unsigned n = 0; n < COUNT; n++) {
            if (expiry->entry != entries[n]) continue;
            ck_assert(!(met & 1U << n));
            met |= 1U << n;
        }
    }
    return met;
}

START_TEST(an_empty_ring_has_no_next)
{
    begin();
    ck_assert_ptr_null(expiry_next(&expiries));
    expiry_clear(&expiries, entries[0]);
    end();
}
END_TEST

START_TEST(each_is_met_once_a_round)
{
    begin();
    for (int i = 0; i < COUNT; i++) expiry_set(&expiries, entries[i], 100 + i);
    expiry_set(&expiries, entries[2], 7); /* again: it is in the ring already */
    ck_assert_uint_eq(expiries.count, COUNT);
    ck_assert_int_eq(expiry_of(entries[2]), 7);
    ck_assert_uint_eq(round_of_all(), 31);
    ck_assert_uint_eq(round_of_all(), 31);
    end();
}
END_TEST

START_TEST(whoever_leaves_is_not_met)
{
    for (int gone = 0; gone < COUNT; gone++) {
        begin();
        for (int i = 0; i < COUNT; i++) expiry_set(&expiries, entries[i], 1);
        for (int i = 0; i < gone; i++) (void)expiry_next(&expiries); /* the cursor stands there */
        expiry_clear(&expiries, entries[gone]);
        ck_assert_int_eq(expiry_of(entries[gone]), 0);
        ck_assert_uint_eq(round_of_all(), 31U & ~(1U << gone));
        end();
    }
}
END_TEST

START_TEST(it_is_over_when_the_moment_has_come)
{
    begin();
    ck_assert(!expiry_is_over(entries[0], INT64_MAX));
    expiry_set(&expiries, entries[0], 50);
    ck_assert(!expiry_is_over(entries[0], 49));
    ck_assert(expiry_is_over(entries[0], 50));
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expiry");
    TCase *tcase = tcase_create("expiry");
    tcase_add_test(tcase, an_empty_ring_has_no_next);
    tcase_add_test(tcase, each_is_met_once_a_round);
    tcase_add_test(tcase, whoever_leaves_is_not_met);
    tcase_add_test(tcase, it_is_over_when_the_moment_has_come);
    suite_add_tcase(suite, tcase);
    return run_all(suite);
}
