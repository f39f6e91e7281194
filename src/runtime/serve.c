/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - what a process without a stack does when it is its turn.
 *
 *     on_start -> [on_continue] -> wait -> on_message / on_exit / on_system / on_timeout -> ...
 *                                                  stop -> on_terminate -> death
 *
 * One handler is one turn: what it received, formatted and was replied is given back after it. A
 * pending on_continue runs before any message. Runs on a stack of the loop, or, after a handler
 * blocked, on the stack that the process kept. Used by the owning scheduler only. */
#include <kiosk/log.h>

#include "base/base.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include "runtime/start.h"
#include "runtime/timer.h"
#include <string.h>

#ifdef KSI_MEAN
enum { MESSAGES_A_TURN = 1 };
#else
enum { MESSAGES_A_TURN = 64 };
#endif
enum { LONG_NS = KSI_SLICE_NS / MESSAGES_A_TURN / 8 };
enum { NS_PER_MS = 1000000 };

/* --- turns ------------------------------------------------------------------------------------ */
void *ksi_turn_alloc(struct ksi_scheduler *s, struct ksi_process *p, size_t size)
{
    uint8_t size_class;
    struct ksi_block *block = NULL;
    if (ksi_memory_allows(p, size))
        block = ksi_pool_get(&s->pool, sizeof *block + size, &size_class);
    if (!block) return NULL;
    ksi_add_owned(&p->memory_used, size);
    block->size = (uint32_t)size;
    block->next = p->turn;
    block->size_class = size_class;
    block->defers = block->is_failure = false;
    p->turn = block;
    return block + 1;
}

/* The newest that was not run; what it does may change the list, so it is looked for from the
 * start. */
static struct ksi_block *next_deferred(struct ksi_process *p)
{
    struct ksi_block *block = p->turn;
    while (block && !block->defers) block = block->next;
    return block;
}

static void run_deferred(struct ksi_process *p)
{
    struct ksi_block *block;
    while ((block = next_deferred(p))) { /* ends when functions stop deferring others */
        block->defers = false;           /* before it runs: it may end the process, or the turn */
        struct ksi_defer defer = *(struct ksi_defer *)(void *)(block + 1);
        ksi_go_out();
        defer.fn(defer.arg);
        ksi_come_in();
    }
}

void ksi_turn_end_slow(struct ksi_scheduler *s, struct ksi_process *p)
{
    run_deferred(p);
    while (p->turn) {
        struct ksi_block *block = p->turn;
        p->turn = block->next;
        ksi_add_owned(&p->memory_used, -(uint64_t)block->size);
        ksi_pool_give(&s->pool, block, block->size_class);
    }
    while (p->received) {
        struct ksi_message *m = p->received;
        p->received = m->next;
        if (m->flags & KSI_COUNTED) ksi_add_owned(&p->memory_used, -(uint64_t)m->serial);
        ksi_message_free(s, m);
    }
}

void ks_end_turn(void)
{
    KSI_ENTER(s);
    if (s && s->current) ksi_turn_end(s, s->current);
}

void ks_defer(void (*fn)(void *arg), void *arg)
{
    KSI_INSIDE(s);
    if (!s || !s->current) return;
    struct ksi_defer *defer = ksi_turn_alloc(s, s->current, sizeof *defer);
    if (!defer) { /* now is the only time that is left */
        ksi_go_out();
        fn(arg);
        ksi_come_in();
        ks_exit(ksi_because(KS_NOMEM));
    }
    *defer = (struct ksi_defer){ fn, arg };
    s->current->turn->defers = true;
}

/* --- the idle time-out ------------------------------------------------------------------------ */
/* What ends when there is something to do. */
enum {
    NO_MORE_IDLE = KSI_IDLE_TIMEOUT | KSI_TIMED_OUT | KSI_REST_TIMER | KSI_HIBERNATES | KSI_ASLEEP
};

static inline void stop_idle_timer(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (KSI_LIKELY(!(p->flags & NO_MORE_IDLE))) return;
    ksi_cancel_timer(s, p);
    p->flags &= ~(uint32_t)NO_MORE_IDLE;
}

static void start_idle_timer(struct ksi_scheduler *s, struct ksi_process *p, ks_ms after)
{
    p->flags |= KSI_IDLE_TIMEOUT;
    ksi_start_timer(s, p, after);
    if (after > 0) return;
    ksi_cancel_timer(s, p); /* zero: at once, unless something is queued */
    p->flags |= KSI_TIMED_OUT;
    ksi_ready(s, p);
}

/* --- verdicts --------------------------------------------------------------------------------- */
void ksi_start_fail(struct ksi_scheduler *s, struct ksi_process *p, ks_status status)
{
    struct ksi_cold *cold = ksi_cold(s, p);
    if (cold) cold->start_status = status;
    p->flags &= ~(uint32_t)KSI_OWN_END; /* {error, R} from init: no crash report */
    ksi_condemn(s, p, KS_NORMAL);
}

static void terminate(struct ksi_process *p, ks_reason why)
{
    const ks_module *module = p->module;
    if (!module->behaviour->on_terminate || (p->flags & KSI_TERMINATING)) return;
    p->flags |= KSI_TERMINATING;
    ksi_go_out();
    module->behaviour->on_terminate(module, p->state, why);
    ksi_come_in();
}

/* What ks_stop put into the verdict; the text stays until the process has ended. */
static ks_reason reason_of(const struct ksi_process *p, ks_next next)
{
    ks_reason reason = { .kind = KS_REASON_NORMAL, .code = (int32_t)next.after };
    if (next.then > 0) reason.kind = (ks_reason_kind)(next.then - 1);
    if (next.argument & KS_STOP_HAS_TEXT) reason.text = ksi_block_text(p->cold->stop_texts);
    return reason;
}

/* on_terminate may block, and may end the process in another way. */
static void stop(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason)
{
    if (!(p->flags & KSI_STARTING)) terminate(p, reason);
    if (p->flags & KSI_EXITING) return;
    p->flags |= KSI_OWN_END; /* not before: who is killed in there has nothing to report */
    ksi_condemn(s, p, reason);
}

/* The server ran out of the caller's time: to the caller, whose own timer may not have fired yet,
 * that is his time-out. The last millisecond counts, as in call.c. */
static ks_status as_caller_sees(struct ksi_scheduler *s, ks_status status)
{
    return status == KS_DEADLINE && ksi_time_left(s) <= 1 ? KS_TIMEOUT : status;
}

static void fail(struct ksi_scheduler *s, struct ksi_process *p, ks_status status)
{
    if (p->flags & KSI_STARTING)
        ksi_start_fail(s, p, status);
    else if (p->current && ksi_is_call(p->current))
        ksi_request_fail(s, p->current, as_caller_sees(s, status)); /* the server lives */
    else
        stop(s, p, ks_because(status));
}

/* What seldom follows a handler. True: the process lives, and its time-out or continue counts. */
static __attribute__((noinline)) bool seldom(
    struct ksi_scheduler *s, struct ksi_process *p, ks_next next)
{
    switch (ks_verdict(next)) {
    case KS_NEXT_STOP: stop(s, p, reason_of(p, next)); break;
    case KS_NEXT_IGNORE: ksi_start_fail(s, p, KS_IGNORE); break;
    case KS_NEXT_FAIL: fail(s, p, next.argument); break;
    default: break;
    }
    if (p->flags & KSI_EXITING) return false;
    if ((next.verdict & KS_NEXT_HIBERNATES) && !next.then) p->flags |= KSI_HIBERNATES;
    return true;
}

static inline void go_on(struct ksi_scheduler *s, struct ksi_process *p, ks_next next)
{
    if (KSI_UNLIKELY(next.verdict >= KS_NEXT_FAIL) && !seldom(s, p, next)) return;
    if (KSI_UNLIKELY(next.then != 0))
        p->next_what = next.then; /* its verdict says what then */
    else if (KSI_UNLIKELY(next.after < KS_INFINITY))
        start_idle_timer(s, p, next.after);
}

void ksi_go_on(struct ksi_scheduler *s, struct ksi_process *p, ks_next next) { go_on(s, p, next); }

/* The text is kept until the process has ended: on_terminate may end the turn, and stop again. */
static bool keep_text(struct ksi_scheduler *s, struct ksi_process *p, const char *text)
{
    struct ksi_cold *cold = ksi_cold(s, p);
    struct ksi_block *block = cold ? ksi_reason_text_new(s, text) : NULL;
    if (!block) return false;
    block->next = cold->stop_texts;
    cold->stop_texts = block;
    return true;
}

ks_next ks_stop(ks_reason reason)
{
    KSI_INSIDE(s);
    bool has_text = reason.text && s && s->current && keep_text(s, s->current, reason.text);
    ks_next next = ks_next_of(KS_NEXT_STOP, has_text ? KS_STOP_HAS_TEXT : 0);
    next.then = (uint16_t)(reason.kind + 1);
    next.after = reason.code;
    return next;
}

ks_next ks_reply_stop(ks_reason reason)
{
    ks_next next = ks_stop(reason);
    next.argument |= KS_STOP_REPLIES;
    return next;
}

ks_next ks_undefined_(const ks_module *module, const char *callback)
{
    ks_reason undefined = ksi_because(KS_UNDEF);
    undefined.text = ks_format("%s has no %s", module->name, callback);
    return ks_stop(undefined);
}

ks_next ks_unexpected_(const ks_module *module, const ks_msg *msg)
{
    char body[128] = "";
    const ks_op *op = msg->op;
    if (msg->type && msg->body) ks_print_(msg->type, msg->body, body, sizeof body);
    ks_log_warning("%s got an unexpected %s%s%s %s", module->name, op ? "cast " : "message",
        op ? op->name : "", op ? "" : ":", body);
    return ks_noreply();
}

/* --- messages --------------------------------------------------------------------------------- */
static inline const char *what_of(const struct ksi_message *m)
{
    if (m->public.op) return m->public.op->name;
    return m->public.type ? m->public.type->name : NULL;
}

/* After a handler that left its request unanswered: it is answered later, or it was a mistake. */
static __attribute__((noinline)) void unanswered(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    if (m->flags & KSI_TAKEN) {
        ksi_defer_request(s, p, m);
        return;
    }
    /* Before the caller hears of it, who may be on another thread. */
    ks_log_error("'%s' returned ks_noreply() from the call '%s' without taking its from: it can "
                 "never be answered",
        p->module->name, m->public.op->name);
    ksi_request_fail(s, m, KS_CANCELLED);
    ksi_request_done(s, m);
}

/* After a handler: what it was given goes back. */
static inline void handled(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ksi_turn_end(s, p);
    p->current = NULL;
    if (KSI_UNLIKELY(ksi_is_request(m)))
        unanswered(s, p, m);
    else
        ksi_message_free(s, m);
}

static ks_next drop(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    if (ksi_is_request(m))
        ksi_request_fail(s, m, KS_UNDEF);
    else
        return ks_unexpected_(p->module, &m->public);
    return ks_noreply();
}

static inline ks_next on_message(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    const ks_module *module = p->module;
    if (KSI_UNLIKELY(!module->behaviour->on_message)) return drop(s, p, m);
    ksi_go_out();
    ks_next next = module->behaviour->on_message(module, p->state, &m->public);
    ksi_come_in();
    return next;
}

static ks_next on_trapped(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    const ks_behaviour *behaviour = p->module->behaviour;
    const ks_exited *exited = m->public.body;
    bool parent = exited->pid.id == p->parent;
    if (!behaviour->on_exit) return parent ? ks_stop(exited->reason) : on_message(s, p, m);
    ksi_go_out();
    ks_next next = behaviour->on_exit(p->module, p->state, exited, parent);
    ksi_come_in();
    return next;
}

static ks_next on_stop(struct ksi_process *p, struct ksi_message *m)
{
    const ks_behaviour *behaviour = p->module->behaviour;
    ks_reason reason = *(const ks_reason *)m->public.body;
    if (!behaviour->on_system) return ks_stop(reason);
    ksi_go_out();
    ks_next next = behaviour->on_system(p->module, p->state, reason);
    ksi_come_in();
    return next;
}

static void on_status(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    enum { STATUS_BYTES = 4096 };
    char *text = p->module->format_status ? ksi_turn_alloc(s, p, STATUS_BYTES) : NULL;
    if (!text) {
        ksi_request_fail(s, m, p->module->format_status ? KS_NOMEM : KS_UNDEF);
        return;
    }
    text[0] = 0;
    p->flags |= KSI_FORMATTING | KSI_IN_HOOK; /* it may neither block nor end us: see ks_exit */
    ksi_go_out();
    p->module->format_status(p->state, text, STATUS_BYTES);
    ksi_come_in();
    p->flags &= ~(uint32_t)(KSI_FORMATTING | KSI_IN_HOOK);
    ks_text value = { text, strnlen(text, STATUS_BYTES) };
    ksi_reply_send(s, m, KS_OK, &ks_text_type, &value);
}

static ks_next on_named_timeout(
    struct ksi_scheduler *s, struct ksi_process *p, const struct ksi_message *m)
{
    int name = ksi_timeout_take(s, p, m);
    ksi_go_out();
    ks_next next = p->module->behaviour->on_named_timeout(p->module, p->state, name);
    ksi_come_in();
    ksi_timeout_handled(s, p, m);
    return next;
}

static ks_next by_kind(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    switch (m->kind) {
    case KSI_TRAPPED: return on_trapped(s, p, m);
    case KSI_STOP: return on_stop(p, m);
    case KSI_TIMEOUT: return on_named_timeout(s, p, m);
    case KSI_STATUS:
        on_status(s, p, m);
        if (p->flags & KSI_IDLE_TIMEOUT) start_idle_timer(s, p, p->timer_ms); /* in full */
        return ks_noreply();
    default: return on_message(s, p, m);
    }
}

/* The request came too late, or nobody waits for it: the handler never sees it. */
static inline bool expired(struct ksi_scheduler *s, struct ksi_message *m)
{
    if (m->flags & KSI_CANCELLED) return true;
    if (!m->public.op || m->public.op->kind != KS_OP_CALL) return false;
    if (m->flags & (KSI_RELATIVE | KSI_ASYNC)) return false;
    return m->kind == KSI_MESSAGE && m->deadline <= s->now_ns / NS_PER_MS;
}

static KSI_INLINE void handle(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    if (KSI_UNLIKELY(expired(s, m))) {
        ksi_request_fail(s, m, KS_TIMEOUT); /* its caller's own timer may not have fired yet */
        ksi_request_done(s, m);
        return;
    }
    ksi_record_event(&s->recorder, ksi_process_id(p), m->from, what_of(m), m->kind);
    if (KSI_UNLIKELY(m->kind == KSI_STATUS)) { /* by_kind starts it again, also when it has fired */
        ksi_cancel_timer(s, p);
        p->flags &= ~(uint32_t)(KSI_TIMED_OUT | KSI_REST_TIMER);
    } else {
        stop_idle_timer(s, p);
    }
    ksi_message_arrive(s, p, m);
    p->current = m;
    ks_next next = KSI_LIKELY(m->kind == KSI_MESSAGE) ? on_message(s, p, m) : by_kind(s, p, m);
    go_on(s, p, next);
    if (KSI_LIKELY(!(p->flags & KSI_EXITING))) handled(s, p, m); /* else its report shows it */
}

static void handle_start(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_message *m = ksi_mailbox_take(p, &p->mailbox);
    KSI_ASSERT(m->kind == KSI_START);
    ksi_message_arrive(s, p, m);
    p->current = m;
    const ks_module *module = p->module;
    ks_next next = ks_ok();
    ksi_go_out();
    if (module->behaviour->on_start)
        next = module->behaviour->on_start(module, p->state, m->public.body);
    ksi_come_in();
    if (ks_verdict(next) < KS_NEXT_FAIL) ksi_started(s, p);
    go_on(s, p, next);
    ksi_turn_end(s, p);
}

static void handle_other(struct ksi_scheduler *s, struct ksi_process *p)
{
    const ks_behaviour *behaviour = p->module->behaviour;
    ks_next next = ks_noreply();
    if (p->next_what) {
        int what = p->next_what;
        p->next_what = 0;
        ksi_go_out();
        if (behaviour->on_continue) next = behaviour->on_continue(p->module, p->state, what);
        ksi_come_in();
    } else if (p->flags & KSI_REST_TIMER) { /* hibernate_after is over */
        p->flags &= ~(uint32_t)(KSI_TIMED_OUT | KSI_REST_TIMER);
        p->flags |= KSI_HIBERNATES;
        return;
    } else {
        p->flags &= ~(uint32_t)NO_MORE_IDLE;
        ksi_go_out();
        if (behaviour->on_timeout) next = behaviour->on_timeout(p->module, p->state);
        ksi_come_in();
    }
    go_on(s, p, next);
    ksi_turn_end(s, p);
}

/* Nothing is queued. False: nothing is to be done either. */
static __attribute__((noinline)) bool handle_nothing(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (p->flags & KSI_TIMED_OUT)
        handle_other(s, p);
    else if (!(p->flags & KSI_ASLEEP))
        ksi_fall_asleep(s, p);
    else
        return false;
    return true;
}

/* At the end of its slice: it waits, perhaps for a while only. */
static __attribute__((noinline)) void rest(struct ksi_scheduler *s, struct ksi_process *p)
{
    bool asleep = (p->flags & (KSI_HIBERNATES | KSI_ASLEEP)) == (KSI_HIBERNATES | KSI_ASLEEP);
    if (p->flags & KSI_WAKES) {
        if (p->mailbox) ksi_ready(s, p);
    } else if (p->mailbox || p->next_what || (p->flags & KSI_TIMED_OUT)) {
        ksi_ready(s, p);
    } else if (asleep) {
        ksi_trim(s, p);
    } else if (p->flags & KSI_HIBERNATES) {
        ksi_ready(s, p);
    } else if (!(p->flags & (KSI_IDLE_TIMEOUT | KSI_REST_TIMER))) {
        p->flags |= KSI_REST_TIMER;
        ksi_start_timer(s, p, *p->module->hibernate_after);
    }
}

/* What is no message: a start, a plain process that a message wakes. False: it sleeps on. */
static __attribute__((noinline)) bool handle_first(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (p->flags & KSI_STARTING)
        handle_start(s, p);
    else if (!p->mailbox)
        return false;
    else
        ksi_wake_up(s, p);
    return true;
}

/* After a turn of more than one: they make the slice shorter, too, when they take their time. */
static inline void count_messages(struct ksi_scheduler *s, int more)
{
    s->slice_messages += (uint32_t)more;
    s->rounds_left -= s->turn_ns < LONG_NS ? more / 8 : more;
}

void ksi_serve(struct ksi_scheduler *s, struct ksi_process *p)
{
    enum { RESTLESS = KSI_TIMED_OUT | KSI_HIBERNATES | KSI_RESTS | KSI_WAKES };
    int n = 0;
    for (; n < MESSAGES_A_TURN; n++) {
        if (KSI_UNLIKELY(p->flags & (KSI_STARTING | KSI_WAKES))) {
            if (!handle_first(s, p)) break;
        } else if (KSI_UNLIKELY(p->next_what)) {
            handle_other(s, p);
        } else if (p->mailbox) {
            handle(s, p, ksi_mailbox_take(p, &p->mailbox));
        } else if (KSI_LIKELY(!(p->flags & (KSI_TIMED_OUT | KSI_HIBERNATES)))) {
            break;
        } else if (!handle_nothing(s, p)) {
            break;
        }
        if (KSI_UNLIKELY(s->flush != NULL)) s->flush(s);
        if (KSI_UNLIKELY(p->flags & KSI_EXITING)) {
            ksi_die(s, p);
            return;
        }
        if (s->next) break;
        if (KSI_UNLIKELY(ksi_load_relaxed(&s->hurry))) { /* a hint */
            ksi_store_relaxed(&s->hurry, false);
            break;
        }
    }
    if (n > 1) count_messages(s, n - 1);
    if (p->mailbox || p->next_what || (p->flags & RESTLESS)) rest(s, p);
}
