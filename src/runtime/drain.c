/* SPDX-License-Identifier: Apache-2.0 */
/* drain.c - a runtime that drains: who is told, and what may be asked. See kiosk/drain.h. Who waits
 * for a socket is woken by the layer above. */
#include <kiosk/drain.h>

#include "runtime/drain.h"
#include "runtime/signal.h"
#include "runtime/socket_hooks.h"

KS_TYPE(ks_drain, left);

enum { NS_PER_MS = 1000000 };

static ks_ms left(struct ksi_scheduler *s)
{
    ks_ms now = ksi_fresh_ns(s) / NS_PER_MS;
    return s->runtime->drain_until > now ? s->runtime->drain_until - now : 0;
}

static void tell(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_message *m = ksi_message_new(s, &ks_drain_type, &(ks_drain){ left(s) });
    if (m) (void)ksi_message_send(s, p, m);
}

void ksi_drain_begin(struct ksi_scheduler *s, ks_ms limit)
{
    struct ksi_runtime *runtime = s->runtime;
    if (runtime->draining) return;
    runtime->draining = true;
    runtime->drain_until = ksi_fresh_ns(s) / NS_PER_MS + limit;
    for (uint32_t i = 1; i < runtime->processes.used; i++) {
        struct ksi_process *p = &runtime->processes.slots[i];
        if (p->in_use && (p->flags & KSI_TRAPS_DRAIN) && !(p->flags & KSI_EXITING)) tell(s, p);
    }
    if (runtime->sockets) runtime->sockets->drain(s);
}

bool ks_trap_drain(bool on)
{
    struct ksi_scheduler *s = ksi_enter();
    if (!s || !s->current) return false;
    bool old = s->current->flags & KSI_TRAPS_DRAIN;
    if (on)
        s->current->flags |= KSI_TRAPS_DRAIN;
    else
        s->current->flags &= ~(uint32_t)KSI_TRAPS_DRAIN;
    if (on && !old && s->runtime->draining) tell(s, s->current);
    return old;
}

bool ks_draining(void)
{
    struct ksi_scheduler *s = ksi_this_scheduler;
    return s && s->runtime->draining;
}

ks_ms ks_drain_left(void)
{
    struct ksi_scheduler *s = ksi_this_scheduler;
    return s && s->runtime->draining ? left(s) : 0;
}
