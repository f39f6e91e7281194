/* SPDX-License-Identifier: Apache-2.0 */
/* bind.h - options of new sockets, and the addresses they get. Any thread. */
#ifndef KSI_IO_BIND_H
#define KSI_IO_BIND_H
#include "io/address.h"

struct ksi_binding {
    int type;    /* SOCK_STREAM, SOCK_DGRAM */
    int backlog; /* of a listener */
    bool reuse_port, replace_stale;
    uint32_t mode; /* of a path; 0: as it is */
    uint32_t receive_buffer, send_buffer;
};
/* How often, a ms apart, somebody else is waited for. */
enum { KSI_BIND_TRIES = 1000 };
ks_status ksi_set_option(int fd, int level, int name, int value);
/* A new one, not blocking, with the buffers. *ret_fd is the caller's also when an option failed;
 * else -1. KS_OK, -errno. */
ks_status ksi_open(int family, const struct ksi_binding *how, int *ret_fd);
/* At an address, and, if it is a stream, listening. KS_OK; KS_TIMEOUT: somebody else is just
 * binding a path in that folder; -errno. */
ks_status ksi_open_bound(
    const struct ksi_address *address, const struct ksi_binding *how, int *ret_fd);

#endif
