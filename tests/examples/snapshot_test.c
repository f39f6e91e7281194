/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot_test - what was written is read again, in any pieces; what was changed on the way, or
 * cut, is never taken for whole. */
#include "../../examples/store/snapshot.h"
#include "parts/check.h"

static const struct snapshot_row rows[] = {
    { { "a", 1 }, { "one", 3 }, 0 },
    { { "", 0 }, { "", 0 }, 1 },
    { { "b\0b", 3 }, { "\r\n\xff\0", 4 }, INT64_MAX },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

/* Adds what was appended since, so that the writer's way of keeping the sum is tested, too. */
static void write_all(struct buffer *out)
{
    static struct crc64 crc;
    crc64_begin(&crc);
    snapshot_head(out);
    for (size_t i = 0; i < ROWS; i++) snapshot_record(out, &rows[i]);
    crc64_add(&crc, out->bytes, out->len);
    snapshot_tail(out, ROWS, &crc);
}

/* A reader that is fed piece bytes at a time, each time in memory that ends there. */
static snapshot_result read_all(ks_text bytes, size_t piece, size_t *ret_keys, const char **ret_why)
{
    static struct snapshot_reader reader;
    snapshot_result result = SNAPSHOT_MORE;
    size_t at = 0, end = 0;
    snapshot_begin(&reader);
    *ret_keys = 0;
    while (result == SNAPSHOT_MORE && end < bytes.len) {
        end = end + piece < bytes.len ? end + piece : bytes.len;
        char *copy = malloc(end + !end);
        memcpy(copy, bytes.ptr, end);
        for (;;) {
            struct snapshot_row row;
            size_t consumed = 0;
            result = snapshot_next(&reader, (ks_text){ copy + at, end - at }, &row, &consumed);
            if (result == SNAPSHOT_MORE) ck_assert_uint_gt(reader.need, end - at);
            if (result == SNAPSHOT_MORE || result == SNAPSHOT_DAMAGED) break;
            at += consumed;
            if (result == SNAPSHOT_WHOLE) break;
            ++*ret_keys;
        }
        free(copy);
    }
    *ret_why = reader.error;
    if (result == SNAPSHOT_WHOLE && at < bytes.len) return SNAPSHOT_DAMAGED;
    return result;
}

START_TEST(the_checksum_is_the_published_one)
{
    static struct crc64 crc;
    static const char digits[] = "123456789";
    for (size_t cut = 0; cut <= 9; cut++) {
        crc64_begin(&crc);
        crc64_add(&crc, digits, cut);
        crc64_add(&crc, digits + cut, 9 - cut);
        ck_assert_uint_eq(crc.sum, 0x995dc9bbdf1939fau);
    }
}
END_TEST

START_TEST(the_sum_of_long_texts_is_that_of_their_bytes)
{
    static struct crc64 whole, each;
    char bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7);
    crc64_begin(&whole);
    crc64_begin(&each);
    crc64_add(&whole, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) crc64_add(&each, bytes + i, 1);
    ck_assert_uint_eq(whole.sum, each.sum);
}
END_TEST

START_TEST(what_was_written_is_read)
{
    static struct snapshot_reader reader;
    struct buffer out = { 0 };
    struct snapshot_row row;
    size_t at = 0, consumed;
    write_all(&out);
    snapshot_begin(&reader);
    for (size_t i = 0; i < ROWS; i++) {
        ks_text rest = { out.bytes + at, out.len - at };
        ck_assert_int_eq(snapshot_next(&reader, rest, &row, &consumed), SNAPSHOT_KEY);
        ck_assert(same(row.key, rows[i].key));
        ck_assert(same(row.value, rows[i].value));
        ck_assert_int_eq(row.expires, rows[i].expires);
        at += consumed;
    }
    ks_text rest = { out.bytes + at, out.len - at };
    ck_assert_int_eq(snapshot_next(&reader, rest, &row, &consumed), SNAPSHOT_WHOLE);
    ck_assert_uint_eq(at + consumed, out.len);
    buffer_free(&out);
    ck_assert_uint_eq(parts_blocks, 0);
}
END_TEST

START_TEST(in_any_pieces)
{
    struct buffer out = { 0 };
    const char *why;
    write_all(&out);
    for (size_t piece = 1; piece <= out.len; piece++) {
        size_t keys;
        ck_assert_int_eq(read_all(buffer_text(&out), piece, &keys, &why), SNAPSHOT_WHOLE);
        ck_assert_uint_eq(keys, ROWS);
    }
    buffer_free(&out);
}
END_TEST

START_TEST(every_changed_bit_is_seen)
{
    struct buffer out = { 0 };
    const char *why;
    size_t keys;
    write_all(&out);
    for (size_t bit = 0; bit < out.len * 8; bit++) {
        out.bytes[bit / 8] = (char)(out.bytes[bit / 8] ^ 1 << bit % 8);
        struct buffer changed = out;
        snapshot_result result = read_all(buffer_text(&changed), changed.len, &keys, &why);
        ck_assert_msg(result != SNAPSHOT_WHOLE, "bit %zu", bit);
        out.bytes[bit / 8] = (char)(out.bytes[bit / 8] ^ 1 << bit % 8);
    }
    buffer_free(&out);
}
END_TEST

START_TEST(every_cut_is_seen)
{
    struct buffer out = { 0 };
    const char *why;
    size_t keys;
    write_all(&out);
    for (size_t len = 0; len < out.len; len++)
        ck_assert_int_eq(
            read_all((ks_text){ out.bytes, len }, out.len, &keys, &why), SNAPSHOT_MORE);
    buffer_append(&out, "x", 1);
    ck_assert_int_eq(read_all(buffer_text(&out), out.len, &keys, &why), SNAPSHOT_DAMAGED);
    buffer_free(&out);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *why;
    } cases[] = {
        { "REDIS0009\xfa\tredis", 16, "it is no snapshot" },
        { "KSTORE\r\n\2\0\0\0e", 13, "it is of a version that is not known here" },
        { "KSTORE\r\n\1\0\0\0x", 13, "it has a record of no kind" },
        { "KSTORE\r\n\1\0\0\0k\0\0\0\0\0\0\0\0\0\0\0\xff\0\0\0\0", 29, "a length is impossible" },
        { "KSTORE\r\n\1\0\0\0k\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\0", 29, "a time is impossible" },
        { "KSTORE\r\n\1\0\0\0e\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 29, "the checksum is wrong" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why;
        size_t keys;
        ks_text bytes = { cases[i].bytes, cases[i].len };
        ck_assert_int_eq(read_all(bytes, bytes.len, &keys, &why), SNAPSHOT_DAMAGED);
        ck_assert_str_eq(why, cases[i].why);
    }
}
END_TEST

START_TEST(a_wrong_count_is_seen_though_the_sum_is_right)
{
    static struct crc64 crc;
    struct buffer out = { 0 };
    const char *why;
    size_t keys;
    crc64_begin(&crc);
    snapshot_head(&out);
    snapshot_record(&out, &rows[0]);
    crc64_add(&crc, out.bytes, out.len);
    snapshot_tail(&out, 2, &crc);
    ck_assert_int_eq(read_all(buffer_text(&out), out.len, &keys, &why), SNAPSHOT_DAMAGED);
    ck_assert_str_eq(why, "the count is wrong");
    buffer_free(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tcase = tcase_create("snapshot");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_checksum_is_the_published_one);
    tcase_add_test(tcase, the_sum_of_long_texts_is_that_of_their_bytes);
    tcase_add_test(tcase, what_was_written_is_read);
    tcase_add_test(tcase, in_any_pieces);
    tcase_add_test(tcase, every_changed_bit_is_seen);
    tcase_add_test(tcase, every_cut_is_seen);
    tcase_add_test(tcase, what_is_wrong_is_said);
    tcase_add_test(tcase, a_wrong_count_is_seen_though_the_sum_is_right);
    suite_add_tcase(suite, tcase);
    return run_all(suite);
}
