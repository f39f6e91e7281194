/* SPDX-License-Identifier: Apache-2.0 */
/* drain.h - a runtime that drains. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_DRAIN_H
#define KSI_RUNTIME_DRAIN_H
#include "runtime/scheduler.h"

/* Tells all who want to hear; `limit` ms from now nobody is left alone any more. Once. */
void ksi_drain_begin(struct ksi_scheduler *s, ks_ms limit);
/* p hears of it, if it wants to; NULL: its slot has another tenant. */
/* True, once, for a process that traps drains: its wait for a socket is over. */
void ksi_drain_apply(struct ksi_scheduler *s, struct ksi_process *p);
static inline bool ksi_is_draining(const struct ksi_scheduler *s)
{
    /* acquire: drain_until; pairs with the release in ksi_drain_begin() */
    return ksi_load_acquire(&s->runtime->draining);
}
static inline bool ksi_drain_interrupts(const struct ksi_scheduler *s, struct ksi_process *p)
{
    if (!ksi_is_draining(s) || !(p->flags & KSI_TRAPS_DRAIN)) return false;
    if (p->flags & KSI_HEARD_DRAIN) return false;
    p->flags |= KSI_HEARD_DRAIN;
    return true;
}

#endif
