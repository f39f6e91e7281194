/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - call, cast, send, and answering.
 *
 * A request stays with its server until it is answered, so that the server's death can answer it:
 * queued, being handled, or in the deferred list. It names its caller by pid and serial; a caller
 * that waits no more, or for something else, is not found, so a late reply is never seen. That is
 * monitor, alias and time-out of a call without a record of their own. Of an asynchronous request
 * (request.h) the same holds, but that a record stands where the waiting caller would.
 * Called from inside a process, but for what tests that step a runtime do. */
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/block.h"
#include "runtime/client.h"
#include "runtime/mailbox.h"
#include "runtime/request.h"
#include "runtime/signal.h"
#include "runtime/timer.h"
#include "type/type.h"

enum { NS_PER_MS = 1000000 };

/* --- waiting for an answer -------------------------------------------------------------------- */
static KSI_INLINE ks_ms time_left(struct ksi_scheduler *s)
{
    const struct ksi_process *self = s->current;
    const struct ksi_message *m = self->current;
    if (KSI_LIKELY(!m) || !ksi_is_call(m) || (m->flags & KSI_ASYNC)) return KS_INFINITY;
    if (KSI_UNLIKELY(self->flags & KSI_TERMINATING)) return KS_INFINITY;
    if (m->deadline >= KS_INFINITY || (m->flags & KSI_RELATIVE)) return m->deadline;
    ks_ms left = m->deadline - ksi_fresh_ns(s) / NS_PER_MS;
    return left > 0 ? left : 0;
}

ks_ms ksi_time_left(struct ksi_scheduler *s) { return time_left(s); }

/* --- requests that are answered later: a list in which each points at what points at it, by way of
 * public.body, which the handler is done with
 * ---------------------------------------------------------- */
static struct ksi_message **link_of(const struct ksi_message *m)
{
    return (struct ksi_message **)(uintptr_t)m->public.body;
}

static void deferred_free(struct ksi_scheduler *s, struct ksi_message *m)
{
    struct ksi_message **link = link_of(m);
    *link = m->next;
    if (m->next) m->next->public.body = link;
    m->public.body = NULL;
    ksi_message_free(s, m);
}

/* What the caller knows its request by; NULL: it waits no more. */
static struct ksi_message **known_by(struct ksi_scheduler *s, struct ksi_message *m)
{
    if (m->flags & KSI_ASYNC) {
        struct ksi_record *record = ksi_record_find(s, m->ref, KSI_RECORD_REQUEST);
        return record ? &record->request.message : NULL;
    }
    struct ksi_process *caller = ksi_process_of(s, m->from);
    if (!caller || !ksi_is_home(s, caller)) return NULL;
    return caller->request == m ? &caller->request : NULL;
}

/* A large request would keep its memory until the answer: its header moves to a small block. Not
 * with several schedulers: others know where it is. */
static struct ksi_message *shrink(struct ksi_scheduler *s, struct ksi_message *m)
{
    struct ksi_message **known = known_by(s, m);
    uint8_t size_class;
    bool moves = known && m->size_class && !s->parallel;
    struct ksi_message *small = moves ? ksi_pool_get(&s->pool, sizeof *m, &size_class) : NULL;
    if (!small) {
        ksi_type_release(m->public.type, m->public.body);
        return m;
    }
    *small = *m;
    small->size_class = size_class;
    *known = small;
    ksi_message_free(s, m);
    return small;
}

void ksi_defer_request(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    if (m->flags & (KSI_CANCELLED | KSI_ANSWERED)) {
        ksi_message_free(s, m);
        return;
    }
    m = shrink(s, m);
    m->flags |= KSI_DEFERRED;
    m->public.type = NULL;
    m->next = p->deferred;
    m->public.body = &p->deferred;
    if (m->next) m->next->public.body = &m->next;
    p->deferred = m;
}

void ksi_request_fail(struct ksi_scheduler *s, struct ksi_message *m, ks_status status)
{
    if (ksi_is_request(m)) (void)ksi_reply_send(s, m, status, NULL, NULL);
}

/* Of a request that was neither answered nor cancelled, somebody else has decided at this moment,
 * and is about to say so: it will need the block. */
void ksi_request_done(struct ksi_scheduler *s, struct ksi_message *m)
{
    if (KSI_UNLIKELY(s->parallel && ksi_is_request(m)))
        m->kind = KSI_ORPHAN;
    else
        ksi_message_free(s, m);
}

void ksi_request_settled(struct ksi_scheduler *s, uint64_t server, struct ksi_message *m)
{
    if (m->kind == KSI_ORPHAN)
        ksi_message_free(s, m);
    else if (m->kind == KSI_STANDING)
        ksi_line_leave(s, ksi_process_of(s, server), m); /* its end would have let it in */
    else
        ksi_request_give_up(s, m);
}

/* --- asking ----------------------------------------------------------------------------------- */
void ksi_request_give_up(struct ksi_scheduler *s, struct ksi_message *m)
{
    m->flags |= KSI_CANCELLED;
    if (m->flags & KSI_DEFERRED) deferred_free(s, m);
}

/* By its server's scheduler, which alone touches a request. */
void ksi_request_settle(
    struct ksi_scheduler *s, uint64_t server, struct ksi_message *m, uint64_t from)
{
    struct ksi_process *holder = ksi_slot_of(s, server);
    if (ksi_is_home(s, holder))
        ksi_request_settled(s, server, m);
    else
        ksi_signal_push(s, holder,
            &(struct ksi_signal){ .kind = KSI_SETTLE, .from = from, .to = server, .request = m });
}

bool ksi_request_cancel(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_message *m = p->request;
    if (!m) return true;
    uint64_t server = p->call->target;
    uint32_t serial = ksi_load_relaxed(&p->call_serial) | 1; /* odd: open */
    bool shared = s->parallel && (!ksi_request_is_here(s, p) || (m->flags & KSI_TAKEN));
    if (!ksi_claim(p, serial, shared)) return false;
    p->request = NULL;
    ksi_request_settle(s, server, m, ksi_process_id(p));
    return true;
}

/* An idle server takes the request at once, before anybody else runs. */
static KSI_INLINE bool hand_over(
    struct ksi_scheduler *s, struct ksi_process *target, uint64_t id, struct ksi_message *m)
{
    if (!ksi_is_here(s, target, id) || target->stack || target->mailbox ||
        (target->flags & (KSI_QUEUED | KSI_EXITING | KSI_LOW)) || s->next ||
        s->hand_offs_left <= 0 || s->simulator || target == s->current)
        return false;
    s->hand_offs_left--;
    target->flags |= KSI_QUEUED;
    s->next = target;
    ksi_inbox_drain(s, target);
    ksi_message_put(s, target, m);
    return true;
}

/* The time-out counts from the end of this slice; for a server elsewhere from now, since its
 * scheduler does not look at ours. */
static inline void set_deadline(
    struct ksi_scheduler *s, struct ksi_process *target, struct ksi_message *m, ks_ms timeout)
{
    if (KSI_LIKELY(!target || ksi_is_home(s, target)))
        m->flags |= KSI_RELATIVE;
    else
        m->deadline = ksi_deadline(ksi_fresh_ns(s), timeout);
}

/* There was no stack to wait on, and somebody has decided to answer: he is done with what we lent
 * him when the reply is here. */
static void wait_for_reply(struct ksi_scheduler *s, struct ksi_process *self)
{
    self->wait = KSI_WAIT_REPLY;
    while (self->wait == KSI_WAIT_REPLY && !(self->flags & KSI_EXITING)) {
        ksi_inbox_drain(s, self);
        ksi_relax();
    }
    self->wait = KSI_WAIT_NOTHING;
}

/* The request was refused, and is gone. */
static ks_status not_sent(struct ksi_process *self, ks_status status)
{
    self->request = NULL;
    self->call = NULL;
    (void)ksi_claim(self, ksi_load_relaxed(&self->call_serial) | 1, false); /* closed, if not yet */
    return status;
}

/* The call opens: whoever has m may answer it from now on, and finds where to in the process. */
static KSI_INLINE void open_call(struct ksi_scheduler *s, struct ksi_process *target,
    struct ksi_message *m, struct ksi_call *call, ks_ms timeout)
{
    struct ksi_process *self = s->current;
    m->from = ksi_process_id(self);
    m->serial = ksi_wait_begin(s, self, call->target);
    m->deadline = timeout;
    if (timeout < KS_INFINITY) set_deadline(s, target, m, timeout);
    self->request = m;
    self->call = call;
}

static KSI_INLINE ks_status wait_for_answer(struct ksi_scheduler *s, ks_ms timeout)
{
    struct ksi_process *self = s->current;
    ks_status status = ksi_block_inline(s, KSI_WAIT_REPLY, timeout);
    if (KSI_LIKELY(!status)) {
        self->call = NULL;
        return self->reason_code;
    }
    if (KSI_UNLIKELY(!ksi_request_cancel(s, self))) wait_for_reply(s, self);
    self->call = NULL;
    return status;
}

static KSI_INLINE ks_status request_wait(struct ksi_scheduler *s, struct ksi_process *target,
    uint64_t id, struct ksi_message *m, void *ret_reply, ks_ms timeout, const char *name)
{
    struct ksi_call call;
    call.reply = ret_reply;
    call.target = id;
    call.for_room = false;
    open_call(s, target, m, &call, timeout);
    if (KSI_UNLIKELY(ksi_may_close_cycle(s, target)) && ksi_closes_cycle(s, id)) {
        ksi_message_free(s, m);
        return not_sent(s->current, KS_CALLING_SELF);
    }
    KSI_PROBE3(call, m->from, id, name);
    if (!target || !hand_over(s, target, id, m)) {
        ks_status status = ksi_message_send_as(s, target, id, m, KSI_WAITABLE);
        if (KSI_UNLIKELY(status)) return not_sent(s->current, status);
    }
    return wait_for_answer(s, timeout);
}

ks_status ksi_request_wait(struct ksi_scheduler *s, struct ksi_process *target, uint64_t id,
    struct ksi_message *m, void *ret_reply, ks_ms timeout)
{
    return request_wait(s, target, id, m, ret_reply, timeout, "status");
}

ks_status ksi_room_wait(struct ksi_scheduler *s, struct ksi_process *target, uint64_t id,
    struct ksi_message *m, ks_ms timeout)
{
    struct ksi_process *self = s->current;
    struct ksi_call call = { .target = id, .for_room = true };
    m->from = ksi_process_id(self);
    m->serial = ksi_wait_begin(s, self, id);
    if (ksi_closes_cycle(s, id)) {
        ksi_message_free(s, m);
        return not_sent(self, KS_CALLING_SELF);
    }
    m->flags |= KSI_TAKEN;
    self->request = m;
    self->call = &call;
    if (ksi_is_home(s, target))
        ksi_line_enter(target, m);
    else
        ksi_block_push(target, id, m);
    return wait_for_answer(s, timeout);
}

/* Its start request stands first in its mailbox, and stays there, whoever has found its name and
 * sent something before. */
ks_status ksi_start_wait(
    struct ksi_scheduler *s, struct ksi_process *p, uint32_t held_on, ks_ms timeout)
{
    struct ksi_message *m = p->mailbox;
    struct ksi_call call = { .target = ksi_process_id(p) };
    KSI_ASSERT(m->kind == KSI_START);
    m->flags &= (uint8_t)~KSI_ANSWERED;
    open_call(s, p, m, &call, timeout);
    bool now = !s->next && s->hand_offs_left > 0 && !s->simulator && !(p->flags & KSI_QUEUED);
    if (now && !s->client) {
        s->hand_offs_left--;
        p->flags |= KSI_QUEUED;
        s->next = p;
    } else if (!ksi_launch(s, p, held_on)) {
        ksi_start_fail(s, p, KS_DRAINING); /* it ends here, and answers */
    }
    return wait_for_answer(s, timeout);
}

/* By an alias of a process on another scheduler, which looks whether it is active. */
static __attribute__((noinline)) ks_status alias_wait(struct ksi_scheduler *s, ks_pid to,
    struct ksi_process *target, uint64_t id, struct ksi_message *m, void *ret_reply, ks_ms timeout)
{
    struct ksi_call call = { .reply = ret_reply, .target = id };
    open_call(s, target, m, &call, timeout);
    if (ksi_closes_cycle(s, id)) {
        ksi_message_free(s, m);
        return not_sent(s->current, KS_CALLING_SELF);
    }
    KSI_PROBE3(call, m->from, id, m->public.op->name);
    ks_status status = ksi_send_to(s, to, m, KSI_WAITABLE);
    if (status) return not_sent(s->current, status);
    return wait_for_answer(s, timeout);
}

static KSI_INLINE ks_status call_inside(struct ksi_scheduler *s, ks_pid to, const ks_op *op,
    const void *request, void *ret_reply, ks_ms timeout)
{
    uint64_t id;
    if (KSI_UNLIKELY(s->parallel) && to.kind == KSI_PID_PROCESS)
        ksi_prefetch_write(ksi_slot_of(s, to.id)); /* perhaps it lives elsewhere */
    struct ksi_process *target = ksi_resolve_id(s, to, &id);
    if (KSI_UNLIKELY(s->current->flags & KSI_IN_HOOK)) return KS_DENIED;
    if (KSI_UNLIKELY(target == s->current)) return KS_CALLING_SELF;
    ks_ms left = time_left(s);
    if (KSI_UNLIKELY(left <= 0)) return KS_DEADLINE; /* too late to ask anybody */
    struct ksi_message *m = ksi_message_of(s, op->request, request);
    if (KSI_UNLIKELY(!m)) return KS_NOMEM;
    if (KSI_UNLIKELY(to.kind == KSI_PID_ALIAS)) target = ksi_alias_use(s, to, &id);
    m->public.op = op;
    if (KSI_UNLIKELY(to.kind == KSI_PID_ALIAS) && target && !ksi_is_home(s, target))
        return alias_wait(s, to, target, id, m, ret_reply, left < timeout ? left : timeout);
    ks_status status =
        request_wait(s, target, id, m, ret_reply, left < timeout ? left : timeout, op->name);
    if (KSI_LIKELY(status != KS_TIMEOUT)) return status;
    if (ksi_client_is_cut(s)) return KS_NOPROC;
    if (left >= timeout) return status;
    /* The server's own, or ours: a deadline is a whole ms, the next one, and our timer is finer. */
    return time_left(s) > 1 ? KS_TIMEOUT : KS_DEADLINE;
}

/* A test that steps a runtime calls from no process: one is made for the call. */
struct outside_call {
    ks_pid to;
    const ks_op *op;
    const void *request;
    void *ret_reply;
    ks_ms timeout;
    ks_status status;
};

static void run_outside_call(void *arg)
{
    struct outside_call *call = arg;
    call->status = ks_call_(call->to, call->op, call->request, call->ret_reply, call->timeout);
}

ks_status ks_call_(ks_pid to, const ks_op *op, const void *request, void *ret_reply, ks_ms timeout)
{
    KSI_ENTER(s);
    if (KSI_LIKELY(s && s->current)) {
        ks_status status = call_inside(s, to, op, request, ret_reply, timeout);
        if (KSI_UNLIKELY(status)) ksi_call_failed(s, to, op, timeout, status);
        return status;
    }
    if (!s || !s->runtime->outside) return KS_DENIED;
    struct outside_call call = { to, op, request, ret_reply, timeout, KS_DENIED };
    s->runtime->outside(s->runtime, run_outside_call, &call);
    return call.status;
}

static __attribute__((noinline)) ks_status send_by_alias(
    struct ksi_scheduler *s, ks_pid to, struct ksi_message *m)
{
    return ksi_send_to(s, to, m, KSI_WAITABLE);
}

static KSI_INLINE ks_status send(ks_pid to, const ks_op *op, const ks_type *type, const void *value)
{
    KSI_ENTER(s);
    if (KSI_UNLIKELY(!s)) return KS_DENIED;
    uint64_t id;
    struct ksi_process *target = ksi_resolve_id(s, to, &id);
    /* To nobody is no error; sockets in it are closed, like those that nobody takes. */
    if (KSI_UNLIKELY(!target && !type->owns)) return KS_OK;
    struct ksi_message *m = ksi_message_of(s, type, value);
    if (KSI_UNLIKELY(!m)) return KS_NOMEM;
    m->public.op = op;
    m->from = s->current ? ksi_process_id(s->current) : 0;
    KSI_PROBE3(send, m->from, id, op ? op->name : type->name);
    ks_status status = KSI_UNLIKELY(to.kind == KSI_PID_ALIAS)
        ? send_by_alias(s, to, m)
        : ksi_message_send_as(s, target, id, m, KSI_WAITABLE);
    return status == KS_NOPROC ? KS_OK : status;
}

ks_status ks_cast_(ks_pid to, const ks_op *op, const void *msg)
{
    return send(to, op, op->request, msg);
}

ks_status ks_send_(ks_pid to, const ks_type *type, const void *value)
{
    return send(to, NULL, type, value);
}

/* --- answering -------------------------------------------------------------------------------- */
static _Noreturn __attribute__((noinline)) void wrong_request(const ks_op *op)
{
    ks_exit(ks_error("took the from of '%s' while handling something else", op->name));
}

/* The request being handled, when it is of that operation; else the process ends. */
static inline struct ksi_message *current_request(struct ksi_scheduler *s, const ks_op *op)
{
    struct ksi_message *m = s && s->current ? s->current->current : NULL;
    if (KSI_UNLIKELY(!m || m->kind != KSI_MESSAGE || m->public.op != op || op->kind != KS_OP_CALL))
        wrong_request(op);
    return m;
}

ks_from ks_from_(const ks_op *op)
{
    KSI_INSIDE(s);
    struct ksi_message *m = current_request(s, op);
    m->flags |= KSI_TAKEN;
    ks_ref ref = { { m->serial, 0 } };
    if (m->flags & KSI_ASYNC) ref = (ks_ref){ { m->ref, m->from } };
    return (ks_from){
        .caller = ksi_pid(m->from), .ref = ref, .server = ksi_process_id(s->current), .request = m
    };
}

void ks_answer_(const ks_op *op, ks_status status, const void *reply)
{
    KSI_INSIDE(s);
    struct ksi_message *m = current_request(s, op);
    if (m->flags & (KSI_CANCELLED | KSI_ANSWERED)) return;
    (void)ksi_reply_send(s, m, status, op->reply, reply);
}

void ks_answer_at_end_(const ks_op *op, const void *reply)
{
    KSI_INSIDE(s);
    struct ksi_message *m = current_request(s, op);
    if (m->flags & (KSI_CANCELLED | KSI_ANSWERED)) return;
    struct ksi_cold *cold = ksi_cold(s, s->current);
    struct ksi_message *last = cold ? ksi_message_new(s, op->reply, reply) : NULL;
    if (!last) {
        ks_answer_(op, KS_NOMEM, NULL);
        return;
    }
    m->flags |= KSI_ANSWERED;
    last->from = m->from;
    last->serial = m->serial;
    last->ref = m->ref;
    last->flags |= m->flags & KSI_ASYNC;
    cold->last_reply = last;
}

/* Whether somebody waits for the answer to a from. */
static bool is_open(struct ksi_scheduler *s, ks_from from)
{
    struct ksi_process *caller = s ? ksi_process_of(s, from.caller.id) : NULL;
    if (!caller) return false;
    if (from.ref.id[1]) return ksi_request_is_open(s, from.ref.id[0]);
    /* relaxed: a look; who wants to answer claims it */
    return ksi_load_relaxed(&caller->call_serial) == from.ref.id[0];
}

/* Where the request of a from is now: as long as there was one scheduler it may have moved to a
 * smaller block. */
static struct ksi_message *place_of(struct ksi_scheduler *s, ks_from from)
{
    if (s->parallel && !ksi_is_home(s, ksi_slot_of(s, from.caller.id))) return from.request;
    if (!from.ref.id[1]) return ksi_process_of(s, from.caller.id)->request;
    return ksi_record_find(s, from.ref.id[0], KSI_RECORD_REQUEST)->request.message;
}

static bool answer(ks_from from, ks_status status, const ks_type *type, const void *reply)
{
    KSI_ENTER(s);
    if (!is_open(s, from)) return false;
    struct ksi_message *m = place_of(s, from);
    bool async = from.ref.id[1] != 0;
    struct ksi_message key = { .from = from.caller.id,
        .serial = async ? 0 : (uint32_t)from.ref.id[0],
        .flags = async ? KSI_TAKEN | KSI_ASYNC : KSI_TAKEN };
    if (async) key.ref = from.ref.id[0];
    bool delivered = ksi_reply_send(s, &key, status, type, reply);
    if (key.flags & KSI_ANSWERED) ksi_request_settle(s, from.server, m, from.caller.id);
    return delivered;
}

bool ks_reply_(ks_from from, const ks_op *op, const void *reply)
{
    return answer(from, KS_OK, op->reply, reply);
}

bool ks_fail_(ks_from from, ks_status status) { return answer(from, status, NULL, NULL); }

bool ks_waits_(ks_from from)
{
    KSI_ENTER(s);
    return is_open(s, from);
}

ks_pid ks_caller(void)
{
    KSI_INSIDE(s);
    const struct ksi_message *m = s && s->current ? s->current->current : NULL;
    return m && ksi_is_call(m) ? ksi_pid(m->from) : (ks_pid){ 0 };
}

/* A call without a deadline: the mark is where the deadline was. */
void ks_shield(void)
{
    KSI_INSIDE(s);
    struct ksi_message *m = s && s->current ? s->current->current : NULL;
    if (!m || !ksi_is_call(m) || (m->flags & KSI_ASYNC)) return;
    m->deadline = KS_INFINITY;
    m->flags &= (uint8_t)~KSI_RELATIVE; /* or the end of the slice would make a moment of it */
}

ks_ms ks_time_left(void)
{
    KSI_INSIDE(s);
    return s && s->current ? time_left(s) : KS_INFINITY;
}
