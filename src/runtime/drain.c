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
    ks_ms until = ksi_load_relaxed(&s->runtime->drain_until); /* after ksi_is_draining() */
    return until > now ? until - now : 0;
}

static void tell(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_message *m = ksi_message_new(s, &ks_drain_type, &(ks_drain){ left(s) });
    if (m) (void)ksi_message_send(s, p, ksi_process_id(p), m);
}

void ksi_drain_apply(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (!p || (p->flags & KSI_EXITING)) return;
    if (p->flags & KSI_TRAPS_DRAIN) tell(s, p);
    if (s->heard_drain || !s->runtime->sockets) return;
    s->heard_drain = true;
    s->runtime->sockets->drain(s);
}

void ksi_drain_begin(struct ksi_scheduler *s, ks_ms limit)
{
    struct ksi_runtime *runtime = s->runtime;
    if (ksi_is_draining(s)) return;
    ksi_store_relaxed(&runtime->drain_until, ksi_fresh_ns(s) / NS_PER_MS + limit);
    ksi_store_release(&runtime->draining, true); /* drain_until stands */
    uint32_t used = ksi_load_acquire(&runtime->processes.table.used);
    for (uint32_t i = 1; i < used; i++) {
        struct ksi_process *p = &runtime->processes.slots[i];
        if (!ksi_load_acquire(&p->in_use)) continue; /* acquire: its pid */
        uint64_t id = ksi_process_id(p);
        if (ksi_is_home(s, p))
            ksi_drain_apply(s, p);
        else
            ksi_signal_send(s, &(struct ksi_signal){ .kind = KSI_DRAIN, .to = id });
    }
}

bool ks_trap_drain(bool on)
{
    KSI_ENTER(s);
    if (!s || !s->current) return false;
    bool old = s->current->flags & KSI_TRAPS_DRAIN;
    if (on)
        s->current->flags |= KSI_TRAPS_DRAIN;
    else
        s->current->flags &= ~(uint32_t)KSI_TRAPS_DRAIN;
    if (on && !old && ksi_is_draining(s)) tell(s, s->current);
    return old;
}

bool ks_draining(void)
{
    KSI_INSIDE(s);
    return s && ksi_is_draining(s);
}

ks_ms ks_drain_left(void)
{
    KSI_INSIDE(s);
    return s && ksi_is_draining(s) ? left(s) : 0;
}
