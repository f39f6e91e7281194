/* SPDX-License-Identifier: Apache-2.0 */
/* version_test - the library says the version its headers say. */
#include <check.h>
#include <kiosk/version.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(the_library_and_the_headers_agree)
{
    char expected[32];
    snprintf(expected, sizeof expected, "%d.%d.%d", KS_VERSION_MAJOR, KS_VERSION_MINOR,
        KS_VERSION_PATCH);
    ck_assert_str_eq(ks_version(), expected);
}
END_TEST

START_TEST(the_text_is_static) { ck_assert_ptr_eq(ks_version(), ks_version()); }
END_TEST

int main(void)
{
    Suite *suite = suite_create("version");
    TCase *tcase = tcase_create("version");
    tcase_add_test(tcase, the_library_and_the_headers_agree);
    tcase_add_test(tcase, the_text_is_static);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
