/* SPDX-License-Identifier: Apache-2.0 */
/* utf8_test - every code point, every border, and cuts that never split a character. */
#include "base/utf8.h"

#include "base/random.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t encode(uint32_t point, char *to)
{
    if (point < 0x80) return to[0] = (char)point, 1;
    size_t tails = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t heads[] = { 0, 0xc0, 0xe0, 0xf0 };
    to[0] = (char)(heads[tails] | point >> 6 * tails);
    for (size_t i = 1; i <= tails; i++) to[i] = (char)(0x80 | (point >> 6 * (tails - i) & 0x3f));
    return tails + 1;
}

START_TEST(every_code_point_but_surrogates_is_valid)
{
    char text[4];
    for (uint32_t point = 0; point < 0x110000; point++) {
        size_t len = encode(point, text);
        bool surrogate = point >= 0xd800 && point < 0xe000;
        if (ksi_utf8_next(text, len) != (surrogate ? 0 : len)) ck_abort_msg("U+%04X", point);
        /* One byte less is not enough. */
        if (len > 1 && ksi_utf8_next(text, len - 1) != 0) ck_abort_msg("cut U+%04X", point);
    }
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
    static const char *const wrong[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2x",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "ok\xfe", "a\xc3\xa4\xc3" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!ksi_utf8_valid(wrong[i], strlen(wrong[i])), "%zu", i);
    ck_assert(ksi_utf8_valid("", 0));
    ck_assert(ksi_utf8_valid("a\0b", 3));
    ck_assert(ksi_utf8_valid("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8f\xaa", 15));
    ck_assert_uint_eq(ksi_utf8_next("", 0), 0);
}
END_TEST

/* For the second byte the borders are what matters; here all two-byte beginnings are tried. */
START_TEST(three_byte_forms_have_no_gaps)
{
    int valid = 0;
    for (int a = 0xe0; a <= 0xef; a++)
        for (int b = 0; b < 256; b++) {
            char text[] = { (char)a, (char)b, (char)0x80 };
            valid += ksi_utf8_next(text, 3) == 3;
        }
    ck_assert_int_eq(valid, 16 * 64 - 32 - 32); /* overlong E0 80..9F, surrogates ED A0..BF */
}
END_TEST

START_TEST(a_cut_never_splits_a_character)
{
    struct ksi_random random;
    ksi_random_seed(&random, 7);
    for (int round = 0; round < 500; round++) {
        char text[200];
        bool border[201] = { false };
        size_t len = 0;
        while (len < 190) {
            static const uint32_t ranges[] = { 0x80, 0x800, 0xd800, 0x110000 - 0xe000 };
            uint64_t kind = ksi_random_below(&random, 4);
            uint32_t point = (uint32_t)ksi_random_below(&random, ranges[kind]);
            border[len] = true;
            len += encode(kind == 3 ? point + 0xe000 : point, text + len);
        }
        border[len] = true;
        ck_assert(ksi_utf8_valid(text, len));
        for (size_t max = 0; max <= len + 1; max++) {
            size_t cut = ksi_utf8_cut(text, len, max);
            ck_assert(cut <= max && border[cut]);
            /* And it is the longest one. */
            for (size_t longer = cut + 1; longer <= max && longer <= len; longer++)
                ck_assert(!border[longer]);
        }
    }
}
END_TEST

START_TEST(other_bytes_are_cut_anywhere)
{
    ck_assert_uint_eq(ksi_utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
    ck_assert_uint_eq(ksi_utf8_cut("\xff\xff\xff", 3, 2), 2);
    ck_assert_uint_eq(ksi_utf8_cut("abc", 3, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("utf8");
    TCase *tcase = tcase_create("utf8");
    tcase_add_test(tcase, every_code_point_but_surrogates_is_valid);
    tcase_add_test(tcase, what_is_wrong_is_refused);
    tcase_add_test(tcase, three_byte_forms_have_no_gaps);
    tcase_add_test(tcase, a_cut_never_splits_a_character);
    tcase_add_test(tcase, other_bytes_are_cut_anywhere);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
