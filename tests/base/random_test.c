/* SPDX-License-Identifier: Apache-2.0 */
/* random_test - published sequences, even choice, and seeds that differ. */
#include "base/random.h"

#include <check.h>
#include <stdlib.h>

START_TEST(the_generator_gives_the_published_sequence)
{
    static const uint64_t expected[] = { 11520, 0, 1509978240, 1215971899390074240,
        1216172134540287360, 607988272756665600, 16172922978634559625u, 8476171486693032832,
        10595114339597558777u, 2904607092377533576 };
    struct ksi_random random = { { 1, 2, 3, 4 } };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        ck_assert_uint_eq(ksi_random_next(&random), expected[i]);
}
END_TEST

START_TEST(splitmix_gives_the_published_sequence)
{
    static const uint64_t expected[] = { 6457827717110365317, 3203168211198807973,
        9817491932198370423u, 4593380528125082431, 16408922859458223821u };
    uint64_t state = 1234567;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        ck_assert_uint_eq(ksi_splitmix_next(&state), expected[i]);
}
END_TEST

START_TEST(one_seed_gives_one_sequence_and_another_one_another)
{
    struct ksi_random a, b, c;
    ksi_random_seed(&a, 0);
    ksi_random_seed(&b, 0);
    ksi_random_seed(&c, 1);
    int same = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t number = ksi_random_next(&a);
        ck_assert_uint_eq(number, ksi_random_next(&b));
        same += number == ksi_random_next(&c);
    }
    ck_assert_int_eq(same, 0);
}
END_TEST

START_TEST(below_is_in_range_and_even)
{
    struct ksi_random random;
    ksi_random_seed(&random, 42);
    int hits[6] = { 0 };
    for (int i = 0; i < 60000; i++) hits[ksi_random_below(&random, 6)]++;
    for (int i = 0; i < 6; i++) ck_assert_int_lt(abs(hits[i] - 10000), 500); /* 5 sigma */
    ck_assert_uint_eq(ksi_random_below(&random, 1), 0);
    ck_assert_uint_eq(ksi_random_below(&random, 0), 0);
}
END_TEST

/* With below = 3/4 of 2^64 a plain remainder would give the first third twice as often. */
START_TEST(below_is_even_for_huge_ranges)
{
    struct ksi_random random;
    ksi_random_seed(&random, 43);
    uint64_t below = UINT64_C(3) << 62;
    int low = 0;
    for (int i = 0; i < 30000; i++) {
        uint64_t number = ksi_random_below(&random, below);
        ck_assert_uint_lt(number, below);
        low += number < below / 3;
    }
    ck_assert_int_lt(abs(low - 10000), 500);
}
END_TEST

START_TEST(entropy_differs_each_time)
{
    ck_assert_uint_ne(ksi_random_entropy(), ksi_random_entropy());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *tcase = tcase_create("random");
    tcase_add_test(tcase, the_generator_gives_the_published_sequence);
    tcase_add_test(tcase, splitmix_gives_the_published_sequence);
    tcase_add_test(tcase, one_seed_gives_one_sequence_and_another_one_another);
    tcase_add_test(tcase, below_is_in_range_and_even);
    tcase_add_test(tcase, below_is_even_for_huge_ranges);
    tcase_add_test(tcase, entropy_differs_each_time);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
