/* SPDX-License-Identifier: Apache-2.0 */
/* clock_test - nanoseconds, forwards, and the year. */
#include "base/clock.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

START_TEST(monotonic_never_goes_back_but_on)
{
    int64_t first = ksi_clock_monotonic(), last = first;
    for (int i = 0; i < 100000 || last == first; i++) {
        int64_t now = ksi_clock_monotonic();
        ck_assert_int_ge(now, last);
        last = now;
    }
    /* In nanoseconds: a hundred thousand looks take more than 100 us and less than 100 s. */
    ck_assert_int_gt(last - first, 100000);
    ck_assert_int_lt(last - first, 100000000000);
}
END_TEST

START_TEST(wall_is_the_time_since_1970)
{
    int64_t before = (int64_t)time(NULL);
    int64_t seconds = ksi_clock_wall() / 1000000000;
    ck_assert_int_ge(seconds, before - 1); /* time() reads a coarser clock, which may be behind */
    ck_assert_int_le(seconds, (int64_t)time(NULL) + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tcase = tcase_create("clock");
    tcase_add_test(tcase, monotonic_never_goes_back_but_on);
    tcase_add_test(tcase, wall_is_the_time_since_1970);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
