/* SPDX-License-Identifier: Apache-2.0 */
/* start.h - making a process, and the acknowledgement of its start. Used by the owning
 * scheduler. */
#ifndef KSI_RUNTIME_START_H
#define KSI_RUNTIME_START_H
#include "runtime/scheduler.h"

/* A process that will run on_start of a module with a copy of args, not yet in the run queue.
 * NULL: out of memory. Its start request stands in its mailbox, from nobody. */
struct ksi_process *ksi_process_start(
    struct ksi_scheduler *s, const ks_module *module, const ks_type *type, const void *args);
/* on_start is through: the starter hears of it; the arguments stay. */
void ksi_started(struct ksi_scheduler *s, struct ksi_process *p);
/* Out of the run queue's reach: everything that ksi_process_start made, given back. */
struct ksi_process *ksi_spawn(struct ksi_scheduler *s, void (*fn)(void *arg), void *arg);
/* process.c: cut to 63 bytes. False: out of memory. */
bool ksi_label_set(struct ksi_scheduler *s, struct ksi_process *p, const char *text);

/* It runs a function, and has no handlers. */
bool ksi_is_plain(const struct ksi_process *p);

#endif
