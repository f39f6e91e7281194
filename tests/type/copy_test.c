/* SPDX-License-Identifier: Apache-2.0 */
/* copy_test - a deep copy equals its original, needs nothing of it, and gives back what it took. */
#include "type/sample.h"

#include <check.h>

enum { ROUNDS = 300, SHOWN = 60000 };

static char first[SHOWN], second[SHOWN];

START_TEST(a_copy_outlives_its_original)
{
    struct maker maker;
    maker_open(&maker, (uint64_t)_i);
    every *original = malloc(sizeof *original);
    for (int round = 0; round < ROUNDS; round++) {
        maker.used = 0;
        make_random(&maker, &every_type, original);
        every *copy = copy_of(&every_type, original);
        every *again = copy_of(&every_type, copy);
        ck_assert(ks_equal(every, original, copy));
        ks_print(every, original, first, sizeof first);
        ksi_type_release(&every_type, original); /* its shares, not those of the copies */
        memset(original, 0xaa, sizeof *original);
        memset(maker.memory, 0xaa, MAKER_SIZE);
        ck_assert(ks_equal(every, copy, again));
        ks_print(every, copy, second, sizeof second);
        ck_assert(strcmp(first, second) == 0); /* too long to be shown by Check */
        drop(&every_type, copy);
        ks_print(every, again, second, sizeof second);
        ck_assert(strcmp(first, second) == 0); /* too long to be shown by Check */
        drop(&every_type, again);
    }
    free(original);
    maker_close(&maker);
}
END_TEST

/* All that a copy points at lies in its block, aligned for its type. */
static void assert_inside(const ks_type *type, const void *value, const char *from, const char *to)
{
    for (unsigned i = 0; i < type->field_count; i++) {
        const ks_field *field = &type->fields[i];
        const char *at = (const char *)value + field->offset;
        struct ksi_items items = { NULL, 0 };
        if (field->kind == KS_KIND_RECORD) assert_inside(field->of, at, from, to);
        if (field->kind == KS_KIND_LIST) items = ksi_items_at(at);
        if (field->kind == KS_KIND_MAYBE && ksi_pointer_at(at))
            items = (struct ksi_items){ ksi_pointer_at(at), 1 };
        for (size_t k = 0; k < items.count; k++) {
            const char *item = (const char *)items.items + k * field->of->size;
            ck_assert(item >= from && item + field->of->size <= to);
            ck_assert_uint_eq((uintptr_t)items.items % 8, 0);
            assert_inside(field->of, item, from, to);
        }
        const ks_text *text = (const void *)at;
        if (field->kind == KS_KIND_TEXT && text->len > 0)
            ck_assert(text->ptr >= from && text->ptr + text->len < to);
        if (field->kind == KS_KIND_TEXT) ck_assert_int_eq(text->ptr[text->len], 0);
    }
}

START_TEST(everything_lies_in_the_block)
{
    struct maker maker;
    every original;
    maker_open(&maker, 77);
    for (int round = 0; round < ROUNDS; round++) {
        maker.used = 0;
        make_random(&maker, &every_type, &original);
        size_t tail = ksi_type_tail(&every_type, &original);
        ck_assert_uint_eq(tail % 8, 0);
        char *copy = copy_of(&every_type, &original);
        assert_inside(&every_type, copy, copy, copy + sizeof original + 7 + tail);
        drop(&every_type, copy);
        ksi_type_release(&every_type, &original);
    }
    maker_close(&maker);
}
END_TEST

START_TEST(flat_types_need_no_tail)
{
    point original = { 1, 2.5, -3 };
    ck_assert_uint_eq(ksi_type_tail(&point_type, &original), 0);
    point copy;
    char tail;
    ck_assert_ptr_eq(ksi_type_copy(&point_type, &copy, &original, &tail), &tail);
    ck_assert(ks_equal(point, &copy, &original));
}
END_TEST

START_TEST(nothing_is_copied_as_nothing)
{
    every original;
    memset(&original, 0, sizeof original);
    ck_assert_uint_eq(ksi_type_tail(&every_type, &original), 0);
    every *copy = copy_of(&every_type, &original);
    ck_assert(ks_equal(every, &original, copy));
    ck_assert_ptr_null(copy->cstr);
    ck_assert_ptr_null(copy->maybe);
    ck_assert_ptr_null(copy->reason.text);
    ck_assert_str_eq(copy->text.ptr, ""); /* a C string in spite of NULL */
    drop(&every_type, copy);
    /* A length without memory behind it is nothing, too. */
    original.text.len = original.blob.len = original.leaves.count = 3;
    ck_assert_uint_eq(ksi_type_tail(&every_type, &original), 0);
    copy = copy_of(&every_type, &original);
    ck_assert_uint_eq(copy->text.len + copy->blob.len + copy->leaves.count, 0);
    ck_assert(ks_equal(every, &original, copy));
    drop(&every_type, copy);
}
END_TEST

START_TEST(sizes_do_not_wrap)
{
    static const node one;
    ks_text text = { "x", SIZE_MAX };
    ck_assert_uint_ge(ksi_type_tail(&ks_text_type, &text), KSI_TYPE_TAIL_MAX);
    ks_blob blob = { (const uint8_t *)"x", SIZE_MAX - 3 };
    ck_assert_uint_ge(ksi_type_tail(&ks_blob_type, &blob), KSI_TYPE_TAIL_MAX);
    node tree = { .children = { &one, SIZE_MAX / sizeof(node) + 2 } };
    ck_assert_uint_ge(ksi_type_tail(&node_type, &tree), KSI_TYPE_TAIL_MAX);
    tree.children.count = SIZE_MAX / sizeof(node);
    ck_assert_uint_ge(ksi_type_tail(&node_type, &tree), KSI_TYPE_TAIL_MAX);
    ck_assert_uint_gt(KSI_TYPE_TAIL_MAX + UINT32_MAX, KSI_TYPE_TAIL_MAX);
}
END_TEST

START_TEST(a_reason_keeps_the_beginning_of_its_text)
{
    char text[200];
    ks_reason reason = { KS_REASON_ERROR, 0, text };
    memset(text, 'x', sizeof text);
    memcpy(text + KS_REASON_TEXT_MAX - 1, "\xe2\x82\xac", 3); /* would be split */
    text[199] = '\0';
    ks_reason *copy = copy_of(&ks_reason_type, &reason);
    ck_assert_uint_eq(strlen(copy->text), KS_REASON_TEXT_MAX - 1);
    free(copy);
    text[KS_REASON_TEXT_MAX] = '\0';
    text[KS_REASON_TEXT_MAX - 1] = 'y';
    copy = copy_of(&ks_reason_type, &reason);
    ck_assert_str_eq(copy->text, text);
    free(copy);
}
END_TEST

/* --- what is owned --------------------------------------------------------------------------- */
static int released;
static void count_release(void *ptr)
{
    released++;
    (void)ptr;
}

START_TEST(a_copy_holds_a_share_of_each_bin)
{
    char bytes[] = "abc";
    holder inner[2] = { 0 };
    every original;
    memset(&original, 0, sizeof original);
    released = 0;
    original.holder.bin = inner[1].bin = ks_bin_take(bytes, 3, count_release);
    original.holders.items = inner;
    original.holders.count = 2;
    every *copy = copy_of(&every_type, &original);
    ks_bin_unref(original.holder.bin);
    ck_assert_int_eq(released, 0);
    ck_assert_ptr_eq(ks_bin_bytes(copy->holder.bin).ptr, bytes); /* the bytes are not copied */
    ksi_type_release(&every_type, copy);
    ck_assert_int_eq(released, 1);
    ksi_type_release(&every_type, copy); /* harmless */
    ck_assert_int_eq(released, 1);
    free(copy);
}
END_TEST

static void renumber(ks_socket *socket, void *arg)
{
    uint64_t *sum = arg;
    *sum += socket->id;
    socket->id += 100;
}

START_TEST(each_socket_is_visited_once)
{
    holder inner[3] = { { .socket = { 1 } }, { .socket = { 2 } }, { .socket = { 3 } } };
    every original;
    uint64_t sum = 0;
    memset(&original, 0, sizeof original);
    original.holder.socket.id = 10;
    original.holders.items = inner;
    original.holders.count = 3;
    every *copy = copy_of(&every_type, &original);
    ksi_type_each_socket(&every_type, copy, renumber, &sum);
    ck_assert_uint_eq(sum, 16);
    ck_assert_uint_eq(copy->holder.socket.id, 110);
    ck_assert_uint_eq(copy->holders.items[2].socket.id, 103);
    ck_assert_uint_eq(inner[2].socket.id, 3);
    drop(&every_type, copy);
    ks_socket alone = { 7 };
    ksi_type_each_socket(&ks_socket_type, &alone, renumber, &sum);
    ck_assert_uint_eq(sum, 23);
}
END_TEST

START_TEST(secrets_are_zeroed)
{
    every original;
    memset(&original, 0, sizeof original);
    original.secret = ks_lit("open sesame");
    original.text = ks_lit("not secret");
    every *copy = copy_of(&every_type, &original);
    ks_text kept = copy->secret;
    ck_assert_mem_eq(kept.ptr, "open sesame", 11);
    ksi_type_release(&every_type, copy);
    for (size_t i = 0; i < kept.len; i++) ck_assert_int_eq(kept.ptr[i], 0);
    ck_assert_ptr_null(copy->secret.ptr);
    ck_assert_str_eq(copy->text.ptr, "not secret");
    free(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy");
    TCase *tcase = tcase_create("copy");
    tcase_add_loop_test(tcase, a_copy_outlives_its_original, 1, 6);
    tcase_add_test(tcase, everything_lies_in_the_block);
    tcase_add_test(tcase, flat_types_need_no_tail);
    tcase_add_test(tcase, nothing_is_copied_as_nothing);
    tcase_add_test(tcase, sizes_do_not_wrap);
    tcase_add_test(tcase, a_reason_keeps_the_beginning_of_its_text);
    tcase_add_test(tcase, a_copy_holds_a_share_of_each_bin);
    tcase_add_test(tcase, each_socket_is_visited_once);
    tcase_add_test(tcase, secrets_are_zeroed);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
