/* SPDX-License-Identifier: Apache-2.0 */
/* clients - the commands about other connections. Nobody keeps a list of them for that: their
 * supervisor knows who they are. Called by a connection; blocks until the supervisor answers. */
#ifndef STORE_CLIENTS_H
#define STORE_CLIENTS_H
#include "reply.h"

/* Unique as long as the program runs. */
int64_t client_id(ks_pid connection);
/* CLIENT LIST: a line for each. */
void clients_list(struct reply *reply);
/* CLIENT KILL ID: how many were killed. As with Redis, the one that asks is spared. */
void clients_kill(struct reply *reply, int64_t id);
#endif
