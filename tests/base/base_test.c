/* SPDX-License-Identifier: Apache-2.0 */
/* base_test - a failed assertion ends the program and says where; the atomic wrappers count. */
#include "base/base.h"

#include "base/atomic.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(what_holds_costs_nothing)
{
    int evaluated = 0;
    KSI_ASSERT(++evaluated == 1);
    ck_assert_int_eq(evaluated, 1);
}
END_TEST

START_TEST(what_does_not_hold_aborts_and_says_where)
{
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        KSI_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    close(pipes[1]);
    char text[512] = "";
    size_t len = 0;
    for (ssize_t got = 1; got > 0 && len < sizeof text - 1; len += (size_t)(got > 0 ? got : 0))
        got = read(pipes[0], text + len, sizeof text - 1 - len);
    close(pipes[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_ptr_nonnull(strstr(text, "base_test.c:"));
    ck_assert_ptr_nonnull(strstr(text, "1 + 1 == 3"));
}
END_TEST

START_TEST(container_of_finds_the_beginning)
{
    struct {
        int a;
        char b[3];
        int c;
    } outer;
    ck_assert_ptr_eq(KSI_CONTAINER_OF(&outer.c, __typeof__(outer), c), &outer);
    ck_assert_uint_eq(KSI_COUNT_OF(outer.b), 3);
}
END_TEST

enum { THREADS = 4, ROUNDS = 20000 };
static struct {
    _Atomic uint64_t added;
    _Atomic uint64_t swapped;
    _Atomic bool locked;
    uint64_t guarded; /* by locked */
} shared;

static void *hammer(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        ksi_add_relaxed(&shared.added, 1); /* relaxed: only counted, joined before it is read */
        uint64_t seen = ksi_load_relaxed(&shared.swapped); /* relaxed: the cas checks it */
        while (!ksi_cas_weak_acq_rel(&shared.swapped, &seen, seen + 1)) ksi_relax();
        /* acq_rel: takes over what the release below published. */
        while (ksi_exchange_acq_rel(&shared.locked, true)) ksi_relax();
        shared.guarded++;
        /* release: publishes guarded; pairs with the exchange above. */
        ksi_store_release(&shared.locked, false);
    }
    return arg;
}

START_TEST(the_wrappers_are_atomic)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    /* acquire: after the joins, any order would do. */
    ck_assert_uint_eq(ksi_load_acquire(&shared.added), THREADS * ROUNDS);
    ck_assert_uint_eq(ksi_load_acquire(&shared.swapped), THREADS * ROUNDS);
    ck_assert_uint_eq(shared.guarded, THREADS * ROUNDS);
}
END_TEST

START_TEST(a_failed_exchange_says_what_is_there)
{
    _Atomic int number = 5;
    int expected = 4;
    ck_assert(!ksi_cas_acq_rel(&number, &expected, 6));
    ck_assert_int_eq(expected, 5);
    ck_assert(ksi_cas_acq_rel(&number, &expected, 6));
    ck_assert_int_eq(ksi_sub_acq_rel(&number, 2), 6);
    ck_assert_int_eq(ksi_add_acq_rel(&number, 1), 4);
    ck_assert_int_eq(ksi_load_relaxed(&number), 5); /* relaxed: one thread */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *tcase = tcase_create("base");
    tcase_add_test(tcase, what_holds_costs_nothing);
    tcase_add_test(tcase, what_does_not_hold_aborts_and_says_where);
    tcase_add_test(tcase, container_of_finds_the_beginning);
    tcase_add_test(tcase, the_wrappers_are_atomic);
    tcase_add_test(tcase, a_failed_exchange_says_what_is_there);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
