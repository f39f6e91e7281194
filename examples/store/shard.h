/* SPDX-License-Identifier: Apache-2.0 */
/* shard - a server that keeps a part of the keys; which one is decided by the key's hash.
 *
 * The functions block the calling process until the shard has answered. Besides the statuses
 * named here they give what a call gives, KS_NOPROC when the shard is just being restarted. */
#ifndef STORE_SHARD_H
#define STORE_SHARD_H
#include "siphash.h"
#include <kiosk/kiosk.h>

KS_MODULE(shard, void);

enum {
    SHARD_NOT_AN_INTEGER = KS_USER + 1,
    SHARD_OVERFLOW /* the value would leave 64 bits */
};

/* The way from a key to its shard; made once, and copied into each process that asks shards. */
typedef struct shard_map {
    uint64_t key_low, key_high; /* of the hash: not known outside, so load cannot be aimed */
    KS_LIST_OF(ks_pid) shards;  /* by name, so they survive a restart */
} shard_map;
KS_DECLARE_TYPE(shard_map);

/* "shard 3"; borrowed until the caller's handler returns. */
const char *shard_name(uint32_t index);
/* Its list is memory of the calling process, until that ends. */
shard_map shard_map_make(uint32_t shards);
uint32_t shard_of(const shard_map *map, ks_text key);

ks_status shard_get(const shard_map *map, ks_text key, ks_text *ret_value); /* KS_NOT_FOUND */
ks_status shard_set(const shard_map *map, ks_text key, ks_text value);
ks_status shard_delete(const shard_map *map, ks_text key, bool *ret_was_there);
ks_status shard_exists(const shard_map *map, ks_text key, bool *ret_is_there);
/* A missing key counts as 0. SHARD_NOT_AN_INTEGER, SHARD_OVERFLOW. */
ks_status shard_increment(const shard_map *map, ks_text key, int64_t *ret_value);
/* How many keys the shard with this index has. */
ks_status shard_size(const shard_map *map, uint32_t index, int64_t *ret_count);
/* Ends the shard of the key with an error, so that its restart can be watched. */
ks_status shard_crash(const shard_map *map, ks_text key);
#endif
