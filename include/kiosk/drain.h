/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/drain.h - the orderly end of a program that has work in hand.
 *
 * The first SIGTERM or SIGINT (ks_main), ks_stop_program or ks_runtime_stop begins it:
 *     1. Nobody new: every ks_tcp_accept gives KS_DRAINING, also those that wait. Whoever asked by
 *        ks_trap_drain gets a ks_drain message. Supervisors restart no more what ends clean.
 *     2. The tree is stopped as always, last child first. But a child whose row says `.drain` is
 *        first left alone for so long: it ends by itself when its work is done, while what it
 *        needs, which was started before it, still runs. Supervisors answer meanwhile; they start
 *        nobody any more.
 *     3. Who has not ended then is told to shut down, and `.shutdown` later killed.
 * All the waiting of step 2 together ends after drain_timeout, everything after stop_timeout
 * (ks_runtime_options). What a limit killed makes the program's end KS_EXITED, ks_main's 1. A
 * second signal kills at once. Called from inside a process; never blocks. */
#ifndef KIOSK_DRAIN_H
#define KIOSK_DRAIN_H
#include "process.h"

/* In a server: KS_INFO(gateway, drain, ks_drain), and ks_trap_drain(true) in its init. */
typedef struct ks_drain {
    ks_ms left; /* until nobody is left alone any more */
} ks_drain;
KS_DECLARE_TYPE(ks_drain);

/* As ks_trap_exit: whether the caller wants to hear of it, by one ks_drain message; when the
 * program drains already, now. In addition the first read or ks_peek of a socket that then waits,
 * or would wait, gives KS_DRAINING; the socket stays as it is, and the next one waits as always.
 * The old value. Without memory for the message none comes. */
KS_API bool ks_trap_drain(bool on);
KS_API bool ks_draining(void);
/* Until nobody is left alone any more; 0: that is over, or the program does not drain. */
KS_API ks_ms ks_drain_left(void);
/* What the first SIGTERM does, or ks_runtime_stop. KS_DENIED: outside of a runtime, or in a
 * simulation. */
KS_API ks_status ks_stop_program(void);
#endif
