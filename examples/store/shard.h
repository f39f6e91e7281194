/* SPDX-License-Identifier: Apache-2.0 */
/* shard - a server that keeps a part of the keys; which one is decided by the key's hash.
 *
 * The functions block the calling process until the shard has answered. Besides the statuses
 * named here they give what a call gives, KS_NOPROC when the shard is just being restarted. */
#ifndef STORE_SHARD_H
#define STORE_SHARD_H
#include "deed.h"
#include "siphash.h"

/* The way from a key to its shard; made once, and copied into each process that asks shards. */
typedef struct shard_map {
    uint64_t key_low, key_high; /* of the hash: not known outside, so load cannot be aimed */
    KS_LIST_OF(ks_pid) shards;  /* by name, so they survive a restart */
} shard_map;
KS_DECLARE_TYPE(shard_map);

typedef struct shard_args {
    shard_map map;
    uint32_t index;
    int64_t bytes_max;    /* 0: no limit */
    const char *snapshot; /* where it looks for its keys when it starts; NULL: nowhere */
} shard_args;
KS_MODULE(shard, shard_args);

/* "shard 3"; borrowed until the caller's handler returns. */
const char *shard_name(uint32_t index);
/* Its list is memory of the calling process, until that ends. */
shard_map shard_map_make(uint32_t shards);
uint64_t shard_hash(const shard_map *map, ks_text key);
/* By the half of the hash that a table does not look at first. */
static inline uint32_t shard_of(const shard_map *map, uint64_t hash)
{
    return (uint32_t)((hash >> 32) * map->shards.count >> 32);
}

/* What is to be done with keys of the shard with this index; the outcome's text is borrowed until
 * the caller's turn ends. */
ks_status shard_do(const shard_map *map, uint32_t index, const deed *what, outcome *ret_outcome);
/* At most DEEDS_MAX of them, in order, and nothing of anybody else between. Fewer outcomes, but at
 * least one: the others were not done, since these are much already. */
ks_status shard_do_all(
    const shard_map *map, uint32_t index, const deeds *all, outcomes *ret_outcomes);

typedef struct shard_scan {
    uint64_t cursor; /* 0: begin */
    uint32_t count;  /* about so many keys are looked at */
    ks_text pattern; /* as of glob.h */
} shard_scan;
typedef struct shard_keys {
    uint64_t cursor; /* to go on with; 0: that was all */
    KS_LIST_OF(ks_text) keys;
} shard_keys;
ks_status shard_find(
    const shard_map *map, uint32_t index, const shard_scan *scan, shard_keys *ret_keys);

typedef struct shard_facts {
    int64_t keys, expiring, bytes, expired; /* the last: since its start */
    int64_t changes;
} shard_facts;
ks_status shard_facts_of(const shard_map *map, uint32_t index, shard_facts *ret_facts);
ks_status shard_flush(const shard_map *map, uint32_t index);

/* A picture of the shard as it is now: then its slices are to be fetched, until one is the last.
 * DEED_BUSY: it was given up meanwhile, since everything was flushed. */
typedef struct shard_slice {
    ks_text records; /* as of snapshot.h */
    int64_t count;   /* of them, with all that came before */
    bool last;
} shard_slice;
ks_status shard_picture(const shard_map *map, uint32_t index);
ks_status shard_next_slice(const shard_map *map, uint32_t index, shard_slice *ret_slice);

/* Ends the shard of the key with an error, so that its restart can be watched. */
ks_status shard_crash(const shard_map *map, ks_text key);
#endif
