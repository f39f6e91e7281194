/* SPDX-License-Identifier: Apache-2.0 */
/* acceptor - the process that listens, and starts a connection for each client. */
#ifndef STORE_ACCEPTOR_H
#define STORE_ACCEPTOR_H
#include "settings.h"
#include "shard.h"

typedef struct acceptor_args {
    settings settings;
    shard_map shards;
} acceptor_args;
KS_MODULE(acceptor, acceptor_args);

/* As the acceptor listens. */
ks_status acceptor_listen(const settings *settings, ks_socket *ret_listener) KS_MUST_USE;
#endif
