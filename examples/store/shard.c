/* SPDX-License-Identifier: Apache-2.0 */
/* shard - a gen_server around a keyspace, which is memory of its process: when the shard dies, it
 * is gone at once, and the next one begins with what the last snapshot holds. */
#include "shard.h"

#include "glob.h"
#include "keyspace.h"
#include "loader.h"
#include <stdio.h>
#include <string.h>

KS_TYPE(shard_map, key_low, key_high, (list, shards, ks_pid));
KS_TYPE(shard_args, (record, map, shard_map), index, bytes_max, snapshot);
KS_TYPE(shard_scan, cursor, count, pattern);
KS_TYPE(shard_keys, cursor, (list, keys, ks_text));
KS_TYPE(shard_facts, keys, expiring, bytes, expired, changes);
KS_TYPE(shard_slice, records, count, last);

enum { TIDY = 1, TIDY_MORE, TIDY_EACH = 100 }; /* time-outs; ms */
enum { TEXTS_MAX = 256 * 1024 };               /* bytes of them are enough for one answer */

struct shard {
    struct keyspace keyspace;
    uint32_t index;
    outcome outcomes[DEEDS_MAX]; /* of the latest batch */
    size_t starts[DEEDS_MAX];    /* of their texts, in: */
    struct buffer texts;
};
KS_CALL(shard, do, deed, outcome);
KS_CALL(shard, do_all, deeds, outcomes);
KS_CALL(shard, find, shard_scan, shard_keys);
KS_CALL(shard, facts, void, shard_facts);
KS_CALL(shard, flush, void, void);
KS_CALL(shard, picture, void, void);
KS_CALL(shard, slice, void, shard_slice);
KS_CAST(shard, crash, void);

/* --- start ----------------------------------------------------------------------------------- */
struct loading {
    shard *self;
    const shard_args *args;
};

static bool take_row(const struct snapshot_row *row, void *arg)
{
    struct loading *loading = arg;
    struct keyspace *keyspace = &loading->self->keyspace;
    const shard_map *map = &loading->args->map;
    if (shard_of(map, shard_hash(map, row->key)) != loading->args->index) return true;
    return keyspace_restore(keyspace, row->key, row->value, row->expires);
}

static ks_status load(shard *self, const shard_args *args)
{
    struct loading loading = { self, args };
    ks_status status = loader_read(args->snapshot, take_row, &loading);
    if (status == KS_FULL)
        ks_log_error("snapshot %s does not fit into --maxmemory", args->snapshot);
    else if (status && status != LOADER_DAMAGED)
        ks_log_error("cannot read snapshot %s: %s", args->snapshot, ks_status_text(status));
    return status;
}

static void read_clock(shard *self) { self->keyspace.now = ks_wall_clock_ns() / 1000000; }

static ks_next shard_init(shard *self, const shard_args *args)
{
    self->index = args->index;
    const struct sip_key key = { args->map.key_low, args->map.key_high };
    keyspace_init(&self->keyspace, key, (size_t)args->bytes_max);
    read_clock(self);
    ks_status status = args->snapshot ? load(self, args) : KS_OK;
    if (status) return ks_fail(status);
    ks_set_timeout_every(TIDY, TIDY_EACH);
    return ks_ok();
}

/* --- deeds ------------------------------------------------------------------------------------ */
static ks_next shard_handle_do(shard *self, const deed *what, outcome *reply)
{
    read_clock(self);
    keyspace_do(&self->keyspace, what, reply);
    return ks_reply();
}

/* What one shows the next may change: so the texts are put aside. */
static ks_next shard_handle_do_all(shard *self, const deeds *all, outcomes *reply)
{
    size_t count = all->list.count, done = 0;
    if (count > DEEDS_MAX) return ks_fail(KS_BADARG);
    read_clock(self);
    buffer_clear(&self->texts);
    keyspace_expect(&self->keyspace, all->list.items, count);
    for (; done < count && self->texts.len < TEXTS_MAX; done++) {
        outcome *result = &self->outcomes[done];
        keyspace_do(&self->keyspace, &all->list.items[done], result);
        self->starts[done] = self->texts.len;
        buffer_append(&self->texts, result->text.ptr, result->text.len);
    }
    for (size_t i = 0; i < done; i++)
        self->outcomes[i].text.ptr = buffer_text(&self->texts).ptr + self->starts[i];
    reply->list.items = self->outcomes;
    reply->list.count = done;
    return ks_reply();
}

/* --- the whole of it -------------------------------------------------------------------------- */
struct finding {
    ks_text pattern;
    bool any; /* the pattern is "*" */
    ks_text *keys;
    size_t count, room;
};

static void take_key(ks_text key, void *arg)
{
    struct finding *found = arg;
    if (!found->any && !glob_matches(found->pattern, key)) return;
    if (found->count == found->room) {
        found->room = found->room ? found->room * 2 : 16;
        found->keys = ks_realloc(found->keys, found->room * sizeof *found->keys);
    }
    found->keys[found->count++] = key;
}

static ks_next shard_handle_find(shard *self, const shard_scan *scan, shard_keys *reply)
{
    struct finding found = { scan->pattern, ks_text_eq(scan->pattern, ks_lit("*")), NULL, 0, 0 };
    read_clock(self);
    reply->cursor = keyspace_scan(&self->keyspace, scan->cursor, scan->count, take_key, &found);
    ks_defer(ks_free, found.keys);
    reply->keys.items = found.keys;
    reply->keys.count = found.count;
    return ks_reply();
}

static ks_next shard_handle_facts(shard *self, shard_facts *reply)
{
    const struct keyspace *keyspace = &self->keyspace;
    *reply = (shard_facts){ .keys = (int64_t)keyspace->table.count,
        .expiring = (int64_t)keyspace->expiries.count,
        .bytes = (int64_t)keyspace_bytes(keyspace),
        .expired = (int64_t)keyspace->expired,
        .changes = (int64_t)keyspace->changes };
    return ks_reply();
}

static ks_next shard_handle_flush(shard *self)
{
    keyspace_flush(&self->keyspace);
    return ks_reply();
}

static ks_next shard_handle_named_timeout(shard *self, int name)
{
    read_clock(self);
    /* When much is to do: at once again, but those who wait come first. */
    if (keyspace_tidy(&self->keyspace)) ks_set_timeout(TIDY_MORE, 0);
    (void)name;
    return ks_noreply();
}

static ks_next shard_handle_picture(shard *self)
{
    picture_begin(&self->keyspace.picture);
    return ks_reply();
}

static void forget_records(void *records) { buffer_clear(records); }

static ks_next shard_handle_slice(shard *self, shard_slice *reply)
{
    struct picture *picture = &self->keyspace.picture;
    if (!picture->wanted) return ks_fail(DEED_BUSY);
    reply->last = !picture_slice(picture, &self->keyspace.table);
    reply->records = buffer_text(&picture->records);
    reply->count = (int64_t)picture->count;
    ks_defer(forget_records, &picture->records);
    return ks_reply();
}

static ks_next shard_handle_crash(shard *self)
{
    (void)self;
    return ks_stop(ks_error("asked to crash"));
}

static void shard_format(const shard *self, char *buffer, size_t size)
{
    snprintf(buffer, size, "%zu keys", self->keyspace.table.count);
}

KS_GEN_SERVER(shard, .init = shard_init, .format_status = shard_format,
    .handle_named_timeout = shard_handle_named_timeout,
    .ops = KS_OPS(shard, do, do_all, find, facts, flush, picture, slice, crash));

/* --- its clients ------------------------------------------------------------------------------ */
const char *shard_name(uint32_t index) { return ks_format("shard %u", index); }

shard_map shard_map_make(uint32_t shards)
{
    struct sip_key key = sip_key_random();
    ks_pid *pids = ks_alloc(shards * sizeof *pids);
    for (uint32_t i = 0; i < shards; i++) pids[i] = ks_named(shard_name(i));
    return (shard_map){ key.low, key.high, { pids, shards } };
}

uint64_t shard_hash(const shard_map *map, ks_text key)
{
    return siphash((struct sip_key){ map->key_low, map->key_high }, key);
}

ks_status shard_do(const shard_map *map, uint32_t index, const deed *what, outcome *ret_outcome)
{
    return shard_call_do(map->shards.items[index], what, ret_outcome, KS_DEFAULT_TIMEOUT);
}

ks_status shard_do_all(
    const shard_map *map, uint32_t index, const deeds *all, outcomes *ret_outcomes)
{
    return shard_call_do_all(map->shards.items[index], all, ret_outcomes, KS_DEFAULT_TIMEOUT);
}

ks_status shard_find(
    const shard_map *map, uint32_t index, const shard_scan *scan, shard_keys *ret_keys)
{
    return shard_call_find(map->shards.items[index], scan, ret_keys, KS_DEFAULT_TIMEOUT);
}

ks_status shard_facts_of(const shard_map *map, uint32_t index, shard_facts *ret_facts)
{
    return shard_call_facts(map->shards.items[index], ret_facts, KS_DEFAULT_TIMEOUT);
}

ks_status shard_flush(const shard_map *map, uint32_t index)
{
    return shard_call_flush(map->shards.items[index], KS_DEFAULT_TIMEOUT);
}

ks_status shard_picture(const shard_map *map, uint32_t index)
{
    return shard_call_picture(map->shards.items[index], KS_DEFAULT_TIMEOUT);
}

ks_status shard_next_slice(const shard_map *map, uint32_t index, shard_slice *ret_slice)
{
    return shard_call_slice(map->shards.items[index], ret_slice, KS_DEFAULT_TIMEOUT);
}

ks_status shard_crash(const shard_map *map, ks_text key)
{
    return shard_cast_crash(map->shards.items[shard_of(map, shard_hash(map, key))]);
}
