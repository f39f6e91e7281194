/* SPDX-License-Identifier: Apache-2.0 */
/* overload.c - what a full mailbox does with one more message, by the policy of its process.
 *
 *     KS_REFUSE        the sender is told
 *     KS_DROP_NEWEST   dropped; who waits for an answer is told
 *     KS_DROP_OLDEST   the oldest that can be dropped makes room
 *     KS_BLOCK         it stands in the line until there is room, and its sender waits
 *
 * A cast that waits is a request for room: the word that it is in the mailbox is its reply, so
 * time-outs, and ends of either side, are those of calls, from any scheduler. A call in the line
 * goes on waiting, for its own reply. Whoever takes a message out of the mailbox lets in the first
 * of the line, so the order is kept, nobody is overtaken, and nobody wakes in vain.
 *
 * A sender on another scheduler looks at the mailbox from there, and counts what is under way. What
 * several send at the same moment, and what is sent while the receiver's scheduler sorts in what
 * has come, may be more than there is room for: when it arrives it is refused, or dropped, and
 * counted; with KS_BLOCK it gets in. */
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
/* In the line the body field of a block says what points at it, and whether there is a body. */
static void point_back(struct ksi_message *m, struct ksi_message **link, bool has_body)
{
    m->public.body = (void *)((uintptr_t)link | has_body);
}
static bool has_body(const struct ksi_message *m) { return (uintptr_t)m->public.body & 1; }
static struct ksi_message **link_of(const struct ksi_message *m)
{
    return (struct ksi_message **)((uintptr_t)m->public.body & ~(uintptr_t)1);
}

void ksi_line_enter(struct ksi_process *p, struct ksi_message *m)
{
    struct ksi_limits *limits = p->limits;
    KSI_ASSERT(m->kind == KSI_MESSAGE);
    m->kind = KSI_STANDING;
    m->next = NULL;
    point_back(m, limits->line_end, m->public.body != NULL);
    *limits->line_end = m;
    limits->line_end = &m->next;
    p->flags |= KSI_LINE;
}

/* A message again, in no list. */
static void take_out(struct ksi_process *p, struct ksi_message *m)
{
    struct ksi_message *next = m->next, **link = link_of(m);
    KSI_ASSERT(m->kind == KSI_STANDING);
    *link = next;
    if (next)
        point_back(next, link, has_body(next));
    else
        p->limits->line_end = link;
    m->public.body = has_body(m) ? m->body : NULL;
    m->kind = KSI_MESSAGE;
    if (!p->limits->line) p->flags &= ~(uint32_t)KSI_LINE;
}

void ksi_line_leave(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    take_out(p, m);
    ksi_message_free(s, m);
}

bool ksi_let_in(struct ksi_scheduler *s, struct ksi_message *m)
{
    (void)ksi_reply_send(s, m, KS_OK, NULL, NULL);
    bool ours = m->flags & KSI_ANSWERED;
    if (ours) {
        m->flags &= (uint8_t) ~(KSI_ANSWERED | KSI_TAKEN);
        m->serial = s->stamp;
    } else {
        ksi_request_done(s, m);
    }
    return ours;
}

void ksi_line_advance(struct ksi_scheduler *s, struct ksi_process *p)
{
    while (p->limits->line && !ksi_mailbox_full(p)) {
        struct ksi_message *m = p->limits->line;
        take_out(p, m);
        if (ksi_is_call(m) || ksi_let_in(s, m)) ksi_message_put(s, p, m);
    }
}

/* --- the decision ----------------------------------------------------------------------------- */
/* p: on any scheduler, here and below. */
static void count_refused(struct ksi_process *p) { ksi_add_relaxed(&p->refused, 1); /* a count */ }

static ks_status refuse(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    count_refused(p);
    ksi_message_refuse(s, m, KS_OVERLOAD);
    return KS_OVERLOAD;
}

static ks_status drop_newest(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ks_status status = ksi_is_call(m) ? KS_OVERLOAD : KS_OK;
    ksi_add_relaxed(&ksi_shared_of(s, p)->dropped, 1); /* a count */
    ksi_message_refuse(s, m, KS_OVERLOAD);
    return status;
}

/* A cast or message of the running process, which waits. */
static ks_status wait_for_room(struct ksi_scheduler *s, struct ksi_process *p, uint64_t id,
    struct ksi_message *m, ks_ms timeout)
{
    ks_ms left = ksi_time_left(s);
    if (timeout <= 0) return refuse(s, p, m);
    if (left <= 0) {
        (void)refuse(s, p, m);
        return KS_DEADLINE;
    }
    ks_status status = ksi_room_wait(s, p, id, m, left < timeout ? left : timeout);
    if (status != KS_TIMEOUT && status != KS_CALLING_SELF) return status;
    count_refused(p); /* it lives: its end would have been told */
    return status == KS_TIMEOUT && left < timeout ? KS_DEADLINE : KS_OVERLOAD;
}

static ks_status stand_in_line(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ksi_inbox_drain(s, p); /* what the sender sent before stands before it */
    if (!ksi_is_call(m)) return wait_for_room(s, p, ksi_process_id(p), m, p->limits->timeout);
    ksi_line_enter(p, m);
    return KS_OK;
}

static int32_t policy_of(const struct ksi_process *p)
{
    return p->limits ? p->limits->policy : KS_REFUSE;
}

bool ksi_overload(struct ksi_scheduler *s, struct ksi_process *target, struct ksi_message *m,
    bool waits, ks_status *ret_status)
{
    int32_t policy = policy_of(target);
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

/* A call need not wait here: it stands in the line when it arrives. */
bool ksi_overload_elsewhere(struct ksi_scheduler *s, struct ksi_process *target, uint64_t id,
    struct ksi_message *m, bool waits, ks_status *ret_status)
{
    const struct ksi_shared *shared = ksi_shared_of(s, target);
    uint32_t policy = ksi_load_relaxed(&shared->policy); /* as written by ksi_mailbox_limit() */
    bool may_wait = waits && ksi_may_block(s);
    if (policy == KS_DROP_OLDEST || (policy == KS_BLOCK && may_wait && ksi_is_call(m)))
        return false;
    if (policy == KS_BLOCK && may_wait)
        *ret_status = wait_for_room(s, target, id, m, ksi_load_relaxed(&shared->timeout));
    else if (policy == KS_DROP_NEWEST)
        *ret_status = drop_newest(s, target, m);
    else
        *ret_status = refuse(s, target, m);
    return true;
}

bool ksi_overload_arrived(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ks_status status;
    if (policy_of(p) != KS_BLOCK) return ksi_overload(s, p, m, false, &status);
    if (ksi_is_call(m) && (m->flags & KSI_ASYNC)) {
        (void)refuse(s, p, m);
        return true;
    }
    if (!ksi_is_request(m)) return false;
    ksi_line_enter(p, m);
    return true;
}
