/* SPDX-License-Identifier: Apache-2.0 */
/* limit.h - how many accepted connections of a listener may be open at a time, wherever they live.
 *
 * Shared by the listener and what it has accepted; the last one frees it. Any thread; NULL is no
 * limit. */
#ifndef KSI_IO_LIMIT_H
#define KSI_IO_LIMIT_H
#include "runtime/scheduler.h"

struct ksi_limit;
/* Of a listener. NULL: out of memory. */
struct ksi_limit *ksi_limit_new(struct ksi_scheduler *s, uint32_t max);
/* One connection more; returns its share. Only one process accepts, so there was room. */
struct ksi_limit *ksi_limit_share(struct ksi_limit *limit);
/* A share is given back: that of the listener, or of a connection. */
void ksi_limit_leave(struct ksi_limit *limit, bool listens);
bool ksi_limit_has_room(struct ksi_limit *limit);
uint32_t ksi_limit_open(struct ksi_limit *limit);
/* Blocks the running process until there may be room, as ksi_socket_wait does. */
struct ksi_io;
struct ksi_socket;
struct ksi_patience;
ks_status ksi_limit_wait(
    struct ksi_io *io, struct ksi_socket *listener, struct ksi_patience *patience);

#endif
