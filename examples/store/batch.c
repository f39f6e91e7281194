/* SPDX-License-Identifier: Apache-2.0 */
/* batch - see batch.h. Answers are written as outcomes come; that of a command with more deeds than
 * fit stays open, as the first one of the next round. */
#include "batch.h"

#include "failure.h"
#include "reply.h"
#include <string.h>

/* Of deeds that ask for a value, which may be large, or send much, a batch has at most so many. */
enum { HEAVY_MAX = 32, HEAVY_BYTES = 1024 };
_Static_assert(DEEDS_MAX <= UINT8_MAX + 1, "deeds and answers are numbered by a byte");

void batch_begin(struct batch *batch, const shard_map *map, struct buffer *reply, size_t answer_max)
{
    batch->map = map;
    batch->reply = reply;
    batch->answer_max = answer_max;
    batch->between = NULL;
    batch->deed_count = batch->answer_count = batch->heavy_count = 0;
}

void batch_between(struct batch *batch, void (*between)(void *arg), void *arg)
{
    batch->between = between;
    batch->arg = arg;
}

/* --- asking ----------------------------------------------------------------------------------- */
static void ask_for_one(struct batch *batch, uint32_t i)
{
    outcome *result = &batch->outcomes[i];
    ks_status status = shard_do(batch->map, batch->shard[i], &batch->deeds[i], result);
    if (status) result->status = status;
}

/* All deeds of a shard, which are at these indexes. It does as many at once as have an answer of
 * moderate size, and at least one. */
static void ask_for_many(struct batch *batch, uint32_t to, const uint8_t *indexes, uint32_t count)
{
    deed list[DEEDS_MAX];
    outcomes got;
    for (uint32_t i = 0; i < count; i++) list[i] = batch->deeds[indexes[i]];
    for (uint32_t done = 0; done < count;) {
        const deeds rest = { { list + done, count - done } };
        ks_status status = shard_do_all(batch->map, to, &rest, &got);
        size_t more = status ? rest.list.count : got.list.count;
        for (size_t i = 0; i < more && done < count; i++, done++) {
            outcome *result = &batch->outcomes[indexes[done]];
            if (status)
                result->status = status;
            else
                *result = got.list.items[i];
        }
    }
}

static void ask(struct batch *batch)
{
    bool asked[DEEDS_MAX] = { false };
    uint8_t indexes[DEEDS_MAX];
    for (uint32_t i = 0; i < batch->deed_count; i++) {
        uint32_t count = 0;
        if (asked[i]) continue;
        for (uint32_t j = i; j < batch->deed_count; j++) {
            if (asked[j] || batch->shard[j] != batch->shard[i]) continue;
            asked[j] = true;
            indexes[count++] = (uint8_t)j;
        }
        if (count == 1)
            ask_for_one(batch, i);
        else
            ask_for_many(batch, batch->shard[i], indexes, count);
    }
}

/* --- answering -------------------------------------------------------------------------------- */
static void reply_value(struct buffer *reply, const outcome *result)
{
    if (result->status == KS_OK)
        reply_bulk(reply, result->text);
    else
        reply_nil(reply);
}

static void write_outcome(struct batch *batch, struct answer *answer, const outcome *result)
{
    switch (answer->kind) {
    case ANSWER_VALUE:
    case ANSWER_VALUES: reply_value(batch->reply, result); break;
    case ANSWER_DONE:
        if (result->status)
            reply_nil(batch->reply);
        else
            reply_simple(batch->reply, "OK");
        break;
    case ANSWER_WHETHER: answer->sum = result->status == KS_OK; break;
    default: answer->sum += result->number; break;
    }
}

static void take(struct batch *batch, struct answer *answer, uint32_t index)
{
    const outcome *result = &batch->outcomes[index];
    if (!answer->begun) {
        answer->begun = true;
        answer->start = batch->reply->len;
        if (answer->kind == ANSWER_VALUES) reply_array(batch->reply, answer->items);
    }
    if (answer->failure) return;
    if (result->status && result->status != KS_NOT_FOUND) {
        answer->failure = result->status;
        answer->failed_shard = batch->shard[index];
    } else if (batch->reply->len - answer->start + result->text.len > batch->answer_max) {
        answer->failure = KS_FULL;
    } else {
        write_outcome(batch, answer, result);
    }
}

static void write_end(struct batch *batch, const struct answer *answer)
{
    struct buffer *reply = batch->reply;
    if (answer->failure) {
        reply->len = answer->start;
        failure_answer(reply, answer->failure, answer->failed_shard);
        return;
    }
    switch (answer->kind) {
    case ANSWER_OK: reply_simple(reply, "OK"); break;
    case ANSWER_WHETHER:
    case ANSWER_SUM: reply_integer(reply, answer->sum); break;
    case ANSWER_SECONDS:
        reply_integer(reply, answer->sum < 0 ? answer->sum : (answer->sum + 500) / 1000);
        break;
    case ANSWER_TYPE: reply_simple(reply, answer->sum ? "string" : "none"); break;
    default: break;
    }
}

static void end(struct batch *batch, const struct answer *answer)
{
    write_end(batch, answer);
    if (batch->between) batch->between(batch->arg);
}

/* The last answer stays open unless all its deeds are there. */
static void run(struct batch *batch, bool all)
{
    uint32_t current = 0;
    if (!batch->answer_count) return;
    ask(batch);
    for (uint32_t i = 0; i < batch->deed_count; i++) {
        if (batch->answer_of[i] != current) end(batch, &batch->answers[current]);
        current = batch->answer_of[i];
        take(batch, &batch->answers[current], i);
    }
    uint32_t last = batch->answer_count - 1;
    if (current != last) end(batch, &batch->answers[current]);
    if (all) end(batch, &batch->answers[last]);
    batch->deed_count = batch->heavy_count = 0;
    batch->answer_count = all ? 0 : 1;
    if (!all) memmove(&batch->answers[0], &batch->answers[last], sizeof batch->answers[0]);
    ks_end_turn(); /* what the shards answered is in the reply now */
}

static bool is_heavy(const deed *what)
{
    return what->verb == DEED_GET || what->verb == DEED_GET_DELETE ||
        (what->flags & DEED_OLD_VALUE) != 0 || what->key.len + what->value.len > HEAVY_BYTES;
}

void batch_command(struct batch *batch, enum answer_kind kind, uint32_t items)
{
    if (batch->answer_count == DEEDS_MAX) run(batch, true);
    batch->answers[batch->answer_count++] = (struct answer){ .kind = kind, .items = items };
}

void batch_add(struct batch *batch, const deed *what)
{
    bool heavy = is_heavy(what);
    if (batch->deed_count == DEEDS_MAX || (heavy && batch->heavy_count == HEAVY_MAX))
        run(batch, false);
    batch->heavy_count += heavy;
    uint32_t i = batch->deed_count++;
    batch->deeds[i] = *what;
    batch->answer_of[i] = (uint8_t)(batch->answer_count - 1);
    batch->deeds[i].hash = shard_hash(batch->map, what->key);
    batch->shard[i] = shard_of(batch->map, batch->deeds[i].hash);
}

void batch_finish(struct batch *batch) { run(batch, true); }
