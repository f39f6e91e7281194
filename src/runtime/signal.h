/* SPDX-License-Identifier: Apache-2.0 */
/* signal.h - signals between processes: one ordered stream for each pair.
 *
 * Sent by a process of the same scheduler, a signal is applied at once: what the target's inbox
 * holds is applied first. From elsewhere it is pushed into the target's own inbox, whose owner
 * applies it in order. A message is a signal whose application is to stand in the mailbox. So a
 * sender that migrates, or sends by name or alias, never overtakes itself. Used by the scheduler
 * that owns the sender. */
#ifndef KSI_RUNTIME_SIGNAL_H
#define KSI_RUNTIME_SIGNAL_H
#include "base/atomic.h"
#include "base/base.h"
#include "runtime/mailbox.h"
#include "runtime/scheduler.h"

struct ksi_signal {
    enum ksi_kind kind;          /* KSI_EXIT and below */
    uint64_t from, to;           /* pid ids */
    uint32_t serial;             /* of an unlink; KSI_ALIASED: the record's generation */
    uint32_t record;             /* of a monitor, or an alias */
    struct ksi_message *request; /* to be settled */
    ks_reason reason;
    struct ksi_message *message; /* KSI_ALIASED: what it brings */
};
/* Applies or pushes; never fails: without memory it is applied at once, or, to another scheduler,
 * takes a block of the reserve. */
void ksi_signal_send(struct ksi_scheduler *s, const struct ksi_signal *signal);
/* Into the inbox of a slot, whoever lives there. */
void ksi_signal_push(
    struct ksi_scheduler *s, struct ksi_process *slot, const struct ksi_signal *signal);
/* A block from the reserve, header only. */
struct ksi_message *ksi_reserved_block(struct ksi_scheduler *s);
/* Makes the reserve, or fills it up. False: out of memory. */
bool ksi_signals_reserve(struct ksi_scheduler *s);
void ksi_signals_end(struct ksi_scheduler *s);

/* A block for the slot's home, whose kind tells what to do with it; id: of whom it is for, 0: of
 * nobody, whoever lives there. Any thread, of any kind. */
void ksi_block_push(struct ksi_process *slot, uint64_t id, struct ksi_message *m);
/* An inbox is a list, newest first, that anybody may push into: one number of the address of the
 * newest block, in units of 16 bytes, and above it how many of them are of kind KSI_MESSAGE, as far
 * as that goes; or one of two values: 0, nobody has announced it; KSI_AWAKE, it is in the wake list
 * of its scheduler. */
enum { KSI_AWAKE = 1, KSI_INBOX_COUNT_BIT = 44 };
/* Applies what the inbox of p holds. */
void ksi_inbox_apply(struct ksi_scheduler *s, struct ksi_process *p);
/* Before p is looked at: one load when nothing is there. */
static inline void ksi_inbox_drain(struct ksi_scheduler *s, struct ksi_process *p)
{
    /* relaxed: only a hint; what it announces is taken by an acquire exchange */
    if (KSI_UNLIKELY(ksi_load_relaxed(&p->inbox) > KSI_AWAKE)) ksi_inbox_apply(s, p);
}
/* What a full mailbox does. */
enum ksi_urgency {
    KSI_REFUSABLE, /* by the receiver's policy; who would have to wait is refused */
    KSI_WAITABLE,  /* the running process may wait: in here, or, of a call, by ksi_block */
    KSI_ALWAYS     /* nothing */
};
ks_status ksi_message_send_slow(struct ksi_scheduler *s, struct ksi_process *target, uint64_t id,
    struct ksi_message *m, enum ksi_urgency urgency);
/* The target is not told. */
static inline void ksi_message_append(struct ksi_process *target, struct ksi_message *m)
{
    m->next = NULL;
    *target->mailbox_end = m;
    target->mailbox_end = &m->next;
    ksi_add_owned(&target->queue_length, 1);
    if (KSI_UNLIKELY(m->weight)) ksi_mailbox_heavier(target, m);
}
/* Into the mailbox, whatever its limit. */
static inline void ksi_message_put(
    struct ksi_scheduler *s, struct ksi_process *target, struct ksi_message *m)
{
    ksi_message_append(target, m);
    if (target->wait == KSI_WAIT_MESSAGE)
        ksi_wake(s, target, KSI_WAIT_MESSAGE);
    else if (!target->stack && target != s->current && !(target->flags & KSI_EXITING))
        ksi_ready(s, target);
}
/* id: the pid id of target, as it was looked up. Hands a message over; it is the target's, or
 * freed. KS_NOPROC: target is NULL, freed; KS_OVERLOAD: refused by the mailbox limit, freed. A
 * caller that already waits is answered so. */
static KSI_INLINE ks_status ksi_message_send_as(struct ksi_scheduler *s, struct ksi_process *target,
    uint64_t id, struct ksi_message *m, enum ksi_urgency urgency)
{
    if (KSI_UNLIKELY(
            !target || !ksi_is_here(s, target, id) || s->simulator || ksi_mailbox_full(target)))
        return ksi_message_send_slow(s, target, id, m, urgency);
    if (KSI_LIKELY(target != s->current)) ksi_inbox_drain(s, target);
    ksi_message_put(s, target, m);
    return KS_OK;
}
static inline ks_status ksi_message_send(
    struct ksi_scheduler *s, struct ksi_process *target, uint64_t id, struct ksi_message *m)
{
    return ksi_message_send_as(s, target, id, m, KSI_REFUSABLE);
}
/* From another scheduler, to a process of this one: put, refused, or made to wait for room. */
void ksi_message_arrived(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m);
/* Answers m, when it is a request that nobody has answered, and frees it. */
void ksi_message_refuse(struct ksi_scheduler *s, struct ksi_message *m, ks_status status);
/* An answer to a request: value of type, or a failure. False: nobody waits for it. Of the request
 * only from, serial, ref, KSI_ASYNC and KSI_TAKEN are read; it is KSI_ANSWERED when the answer was
 * ours to give. */
bool ksi_reply_send(struct ksi_scheduler *s, struct ksi_message *request, ks_status status,
    const ks_type *type, const void *value);

/* Takes the right to answer a call, which only one gets: true for who may. shared: somebody on
 * another thread may try at the same time. */
static inline bool ksi_claim(struct ksi_process *caller, uint32_t serial, bool shared)
{
    if (KSI_UNLIKELY(shared)) {
        uint32_t expected = serial;
        /* acq_rel: who loses sees what the winner did before; the winner sees the call */
        return ksi_cas_acq_rel(&caller->call_serial, &expected, serial + 1);
    }
    if (ksi_load_relaxed(&caller->call_serial) != serial) return false;
    ksi_store_relaxed(&caller->call_serial, serial + 1);
    return true;
}
/* The request that p waits for an answer to may be touched: nobody has decided it, and its server
 * lives here, so that whoever decides it leaves the block to us. */
static inline bool ksi_request_is_here(struct ksi_scheduler *s, const struct ksi_process *p)
{
    /* relaxed: odd is open; who closes it from elsewhere tells us later */
    if (!(ksi_load_relaxed(&p->call_serial) & 1)) return false;
    return ksi_is_here(s, ksi_slot_of(s, p->call->target), p->call->target);
}
/* The scheduler of a server is done with a request: gives it back, now, or when whoever decided it
 * has said so. */
void ksi_request_done(struct ksi_scheduler *s, struct ksi_message *m);
/* Tells the scheduler of a server that a request of its was decided elsewhere. */
void ksi_request_settle(
    struct ksi_scheduler *s, uint64_t server, struct ksi_message *m, uint64_t from);
/* Its server need not keep it any more. */
void ksi_request_settled(struct ksi_scheduler *s, uint64_t server, struct ksi_message *m);

/* --- cycle.c: processes that wait for each other -------------------------------------------- */
/* The chain of those who wait, from the running process on, which has begun to wait for id, leads
 * back to it: all would wait for ever. */
bool ksi_closes_cycle(struct ksi_scheduler *s, uint64_t id);
/* False: target waits for nobody. */
static inline bool ksi_may_close_cycle(struct ksi_scheduler *s, const struct ksi_process *target)
{
    /* relaxed: of our own thread; of another we look in any case */
    return target &&
        ((ksi_load_relaxed(&target->call_serial) & 1) ||
            (s->parallel && !ksi_is_home(s, (struct ksi_process *)(uintptr_t)target)));
}
/* self waits from now on, for target; the serial of its wait, which is odd until that is over. */
static inline uint32_t ksi_wait_begin(
    struct ksi_scheduler *s, struct ksi_process *self, uint64_t target)
{
    uint32_t serial = ksi_load_relaxed(&self->call_serial) + 1; /* only we open; it was even */
    /* release: who reads it sees that the wait before is over. release: who sees the serial sees
     * the target. Both pair with the acquires in follow() */
    struct ksi_shared *shared = ksi_shared_of(s, self);
    ksi_store_relaxed(&shared->since, s->stamp); /* published with the serial */
    ksi_store_release(&shared->waits_for, target);
    ksi_store_release(&self->call_serial, serial);
    return serial;
}

/* --- call.c ----------------------------------------------------------------------------------- */
/* What the handler that runs may still take, or KS_INFINITY. */
ks_ms ksi_time_left(struct ksi_scheduler *s);
/* Sends a request of the running process and blocks until it is answered. */
ks_status ksi_request_wait(struct ksi_scheduler *s, struct ksi_process *target, uint64_t id,
    struct ksi_message *m, void *ret_reply, ks_ms timeout);
/* A cast or message of the running process, which blocks until it is in the mailbox of target,
 * where there is no room. KS_TIMEOUT, KS_CALLING_SELF (target waits for us), KS_NOMEM: it is freed,
 * and never was; KS_NOPROC: target has ended. */
ks_status ksi_room_wait(struct ksi_scheduler *s, struct ksi_process *target, uint64_t id,
    struct ksi_message *m, ks_ms timeout);
/* Lets a process run whose start request stands in its mailbox, on the scheduler of that number, or
 * with 0 here; blocks until that is answered. */
ks_status ksi_start_wait(
    struct ksi_scheduler *s, struct ksi_process *p, uint32_t held_on, ks_ms timeout);
/* Nobody waits for m any more, which a server has: its handler need not see it. */
void ksi_request_give_up(struct ksi_scheduler *s, struct ksi_message *m);
/* p waits no more for its request. False: it is answered, the reply is on its way. */
bool ksi_request_cancel(struct ksi_scheduler *s, struct ksi_process *p);
static inline bool ksi_is_call(const struct ksi_message *m)
{
    return m->kind == KSI_MESSAGE && m->public.op && m->public.op->kind == KS_OP_CALL;
}
/* True for a request that somebody may still wait for. */
static inline bool ksi_is_request(const struct ksi_message *m)
{
    if (m->flags & (KSI_CANCELLED | KSI_ANSWERED)) return false;
    return m->kind == KSI_START || m->kind == KSI_STATUS || ksi_is_call(m) ||
        (m->flags & KSI_TAKEN);
}
/* A request whose handler is done with it stays for a later answer; only its header is kept. */
void ksi_defer_request(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m);
/* Answers a request of which the server lives no more. */
void ksi_request_fail(struct ksi_scheduler *s, struct ksi_message *m, ks_status status);

/* A deep copy into *to, which is p's; what it points at lives until the turn of p ends. KS_OK,
 * KS_NOMEM. */
ks_status ksi_turn_copy(struct ksi_scheduler *s, struct ksi_process *p, const ks_type *type,
    const void *value, void *to);
/* Applies the inboxes of all processes in the wake list. */
void ksi_take_wakes(struct ksi_scheduler *s);
/* The running process leaves when a signal that it applied ended it. */
static inline void ksi_check_exit(struct ksi_scheduler *s)
{
    const struct ksi_process *p = s->current;
    if (KSI_UNLIKELY(p && (p->flags & (KSI_EXITING | KSI_IN_HOOK)) == KSI_EXITING)) ksi_leave(s);
}

/* --- link.c ----------------------------------------------------------------------------------- */
/* The record of the link to peer, or NULL. */
struct ksi_record *ksi_link_find(struct ksi_scheduler *s, struct ksi_process *p, uint64_t peer);
struct ksi_record *ksi_link_add(struct ksi_scheduler *s, struct ksi_process *p, uint64_t peer);
void ksi_link_remove(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record);
void ksi_link_apply(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal);
void ksi_unlink(struct ksi_scheduler *s, struct ksi_process *p, uint64_t peer);
/* Tells all linked processes, once. */
void ksi_links_end(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason);

/* --- monitor.c -------------------------------------------------------------------------------- */
void ksi_monitor_apply(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal);
/* Gives up a monitor that p owns. */
void ksi_monitor_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record);
/* Tells all who watch p. */
void ksi_watchers_end(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason);
/* The zero ref: out of memory. */
ks_ref ksi_monitor_start(struct ksi_scheduler *s, struct ksi_process *p, ks_pid as_given);
/* options of the given size; an option that a shorter one lacks is 0. */
ks_ref ksi_monitor_start_with(struct ksi_scheduler *s, struct ksi_process *p, ks_pid as_given,
    const ks_monitor_options *options, size_t size);

/* --- suspend.c -------------------------------------------------------------------------------- */
/* Somebody's suspension of target is over. */
void ksi_resume_apply(struct ksi_scheduler *s, struct ksi_process *target);

/* --- exit.c: exit signals by the rules of erlang:exit/2 --------------------------------------- */
void ksi_exit_apply(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal);

#endif
