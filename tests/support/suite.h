/* SPDX-License-Identifier: Apache-2.0 */
/* suite.h - the main of a file of Check tests: all of them, in one case.
 *
 *     int main(void) { return run_suite("pool", 60, TESTS(first, second)); } */
#ifndef SUITE_H
#define SUITE_H
#include <check.h>
#include <stdlib.h>

#define TESTS(...)                                                                                 \
    (const TTest *const[]){ __VA_ARGS__ },                                                         \
        sizeof((const TTest *const[]){ __VA_ARGS__ }) / sizeof(const TTest *)

/* What main should return. timeout: of each test, in seconds. */
static inline int run_suite(
    const char *name, double timeout, const TTest *const *tests, size_t test_count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, timeout);
    for (size_t i = 0; i < test_count; i++) tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#endif
