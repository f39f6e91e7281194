/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - code that may fail by ks_exit without ending the process that runs it: a log handler.
 *
 * Its frames are forgotten without unwinding, as those of a process that ends are. A process that
 * ends for another reason meanwhile, by a signal, leaves the guard, too. Any thread. */
#ifndef KSI_RUNTIME_GUARD_H
#define KSI_RUNTIME_GUARD_H
#include <kiosk/types.h>

/* Runs fn(arg). False: it has failed; why is in the text, cut to size. Without memory to note the
 * guard the process ends in that case. */
bool ksi_guard_run(void (*fn)(void *arg), void *arg, char *ret_why, size_t size);
/* What runs now is guarded code. */
bool ksi_guard_is_inside(void);
/* Of ks_exit: leaves the guarded code that runs now; returns when there is none. */
void ksi_guard_leave(ks_reason reason);

#endif
