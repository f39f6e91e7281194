/* SPDX-License-Identifier: Apache-2.0 */
/* signal.c - sending, the inbox, application. See signal.h.
 *
 * Whoever changes an inbox from 0 to something puts its process into the wake list, once. */
#include "runtime/signal.h"
#include "base/atomic.h"
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/ask.h"
#include "runtime/client.h"
#include "runtime/drain.h"
#include "runtime/mailbox.h"
#include "runtime/request.h"
#include "type/type.h"
#include <stdlib.h>
#include <string.h>

enum { RESERVE = 32 };
enum { UNIT_BITS = 4, ADDRESS_BITS = KSI_INBOX_COUNT_BIT + UNIT_BITS };
static const uint64_t one_more = (uint64_t)1 << KSI_INBOX_COUNT_BIT;

/* --- push and take ---------------------------------------------------------------------------- */
static void announce(struct ksi_process *target)
{
    /* acquire: pairs with the release of who made, or moved, the process */
    struct ksi_scheduler *home = ksi_load_acquire(&target->scheduler);
    struct ksi_process *first = NULL; /* a guess: to look would ask for the line twice */
    do target->wake_next = first;
    /* release: publishes wake_next; pairs with the acquire exchange in ksi_take_wakes() */
    while (!ksi_cas_weak_acq_rel(&home->wake, &first, target));
    home->seams.unpark(home->seams.arg);
}

/* While a block is in an inbox, the field of its body says which tenant of the slot it is for. */
static void address(struct ksi_message *m, uint64_t id)
{
    m->public.body = (void *)((uintptr_t)(id >> 32) << 1 | (m->public.body != NULL));
}

/* Restores the field; true: it is for the tenant of today. */
static bool is_for(struct ksi_message *m, const struct ksi_process *target)
{
    uintptr_t address = (uintptr_t)m->public.body;
    m->public.body = address & 1 ? m->body : NULL;
    /* relaxed: only we change them */
    return ksi_load_relaxed(&target->in_use) &&
        address >> 1 == ksi_load_relaxed(&target->generation);
}

/* NULL: it is empty. */
static struct ksi_message *newest_of(uint64_t inbox)
{
    uint64_t units = inbox & (one_more - 1);
    return units > KSI_AWAKE ? (struct ksi_message *)(uintptr_t)(units << UNIT_BITS) : NULL;
}

/* With one more block. */
static uint64_t with(uint64_t inbox, const struct ksi_message *m)
{
    uint64_t count = inbox & ~(one_more - 1), units = (uintptr_t)m >> UNIT_BITS;
    if (m->kind == KSI_MESSAGE && count + one_more) count += one_more;
    return count | units;
}

static void push(struct ksi_process *target, uint64_t id, struct ksi_message *m)
{
    /* A pool's blocks and malloc's stand so, and Linux gives no higher address unasked. */
    uint64_t where = (uintptr_t)m;
    KSI_ASSERT(!(where % (1 << UNIT_BITS)) && !(where >> ADDRESS_BITS));
    address(m, id);
    uint64_t inbox = ksi_load_relaxed(&target->inbox); /* a guess, for the exchange */
    do m->next = newest_of(inbox);
    /* release: publishes *m; pairs with the acquire exchange in take_all() */
    while (!ksi_cas_weak_acq_rel(&target->inbox, &inbox, with(inbox, m)));
    if (!inbox) announce(target);
}

/* Everything, oldest first; `then` stays in the inbox. */
static struct ksi_message *take_all(struct ksi_process *p, uint64_t then)
{
    /* acquire: what the pushers wrote is seen; pairs with the release in push() */
    struct ksi_message *m = newest_of(ksi_exchange_acq_rel(&p->inbox, then)), *oldest = NULL;
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
    case KSI_DRAIN: ksi_drain_apply(s, target); break;
    case KSI_RESUME:
        if (target) ksi_resume_apply(s, target);
        break;
    case KSI_SETTLE: ksi_request_settled(s, signal->to, signal->request); break;
    default: ksi_monitor_apply(s, target, signal);
    }
}

/* p, when it still waits for the answer that was decided; a process that lives here. */
static KSI_INLINE bool is_waiting(const struct ksi_process *p, uint32_t serial)
{
    return p->wait == KSI_WAIT_REPLY && ksi_load_relaxed(&p->call_serial) == serial + 1 &&
        !(p->flags & KSI_EXITING);
}

ks_status ksi_turn_copy(struct ksi_scheduler *s, struct ksi_process *p, const ks_type *type,
    const void *value, void *to)
{
    if (type->flat) {
        memcpy(to, value, type->size);
        return KS_OK;
    }
    size_t size = type->size + ksi_type_tail(type, value);
    struct ksi_message *m = ksi_memory_allows(p, size) ? ksi_message_new(s, type, value) : NULL;
    if (!m) return KS_NOMEM;
    m->flags |= KSI_COUNTED;
    m->serial = (uint32_t)size;
    ksi_add_owned(&p->memory_used, size);
    ksi_message_arrive(s, p, m);
    memcpy(to, m->body, type->size);
    m->next = p->received;
    p->received = m;
    return KS_OK;
}

/* The value into the caller's variable. */
static KSI_INLINE ks_status copy_reply(
    struct ksi_scheduler *s, struct ksi_process *p, const ks_type *type, const void *value)
{
    if (KSI_UNLIKELY(!type->flat)) return ksi_turn_copy(s, p, type, value, p->call->reply);
    ksi_copy_flat(p->call->reply, value, type->size);
    return KS_OK;
}

static KSI_INLINE bool apply_reply(struct ksi_scheduler *s, struct ksi_process *p, uint32_t serial,
    ks_status status, const ks_type *type, const void *value)
{
    if (!is_waiting(p, serial)) return false;
    p->request = NULL;
    if (!status && value && p->call->reply) status = copy_reply(s, p, type, value);
    p->wait = KSI_WAIT_NOTHING;
    KSI_PROBE3(wake, KSI_PROBED_PID(p), KSI_WAIT_REPLY, 0);
    ksi_cancel_timer(s, p);
    p->reason_code = status;
    if (!s->next && p->stack && s->hand_offs_left > 0 && !(p->flags & (KSI_QUEUED | KSI_LOW)) &&
        !s->simulator) {
        s->hand_offs_left--;
        p->flags |= KSI_QUEUED;
        s->next = p;
    } else if (p != s->current) {
        ksi_ready(s, p);
    }
    return true;
}

/* A message from elsewhere has come. False: it is gone, or waits for room. */
static KSI_INLINE bool is_let_in(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    if (KSI_UNLIKELY(ksi_mailbox_full(p)) && s->parallel && m->kind == KSI_MESSAGE &&
        ksi_overload_arrived(s, p, m))
        return false;
    return KSI_LIKELY(!(m->flags & KSI_TAKEN)) || ksi_let_in(s, m);
}

void ksi_message_arrived(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    if (is_let_in(s, p, m)) ksi_message_put(s, p, m);
}

/* A server that is called by one from elsewhere, again and again, goes there, with the call; when
 * nobody goes on with it here, as it is not ours from then on. */
static void put_from_elsewhere(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m, bool may_go)
{
    bool call = m->kind == KSI_MESSAGE && m->public.op && m->public.op->kind == KS_OP_CALL;
    bool idle = !p->mailbox && !p->stack && !(p->flags & (KSI_QUEUED | KSI_EXITING));
    if (!may_go || !call || !idle || !s->parallel) {
        ksi_message_put(s, p, m);
        return;
    }
    ksi_prefetch_write(ksi_slot_of(s, m->from)); /* it will be answered */
    ksi_message_append(p, m);
    if (!ksi_follow(s, p, m)) ksi_ready(s, p);
}

/* The record is gone when nobody waits any more: a late event is for nobody. */
static void wake_owner(struct ksi_scheduler *s, uint64_t handle)
{
    struct ksi_record *record = ksi_record_find(s, handle, KSI_RECORD_RESOURCE);
    struct ksi_process *p = record ? ksi_process_of(s, ksi_record_owner(record)) : NULL;
    if (p) ksi_wake(s, p, KSI_WAIT_EVENT);
}

/* One block of an inbox; it is consumed. With may_go p may live elsewhere afterwards. */
static void apply_block(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m, bool may_go)
{
    KSI_ASSERT(!KSI_KNOB(false, true) || ksi_is_home(s, p));
    bool for_p = is_for(m, p);
    if (m->kind < KSI_REPLY) {
        if (!for_p)
            (void)ksi_message_send(s, NULL, 0, m);
        else if (KSI_LIKELY(is_let_in(s, p, m)))
            put_from_elsewhere(s, p, m, may_go);
        return;
    }
    if (m->kind == KSI_REPLY) {
        if (for_p) apply_reply(s, p, m->serial, (ks_status)m->code, m->public.type, m->public.body);
    } else if (m->kind == KSI_ASK || m->kind == KSI_TOLD) {
        ksi_ask_apply(s, for_p ? p : NULL, m);
        return;
    } else if (m->kind == KSI_EVENT) {
        wake_owner(s, m->ref);
    } else if (m->kind == KSI_ANSWER) {
        ksi_answer_apply(s, m); /* keeps it, or frees it */
        return;
    } else {
        apply_signal(s, (const struct ksi_signal *)m->body);
    }
    ksi_message_free(s, m);
}

/* then: what stays in the inbox; KSI_AWAKE: the caller goes on with p. */
static void apply_all(struct ksi_scheduler *s, struct ksi_process *p, uint64_t then)
{
    struct ksi_message *m = take_all(p, then);
    while (m) {
        struct ksi_message *next = m->next;
        ksi_record_event(&s->recorder, ksi_process_id(p), m->from, NULL, m->kind);
        apply_block(s, p, m, !then && !next);
        m = next;
    }
}

void ksi_inbox_apply(struct ksi_scheduler *s, struct ksi_process *p) { apply_all(s, p, KSI_AWAKE); }

void ksi_take_wakes(struct ksi_scheduler *s)
{
    /* relaxed: a hint, so that an empty list costs a load */
    if (KSI_LIKELY(!ksi_load_relaxed(&s->wake))) return;
    /* acquire: pairs with the release in announce() */
    struct ksi_process *p = ksi_exchange_acq_rel(&s->wake, NULL);
    while (p) {
        struct ksi_process *next = p->wake_next;
        if (KSI_LIKELY(ksi_is_home(s, p)))
            apply_all(s, p, 0);
        else
            announce(p); /* it has moved since */
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

/* From the reserve: large enough for every signal, malloc's. */
static struct ksi_message *reserved(struct ksi_scheduler *s, uint8_t *ret_class)
{
    struct ksi_message *m = s->reserve;
    KSI_ASSERT(m); /* out of memory, and a signal to another thread cannot be lost */
    s->reserve = m->next;
    s->reserve_count--;
    s->pool.taken++; /* it goes back to a pool */
    *ret_class = KSI_POOL_LARGE;
    return m;
}

bool ksi_signals_reserve(struct ksi_scheduler *s)
{
    for (; s->reserve_count < RESERVE; s->reserve_count++) {
        struct ksi_message *m =
            malloc(sizeof *m + sizeof(struct ksi_signal) + KS_REASON_TEXT_MAX + 1);
        if (!m) return false;
        m->next = s->reserve;
        s->reserve = m;
    }
    return true;
}

void ksi_signals_end(struct ksi_scheduler *s)
{
    while (s->reserve) {
        struct ksi_message *next = s->reserve->next;
        free(s->reserve);
        s->reserve = next;
    }
}

static bool push_signal(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal, bool must)
{
    uint8_t size_class;
    size_t text = signal->reason.text ? strlen(signal->reason.text) + 1 : 0;
    struct ksi_message *m = ksi_pool_get(&s->pool, sizeof *m + sizeof *signal + text, &size_class);
    if (!m && must) m = reserved(s, &size_class);
    if (!m) return false;
    *m = (struct ksi_message){ .kind = (uint8_t)signal->kind, .size_class = size_class };
    struct ksi_signal *copy = (struct ksi_signal *)m->body;
    *copy = *signal;
    if (text) copy->reason.text = memcpy(copy + 1, signal->reason.text, text);
    m->public.body = copy;
    m->from = signal->from;
    push(target, signal->to, m);
    return true;
}

void ksi_signal_push(
    struct ksi_scheduler *s, struct ksi_process *slot, const struct ksi_signal *signal)
{
    (void)push_signal(s, slot, signal, true);
}

void ksi_block_push(struct ksi_process *slot, uint64_t id, struct ksi_message *m)
{
    push(slot, id, m);
}

struct ksi_message *ksi_reserved_block(struct ksi_scheduler *s)
{
    uint8_t size_class;
    struct ksi_message *m = reserved(s, &size_class);
    *m = (struct ksi_message){ .size_class = size_class };
    return m;
}

void ksi_signal_send(struct ksi_scheduler *s, const struct ksi_signal *signal)
{
    struct ksi_process *target = ksi_process_of(s, signal->to);
    if (target && !ksi_is_home(s, target)) {
        (void)push_signal(s, target, signal, true);
        return;
    }
    if (target && held_back(s, target) && push_signal(s, target, signal, false)) return;
    ksi_record_event(&s->recorder, signal->to, signal->from, NULL, signal->kind);
    if (target) ksi_inbox_drain(s, target);
    apply_signal(s, signal);
}

/* relaxed: a hint; what is under way counts. */
static bool seems_full(const struct ksi_process *target)
{
    uint64_t under_way = ksi_load_relaxed(&target->inbox) >> KSI_INBOX_COUNT_BIT;
    return ksi_load_relaxed(&target->queue_length) + under_way >=
        ksi_load_relaxed(&target->mailbox_gate);
}

void ksi_message_refuse(struct ksi_scheduler *s, struct ksi_message *m, ks_status status)
{
    ksi_request_fail(s, m, status);
    ksi_request_done(s, m);
}

ks_status ksi_message_send_slow(struct ksi_scheduler *s, struct ksi_process *target, uint64_t id,
    struct ksi_message *m, enum ksi_urgency urgency)
{
    ks_status status;
    bool home = target && ksi_is_home(s, target);
    bool gone = !target || (home && !ksi_is_here(s, target, id));
    if (KSI_UNLIKELY(gone || (ksi_client_is_cut(s) && ksi_is_call(m)))) {
        ksi_message_refuse(s, m, KS_NOPROC);
        return KS_NOPROC;
    }
    bool waits = urgency == KSI_WAITABLE, limited = m->kind == KSI_MESSAGE && urgency != KSI_ALWAYS;
    if (home) {
        /* from elsewhere, or held back */
        if (KSI_UNLIKELY(seems_full(target)) && target != s->current) ksi_inbox_drain(s, target);
        if (KSI_UNLIKELY(ksi_mailbox_full(target)) && limited &&
            ksi_overload(s, target, m, waits, &status))
            return status;
    } else if (KSI_UNLIKELY(seems_full(target)) && limited &&
        ksi_overload_elsewhere(s, target, id, m, waits, &status)) {
        return status;
    }
    /* When it arrives nobody knows that it is not to be refused. */
    bool always = home && urgency == KSI_ALWAYS;
    if (!home || (!always && held_back(s, target)))
        push(target, id, m);
    else
        ksi_message_put(s, target, m);
    return KS_OK;
}

/* The value in a block for the caller's inbox. Without memory the failure, from the reserve, when
 * it must be pushed. */
static bool push_reply(struct ksi_scheduler *s, uint64_t caller, uint32_t serial, ks_status status,
    const ks_type *type, const void *value, bool must)
{
    struct ksi_message *m = ksi_message_new(s, type, value);
    if (!m && !must) return false;
    if (!m) {
        m = ksi_reserved_block(s);
        if (value) status = KS_NOMEM;
    }
    m->kind = KSI_REPLY;
    m->serial = serial;
    m->code = status;
    push(ksi_slot_of(s, caller), caller, m);
    return true;
}

/* Somebody on another thread may try to decide the same request. */
static inline bool is_shared(
    struct ksi_scheduler *s, const struct ksi_message *request, struct ksi_process *caller)
{
    return s->parallel && ((request->flags & KSI_TAKEN) || !ksi_is_home(s, caller));
}

bool ksi_reply_send(struct ksi_scheduler *s, struct ksi_message *request, ks_status status,
    const ks_type *type, const void *value)
{
    if (KSI_UNLIKELY(request->flags & KSI_ASYNC))
        return ksi_response_send(s, request, status, type, value);
    uint32_t serial = request->serial;
    struct ksi_process *p = ksi_process_of(s, request->from);
    if (!p || !ksi_claim(p, serial, is_shared(s, request, p))) return false;
    request->flags |= KSI_ANSWERED;
    KSI_PROBE2(reply, request->from, status);
    if (KSI_UNLIKELY(!ksi_is_home(s, p)))
        return push_reply(s, request->from, serial, status, type, value, true);
    if (KSI_UNLIKELY(s->simulator != NULL) && held_back(s, p) &&
        push_reply(s, request->from, serial, status, type, value, false))
        return true;
    ksi_inbox_drain(s, p);
    return apply_reply(s, p, serial, status, type, value);
}
