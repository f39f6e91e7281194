/* SPDX-License-Identifier: Apache-2.0 */
/* overdue.h - handlers that do not return although the program is to end.
 *
 * A process ends at the next call of its handler into the library; one that never calls again keeps
 * its thread, and so the program. Some seconds after all were told to end, the monitor of hogs
 * names in the log who is late. A program of ks_main ends then: _exit(1). ks_run cannot end its
 * caller, so it says so again and again. */
#ifndef KSI_RUNTIME_OVERDUE_H
#define KSI_RUNTIME_OVERDUE_H
#include <kiosk/types.h>
#include <stdbool.h>

struct ksi_runtime;

/* For a handler to return once its process was told to end: three seconds. Tests make it shorter,
 * before a runtime starts. */
extern int64_t ksi_overdue_grace_ns;
/* By that moment of ks_now() all processes will have been told to end. Any thread. */
void ksi_hogs_end_by(struct ksi_runtime *runtime, ks_ms moment);
/* By the monitor, now and then. True: the program is to end. */
bool ksi_overdue_look(struct ksi_runtime *runtime);
#endif
