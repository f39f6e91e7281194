/* SPDX-License-Identifier: Apache-2.0 */
/* scenario.h - for the tests of this folder: a function as the root of a real runtime, after which
 * no descriptor, block or record may be left; streams with both ends in one hand. */
#ifndef TESTS_IO_SCENARIO_H
#define TESTS_IO_SCENARIO_H
#include "runtime/scheduler.h"
#include <check.h>
#include <dirent.h>
#include <kiosk/kiosk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))

static void (*scenario)(void);
static void enter_scenario(const void *args) { scenario(); }
static const ks_module scenario_module = { .version = KS_MODULE_VERSION,
    .name = "scenario",
    .behaviour = &ks_process_behaviour,
    .main = enter_scenario };

UNUSED static int open_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory)) count++;
    closedir(directory);
    return count;
}

UNUSED static ks_status run(const ks_runtime_options *options, void (*fn)(void))
{
    scenario = fn;
    ks_child root = { .module = &scenario_module };
    int before = open_descriptors();
    ks_status status = ks_run(options, &root);
    ck_assert_int_eq(open_descriptors(), before);
    ck_assert_int_eq(ksi_left.blocks, 0);
    ck_assert_int_eq(ksi_left.records, 0);
    return status;
}

/* One test: the function runs to its end, and nothing is left. */
#define SCENARIO(name)                                                                             \
    START_TEST(name##_test) { ck_assert_int_eq(run(NULL, name), KS_OK); }                          \
    END_TEST

struct pair {
    ks_socket here, there;
};

UNUSED static ks_socket listen_with(const ks_tcp_options *options, char *address, size_t size)
{
    ks_socket listener;
    ck_assert_int_eq(ks_tcp_listen("127.0.0.1:0", options, &listener), KS_OK);
    ck_assert_int_eq(ks_local_name(listener, address, size), KS_OK);
    return listener;
}

/* options are those of both ends. */
UNUSED static struct pair connected(const ks_tcp_options *options)
{
    char address[64];
    struct pair pair;
    ks_socket listener = listen_with(options, address, sizeof address);
    ck_assert_int_eq(ks_tcp_connect(address, options, 1000, &pair.here), KS_OK);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &pair.there), KS_OK);
    ks_close(listener);
    return pair;
}

UNUSED static void write_text(ks_socket socket, const char *text)
{
    ck_assert_int_eq(ks_write(socket, ks_str(text)), KS_OK);
    ck_assert_int_eq(ks_flush(socket), KS_OK);
}

/* Until a condition holds that other processes bring about; each turn is one of theirs. */
#define AWAIT(condition)                                                                           \
    for (int turns_ = 0; !(condition); turns_++) {                                                 \
        ck_assert_int_lt(turns_, 1000);                                                            \
        ks_sleep(1);                                                                               \
    }

UNUSED static int run_suite(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < count; i++) tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
#define RUN_SUITE(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = { __VA_ARGS__ };                                              \
        return run_suite(name, tests, sizeof tests / sizeof tests[0]);                             \
    }

#endif
