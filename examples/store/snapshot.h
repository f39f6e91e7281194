/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot - the form of the file that the keys are kept in. Pure; reads and writes no file.
 *
 *     "KSTORE\r\n", version (4)                                     the head
 *     'k', expires (8), key length (4), value length (4), key, value   for each key
 *     'e', how many keys (8), CRC-64/XZ of all bytes before it (8)     the tail
 *
 * Numbers are little-endian; expires is in ms since 1970, 0: never. */
#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H
#include "buffer.h"
#include "crc64.h"

enum { SNAPSHOT_HEAD = 12, SNAPSHOT_ROW = 17, SNAPSHOT_TAIL = 17 }; /* bytes */
struct snapshot_row {
    ks_text key, value;
    int64_t expires;
};

/* --- writing: each appends its bytes; the sum of all of them is the writer's to keep ---------- */
void snapshot_head(struct buffer *out);
void snapshot_record(struct buffer *out, const struct snapshot_row *row);
/* crc has seen all that was written before; but not the first 9 bytes of the tail. */
void snapshot_tail(struct buffer *out, uint64_t count, struct crc64 *crc);

/* --- reading ---------------------------------------------------------------------------------- */
typedef enum snapshot_result {
    SNAPSHOT_KEY,    /* *ret_row lies in the bytes */
    SNAPSHOT_MORE,   /* call again, with the same bytes and more of them, when .need are there */
    SNAPSHOT_WHOLE,  /* all was read, and is as it was written */
    SNAPSHOT_DAMAGED /* .error says why: what was read before counts for nothing */
} snapshot_result;
struct snapshot_reader {
    struct crc64 crc;
    uint64_t count;
    bool has_head;
    size_t need;
    const char *error;
};
void snapshot_begin(struct snapshot_reader *reader);
/* bytes are what was not consumed yet. *ret_consumed is written with SNAPSHOT_KEY and
 * SNAPSHOT_WHOLE: the caller must see to it that nothing follows the latter. */
snapshot_result snapshot_next(struct snapshot_reader *reader, ks_text bytes,
    struct snapshot_row *ret_row, size_t *ret_consumed);
#endif
