/* SPDX-License-Identifier: Apache-2.0 */
/* loader - see loader.h. */
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <kiosk/kiosk.h>
#include <string.h>

enum { PIECE = 256 * 1024 };

struct loading {
    const char *path;
    ks_file file;
    struct snapshot_reader *reader;
    struct buffer bytes; /* from at on: not consumed yet */
    size_t at;
    bool whole;
};

static ks_status damaged(const struct loading *it, const char *why)
{
    ks_log_error("snapshot %s is damaged: %s. It is left as it is; move it away to begin without",
        it->path, why);
    return LOADER_DAMAGED;
}

/* KS_EMPTY: there is no more. */
static ks_status read_piece(struct loading *it, char *piece)
{
    size_t count;
    ks_status status = ks_file_read(it->file, piece, PIECE, KS_INFINITY, &count);
    if (status) return status;
    if (it->at) {
        memmove(it->bytes.bytes, it->bytes.bytes + it->at, it->bytes.len - it->at);
        it->bytes.len -= it->at;
        it->at = 0;
    }
    buffer_append(&it->bytes, piece, count);
    return count ? KS_OK : KS_EMPTY;
}

/* All that is whole among the bytes. */
static ks_status take_rows(
    struct loading *it, bool (*take)(const struct snapshot_row *row, void *arg), void *arg)
{
    struct snapshot_row row;
    for (;;) { /* each round consumes bytes, or ends it */
        size_t consumed;
        ks_text rest = { it->bytes.bytes + it->at, it->bytes.len - it->at };
        if (it->whole) return rest.len ? damaged(it, "something follows its end") : KS_OK;
        snapshot_result result = snapshot_next(it->reader, rest, &row, &consumed);
        if (result == SNAPSHOT_MORE) return KS_OK;
        if (result == SNAPSHOT_DAMAGED) return damaged(it, it->reader->error);
        it->at += consumed;
        it->whole = result == SNAPSHOT_WHOLE;
        if (!it->whole && !take(&row, arg)) return KS_FULL;
    }
}

static ks_status read_all(
    struct loading *it, bool (*take)(const struct snapshot_row *row, void *arg), void *arg)
{
    char *piece = ks_alloc(PIECE);
    ks_status status = KS_OK;
    while (status == KS_OK) { /* ended by the end of the file */
        status = read_piece(it, piece);
        if (status == KS_OK) status = take_rows(it, take, arg);
    }
    ks_free(piece);
    if (status != KS_EMPTY) return status;
    return it->whole ? KS_OK : damaged(it, "its end is missing");
}

ks_status loader_read(
    const char *path, bool (*take)(const struct snapshot_row *row, void *arg), void *arg)
{
    struct loading it = { .path = path };
    ks_status status = ks_file_open(path, O_RDONLY, KS_INFINITY, &it.file);
    if (status == -ENOENT) return KS_OK;
    if (status) return status;
    it.reader = ks_alloc(sizeof *it.reader);
    snapshot_begin(it.reader);
    status = read_all(&it, take, arg);
    ks_free(it.reader);
    buffer_free(&it.bytes);
    (void)ks_file_close(it.file, KS_INFINITY);
    return status;
}
