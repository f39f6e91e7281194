/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot_fuzz - any bytes as a snapshot, whole and in pieces: the same answer, and never a byte
 * outside.
 *
 * The first byte of the input chooses the pieces; bit 7 of it says that the sums behind 'e' are to
 * be made right, so that the way behind them is seen, too. */
#include "../../examples/store/snapshot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct snapshot_reader reader;
    snapshot_result result;
    size_t begin; /* of what is not consumed */
    uint64_t digest;
};

static void digest(struct run *run, ks_text bytes)
{
    run->digest = (run->digest ^ bytes.len) * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < bytes.len; i++)
        run->digest = (run->digest ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3u;
}

/* Goes on in memory that ends where the bytes end. */
static void go_on(struct run *run, const uint8_t *data, size_t len)
{
    size_t rest = len - run->begin, at = 0;
    char *bytes = malloc(rest + !rest);
    if (!bytes) abort();
    if (rest) memcpy(bytes, data + run->begin, rest);
    for (;;) {
        struct snapshot_row row;
        size_t consumed = 0;
        ks_text left = { bytes + at, rest - at };
        run->result = snapshot_next(&run->reader, left, &row, &consumed);
        if (run->result == SNAPSHOT_MORE && run->reader.need <= left.len) abort();
        if (run->result == SNAPSHOT_MORE || run->result == SNAPSHOT_DAMAGED) break;
        if (consumed < 1 || consumed > left.len) abort();
        at += consumed;
        if (run->result == SNAPSHOT_WHOLE) break;
        digest(run, row.key);
        digest(run, row.value);
        run->digest ^= (uint64_t)row.expires;
    }
    run->begin += at;
    free(bytes);
}

/* A whole snapshot of what the input says: its reader must take it. */
static void round_trip(const uint8_t *data, size_t size)
{
    static struct run run;
    static struct crc64 crc;
    struct buffer out = { 0 };
    size_t key = size ? data[0] % (size + 1) : 0;
    const struct snapshot_row row = { { (const char *)data, key },
        { (const char *)data + key, size - key }, (int64_t)size };
    crc64_begin(&crc);
    snapshot_head(&out);
    snapshot_record(&out, &row);
    crc64_add(&crc, out.bytes, out.len);
    snapshot_tail(&out, 1, &crc);
    run = (struct run){ .result = SNAPSHOT_MORE };
    snapshot_begin(&run.reader);
    go_on(&run, (const uint8_t *)out.bytes, out.len);
    if (run.result != SNAPSHOT_WHOLE || run.begin != out.len) abort();
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run whole, pieces;
    if (size < 1) return 0;
    size_t piece = data[0] % 127 + 1;
    bool rounds = data[0] & 0x80;
    data++, size--;
    if (rounds) {
        round_trip(data, size);
        return 0;
    }
    whole = pieces = (struct run){ .result = SNAPSHOT_MORE };
    snapshot_begin(&whole.reader);
    go_on(&whole, data, size);
    snapshot_begin(&pieces.reader);
    for (size_t len = 0; len < size && pieces.result == SNAPSHOT_MORE;) {
        len = size - len < piece ? size : len + piece;
        go_on(&pieces, data, len);
    }
    if (whole.result != pieces.result || whole.begin != pieces.begin) abort();
    if (whole.digest != pieces.digest) abort();
    return 0;
}
