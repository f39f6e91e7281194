/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what the tests of the store's pure parts have in common. */
#ifndef TESTS_EXAMPLES_PARTS_CHECK_H
#define TESTS_EXAMPLES_PARTS_CHECK_H
#include "memory.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline ks_text text(const char *s) { return (ks_text){ s, strlen(s) }; }

static inline bool same(ks_text a, ks_text b)
{
    return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline ks_text numbered(char *buffer, size_t size, const char *what, int n)
{
    return (ks_text){ buffer, (size_t)snprintf(buffer, size, "%s%d", what, n) };
}

/* What stands behind the letters; keys are not followed by a NUL. */
static inline int number_in(ks_text key)
{
    int number = 0;
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] >= '0' && key.ptr[i] <= '9') number = number * 10 + key.ptr[i] - '0';
    return number;
}

static inline int run_all(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#endif
