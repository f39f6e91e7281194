/* SPDX-License-Identifier: Apache-2.0 */
/* connection - a server for each client. It owns the socket and ends with it; no other process
 * notices how it ends. */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H
#include "settings.h"
#include "shard.h"

typedef struct connection_args {
    ks_socket socket;
    settings settings;
    shard_map shards;
} connection_args;
KS_MODULE(connection, connection_args);

/* How much one of them may take at most, in bytes: more, and it is ended. */
size_t connection_memory_max(const settings *settings);
#endif
