/* SPDX-License-Identifier: Apache-2.0 */
/* writer - see writer.h. */
#include "writer.h"

#include "snapshot.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum { PIECE = 256 * 1024 }; /* bytes that are gathered before they are written */

struct writing {
    const shard_map *map;
    ks_file file;
    struct buffer out; /* not written yet; all of it is in the sum */
    struct crc64 *crc;
    written done;
};

static ks_status write_out(struct writing *it)
{
    ks_status status = ks_file_write(it->file, buffer_text(&it->out), KS_INFINITY);
    it->done.bytes += (int64_t)it->out.len;
    it->out.len = 0;
    return status;
}

static ks_status add(struct writing *it, ks_text bytes)
{
    crc64_add(it->crc, bytes.ptr, bytes.len);
    buffer_append(&it->out, bytes.ptr, bytes.len);
    return it->out.len < PIECE ? KS_OK : write_out(it);
}

static ks_status write_shard(struct writing *it, uint32_t index)
{
    shard_slice slice = { 0 };
    ks_status status = shard_picture(it->map, index);
    while (status == KS_OK && !slice.last) {
        status = shard_next_slice(it->map, index, &slice);
        if (status == KS_OK) status = add(it, slice.records);
        ks_end_turn();
    }
    if (status == KS_OK) it->done.keys += slice.count;
    return status;
}

static ks_status write_head(struct writing *it)
{
    struct buffer head = { 0 };
    snapshot_head(&head);
    ks_status status = add(it, buffer_text(&head));
    buffer_free(&head);
    return status;
}

static ks_status write_all(struct writing *it)
{
    ks_status status = write_head(it);
    for (uint32_t i = 0; i < it->map->shards.count && status == KS_OK; i++)
        status = write_shard(it, i);
    if (status) return status;
    snapshot_tail(&it->out, (uint64_t)it->done.keys, it->crc);
    status = write_out(it);
    return status ? status : ks_file_sync(it->file, KS_INFINITY);
}

static ks_status write_file(struct writing *it, const char *path)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | KS_FILE_PRIVATE;
    ks_status status = ks_file_open(path, flags, KS_INFINITY, &it->file);
    if (status) return status;
    it->crc = ks_alloc(sizeof *it->crc);
    crc64_begin(it->crc);
    status = write_all(it);
    ks_free(it->crc);
    buffer_free(&it->out);
    ks_status closed = ks_file_close(it->file, KS_INFINITY);
    return status ? status : closed;
}

/* One that stays only takes room, until the next start. */
static void take_away(const char *path)
{
    ks_status status = ks_path_unlink(path, KS_INFINITY);
    if (status && status != -ENOENT)
        ks_log_warning("cannot remove %s: %s", path, ks_status_text(status));
}

/* --- beside it -------------------------------------------------------------------------------- */
static const char suffix[] = ".new";

/* The folder that it is in, with the slash; borrowed until the turn ends. */
static const char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? ks_format("%.*s/", (int)(slash - path), path) : "./";
}

/* No two have the same: what a process that ended has begun on the disk may still happen. */
static char *name_beside(const char *path)
{
    return ks_strdup(ks_str(ks_format("%s.%" PRIx64 "%s", path, ks_self().id, suffix)));
}

static bool is_beside(const char *name, const char *file)
{
    size_t len = strlen(name), file_len = strlen(file), end = sizeof suffix - 1;
    return len > file_len + end && strncmp(name, file, file_len) == 0 && name[file_len] == '.' &&
        strcmp(name + len - end, suffix) == 0;
}

void writer_tidy(const char *path)
{
    enum { NAMES_MAX = 10000 };
    ks_path_names names;
    const char *slash = strrchr(path, '/'), *folder = folder_of(path);
    if (ks_path_list(folder, NAMES_MAX, KS_INFINITY, &names)) return; /* they only take room */
    for (size_t i = 0; i < names.count; i++)
        if (is_beside(names.items[i], slash ? slash + 1 : path))
            take_away(ks_format("%s%s", folder, names.items[i]));
    ks_free(names.items);
}

/* So that the new name, too, outlasts a crash of the system. */
static ks_status sync_folder(const char *path)
{
    ks_file file;
    const char *folder = folder_of(path);
    ks_status status = ks_file_open(folder, O_RDONLY | O_DIRECTORY, KS_INFINITY, &file);
    if (status) return status;
    status = ks_file_sync(file, KS_INFINITY);
    (void)ks_file_close(file, KS_INFINITY);
    return status;
}

ks_status writer_write(const shard_map *map, const char *path, written *ret_written)
{
    struct writing it = { .map = map };
    char *beside = name_beside(path);
    ks_status status = write_file(&it, beside);
    if (status == KS_OK) status = ks_path_rename(beside, path, KS_INFINITY);
    if (status)
        take_away(beside);
    else
        status = sync_folder(path);
    ks_free(beside);
    if (status == KS_OK) *ret_written = it.done;
    return status;
}
