/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/io.h - wait for any file descriptor: of libpq, curl, c-ares, of a pipe. The process waits,
 * the thread does not.
 *
 * A descriptor stays the caller's. One process at a time waits for it or watches it; who closes it
 * while somebody does so wakes nobody. An error, and a hang-up, count as ready for what was asked:
 * the call that follows finds out. */
#ifndef KIOSK_IO_H
#define KIOSK_IO_H
#include "process.h"

enum { KS_READABLE = 1, KS_WRITABLE = 2 };
/* Blocks the process until fd is ready for one of events (KS_READABLE | KS_WRITABLE).
 * KS_OK, KS_TIMEOUT, KS_DEADLINE (in a handler: its caller gave up), KS_BADARG (no events), -EBADF,
 * -EPERM (a regular file), -EBUSY (another process waits for it, or it is the runtime's own),
 * -ENOMEM, KS_DENIED (not inside a process). */
KS_API ks_status ks_wait_fd(int fd, int events, ks_ms timeout) KS_MUST_USE;
/* libpq: what PQconnectPoll wants to wait for, until it wants nothing more:
 *     int want = poll == PGRES_POLLING_READING ? KS_READABLE : KS_WRITABLE;
 *     status = ks_wait_fd(PQsocket(connection), want, ks_until(deadline));
 * curl: curl_multi_waitfds, c-ares: ares_fds and ares_timeout, give what ks_wait_fds takes. */

/* The same for many, as poll(2): until at least one of them is ready. `ready` of each is what it is
 * ready for, 0 when it is not; one without events, or with a negative number, is passed over.
 * Statuses as above, then no `ready` counts; -EBUSY: also when a number stands there twice;
 * KS_BADARG: more than KS_WAIT_FDS_MAX. */
typedef struct ks_fd {
    int fd, events, ready;
} ks_fd;
enum { KS_WAIT_FDS_MAX = 256 };
KS_API ks_status ks_wait_fds(ks_fd *fds, size_t count, ks_ms timeout) KS_MUST_USE;

/* For a server, which waits for nobody: one ks_fd_ready when fd is ready, and then no more until it
 * is watched again. Watching it again before that replaces the events. Statuses as of ks_wait_fd;
 * blocks never. Before the descriptor is closed: ks_unwatch_fd. */
typedef struct ks_fd_ready {
    int32_t fd, events; /* what it is ready for */
} ks_fd_ready;
KS_DECLARE_TYPE(ks_fd_ready);
KS_API ks_status ks_watch_fd(int fd, int events) KS_MUST_USE;
/* After it no message about fd comes. */
KS_API void ks_unwatch_fd(int fd);
#endif
