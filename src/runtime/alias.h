/* SPDX-License-Identifier: Apache-2.0 */
/* alias.h - aliases: a record of its owner that messages can be sent to, and that turns itself off.
 *
 * A monitor with an alias or a tag has such a record, too, tied to its own; the user's ref is the
 * handle of that one, whose life may be longer: an explicit alias outlives its monitor. Whether an
 * alias is active is looked at when a message arrives, so what is under way is dropped as well.
 * Invariants: an alias record has a monitor, or is KSI_ACTIVE; monitor.alias and alias.monitor name
 * each other. Used by the scheduler of the owner only. */
#ifndef KSI_RUNTIME_ALIAS_H
#define KSI_RUNTIME_ALIAS_H
#include "runtime/signal.h"

/* NULL: out of memory. */
struct ksi_record *ksi_alias_new(
    struct ksi_scheduler *s, struct ksi_process *owner, ks_alias_mode mode, bool once);
/* Frees the record; its monitor goes on without. */
void ksi_alias_end(struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record);
void ksi_alias_tie(struct ksi_scheduler *s, struct ksi_record *alias, struct ksi_record *monitor);
/* The monitor is over: the alias that is tied to it, too, unless it is an explicit one. */
void ksi_alias_untie(
    struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *monitor);
/* An active alias, or NULL. */
struct ksi_record *ksi_alias_find(struct ksi_scheduler *s, uint64_t handle);
/* As ksi_message_send_as, to a pid of any kind. */
ks_status ksi_send_to(
    struct ksi_scheduler *s, ks_pid to, struct ksi_message *m, enum ksi_urgency urgency);
/* A call goes to an alias; it is decided now whether it arrives, but for an owner that lives
 * elsewhere. NULL: it does not. */
struct ksi_process *ksi_alias_use(struct ksi_scheduler *s, ks_pid to, uint64_t *ret_id);
void ksi_alias_apply(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal);

#endif
