/* SPDX-License-Identifier: Apache-2.0 */
/* text_test - the small functions of types.h that need no runtime: statuses, reasons, texts. */
#include "base/utf8.h"

#include <check.h>
#include <errno.h>
#include <kiosk/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_status_has_a_text_of_its_own)
{
    for (ks_status a = KS_OK; a <= KS_STACK_OVERFLOW; a++) {
        ck_assert_str_ne(ks_status_text(a), "unknown status");
        for (ks_status b = KS_OK; b < a; b++)
            ck_assert_str_ne(ks_status_text(a), ks_status_text(b));
    }
    ck_assert_str_eq(ks_status_text(KS_TIMEOUT), "timeout");
    ck_assert_str_eq(ks_status_text(-ENOENT), "No such file or directory");
    ck_assert_str_eq(ks_status_text(KS_USER + 1), "a status of the program");
    ck_assert_str_eq(ks_status_text(KS_STACK_OVERFLOW + 1), "unknown status");
    ck_assert_str_eq(ks_status_text(-4000), "unknown status");
    ck_assert_str_eq(ks_status_text(INT32_MIN), "unknown status");
}
END_TEST

static const struct {
    ks_reason reason;
    const char *text;
} reasons[] = {
    { { KS_REASON_NORMAL, 0, NULL }, "normal" },
    { { KS_REASON_SHUTDOWN, 0, NULL }, "shutdown" },
    { { KS_REASON_SHUTDOWN, 0, "by hand" }, "shutdown: by hand" },
    { { KS_REASON_KILL, 0, NULL }, "kill" },
    { { KS_REASON_KILLED, 0, "" }, "killed" },
    { { KS_REASON_STATUS, KS_NOPROC, NULL }, "noproc" },
    { { KS_REASON_STATUS, KS_USER + 5, NULL }, "status 1005" },
    { { KS_REASON_STATUS, -EIO, "journal" }, "Input/output error: journal" },
    { { KS_REASON_FAULT, 11, NULL }, "fault 11" },
    { { KS_REASON_ERROR, 0, "disk full" }, "error: disk full" },
    { { (ks_reason_kind)99, 0, NULL }, "unknown reason" },
};

START_TEST(reasons_as_text)
{
    char buffer[64];
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        const char *text = ks_reason_text(reasons[i].reason, buffer, sizeof buffer);
        ck_assert_ptr_eq(text, buffer);
        ck_assert_str_eq(text, reasons[i].text);
    }
}
END_TEST

START_TEST(reasons_are_cut_to_size_between_characters)
{
    ks_reason reason = { KS_REASON_ERROR, 0, "k\xc3\xb6nnte \xe2\x82\xac kosten" };
    const char *whole = "error: k\xc3\xb6nnte \xe2\x82\xac kosten";
    for (size_t size = 1; size < 40; size++) {
        char buffer[48];
        memset(buffer, 0x55, sizeof buffer);
        ks_reason_text(reason, buffer, size);
        size_t len = strlen(buffer);
        ck_assert_uint_lt(len, size);
        ck_assert(ksi_utf8_valid(buffer, len));
        ck_assert(strncmp(buffer, whole, len) == 0);
        ck_assert(len + 3 >= size - 1 || len == strlen(whole));
        ck_assert_int_eq(buffer[size], 0x55);
    }
    char untouched = 'x';
    ck_assert_ptr_eq(ks_reason_text(reason, &untouched, 0), &untouched);
    ck_assert_int_eq(untouched, 'x');
}
END_TEST

START_TEST(long_reasons_keep_their_maximum)
{
    char text[500], buffer[500];
    memset(text, 'x', sizeof text);
    text[499] = '\0';
    ks_reason_text((ks_reason){ KS_REASON_ERROR, 0, text }, buffer, sizeof buffer);
    ck_assert_uint_eq(strlen(buffer), strlen("error: ") + KS_REASON_TEXT_MAX);
}
END_TEST

START_TEST(because_keeps_the_status)
{
    ks_reason reason = ks_because(KS_TIMEOUT);
    ck_assert(reason.kind == KS_REASON_STATUS && reason.code == KS_TIMEOUT && !reason.text);
    ck_assert(!ks_is_clean(reason));
}
END_TEST

START_TEST(texts_are_views)
{
    const char *s = "kiosk";
    ck_assert_ptr_eq(ks_str(s).ptr, s);
    ck_assert_uint_eq(ks_str(s).len, 5);
    ck_assert_uint_eq(ks_str(NULL).len, 0);
    ck_assert_ptr_nonnull(ks_str(NULL).ptr);
    ck_assert(ks_text_eq(ks_str("a"), ks_lit("a")));
    ck_assert(!ks_text_eq(ks_str("a"), ks_lit("b")));
    ck_assert(!ks_text_eq(ks_str("a"), ks_lit("ab")));
    ck_assert(ks_text_eq((ks_text){ NULL, 0 }, ks_lit("")));
    ck_assert(!ks_text_eq((ks_text){ "a\0b", 3 }, (ks_text){ "a\0c", 3 }));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, every_status_has_a_text_of_its_own);
    tcase_add_test(tcase, reasons_as_text);
    tcase_add_test(tcase, reasons_are_cut_to_size_between_characters);
    tcase_add_test(tcase, long_reasons_keep_their_maximum);
    tcase_add_test(tcase, because_keeps_the_status);
    tcase_add_test(tcase, texts_are_views);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
