/* SPDX-License-Identifier: Apache-2.0 */
/* commands - what a client may ask, and the answers. Called by a connection, in its process; blocks
 * while shards answer. */
#ifndef STORE_COMMANDS_H
#define STORE_COMMANDS_H
#include "reply.h"
#include "resp.h"
#include "settings.h"
#include "shard.h"

struct session { /* of one connection */
    const settings *settings;
    const shard_map *shards;
    struct reply reply; /* answers that are not sent yet */
    bool ended;         /* the connection is to be closed after the answers */
};
/* Appends exactly one answer; none for a command without arguments. */
void command_execute(struct session *session, const struct resp_command *command);
#endif
