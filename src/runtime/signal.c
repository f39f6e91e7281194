/* SPDX-License-Identifier: Apache-2.0 */
/* signal.c - sending, the inbox, application. See signal.h.
 *
 * The inbox of a process is a list, newest first, that anybody may push into, or one of two values:
 * NULL, nobody has announced it; AWAKE, it is in the wake list of its scheduler. Whoever changes
 * NULL to something puts the process into the wake list, once. */
#include "runtime/signal.h"
#include "base/atomic.h"
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/mailbox.h"
#include "runtime/request.h"
#include "type/type.h"
#include <string.h>

#define AWAKE ((struct ksi_message *)1)

/* --- push and take ---------------------------------------------------------------------------- */
static void announce(struct ksi_process *target)
{
    struct ksi_scheduler *home = target->scheduler;
    struct ksi_process *first = ksi_load_relaxed(&home->wake); /* a guess, for the exchange */
    do target->wake_next = first;
    /* release: publishes wake_next; pairs with the acquire exchange in ksi_take_wakes() */
    while (!ksi_cas_weak_acq_rel(&home->wake, &first, target));
    home->runtime->seams.unpark(home->runtime->seams.arg);
}

/* While a block is in an inbox, the field of its body says which tenant of the slot it is for. */
static void address(struct ksi_message *m, const struct ksi_process *target)
{
    m->public.body = (void *)((uintptr_t)target->generation << 1 | (m->public.body != NULL));
}

/* Restores the field; true: it is for the tenant of today. */
static bool is_for(struct ksi_message *m, const struct ksi_process *target)
{
    uintptr_t address = (uintptr_t)m->public.body;
    m->public.body = address & 1 ? m->body : NULL;
    return target->in_use && address >> 1 == target->generation;
}

static void push(struct ksi_process *target, struct ksi_message *m)
{
    address(m, target);
    struct ksi_message *first = ksi_load_relaxed(&target->inbox); /* a guess, for the exchange */
    do m->next = first > AWAKE ? first : NULL;
    /* release: publishes *m; pairs with the acquire exchange in take_all() */
    while (!ksi_cas_weak_acq_rel(&target->inbox, &first, m));
    if (!first) announce(target);
}

/* Everything, oldest first; `then` stays in the inbox. */
static struct ksi_message *take_all(struct ksi_process *p, struct ksi_message *then)
{
    /* acquire: what the pushers wrote is seen; pairs with the release in push() */
    struct ksi_message *m = ksi_exchange_acq_rel(&p->inbox, then);
    struct ksi_message *oldest = NULL;
    if (m == AWAKE) return NULL;
    while (m) {
        struct ksi_message *next = m->next;
        m->next = oldest;
        oldest = m;
        m = next;
    }
    return oldest;
}

/* --- application ------------------------------------------------------------------------------ */
static void apply_signal(struct ksi_scheduler *s, const struct ksi_signal *signal)
{
    struct ksi_process *target = ksi_process_of(s, signal->to);
    switch (signal->kind) {
    case KSI_EXIT:
    case KSI_LINK_EXIT: ksi_exit_apply(s, target, signal); break;
    case KSI_LINK:
    case KSI_UNLINK:
    case KSI_UNLINK_ACK: ksi_link_apply(s, target, signal); break;
    case KSI_ALIASED: ksi_alias_apply(s, target, signal); break;
    default: ksi_monitor_apply(s, target, signal);
    }
}

/* The wait that this request belongs to, or NULL. */
static KSI_INLINE struct ksi_process *waiting(
    struct ksi_scheduler *s, uint64_t caller, uint32_t serial)
{
    struct ksi_process *p = ksi_process_of(s, caller);
    if (!p || p->wait != KSI_WAIT_REPLY || p->call_serial != serial) return NULL;
    return p->flags & KSI_EXITING ? NULL : p;
}

/* The value into the caller's variable; what it points at lives until the caller's turn ends. */
static ks_status copy_reply(
    struct ksi_scheduler *s, struct ksi_process *p, const ks_type *type, const void *value)
{
    if (KSI_LIKELY(type->flat)) {
        ksi_copy_flat(p->call->reply, value, type->size);
        return KS_OK;
    }
    size_t size = type->size + ksi_type_tail(type, value);
    struct ksi_message *m = ksi_memory_allows(p, size) ? ksi_message_new(s, type, value) : NULL;
    if (!m) return KS_NOMEM;
    m->flags |= KSI_COUNTED;
    m->serial = (uint32_t)size;
    p->memory_used += size;
    ksi_message_arrive(s, p, m);
    memcpy(p->call->reply, m->body, type->size);
    m->next = p->received;
    p->received = m;
    return KS_OK;
}

static inline bool apply_reply(struct ksi_scheduler *s, uint64_t caller, uint32_t serial,
    ks_status status, const ks_type *type, const void *value)
{
    struct ksi_process *p = waiting(s, caller, serial);
    if (!p) return false;
    if (!status && value && p->call->reply) status = copy_reply(s, p, type, value);
    p->wait = KSI_WAIT_NOTHING;
    ksi_cancel_timer(s, p);
    p->reason_code = status;
    if (!s->next && p->stack && s->hand_offs_left > 0 && !(p->flags & (KSI_QUEUED | KSI_LOW)) &&
        !s->simulator) {
        s->hand_offs_left--;
        p->flags |= KSI_QUEUED;
        s->next = p;
    } else {
        ksi_ready(s, p);
    }
    return true;
}

/* One block of an inbox; it is consumed. */
static void apply_block(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    bool for_p = is_for(m, p);
    if (m->kind < KSI_REPLY) {
        if (for_p)
            ksi_message_put(s, p, m);
        else
            (void)ksi_message_send(s, NULL, m);
        return;
    }
    if (m->kind == KSI_REPLY) {
        if (for_p)
            apply_reply(s, ksi_process_id(p), m->serial, (ks_status)m->code, m->public.type,
                m->public.body);
    } else {
        apply_signal(s, (const struct ksi_signal *)m->body);
    }
    ksi_message_free(s, m);
}

static void apply_all(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *then)
{
    struct ksi_message *m = take_all(p, then);
    while (m) {
        struct ksi_message *next = m->next;
        ksi_record_event(&s->recorder, ksi_process_id(p), m->from, NULL, m->kind);
        apply_block(s, p, m);
        m = next;
    }
}

void ksi_inbox_apply(struct ksi_scheduler *s, struct ksi_process *p) { apply_all(s, p, AWAKE); }

void ksi_take_wakes(struct ksi_scheduler *s)
{
    /* relaxed: a hint, so that an empty list costs a load */
    if (KSI_LIKELY(!ksi_load_relaxed(&s->wake))) return;
    /* acquire: pairs with the release in announce() */
    struct ksi_process *p = ksi_exchange_acq_rel(&s->wake, NULL);
    while (p) {
        struct ksi_process *next = p->wake_next;
        apply_all(s, p, NULL);
        p = next;
    }
}

/* --- sending ---------------------------------------------------------------------------------- */
/* True when a seeded runner wants this signal to wait in the inbox; false when it may be applied
 * now, and what was there before it has been. */
static inline bool held_back(struct ksi_scheduler *s, struct ksi_process *target)
{
    if (target == s->current) return false;
    if (KSI_UNLIKELY(s->simulator != NULL) && s->simulator->holds_back(s->simulator)) return true;
    ksi_inbox_drain(s, target);
    return false;
}

static bool push_signal(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal)
{
    uint8_t size_class;
    size_t text = signal->reason.text ? strlen(signal->reason.text) + 1 : 0;
    struct ksi_message *m = ksi_pool_get(&s->pool, sizeof *m + sizeof *signal + text, &size_class);
    if (!m) return false;
    *m = (struct ksi_message){ .kind = (uint8_t)signal->kind, .size_class = size_class };
    struct ksi_signal *copy = (struct ksi_signal *)m->body;
    *copy = *signal;
    if (text) copy->reason.text = memcpy(copy + 1, signal->reason.text, text);
    m->public.body = copy;
    m->from = signal->from;
    push(target, m);
    return true;
}

void ksi_signal_send(struct ksi_scheduler *s, const struct ksi_signal *signal)
{
    struct ksi_process *target = ksi_process_of(s, signal->to);
    if (target && held_back(s, target) && push_signal(s, target, signal)) return;
    ksi_record_event(&s->recorder, signal->to, signal->from, NULL, signal->kind);
    if (target) ksi_inbox_drain(s, target);
    apply_signal(s, signal);
}

void ksi_message_refuse(struct ksi_scheduler *s, struct ksi_message *m, ks_status status)
{
    if (ksi_is_request(m)) ksi_reply_send(s, m, status, NULL, NULL);
    ksi_message_free(s, m);
}

ks_status ksi_message_send_slow(struct ksi_scheduler *s, struct ksi_process *target,
    struct ksi_message *m, enum ksi_urgency urgency)
{
    ks_status status;
    if (KSI_UNLIKELY(!target)) {
        ksi_message_refuse(s, m, KS_NOPROC);
        return KS_NOPROC;
    }
    if (KSI_UNLIKELY(ksi_mailbox_full(target)) && m->kind == KSI_MESSAGE && urgency != KSI_ALWAYS &&
        ksi_overload(s, target, m, urgency == KSI_WAITABLE, &status))
        return status;
    if (held_back(s, target))
        push(target, m);
    else
        ksi_message_put(s, target, m);
    return KS_OK;
}

bool ksi_reply_send(struct ksi_scheduler *s, const struct ksi_message *request, ks_status status,
    const ks_type *type, const void *value)
{
    if (KSI_UNLIKELY(request->flags & KSI_ASYNC))
        return ksi_response_send(s, request->ref, status, type, value);
    uint64_t caller = request->from;
    uint32_t serial = request->serial;
    struct ksi_process *p = waiting(s, caller, serial);
    if (!p || !p->request) return false;
    p->request = NULL; /* decided: it is answered, and cannot be given up any more */
    if (KSI_UNLIKELY(s->simulator != NULL) && held_back(s, p)) {
        struct ksi_message *m = ksi_message_new(s, type, value);
        if (m) {
            m->kind = KSI_REPLY;
            m->serial = serial;
            m->code = status;
            push(p, m);
            return true;
        }
    }
    ksi_inbox_drain(s, p);
    return apply_reply(s, caller, serial, status, type, value);
}

void ksi_check_exit(struct ksi_scheduler *s)
{
    struct ksi_process *p = s->current;
    if (p && (p->flags & (KSI_EXITING | KSI_IN_HOOK)) == KSI_EXITING) ksi_leave(s);
}
