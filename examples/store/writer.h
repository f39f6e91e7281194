/* SPDX-License-Identifier: Apache-2.0 */
/* writer - makes a snapshot. Blocks the calling process until it is on the disk; the shards go on
 * serving, and are asked for a slice at a time. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H
#include "shard.h"

typedef struct written {
    int64_t keys, bytes;
} written;
/* All shards, each as it is when its turn comes, into the place of the file at path: it is written
 * beside it, synchronised, renamed, and the folder synchronised. Whatever it returns but KS_OK, the
 * old one is as it was: what a shard's call gives, DEED_BUSY (all was flushed), -errno. */
ks_status writer_write(const shard_map *map, const char *path, written *ret_written) KS_MUST_USE;
/* Takes away what unfinished ones left beside it. Nobody may write one meanwhile. */
void writer_tidy(const char *path);
#endif
