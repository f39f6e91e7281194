/* SPDX-License-Identifier: Apache-2.0 */
/* execute_all - commands that look at all keys. They ask one shard after the other, in slices, so
 * nobody waits for long; so they show no single moment. */
#include "execute.h"
#include "failure.h"
#include "reply.h"
#include "table.h"
#include <string.h>

enum { COUNT_USUAL = 10, COUNT_MAX = 1000, SHARD_BITS = 8 };

/* --- SCAN: the index of the shard is in the lowest bits of the cursor: 0 begins with the first */
struct scan_words {
    uint64_t cursor;
    int64_t count;
    ks_text pattern;
    bool strings; /* other types have no keys */
};

static bool take_cursor(ks_text text, uint64_t *ret_cursor)
{
    int64_t cursor; /* those that were given out fit */
    if (!resp_integer(text, &cursor) || cursor < 0) return false;
    *ret_cursor = (uint64_t)cursor;
    return true;
}

/* What is wrong, or NULL. */
static const char *take_scan_words(const struct resp_command *command, struct scan_words *words)
{
    if (!take_cursor(resp_arg(command, 1), &words->cursor)) return "ERR invalid cursor";
    for (uint32_t i = 2; i < command->count; i += 2) {
        ks_text word = resp_arg(command, i);
        if (i + 1 == command->count) return "ERR syntax error";
        ks_text value = resp_arg(command, i + 1);
        if (command_is_word(word, "match")) {
            words->pattern = value;
        } else if (command_is_word(word, "type")) {
            words->strings = command_is_word(value, "string");
        } else if (command_is_word(word, "count")) {
            if (!resp_integer(value, &words->count))
                return "ERR value is not an integer or out of range";
            if (words->count < 1) return "ERR syntax error";
        } else {
            return "ERR syntax error";
        }
    }
    return NULL;
}

static void answer_keys(struct buffer *reply, uint64_t cursor, const shard_keys *found, bool some)
{
    struct buffer text = { 0 };
    buffer_number(&text, (int64_t)cursor);
    reply_array(reply, 2);
    reply_bulk(reply, buffer_text(&text));
    buffer_free(&text);
    size_t count = some ? found->keys.count : 0;
    reply_array(reply, count);
    for (size_t i = 0; i < count; i++) reply_bulk(reply, found->keys.items[i]);
}

void execute_scan(struct session *session, const struct resp_command *command)
{
    struct scan_words words = { 0, COUNT_USUAL, ks_lit("*"), true };
    struct buffer *reply = session_reply(session);
    shard_keys found = { 0 };
    const char *error = take_scan_words(command, &words);
    if (error) {
        reply_error(reply, "%s", error);
        return;
    }
    uint32_t index = (uint32_t)(words.cursor & ((1 << SHARD_BITS) - 1));
    uint32_t count = words.count < COUNT_MAX ? (uint32_t)words.count : COUNT_MAX;
    ks_status status = KS_OK;
    if (index < session->shards->shards.count) {
        const shard_scan scan = { words.cursor >> SHARD_BITS, count, words.pattern };
        status = shard_find(session->shards, index, &scan, &found);
    }
    if (status) {
        failure_answer(reply, status, index);
        return;
    }
    uint64_t next = found.cursor << SHARD_BITS | index;
    if (!found.cursor) next = index + 1 < session->shards->shards.count ? index + 1 : 0;
    answer_keys(reply, next, &found, words.strings);
    ks_end_turn();
}

/* --- KEYS ------------------------------------------------------------------------------------- */
struct collection {
    struct buffer keys; /* as bulks */
    struct table seen;  /* a shard that is resized meanwhile may show a key twice */
    size_t count;
};

static void collect(struct collection *all, const shard_keys *found)
{
    for (size_t i = 0; i < found->keys.count; i++) {
        ks_text key = found->keys.items[i];
        uint64_t hash = table_hash(&all->seen, key);
        if (table_find(&all->seen, key, hash)) continue;
        table_add(&all->seen, key, hash);
        reply_bulk(&all->keys, key);
        all->count++;
    }
}

static ks_status collect_shard(
    const struct session *session, uint32_t index, ks_text pattern, struct collection *all)
{
    shard_scan scan = { 0, COUNT_MAX, pattern };
    shard_keys found;
    do {
        ks_status status = shard_find(session->shards, index, &scan, &found);
        if (status) return status;
        collect(all, &found);
        scan.cursor = found.cursor;
        ks_end_turn();
        if (all->keys.len > (size_t)session->settings->output_max) return KS_FULL;
    } while (scan.cursor);
    return KS_OK;
}

static void forget(struct collection *all)
{
    while (table_shred(&all->seen, SIZE_MAX)) continue;
    buffer_free(&all->keys);
}

void execute_keys(struct session *session, const struct resp_command *command)
{
    struct collection all = { 0 };
    struct buffer *reply = session_reply(session);
    ks_status status = KS_OK;
    uint32_t i = 0;
    table_init(&all.seen, sip_key_random());
    for (; i < session->shards->shards.count && status == KS_OK; i++)
        status = collect_shard(session, i, resp_arg(command, 1), &all);
    if (status)
        failure_answer(reply, status, i - 1);
    else {
        reply_array(reply, all.count);
        buffer_append(reply, all.keys.bytes, all.keys.len);
    }
    forget(&all);
}

/* --- DBSIZE, FLUSHALL ------------------------------------------------------------------------- */
void execute_dbsize(struct session *session, const struct resp_command *command)
{
    struct buffer *reply = session_reply(session);
    int64_t sum = 0;
    (void)command;
    for (uint32_t i = 0; i < session->shards->shards.count; i++) {
        shard_facts facts;
        ks_status status = shard_facts_of(session->shards, i, &facts);
        if (status) {
            failure_answer(reply, status, i);
            return;
        }
        sum += facts.keys;
    }
    reply_integer(reply, sum);
}

void execute_flush(struct session *session, const struct resp_command *command)
{
    struct buffer *reply = session_reply(session);
    bool known = command->count == 1 ||
        (command->count == 2 &&
            (command_is_word(resp_arg(command, 1), "async") ||
                command_is_word(resp_arg(command, 1), "sync")));
    if (!known) {
        reply_error(reply, "ERR syntax error");
        return;
    }
    for (uint32_t i = 0; i < session->shards->shards.count; i++) {
        ks_status status = shard_flush(session->shards, i);
        if (!status) continue;
        failure_answer(reply, status, i);
        return;
    }
    reply_simple(reply, "OK");
}
