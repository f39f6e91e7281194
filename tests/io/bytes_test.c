/* SPDX-License-Identifier: Apache-2.0 */
/* bytes_test - a queue of bytes against a plain array, and its limits. */
#include "io/bytes.h"
#include "io/scenario.h"

START_TEST(bytes_come_out_as_they_went_in)
{
    struct ksi_spans spans;
    struct ksi_pool pool;
    struct ksi_bytes bytes = { 0 };
    ksi_spans_init(&spans);
    ksi_pool_init(&pool, &spans);
    unsigned in = 0, out = 0, random = 1, wrong = 0;
    for (int i = 0; i < 20000; i++) {
        random = random * 1103515245 + 12345;
        unsigned length = (random >> 16) % 300;
        ksi_bytes_settle(&bytes);
        if (random & 1u << 30) {
            char text[300];
            for (unsigned j = 0; j < length; j++) text[j] = (char)(in + j);
            ck_assert_int_eq(ksi_bytes_append(&pool, &bytes, (ks_text){ text, length }), KS_OK);
            in += length;
        } else {
            if (length > ksi_bytes_count(&bytes)) length = ksi_bytes_count(&bytes);
            ks_text text = ksi_bytes_take(&bytes, length, 0);
            for (unsigned j = 0; j < length; j++) wrong += text.ptr[j] != (char)(out + j);
            ck_assert_int_eq(text.ptr[length], 0);
            out += length;
        }
        ck_assert_uint_eq(ksi_bytes_count(&bytes), in - out);
        ck_assert_uint_eq(wrong, 0);
    }
    ksi_bytes_drop(&pool, &bytes);
    ck_assert_int_eq(ksi_pool_blocks(&pool), 0);
    ksi_pool_end(&pool);
    ksi_spans_end(&spans);
}
END_TEST

START_TEST(no_more_than_the_maximum_has_room)
{
    struct ksi_spans spans;
    struct ksi_pool pool;
    ksi_spans_init(&spans);
    ksi_pool_init(&pool, &spans);
    for (uint32_t max = 1; max < 20000; max = max * 3 + 1) {
        struct ksi_bytes bytes = { 0 };
        while (ksi_bytes_make_room(&pool, &bytes, max) == KS_OK) {
            uint32_t room = ksi_bytes_room(&bytes);
            ck_assert_uint_ge(room, 1);
            ck_assert_uint_le(ksi_bytes_count(&bytes) + room, max);
            bytes.end += room;
        }
        ck_assert_uint_eq(ksi_bytes_count(&bytes), max);
        (void)ksi_bytes_take(&bytes, 1, 0);
        ksi_bytes_settle(&bytes);
        if (max > 1) ck_assert_int_eq(ksi_bytes_make_room(&pool, &bytes, max), KS_OK);
        ksi_bytes_drop(&pool, &bytes);
    }
    ck_assert_int_eq(ksi_pool_blocks(&pool), 0);
    ksi_pool_end(&pool);
    ksi_spans_end(&spans);
}
END_TEST

static bool always(void *arg) { return true; }

START_TEST(without_memory_nothing_changes)
{
    struct ksi_spans spans;
    struct ksi_pool pool;
    struct ksi_bytes bytes = { 0 };
    ksi_spans_init(&spans);
    ksi_pool_init(&pool, &spans);
    pool.fails = always;
    ck_assert_int_eq(ksi_bytes_make_room(&pool, &bytes, 100), KS_NOMEM);
    ck_assert_int_eq(ksi_bytes_append(&pool, &bytes, ks_lit("x")), KS_NOMEM);
    ck_assert_ptr_null(bytes.ptr);
    pool.fails = NULL;
    ck_assert_int_eq(ksi_bytes_append(&pool, &bytes, ks_lit("x")), KS_OK);
    pool.fails = always;
    static char large[100000];
    ck_assert_int_eq(ksi_bytes_append(&pool, &bytes, (ks_text){ large, sizeof large }), KS_NOMEM);
    ck_assert_uint_eq(ksi_bytes_count(&bytes), 1);
    ksi_bytes_drop(&pool, &bytes);
    ksi_pool_end(&pool);
    ksi_spans_end(&spans);
}
END_TEST

RUN_SUITE("bytes", bytes_come_out_as_they_went_in, no_more_than_the_maximum_has_room,
    without_memory_nothing_changes)
