/* SPDX-License-Identifier: Apache-2.0 */
/* shard - a gen_server around a table. The table is memory of its process: when the shard dies, its
 * data is gone at once, and the supervisor starts an empty one. */
#include "shard.h"

#include "resp.h"
#include "table.h"
#include <inttypes.h>
#include <stdio.h>

typedef struct pair {
    ks_text key, value;
} pair;
KS_TYPE(pair, key, value);
KS_TYPE(shard_map, key_low, key_high, (list, shards, ks_pid));

struct shard {
    struct table table;
};
KS_CALL(shard, get, ks_text, ks_text);
KS_CALL(shard, set, pair, void);
KS_CALL(shard, delete, ks_text, ks_bool);
KS_CALL(shard, exists, ks_text, ks_bool);
KS_CALL(shard, increment, ks_text, ks_int);
KS_CALL(shard, size, void, ks_int);
KS_CAST(shard, crash, void);

static ks_next shard_init(shard *self, const shard_args *args)
{
    table_init(&self->table, sip_key_random());
    return ks_ok();
}

static ks_next shard_handle_get(shard *self, const ks_text *key, ks_text *reply)
{
    return table_get(&self->table, *key, reply) ? ks_reply() : ks_fail(KS_NOT_FOUND);
}

static ks_next shard_handle_set(shard *self, const pair *row)
{
    table_set(&self->table, row->key, row->value);
    return ks_reply();
}

static ks_next shard_handle_delete(shard *self, const ks_text *key, ks_bool *reply)
{
    *reply = table_delete(&self->table, *key);
    return ks_reply();
}

static ks_next shard_handle_exists(shard *self, const ks_text *key, ks_bool *reply)
{
    ks_text value;
    *reply = table_get(&self->table, *key, &value);
    return ks_reply();
}

static ks_next shard_handle_increment(shard *self, const ks_text *key, ks_int *reply)
{
    char digits[24];
    ks_text old;
    int64_t value = 0;
    if (table_get(&self->table, *key, &old) && !resp_integer(old, &value))
        return ks_fail(SHARD_NOT_AN_INTEGER);
    if (value == INT64_MAX) return ks_fail(SHARD_OVERFLOW);
    *reply = value + 1;
    int len = snprintf(digits, sizeof digits, "%" PRId64, value + 1);
    table_set(&self->table, *key, (ks_text){ digits, (size_t)len });
    return ks_reply();
}

static ks_next shard_handle_size(shard *self, ks_int *reply)
{
    *reply = (int64_t)self->table.count;
    return ks_reply();
}

static ks_next shard_handle_crash(shard *self) { return ks_stop(ks_error("asked to crash")); }

static void shard_format(const shard *self, char *buffer, size_t size)
{
    snprintf(buffer, size, "%zu keys", self->table.count);
}

KS_GEN_SERVER(shard, .init = shard_init, .format_status = shard_format,
    .ops = KS_OPS(shard, get, set, delete, exists, increment, size, crash));

const char *shard_name(uint32_t index) { return ks_format("shard %u", index); }

shard_map shard_map_make(uint32_t shards)
{
    struct sip_key key = sip_key_random();
    ks_pid *pids = ks_alloc(shards * sizeof *pids);
    for (uint32_t i = 0; i < shards; i++) pids[i] = ks_named(shard_name(i));
    return (shard_map){ key.low, key.high, { pids, shards } };
}

uint32_t shard_of(const shard_map *map, ks_text key)
{
    const struct sip_key sip = { map->key_low, map->key_high };
    return (uint32_t)(siphash(sip, key) % map->shards.count);
}

static ks_pid pid_of(const shard_map *map, ks_text key)
{
    return map->shards.items[shard_of(map, key)];
}

ks_status shard_get(const shard_map *map, ks_text key, ks_text *ret_value)
{
    return shard_call_get(pid_of(map, key), &key, ret_value, KS_DEFAULT_TIMEOUT);
}

ks_status shard_set(const shard_map *map, ks_text key, ks_text value)
{
    return shard_call_set(pid_of(map, key), &(pair){ key, value }, KS_DEFAULT_TIMEOUT);
}

ks_status shard_delete(const shard_map *map, ks_text key, bool *ret_was_there)
{
    return shard_call_delete(pid_of(map, key), &key, ret_was_there, KS_DEFAULT_TIMEOUT);
}

ks_status shard_exists(const shard_map *map, ks_text key, bool *ret_is_there)
{
    return shard_call_exists(pid_of(map, key), &key, ret_is_there, KS_DEFAULT_TIMEOUT);
}

ks_status shard_increment(const shard_map *map, ks_text key, int64_t *ret_value)
{
    return shard_call_increment(pid_of(map, key), &key, ret_value, KS_DEFAULT_TIMEOUT);
}

ks_status shard_size(const shard_map *map, uint32_t index, int64_t *ret_count)
{
    return shard_call_size(map->shards.items[index], ret_count, KS_DEFAULT_TIMEOUT);
}

ks_status shard_crash(const shard_map *map, ks_text key)
{
    return shard_cast_crash(pid_of(map, key));
}
