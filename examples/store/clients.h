/* SPDX-License-Identifier: Apache-2.0 */
/* clients - the commands about other connections. Nobody keeps a list of them for that: their
 * supervisor knows who they are. Called by a connection; blocks until the supervisor answers. */
#ifndef STORE_CLIENTS_H
#define STORE_CLIENTS_H
#include "buffer.h"

/* Unique as long as the program runs. */
int64_t client_id(ks_pid connection);
/* CLIENT LIST: a line for each. */
void clients_list(struct buffer *reply);
struct client_filter { /* zero: all */
    int64_t id;
    ks_text address;
    bool also_me; /* as with Redis, the one that asks is spared unless this is said */
};
/* CLIENT KILL: how many there were of that kind. Not now, when it is the one that asks. */
void clients_kill(struct buffer *reply, const struct client_filter *filter);
#endif
