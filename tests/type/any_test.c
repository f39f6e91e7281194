/* SPDX-License-Identifier: Apache-2.0 */
/* any_test - a ks_any is copied, compared, shown and released as what it holds. */
#include "type/sample.h"

#include <check.h>

typedef struct parcel {
    int32_t number;
    ks_any content;
} parcel;
KS_TYPE(parcel, number, content);

typedef struct held {
    ks_socket socket;
    ks_bin *bin;
} held;
KS_TYPE(held, socket, bin);

static void *deep_copy(const parcel *original)
{
    char *copy = malloc(sizeof *original + ksi_type_tail(&parcel_type, original));
    ck_assert_ptr_nonnull(copy);
    ksi_type_copy(&parcel_type, copy, original, copy + sizeof *original);
    return copy;
}

static void visit(ks_socket *socket, void *arg)
{
    socket->id++;
    ++*(int *)arg;
}

START_TEST(the_content_is_copied_deeply)
{
    leaf content = { .n = 7, .name = ks_lit("seven") };
    parcel original = { .number = 1, .content = { &leaf_type, &content } };
    parcel *copy = deep_copy(&original);
    ck_assert(ks_equal(parcel, &original, copy));
    content.n = 8;
    ck_assert(!ks_equal(parcel, &original, copy));
    ck_assert_int_eq(((const leaf *)copy->content.value)->n, 7);
    ck_assert(((const leaf *)copy->content.value)->name.ptr != content.name.ptr);
    char text[100];
    ks_print(parcel, copy, text, sizeof text);
    ck_assert_str_eq(text, "parcel{number: 1, content: leaf{n: 7, name: \"seven\"}}");
    free(copy);
}
END_TEST

START_TEST(nothing_is_copied_as_nothing)
{
    parcel nothing = { .number = 1 }, untyped = { .number = 1, .content = { NULL, &nothing } };
    parcel *copy = deep_copy(&untyped);
    ck_assert_ptr_null(copy->content.value);
    ck_assert(ks_equal(parcel, copy, &nothing));
    free(copy);
}
END_TEST

START_TEST(contents_of_two_types_differ)
{
    ks_int number = 0;
    ks_float zero = 0;
    parcel a = { .content = { &ks_int_type, &number } };
    parcel b = { .content = { &ks_float_type, &zero } };
    ck_assert(!ks_equal(parcel, &a, &b));
}
END_TEST

START_TEST(what_the_content_owns_is_found)
{
    held content = { { 10 }, ks_bin_new(ks_bytes("abc", 3)) };
    parcel original = { .content = { &held_type, &content } };
    parcel *copy = deep_copy(&original);
    int visited = 0;
    ksi_type_each_socket(&parcel_type, copy, visit, &visited);
    ck_assert_int_eq(visited, 1);
    ck_assert_uint_eq(((const held *)copy->content.value)->socket.id, 11);
    ks_bin_unref(content.bin);
    ck_assert_uint_eq(ks_bin_bytes(((const held *)copy->content.value)->bin).len, 3);
    ksi_type_release(&parcel_type, copy); /* the last share: a leak checker sees one that stays */
    free(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("any");
    TCase *tcase = tcase_create("any");
    tcase_add_test(tcase, the_content_is_copied_deeply);
    tcase_add_test(tcase, nothing_is_copied_as_nothing);
    tcase_add_test(tcase, contents_of_two_types_differ);
    tcase_add_test(tcase, what_the_content_owns_is_found);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
