/* SPDX-License-Identifier: Apache-2.0 */
/* bin_test - counted bytes: one release after the last share, from whatever thread. */
#include "base/atomic.h"

#include <check.h>
#include <kiosk/bin.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int released;
static void count_release(void *ptr)
{
    ksi_add_relaxed(&released, 1); /* relaxed: read after the threads were joined */
    free(ptr);
}

START_TEST(new_copies)
{
    char bytes[] = "abc";
    ks_bin *bin = ks_bin_new(ks_bytes(bytes, 3));
    bytes[0] = 'x';
    ck_assert_uint_eq(ks_bin_bytes(bin).len, 3);
    ck_assert_mem_eq(ks_bin_bytes(bin).ptr, "abc", 3);
    ks_bin_unref(bin);
}
END_TEST

START_TEST(take_adopts_and_releases_once)
{
    atomic_init(&released, 0);
    char *bytes = malloc(10);
    ks_bin *bin = ks_bin_take(bytes, 10, count_release);
    ck_assert_ptr_eq(ks_bin_bytes(bin).ptr, bytes);
    ck_assert_ptr_eq(ks_bin_ref(bin), bin);
    ks_bin_unref(bin);
    ck_assert_int_eq(ksi_load_relaxed(&released), 0); /* relaxed: one thread */
    ks_bin_unref(bin);
    ck_assert_int_eq(ksi_load_relaxed(&released), 1); /* relaxed: one thread */
    static char constant[] = "no release";
    ks_bin_unref(ks_bin_take(constant, 3, NULL));
}
END_TEST

START_TEST(nothing_is_fine)
{
    ck_assert_ptr_null(ks_bin_ref(NULL));
    ks_bin_unref(NULL);
    ck_assert_uint_eq(ks_bin_bytes(NULL).len, 0);
    ks_bin *bin = ks_bin_new(ks_bytes(NULL, 0));
    ck_assert_ptr_nonnull(bin);
    ck_assert_uint_eq(ks_bin_bytes(bin).len, 0);
    ks_bin_unref(bin);
}
END_TEST

enum { THREADS = 4, ROUNDS = 20000 };

static void *share(void *arg)
{
    ks_bin *bin = arg;
    unsigned sum = 0;
    for (int i = 0; i < ROUNDS; i++) {
        (void)ks_bin_ref(bin);
        sum += ks_bin_bytes(bin).ptr[i % 8];
        ks_bin_unref(bin);
    }
    ks_bin_unref(bin); /* the thread's own share */
    return sum ? NULL : bin;
}

START_TEST(threads_share_and_the_last_one_releases)
{
    pthread_t threads[THREADS];
    atomic_init(&released, 0);
    char *bytes = malloc(8);
    memset(bytes, 1, 8);
    ks_bin *bin = ks_bin_take(bytes, 8, count_release);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, share, ks_bin_ref(bin)), 0);
    ks_bin_unref(bin);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    ck_assert_int_eq(ksi_load_relaxed(&released), 1); /* relaxed: joined */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bin");
    TCase *tcase = tcase_create("bin");
    tcase_add_test(tcase, new_copies);
    tcase_add_test(tcase, take_adopts_and_releases_once);
    tcase_add_test(tcase, nothing_is_fine);
    tcase_add_test(tcase, threads_share_and_the_last_one_releases);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
