/* SPDX-License-Identifier: Apache-2.0 */
/* batch - the deeds of commands that came together, and their answers in the order of the commands.
 *
 * A shard is asked once for all that concerns it, so a pipeline costs a message for each shard, not
 * for each command. That changes no answer: deeds of one key keep their order, and what looks at
 * more than its keys waits until all before it is done. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H
#include "buffer.h"
#include "shard.h"

enum answer_kind {
    ANSWER_OK,      /* +OK when all is done */
    ANSWER_DONE,    /* +OK, nil when its condition did not hold */
    ANSWER_WHETHER, /* 1, 0 likewise */
    ANSWER_VALUE,   /* a bulk, or nil */
    ANSWER_VALUES,  /* an array of them */
    ANSWER_SUM,     /* an integer */
    ANSWER_SECONDS, /* ms as s, rounded; negative ones as they are */
    ANSWER_TYPE     /* +string, +none */
};
struct answer {
    enum answer_kind kind;
    uint32_t items; /* of VALUES */
    bool begun;
    size_t start; /* in the reply */
    int64_t sum;
    ks_status failure; /* the first one: it is the whole answer */
    uint32_t failed_shard;
};
struct batch {
    const shard_map *map;
    struct buffer *reply;
    size_t answer_max;          /* bytes, of one answer */
    void (*between)(void *arg); /* may send what is in the reply: no answer is open */
    void *arg;
    uint32_t deed_count, answer_count;
    uint32_t heavy_count;         /* deeds that ask for a value, or send much */
    uint8_t answer_of[DEEDS_MAX]; /* each deed */
    uint32_t shard[DEEDS_MAX];    /* likewise */
    deed deeds[DEEDS_MAX];
    outcome outcomes[DEEDS_MAX];
    struct answer answers[DEEDS_MAX];
};

void batch_begin(
    struct batch *batch, const shard_map *map, struct buffer *reply, size_t answer_max);
/* Is called now and then when no answer is open. */
void batch_between(struct batch *batch, void (*between)(void *arg), void *arg);
/* A command with an answer of that kind; its deeds follow, one or more. */
void batch_command(struct batch *batch, enum answer_kind kind, uint32_t items);
/* What it points at stays until batch_finish. May do all that is there so far. */
void batch_add(struct batch *batch, const deed *what);
/* All is done, and the answers are in the reply. */
void batch_finish(struct batch *batch);
#endif
