/* SPDX-License-Identifier: Apache-2.0 */
/* timer.c - ks_send_after and its kin. A timer belongs to the process that made it; the name it
 * sends to is looked up when it fires.
 *
 * It costs two blocks of 64 bytes: a record, which stands in the wheel itself, and the message that
 * will be sent. While that waits, two of its fields serve the timer, since what belongs there is
 * known from the record: `from` is node and kind of the receiver, `ref` the period (0: once). An
 * exit waits in the same way, as the body of a block of kind KSI_EXIT. Used by the owning scheduler
 * only. */
#include <kiosk/timer.h>

#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/mailbox.h"
#include "runtime/mark.h"
#include "runtime/signal.h"
#include "runtime/timer.h"
#include <string.h>

enum { CATCH_UP = 1 }; /* a flag of the record */

/* --- making one ------------------------------------------------------------------------------- */
static const ks_ref none;

static ks_ms in_range(ks_ms time) { return time < KS_INFINITY ? time : KS_INFINITY; }

static bool is_refused(ks_timer_kind kind, ks_ms time)
{
    switch (kind) {
    case KS_TIMER_AFTER: return time < 0;
    case KS_TIMER_AT: return false;
    default: return time < 1;
    }
}

/* Takes the message, also when it fails. */
static ks_ref start(struct ksi_scheduler *s, ks_timer_kind kind, ks_ms time, ks_pid to,
    struct ksi_message *take_message)
{
    struct ksi_record *record =
        take_message ? ksi_record_new(s, s->current, KSI_RECORD_TIMER) : NULL;
    if (!record) {
        if (take_message) ksi_message_free(s, take_message);
        return none;
    }
    take_message->from = (uint64_t)to.kind << 32 | to.node;
    take_message->ref = kind >= KS_TIMER_EVERY ? (uint64_t)in_range(time) : 0;
    if (kind == KS_TIMER_CATCH_UP) record->flags = CATCH_UP;
    ksi_store_relaxed(&record->timing.message, take_message);
    record->timing.to = to.id;
    record->timing.timer.next = record->timing.timer.previous = NULL;
    int64_t due = ksi_ticks(time); /* of ks_now(), which is never ahead of the wheel */
    if (kind != KS_TIMER_AT) due = ksi_due(ksi_fresh_ns(s), in_range(time));
    s->current->flags |= KSI_BOUND; /* its wheel is that of this scheduler */
    ksi_mark_new(s, s->current, ksi_record_handle(s, record));
    ksi_wheel_arm(&s->wheel, &record->timing.timer, due);
    return ksi_record_ref(s, record);
}

ks_ref ks_send_timer_(
    ks_timer_kind kind, ks_ms time, ks_pid to, const ks_type *type, const void *value)
{
    KSI_ENTER(s);
    if (!s || !s->current || is_refused(kind, time)) return none;
    return start(s, kind, time, to, ksi_message_new(s, type, value));
}

ks_ref ks_cast_timer_(ks_timer_kind kind, ks_ms time, ks_pid to, const ks_op *op, const void *msg)
{
    KSI_ENTER(s);
    if (!s || !s->current || is_refused(kind, time)) return none;
    struct ksi_message *m = ksi_message_new(s, op->request, msg);
    if (m) m->public.op = op;
    return start(s, kind, time, to, m);
}

ks_ref ks_exit_after(ks_ms after, ks_pid pid, ks_reason reason)
{
    KSI_ENTER(s);
    if (!s || !s->current || is_refused(KS_TIMER_AFTER, after)) return none;
    uint8_t size_class;
    size_t text = reason.text ? strlen(reason.text) + 1 : 0;
    struct ksi_message *m =
        ksi_pool_get(&s->pool, sizeof *m + sizeof(struct ksi_signal) + text, &size_class);
    if (!m) return none;
    *m = (struct ksi_message){ .kind = KSI_EXIT, .size_class = size_class };
    struct ksi_signal *signal = (struct ksi_signal *)m->body;
    *signal = (struct ksi_signal){
        .kind = KSI_EXIT, .from = ksi_process_id(s->current), .reason = reason
    };
    if (text) signal->reason.text = memcpy(signal + 1, reason.text, text);
    return start(s, KS_TIMER_AFTER, after, pid, m);
}

/* --- its time has come ------------------------------------------------------------------------ */
/* What was missed is skipped, or due at once: the rhythm stays. */
static void next_period(struct ksi_scheduler *s, struct ksi_record *record, int64_t period)
{
    int64_t due = record->timing.timer.due + period, now = s->now_ns / KSI_TICK_NS;
    if (due <= now && !(record->flags & CATCH_UP)) due += (now - due + period) / period * period;
    ksi_wheel_arm(&s->wheel, &record->timing.timer, due);
}

static struct ksi_message *copy_of(struct ksi_scheduler *s, const struct ksi_message *m)
{
    struct ksi_message *copy = ksi_message_new(s, m->public.type, m->public.body);
    if (copy) copy->public.op = m->public.op;
    return copy;
}

/* own: one that a process waits for, since it sent it to itself; it is never refused. */
static void deliver(struct ksi_scheduler *s, ks_pid to, struct ksi_message *m, bool own)
{
    if (m->kind != KSI_EXIT) {
        m->serial = s->stamp;
        (void)ksi_send_to(s, to, m, own ? KSI_ALWAYS : KSI_REFUSABLE);
        return;
    }
    struct ksi_process *target = ksi_resolve(s, to);
    struct ksi_signal *signal = (struct ksi_signal *)m->body;
    if (target) {
        signal->to = ksi_process_id(target);
        ksi_signal_send(s, signal);
    }
    ksi_message_free(s, m);
}

/* A name may be held by somebody again, the others are gone for good. */
void ksi_timing_due(struct ksi_scheduler *s, struct ksi_timer *timer)
{
    struct ksi_record *record = KSI_CONTAINER_OF(timer, struct ksi_record, timing.timer);
    if (ksi_load_relaxed(&record->kind) == KSI_RECORD_TIMEOUT) {
        ksi_timeout_due(s, record);
        return;
    }
    struct ksi_message *m = ksi_load_relaxed(&record->timing.message);
    uint64_t owner = ksi_record_owner(record), handle = ksi_record_handle(s, record);
    ks_pid to = { record->timing.to, (uint32_t)m->from, (uint32_t)(m->from >> 32) };
    struct ksi_process *target = ksi_resolve(s, to);
    bool own = !m->ref && target == ksi_process_of(s, owner);
    if (m->ref && (target || ksi_is_name(to))) {
        next_period(s, record, ksi_ticks((ks_ms)m->ref));
        m = copy_of(s, m);
        if (!m) return; /* this beat is lost, as a late one is */
    } else {
        ksi_record_remove(s, ksi_process_of(s, owner), record);
        ksi_record_free(s, record);
    }
    m->from = owner;
    m->ref = handle;
    deliver(s, to, m, own);
}

/* --- cancelling, reading ---------------------------------------------------------------------- */
void ksi_timing_end(struct ksi_scheduler *s, struct ksi_record *record)
{
    ksi_wheel_cancel(&s->wheel, &record->timing.timer);
    ksi_message_free(s, ksi_load_relaxed(&record->timing.message));
}

static struct ksi_record *mine(struct ksi_scheduler *s, ks_ref timer)
{
    if (!s || !s->current) return NULL;
    struct ksi_record *record = ksi_record_find(s, timer.id[0], KSI_RECORD_TIMER);
    return record && ksi_record_owner(record) == ksi_process_id(s->current) ? record : NULL;
}

bool ks_cancel(ks_ref timer)
{
    KSI_ENTER(s);
    struct ksi_record *record = mine(s, timer);
    if (!record) return false;
    ksi_timing_end(s, record);
    ksi_record_remove(s, s->current, record);
    ksi_record_free(s, record);
    return true;
}

ks_ms ks_timer_left(ks_ref timer)
{
    KSI_ENTER(s);
    struct ksi_record *record = mine(s, timer);
    if (!record) return 0;
    return ksi_ms_until(record->timing.timer.due, ksi_fresh_ns(s));
}
