/* SPDX-License-Identifier: Apache-2.0 */
/* overload.c - what a full mailbox does with one more message, by the policy of its process.
 *
 *     KS_REFUSE        the sender is told
 *     KS_DROP_NEWEST   dropped; who waits for an answer is told
 *     KS_DROP_OLDEST   the oldest that can be dropped makes room
 *     KS_BLOCK         the sender stands in the line until there is room
 *
 * The line is a list of blocked senders, each with its message in a struct ksi_call on its own
 * stack. Whoever takes a message out of the mailbox lets in the first of the line, so the order is
 * kept, nobody is overtaken, and nobody wakes in vain. A caller of the line goes on waiting, now
 * for its reply. Used by the scheduler that owns sender and receiver. */
#include "base/base.h"
#include "runtime/block.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"

/* How many messages that may not be dropped, at most, are passed over in search of one that may. */
enum { LOOK_MAX = 64 };

/* --- dropping --------------------------------------------------------------------------------- */
/* What the process has asked for is not dropped: its timers and DOWNs, what it sent itself. */
static bool may_drop(const struct ksi_process *p, const struct ksi_message *m)
{
    return m->kind == KSI_MESSAGE && m->from != ksi_process_id(p) &&
        m->public.type != &ks_down_type;
}

static bool drop_oldest(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_message **link = &p->mailbox;
    for (int i = 0; i < LOOK_MAX && *link; i++, link = &(*link)->next) {
        if (!may_drop(p, *link)) continue;
        struct ksi_message *m = ksi_mailbox_take(p, link);
        p->flags |= KSI_CUT;
        if (!(m->flags & KSI_CANCELLED))
            ksi_add_relaxed(&ksi_shared_of(s, p)->dropped, 1); /* a count */
        ksi_message_refuse(s, m, KS_OVERLOAD);
        return true;
    }
    return false;
}

/* --- the line --------------------------------------------------------------------------------- */
static void enter(struct ksi_process *p, struct ksi_process *sender, struct ksi_message *m)
{
    struct ksi_call *call = sender->call;
    struct ksi_limits *limits = p->limits;
    call->message = m;
    call->line_next = NULL;
    call->line_link = limits->line_end;
    *limits->line_end = sender;
    limits->line_end = &call->line_next;
    p->flags |= KSI_LINE;
}

/* Out of the line; the message is the caller's. */
static struct ksi_message *leave(struct ksi_process *p, struct ksi_process *sender)
{
    struct ksi_call *call = sender->call;
    struct ksi_message *m = call->message;
    struct ksi_process *next = call->line_next;
    *call->line_link = next;
    if (next)
        next->call->line_link = call->line_link;
    else
        p->limits->line_end = call->line_link;
    call->message = NULL;
    if (!p->limits->line) p->flags &= ~(uint32_t)KSI_LINE;
    return m;
}

void ksi_line_leave(struct ksi_scheduler *s, struct ksi_process *sender)
{
    struct ksi_process *p = ksi_process_of(s, sender->call->target);
    KSI_ASSERT(p); /* its end lets everybody in */
    ksi_message_free(s, leave(p, sender));
}

void ksi_line_advance(struct ksi_scheduler *s, struct ksi_process *p)
{
    while (p->limits->line && !ksi_mailbox_full(p)) {
        struct ksi_process *sender = p->limits->line;
        ksi_message_put(s, p, leave(p, sender));
        ksi_wake(s, sender, KSI_WAIT_ROOM); /* a caller waits on, for its reply */
    }
}

static ks_status refuse(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ksi_add_relaxed(&p->refused, 1); /* a count */
    ksi_message_refuse(s, m, KS_OVERLOAD);
    return KS_OVERLOAD;
}

/* A cast or message of the running process. */
static ks_status wait_for_room(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m, ks_ms timeout)
{
    struct ksi_process *self = s->current;
    struct ksi_call call = { .target = ksi_process_id(p) };
    (void)ksi_wait_begin(s, self, call.target);
    if (ksi_closes_cycle(s, call.target)) {
        ksi_wait_end(self);
        return refuse(s, p, m);
    }
    self->call = &call;
    enter(p, self, m);
    ks_status status = ksi_block(s, KSI_WAIT_ROOM, timeout);
    if (status == KS_NOMEM) ksi_line_leave(s, self); /* no stack to wait on */
    ksi_wait_end(self);
    self->call = NULL;
    return status;
}

/* --- the decision ----------------------------------------------------------------------------- */
static ks_status drop_newest(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ks_status status = ksi_is_call(m) ? KS_OVERLOAD : KS_OK;
    ksi_add_relaxed(&ksi_shared_of(s, p)->dropped, 1); /* a count */
    ksi_message_refuse(s, m, KS_OVERLOAD);
    return status;
}

static ks_status stand_in_line(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ksi_inbox_drain(s, p); /* what the sender sent before stands before it */
    if (ksi_is_call(m)) {
        enter(p, s->current, m);
        return KS_OK;
    }
    ks_ms left = ksi_time_left(s), timeout = p->limits->timeout;
    if (timeout <= 0) return refuse(s, p, m);
    if (left <= 0) {
        ksi_message_refuse(s, m, KS_OVERLOAD);
        ksi_add_relaxed(&p->refused, 1); /* a count */
        return KS_DEADLINE;
    }
    ks_status status = wait_for_room(s, p, m, left < timeout ? left : timeout);
    if (status != KS_TIMEOUT) return status;
    ksi_add_relaxed(&p->refused, 1); /* p lives: its end would have been told as KS_OK */
    return left < timeout ? KS_DEADLINE : KS_OVERLOAD;
}

bool ksi_overload(struct ksi_scheduler *s, struct ksi_process *target, struct ksi_message *m,
    bool waits, ks_status *ret_status)
{
    int32_t policy = target->limits ? target->limits->policy : KS_REFUSE;
    if (target == s->current) policy = KS_REFUSE; /* it hears of it, and cannot wait for itself */
    if (policy == KS_DROP_OLDEST) {
        while (ksi_mailbox_full(target) && drop_oldest(s, target)) continue;
        if (!ksi_mailbox_full(target)) return false;
    }
    if (policy == KS_BLOCK && waits && ksi_may_block(s))
        *ret_status = stand_in_line(s, target, m);
    else if (policy == KS_DROP_NEWEST)
        *ret_status = drop_newest(s, target, m);
    else
        *ret_status = refuse(s, target, m);
    return true;
}
