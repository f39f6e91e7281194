/* SPDX-License-Identifier: Apache-2.0 */
/* buf_test - growth, the hard limit, consuming from the front, and memory that is not there. */
#include "base/buf.h"

#include "base/random.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer an absurd request shall fail as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }

START_TEST(it_holds_what_was_appended)
{
    struct ksi_buf buf;
    ksi_buf_init(&buf, 100000);
    uint8_t expected[5000];
    for (int i = 0; i < 1000; i++) {
        uint8_t bytes[] = { (uint8_t)i, (uint8_t)(i >> 8), 7, 8 };
        ck_assert_int_eq(ksi_buf_append(&buf, bytes, sizeof bytes), KS_OK);
        ck_assert_int_eq(ksi_buf_append_byte(&buf, 9), KS_OK);
        memcpy(expected + i * 5, bytes, sizeof bytes);
        expected[i * 5 + 4] = 9;
    }
    ck_assert_uint_eq(buf.len, sizeof expected);
    ck_assert_mem_eq(buf.ptr, expected, sizeof expected);
    ksi_buf_free(&buf);
    ck_assert_ptr_null(buf.ptr);
    ck_assert_uint_eq(buf.len, 0);
    ck_assert_uint_eq(buf.limit, 100000);
}
END_TEST

START_TEST(the_limit_is_reached_and_not_passed)
{
    struct ksi_buf buf;
    ksi_buf_init(&buf, 100);
    char bytes[101] = { 0 };
    ck_assert_int_eq(ksi_buf_append(&buf, bytes, 101), KS_FULL);
    ck_assert_int_eq(ksi_buf_append(&buf, bytes, 99), KS_OK);
    ck_assert_int_eq(ksi_buf_append(&buf, bytes, 2), KS_FULL);
    ck_assert_uint_eq(buf.len, 99);
    ck_assert_int_eq(ksi_buf_append_byte(&buf, 1), KS_OK);
    ck_assert_int_eq(ksi_buf_append_byte(&buf, 1), KS_FULL);
    ck_assert_int_eq(ksi_buf_append(&buf, NULL, 0), KS_OK);
    ck_assert_int_eq(ksi_buf_reserve(&buf, SIZE_MAX), KS_FULL);
    ck_assert_uint_le(buf.capacity, 100);
    ksi_buf_free(&buf);
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
    struct ksi_buf buf;
    ksi_buf_init(&buf, SIZE_MAX);
    ck_assert_int_eq(ksi_buf_append(&buf, "abc", 3), KS_OK);
    ck_assert_int_eq(ksi_buf_reserve(&buf, SIZE_MAX - 1000), KS_NOMEM);    /* refused by us */
    ck_assert_int_eq(ksi_buf_reserve(&buf, PTRDIFF_MAX - 1000), KS_NOMEM); /* and by realloc */
    ck_assert_uint_eq(buf.len, 3);
    ck_assert_mem_eq(buf.ptr, "abc", 3);
    ksi_buf_free(&buf);
}
END_TEST

START_TEST(consume_takes_from_the_front)
{
    struct ksi_buf buf;
    ksi_buf_init(&buf, 100);
    ck_assert_int_eq(ksi_buf_append(&buf, "abcdef", 6), KS_OK);
    ksi_buf_consume(&buf, 0);
    ck_assert_uint_eq(buf.len, 6);
    ksi_buf_consume(&buf, 2);
    ck_assert_uint_eq(buf.len, 4);
    ck_assert_mem_eq(buf.ptr, "cdef", 4);
    ksi_buf_consume(&buf, 5);
    ck_assert_uint_eq(buf.len, 0);
    ksi_buf_free(&buf);
}
END_TEST

/* Against a plain array that does the same. */
START_TEST(random_use_agrees_with_a_model)
{
    struct ksi_random random;
    struct ksi_buf buf;
    uint8_t model[512];
    size_t len = 0;
    ksi_random_seed(&random, 1);
    ksi_buf_init(&buf, sizeof model);
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[64];
        size_t n = ksi_random_below(&random, sizeof bytes);
        memset(bytes, (int)i, n);
        if (ksi_random_below(&random, 2)) {
            ks_status status = ksi_buf_append(&buf, bytes, n);
            ck_assert_int_eq(status, len + n > sizeof model ? KS_FULL : KS_OK);
            if (!status) memcpy(model + len, bytes, n), len += n;
        } else {
            ksi_buf_consume(&buf, n);
            n = n < len ? n : len;
            memmove(model, model + n, len - n);
            len -= n;
        }
        ck_assert_uint_eq(buf.len, len);
        if (len > 0) ck_assert_mem_eq(buf.ptr, model, len);
    }
    ksi_buf_free(&buf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buf");
    TCase *tcase = tcase_create("buf");
    tcase_add_test(tcase, it_holds_what_was_appended);
    tcase_add_test(tcase, the_limit_is_reached_and_not_passed);
    tcase_add_test(tcase, without_memory_nothing_changes);
    tcase_add_test(tcase, consume_takes_from_the_front);
    tcase_add_test(tcase, random_use_agrees_with_a_model);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
