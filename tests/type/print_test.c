/* SPDX-License-Identifier: Apache-2.0 */
/* print_test - how each kind looks, that what does not fit is cut off, and what is never shown. */
#include "type/sample.h"

#include <check.h>
#include <locale.h>
#include <math.h>

static char shown[1 << 17];

static const char *print(const ks_type *type, const void *value)
{
    size_t length = ks_print_(type, value, shown, sizeof shown);
    ck_assert_uint_eq(length, strlen(shown));
    return shown;
}

#define ASSERT_PRINT(T, expected, ...)                                                             \
    ck_assert_str_eq(print(&T##_type, &(T){ __VA_ARGS__ }), expected)

START_TEST(values_that_are_messages_themselves)
{
    ASSERT_PRINT(ks_int, "-7", -7);
    ASSERT_PRINT(ks_bool, "true", true);
    ASSERT_PRINT(ks_float, "2.5", 2.5);
    ASSERT_PRINT(ks_none, "ks_none{}", 0);
    ASSERT_PRINT(ks_pid, "none", 0);
    ASSERT_PRINT(ks_pid, "<0.9.3>", .id = (uint64_t)3 << 32 | 9);
    ASSERT_PRINT(ks_pid, "<2.9.3>", .id = (uint64_t)3 << 32 | 9, .node = 2);
    ASSERT_PRINT(ks_pid, "#name(12)", .id = 12, .kind = 1);
    ASSERT_PRINT(ks_ref, "#ref<1.18446744073709551615>", { 1, UINT64_MAX });
    ASSERT_PRINT(ks_socket, "#socket(5)", 5);
}
END_TEST

START_TEST(reasons)
{
    ASSERT_PRINT(ks_reason, "normal", .kind = KS_REASON_NORMAL);
    ASSERT_PRINT(ks_reason, "{shutdown, \"by hand\"}", KS_REASON_SHUTDOWN, 0, "by hand");
    ASSERT_PRINT(ks_reason, "noproc", KS_REASON_STATUS, KS_NOPROC, NULL);
    ASSERT_PRINT(ks_reason, "fault 11", KS_REASON_FAULT, 11, NULL);
    ASSERT_PRINT(
        ks_reason, "{error, \"disk \\\"a\\\" full\"}", KS_REASON_ERROR, 0, "disk \"a\" full");
}
END_TEST

START_TEST(texts_are_quoted_and_escaped)
{
    ASSERT_PRINT(ks_text, "\"\"", NULL, 0);
    ASSERT_PRINT(ks_text, "\"a\\\"b\\\\c\\n\\r\\t\\x00\\x1b\\x7f\"", "a\"b\\c\n\r\t\0\x1b\x7f", 11);
    ASSERT_PRINT(ks_text, "\"gr\xc3\xbc\xc3\x9f\"", "gr\xc3\xbc\xc3\x9f", 6);
    ASSERT_PRINT(ks_text, "\"\\xff\\xc3\"", "\xff\xc3", 2);
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
    char text[100], expected[100];
    memset(text, 'x', sizeof text);
    snprintf(expected, sizeof expected, "\"%.64s\"... (100 bytes)", text);
    ASSERT_PRINT(ks_text, expected, text, 100);
    snprintf(expected, sizeof expected, "\"%.64s\"", text);
    ASSERT_PRINT(ks_text, expected, text, 64);
    memcpy(text + 62, "\xe2\x82\xac", 3);
    snprintf(expected, sizeof expected, "\"%.62s\"... (65 bytes)", text);
    ASSERT_PRINT(ks_text, expected, text, 65);
}
END_TEST

START_TEST(blobs_are_hexadecimal)
{
    uint8_t bytes[33] = { 0, 1, 0xfe };
    ASSERT_PRINT(ks_blob, "<<>>", NULL, 0);
    ASSERT_PRINT(ks_blob, "<<0001fe>>", bytes, 3);
    print(&ks_blob_type, &(ks_blob){ bytes, 33 });
    ck_assert_ptr_nonnull(strstr(shown, "0000... (33 bytes)>>"));
    ck_assert_uint_eq(strlen(shown), 2 + 64 + strlen("... (33 bytes)>>"));
    ck_assert_ptr_null(strstr(print(&ks_blob_type, &(ks_blob){ bytes, 32 }), "..."));
}
END_TEST

START_TEST(integers_at_their_limits)
{
    typedef struct widths {
        int8_t a;
        uint8_t b;
        int16_t c;
        uint16_t d;
        int32_t e;
        uint32_t f;
        int64_t g;
        uint64_t h;
    } widths;
    static const ks_field fields[] = { KS_FIELD(widths, a) KS_FIELD(widths, b) KS_FIELD(widths, c)
            KS_FIELD(widths, d) KS_FIELD(widths, e) KS_FIELD(widths, f) KS_FIELD(widths, g)
                KS_FIELD(widths, h) };
    static const ks_type widths_type = { "w", fields, sizeof(widths), 8, true, false };
    ASSERT_PRINT(widths,
        "w{a: -128, b: 255, c: -32768, d: 65535, e: -2147483648, f: 4294967295, "
        "g: -9223372036854775808, h: 18446744073709551615}",
        INT8_MIN, UINT8_MAX, INT16_MIN, UINT16_MAX, INT32_MIN, UINT32_MAX, INT64_MIN, UINT64_MAX);
    ASSERT_PRINT(widths,
        "w{a: 127, b: 0, c: 32767, d: 0, e: 2147483647, f: 0, g: 9223372036854775807, h: 0}",
        INT8_MAX, 0, INT16_MAX, 0, INT32_MAX, 0, INT64_MAX, 0);
}
END_TEST

START_TEST(floats_read_back_as_themselves)
{
    struct ksi_random random;
    ASSERT_PRINT(ks_float, "0.1", 0.1);
    ASSERT_PRINT(ks_float, "3.0", 3);
    ASSERT_PRINT(ks_float, "-0.0", -0.0);
    ASSERT_PRINT(ks_float, "1e+300", 1e300);
    ASSERT_PRINT(ks_float, "inf", (double)INFINITY);
    ASSERT_PRINT(ks_float, "-inf", -(double)INFINITY);
    print(&ks_float_type, &(double){ (double)NAN });
    ck_assert_ptr_nonnull(strstr(shown, "nan"));
    ksi_random_seed(&random, 9);
    for (int i = 0; i < 2000; i++) {
        double number = (double)(int64_t)ksi_random_next(&random) / 1000003;
        ck_assert(strtod(print(&ks_float_type, &number), NULL) == number);
    }
}
END_TEST

START_TEST(a_locale_changes_nothing)
{
    static const char *const commas[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR" };
    for (size_t i = 0; i < sizeof commas / sizeof *commas; i++)
        if (setlocale(LC_ALL, commas[i])) break; /* where none is installed, this shows little */
    ASSERT_PRINT(ks_float, "2.5", 2.5);
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(enums_by_name_unknown_ones_by_number)
{
    every value;
    memset(&value, 0, sizeof value);
    value.colour = GREEN;
    value.sign = MINUS;
    ck_assert_ptr_nonnull(strstr(print(&every_type, &value), "colour: GREEN, sign: MINUS,"));
    value.colour = (colour)4;
    value.sign = (sign)-100;
    ck_assert_ptr_nonnull(strstr(print(&every_type, &value), "colour: 4, sign: -100,"));
}
END_TEST

START_TEST(structs_lists_arrays_and_what_is_absent)
{
    leaf leaves[2] = { { 1, ks_lit("ann") }, { -2, ks_lit("bob") } };
    node last = { .value = 2 }, first = { .value = 1, .next = &last, .children = { &last, 1 } };
    every value;
    memset(&value, 0, sizeof value);
    memcpy(value.title, "exactly 12 c", 12); /* without a NUL */
    value.leaves.items = leaves;
    value.leaves.count = 2;
    value.maybe = &leaves[1];
    value.tree = &first;
    print(&every_type, &value);
    ck_assert_ptr_nonnull(strstr(shown, "every{flag: false, i8: 0,"));
    ck_assert_ptr_nonnull(strstr(shown, "title: \"exactly 12 c\", numbers: [0, 0, 0, 0, 0],"));
    ck_assert_ptr_nonnull(strstr(shown, "pids: [none, none]"));
    ck_assert_ptr_nonnull(strstr(shown, "local: #local,"));
    ck_assert_ptr_nonnull(strstr(shown, "cstr: nil,"));
    ck_assert_ptr_nonnull(strstr(shown,
        "leaves: [leaf{n: 1, name: \"ann\"}, leaf{n: -2, name: \"bob\"}], "
        "points: [], texts: [],"));
    ck_assert_ptr_nonnull(strstr(shown,
        "maybe: leaf{n: -2, name: \"bob\"}, tree: node{value: 1, children: "
        "[node{value: 2, children: [], next: nil}], next: node{value: 2, "
        "children: [], next: nil}}}"));
}
END_TEST

START_TEST(long_lists_are_cut)
{
    node items[17];
    memset(items, 0, sizeof items);
    node list = { .children = { items, 17 } };
    print(&node_type, &list);
    int found = 0;
    for (const char *at = shown; (at = strstr(at, "node{value: 0")); at++) found++;
    ck_assert_int_eq(found, 17); /* itself and sixteen */
    ck_assert_ptr_nonnull(strstr(shown, ", ... (17 items)], next: nil}"));
    list.children.count = 16;
    ck_assert_ptr_null(strstr(print(&node_type, &list), "..."));
}
END_TEST

START_TEST(depth_and_number_of_values_are_bounded)
{
    static node chain[10000];
    for (int i = 0; i < 9999; i++) chain[i].next = &chain[i + 1];
    ck_assert_ptr_nonnull(strstr(print(&node_type, chain), "next: ...}}}}}}}}"));
    /* Each of these holds the next sixteen times: 16 to the 7th values without a bound. */
    static node tree[8][16];
    for (int i = 0; i < 7; i++)
        for (int k = 0; k < 16; k++) {
            tree[i][k].children.items = tree[i + 1];
            tree[i][k].children.count = 16;
        }
    ck_assert_uint_lt(strlen(print(&node_type, tree[0])), 100000);
}
END_TEST

START_TEST(secrets_never_show)
{
    every value;
    memset(&value, 0, sizeof value);
    value.secret = ks_lit("open sesame");
    ck_assert_ptr_null(strstr(print(&every_type, &value), "sesame"));
    ck_assert_ptr_nonnull(strstr(shown, "secret: ***,"));
}
END_TEST

START_TEST(what_does_not_fit_is_cut_off)
{
    static char whole[1 << 17], part[1 << 17];
    struct maker maker;
    every value;
    maker_open(&maker, 5);
    for (int round = 0; round < 4; round++) {
        maker.used = 0;
        make_random(&maker, &every_type, &value);
        size_t length = ks_print(every, &value, whole, sizeof whole);
        ck_assert_uint_eq(strlen(whole), length);
        for (size_t size = 0; size <= length + 1; size++) {
            memset(part, 0x55, size + 8);
            ck_assert_uint_eq(ks_print(every, &value, part, size), length);
            if (size > 0) {
                ck_assert_int_eq(part[size - 1], 0);
                ck_assert(memcmp(part, whole, size - 1) == 0);
            }
            for (size_t i = 0; i < 8; i++) ck_assert_int_eq(part[size + i], 0x55);
        }
        ksi_type_release(&every_type, &value);
    }
    ck_assert_uint_eq(ks_print(ks_int, &(ks_int){ 42 }, NULL, 0), 2);
    maker_close(&maker);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("print");
    TCase *tcase = tcase_create("print");
    tcase_add_test(tcase, values_that_are_messages_themselves);
    tcase_add_test(tcase, reasons);
    tcase_add_test(tcase, texts_are_quoted_and_escaped);
    tcase_add_test(tcase, long_texts_are_cut_between_characters);
    tcase_add_test(tcase, blobs_are_hexadecimal);
    tcase_add_test(tcase, integers_at_their_limits);
    tcase_add_test(tcase, floats_read_back_as_themselves);
    tcase_add_test(tcase, a_locale_changes_nothing);
    tcase_add_test(tcase, enums_by_name_unknown_ones_by_number);
    tcase_add_test(tcase, structs_lists_arrays_and_what_is_absent);
    tcase_add_test(tcase, long_lists_are_cut);
    tcase_add_test(tcase, depth_and_number_of_values_are_bounded);
    tcase_add_test(tcase, secrets_never_show);
    tcase_add_test(tcase, what_does_not_fit_is_cut_off);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
