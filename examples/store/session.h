/* SPDX-License-Identifier: Apache-2.0 */
/* session - what a connection knows while it serves its client. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H
#include "batch.h"
#include "resp.h"
#include "settings.h"

struct session {
    const settings *settings;
    const shard_map *shards;
    char *name;          /* CLIENT SETNAME; NULL: none */
    bool ended;          /* the connection is to be closed after the answers */
    struct buffer reply; /* answers that are not sent yet */
    struct batch *batch; /* commands that are not done yet; NULL while it is idle */
};

/* Whole commands only: no answer is open afterwards, so others may follow. */
static inline struct buffer *session_reply(struct session *session)
{
    batch_finish(session->batch);
    return &session->reply;
}
#endif
