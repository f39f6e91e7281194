/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/io.h - wait for any file descriptor. The process waits, the thread does not. */
#ifndef KIOSK_IO_H
#define KIOSK_IO_H
#include "process.h"

enum { KS_READABLE = 1, KS_WRITABLE = 2 };
/* Blocks the process until fd is ready for one of events (KS_READABLE | KS_WRITABLE), has an error
 * or was hung up. KS_OK, KS_TIMEOUT, KS_DEADLINE (in a handler: its caller gave up), KS_BADARG
 * (no events), -EBADF, -EPERM (a regular file), -EBUSY (another process waits for it, or it is
 * the runtime's own), -ENOMEM, KS_DENIED (not inside a process). The fd stays the caller's; who
 * closes it while somebody waits wakes nobody. */
KS_API ks_status ks_wait_fd(int fd, int events, ks_ms timeout) KS_MUST_USE;
#endif
