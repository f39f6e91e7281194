/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot - see snapshot.h. */
#include "snapshot.h"

#include <string.h>

static const char head[SNAPSHOT_HEAD] = { 'K', 'S', 'T', 'O', 'R', 'E', '\r', '\n', 1, 0, 0, 0 };
enum { LEN_MAX = 512 * 1024 * 1024 };

static void put_number(struct buffer *out, uint64_t number, int bytes)
{
    char text[8];
    for (int i = 0; i < bytes; i++) text[i] = (char)(number >> (8 * i));
    buffer_append(out, text, (size_t)bytes);
}

static uint64_t number_of(const char *bytes, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; i++) number |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return number;
}

void snapshot_head(struct buffer *out) { buffer_append(out, head, sizeof head); }

void snapshot_record(struct buffer *out, const struct snapshot_row *row)
{
    buffer_append(out, "k", 1);
    put_number(out, (uint64_t)row->expires, 8);
    put_number(out, row->key.len, 4);
    put_number(out, row->value.len, 4);
    buffer_append(out, row->key.ptr, row->key.len);
    buffer_append(out, row->value.ptr, row->value.len);
}

void snapshot_tail(struct buffer *out, uint64_t count, struct crc64 *crc)
{
    size_t start = out->len;
    buffer_append(out, "e", 1);
    put_number(out, count, 8);
    crc64_add(crc, out->bytes + start, out->len - start);
    put_number(out, crc->sum, 8);
}

void snapshot_begin(struct snapshot_reader *reader)
{
    *reader = (struct snapshot_reader){ 0 };
    crc64_begin(&reader->crc);
}

static snapshot_result more(struct snapshot_reader *reader, size_t need)
{
    reader->need = need;
    return SNAPSHOT_MORE;
}

static snapshot_result damaged(struct snapshot_reader *reader, const char *why)
{
    reader->error = why;
    return SNAPSHOT_DAMAGED;
}

static snapshot_result read_key(struct snapshot_reader *reader, ks_text bytes, size_t at,
    struct snapshot_row *ret_row, size_t *ret_consumed)
{
    const char *row = bytes.ptr + at;
    if (bytes.len - at < SNAPSHOT_ROW) return more(reader, at + SNAPSHOT_ROW);
    size_t key = number_of(row + 9, 4), value = number_of(row + 13, 4);
    if (key > LEN_MAX || value > LEN_MAX) return damaged(reader, "a length is impossible");
    size_t whole = at + SNAPSHOT_ROW + key + value;
    if (bytes.len < whole) return more(reader, whole);
    ret_row->expires = (int64_t)number_of(row + 1, 8);
    if (ret_row->expires < 0) return damaged(reader, "a time is impossible");
    ret_row->key = (ks_text){ row + SNAPSHOT_ROW, key };
    ret_row->value = (ks_text){ row + SNAPSHOT_ROW + key, value };
    crc64_add(&reader->crc, bytes.ptr, whole);
    reader->has_head = true;
    reader->count++;
    *ret_consumed = whole;
    return SNAPSHOT_KEY;
}

static snapshot_result read_tail(
    struct snapshot_reader *reader, ks_text bytes, size_t at, size_t *ret_consumed)
{
    const char *tail = bytes.ptr + at;
    if (bytes.len - at < SNAPSHOT_TAIL) return more(reader, at + SNAPSHOT_TAIL);
    crc64_add(&reader->crc, bytes.ptr, at + SNAPSHOT_TAIL - 8);
    if (number_of(tail + 9, 8) != reader->crc.sum) return damaged(reader, "the checksum is wrong");
    if (number_of(tail + 1, 8) != reader->count) return damaged(reader, "the count is wrong");
    *ret_consumed = at + SNAPSHOT_TAIL;
    return SNAPSHOT_WHOLE;
}

snapshot_result snapshot_next(struct snapshot_reader *reader, ks_text bytes,
    struct snapshot_row *ret_row, size_t *ret_consumed)
{
    size_t at = reader->has_head ? 0 : SNAPSHOT_HEAD;
    if (bytes.len < at + 1) return more(reader, at + 1);
    if (at && memcmp(bytes.ptr, head, 8) != 0) return damaged(reader, "it is no snapshot");
    if (at && memcmp(bytes.ptr, head, sizeof head) != 0)
        return damaged(reader, "it is of a version that is not known here");
    switch (bytes.ptr[at]) {
    case 'k': return read_key(reader, bytes, at, ret_row, ret_consumed);
    case 'e': return read_tail(reader, bytes, at, ret_consumed);
    default: return damaged(reader, "it has a record of no kind");
    }
}
