/* SPDX-License-Identifier: Apache-2.0 */
/* equal_test - each field alone makes a difference; padding, addresses, reasons' texts do not. */
#include "type/sample.h"

#include <check.h>
#include <math.h>

static every a, b;

static void both_empty(void)
{
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
}

/* A difference in the first byte of each scalar field is seen. */
START_TEST(each_plain_field_counts)
{
    for (unsigned i = 0; i < every_type.field_count; i++) {
        const ks_field *field = &every_type.fields[i];
        if (field->kind >= KS_KIND_BIN && field->kind != KS_KIND_REASON) continue;
        for (uint32_t k = 0; k < field->count; k++) {
            both_empty();
            ck_assert(ks_equal(every, &a, &b));
            size_t at = field->offset + (size_t)k * field->width;
            if (field->kind == KS_KIND_CHAR) memset((char *)&a + field->offset, 'x', k);
            if (field->kind == KS_KIND_CHAR) memset((char *)&b + field->offset, 'x', k);
            ((char *)&a)[at] ^= 1;
            ck_assert_msg(!ks_equal(every, &a, &b), "%s[%u]", field->name, k);
        }
    }
}
END_TEST

START_TEST(what_is_pointed_at_counts)
{
    leaf leaves[] = { { 1, { "ann", 3 } }, { 2, { "bob", 3 } } };
    leaf others[] = { { 1, { "ann", 3 } }, { 2, { "boB", 3 } } };
    both_empty();
    a.leaves.items = leaves;
    b.leaves.items = others;
    a.leaves.count = b.leaves.count = 1;
    ck_assert(ks_equal(every, &a, &b));
    a.leaves.count = b.leaves.count = 2;
    ck_assert(!ks_equal(every, &a, &b));
    b.leaves.items = leaves;
    b.leaves.count = 1;
    ck_assert(!ks_equal(every, &a, &b));
    both_empty();
    a.maybe = &leaves[0];
    ck_assert(!ks_equal(every, &a, &b));
    b.maybe = &others[0];
    ck_assert(ks_equal(every, &a, &b));
    b.maybe = &leaves[1];
    ck_assert(!ks_equal(every, &a, &b));
}
END_TEST

START_TEST(texts_blobs_and_strings_by_their_bytes)
{
    char one[] = "kiosk", other[] = "kiosk";
    both_empty();
    a.text = ks_str(one), b.text = ks_str(other);
    a.blob = ks_bytes(one, 5), b.blob = ks_bytes(other, 5);
    a.cstr = one, b.cstr = other;
    ck_assert(ks_equal(every, &a, &b));
    b.cstr = "kiosks";
    ck_assert(!ks_equal(every, &a, &b));
    b.cstr = NULL;
    ck_assert(!ks_equal(every, &a, &b));
    b.cstr = other;
    b.text.len = 4;
    ck_assert(!ks_equal(every, &a, &b));
    b.text.len = 5;
    b.blob.ptr = (const uint8_t *)"kiosK";
    ck_assert(!ks_equal(every, &a, &b));
}
END_TEST

START_TEST(bins_by_their_bytes)
{
    both_empty();
    a.holder.bin = ks_bin_new(ks_bytes("abc", 3));
    b.holder.bin = ks_bin_new(ks_bytes("abc", 3));
    ck_assert(ks_equal(every, &a, &b));
    ks_bin_unref(b.holder.bin);
    b.holder.bin = ks_bin_new(ks_bytes("abd", 3));
    ck_assert(!ks_equal(every, &a, &b));
    ks_bin_unref(a.holder.bin);
    ks_bin_unref(b.holder.bin);
}
END_TEST

START_TEST(padding_and_rubbish_do_not_count)
{
    point p, q;
    memset(&p, 0, sizeof p);
    memset(&q, 0xff, sizeof q);
    p.tag = q.tag = 1, p.x = q.x = 2, p.y = q.y = 3;
    ck_assert(ks_equal(point, &p, &q));
    both_empty();
    memcpy(a.title, "ab\0cd", 5);
    memcpy(b.title, "ab\0xy", 5);
    ck_assert(ks_equal(every, &a, &b));
    a.reason = (ks_reason){ KS_REASON_ERROR, 0, "one" };
    b.reason = (ks_reason){ KS_REASON_ERROR, 0, "two" };
    ck_assert(ks_equal(every, &a, &b));
}
END_TEST

START_TEST(floats_are_numbers)
{
    double nan = (double)NAN, zero = 0.0, minus_zero = -0.0, one = 1;
    ck_assert(ks_equal(ks_float, &nan, &nan));
    ck_assert(ks_equal(ks_float, &zero, &minus_zero));
    ck_assert(!ks_equal(ks_float, &nan, &one));
    ck_assert(!ks_equal(ks_float, &zero, &one));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("equal");
    TCase *tcase = tcase_create("equal");
    tcase_add_test(tcase, each_plain_field_counts);
    tcase_add_test(tcase, what_is_pointed_at_counts);
    tcase_add_test(tcase, texts_blobs_and_strings_by_their_bytes);
    tcase_add_test(tcase, bins_by_their_bytes);
    tcase_add_test(tcase, padding_and_rubbish_do_not_count);
    tcase_add_test(tcase, floats_are_numbers);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
