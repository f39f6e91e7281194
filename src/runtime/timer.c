/* SPDX-License-Identifier: Apache-2.0 */
/* timer.c - ks_send_after and its kin. A timer belongs to the process that made it; the name it
 * sends to is looked up when it fires. Used by the owning scheduler only. */
#include <kiosk/timer.h>

#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include "runtime/timer.h"

struct ksi_sending *ksi_sending_new(
    struct ksi_scheduler *s, ks_pid to, const ks_type *type, const void *value)
{
    uint8_t size_class;
    struct ksi_sending *sending = ksi_pool_get(&s->pool, sizeof *sending, &size_class);
    if (!sending) return NULL;
    *sending = (struct ksi_sending){ .to = to, .size_class = size_class };
    sending->message = ksi_message_new(s, type, value);
    if (sending->message) return sending;
    ksi_sending_end(s, sending);
    return NULL;
}

static ks_ref start(
    ks_ms after, ks_ms period, ks_pid to, const ks_op *op, const ks_type *type, const void *value)
{
    struct ksi_scheduler *s = ksi_enter();
    ks_ref none = { { 0, 0 } };
    if (!s || !s->current) return none;
    struct ksi_sending *sending = ksi_sending_new(s, to, type, value);
    if (!sending) return none;
    sending->period = period > 0 ? period : 0;
    struct ksi_record *record = ksi_record_new(s, s->current, KSI_RECORD_TIMER);
    if (!record) {
        ksi_sending_end(s, sending);
        return none;
    }
    record->timer.sending = sending;
    sending->record = ksi_record_index(s, record);
    sending->message->public.op = op;
    sending->message->from = ksi_process_id(s->current);
    sending->message->ref = ksi_record_handle(s, record);
    ksi_mark_new(s, s->current, sending->message->ref);
    ksi_wheel_arm(&s->wheel, &sending->timer, ksi_due(ksi_fresh_ns(s), after));
    return ksi_record_ref(s, record);
}

ks_ref ks_send_after_(ks_ms after, ks_ms period, ks_pid to, const ks_type *type, const void *value)
{
    return start(after, period, to, NULL, type, value);
}

ks_ref ks_cast_after_(ks_ms after, ks_ms period, ks_pid to, const ks_op *op, const void *msg)
{
    return start(after, period, to, op, op->request, msg);
}

void ksi_sending_end(struct ksi_scheduler *s, struct ksi_sending *sending)
{
    ksi_wheel_cancel(&s->wheel, &sending->timer);
    if (sending->message) ksi_message_free(s, sending->message);
    ksi_pool_give(&s->pool, sending, sending->size_class);
}

static struct ksi_message *copy_of(struct ksi_scheduler *s, const struct ksi_message *m)
{
    struct ksi_message *copy = ksi_message_new(s, m->public.type, m->public.body);
    if (!copy) return NULL;
    copy->public.op = m->public.op;
    copy->from = m->from;
    copy->ref = m->ref;
    return copy;
}

/* At start + n periods: what could not be sent in time is skipped, so the rhythm stays. */
static void next_period(struct ksi_scheduler *s, struct ksi_sending *sending)
{
    int64_t due = sending->timer.due + sending->period, now = s->now_ns / 1000000;
    if (due <= now) due += (now - due + sending->period) / sending->period * sending->period;
    ksi_wheel_arm(&s->wheel, &sending->timer, due);
}

void ksi_sending_due(struct ksi_scheduler *s, struct ksi_timer *timer)
{
    struct ksi_sending *sending = KSI_CONTAINER_OF(timer, struct ksi_sending, timer);
    struct ksi_record *record = ksi_record_at(s, sending->record);
    if (record->kind == KSI_RECORD_TIMEOUT) {
        ksi_timeout_due(s, record);
        return;
    }
    struct ksi_message *m = sending->message;
    if (sending->period) {
        m = copy_of(s, m); /* out of memory: this beat is lost, as a late one is */
        next_period(s, sending);
    } else {
        sending->message = NULL;
    }
    struct ksi_process *owner = ksi_process_of(s, record->owner);
    /* One that it sent to itself it waits for: never refused. */
    bool own = !sending->period && ksi_resolve(s, sending->to) == owner;
    if (m) {
        m->serial = s->stamp;
        (void)ksi_send_to(s, sending->to, m, own ? KSI_ALWAYS : KSI_REFUSABLE);
    }
    if (sending->period) return;
    ksi_record_remove(s, owner, record);
    ksi_record_free(s, record);
    ksi_sending_end(s, sending);
}

static struct ksi_record *mine(struct ksi_scheduler *s, ks_ref timer)
{
    if (!s || !s->current) return NULL;
    struct ksi_record *record = ksi_record_find(s, timer.id[0], KSI_RECORD_TIMER);
    return record && record->owner == ksi_process_id(s->current) ? record : NULL;
}

bool ks_cancel(ks_ref timer)
{
    struct ksi_scheduler *s = ksi_enter();
    struct ksi_record *record = mine(s, timer);
    if (!record) return false;
    ksi_sending_end(s, record->timer.sending);
    ksi_record_remove(s, s->current, record);
    ksi_record_free(s, record);
    return true;
}

ks_ms ks_timer_left(ks_ref timer)
{
    struct ksi_scheduler *s = ksi_enter();
    struct ksi_record *record = mine(s, timer);
    if (!record) return 0;
    int64_t left = record->timer.sending->timer.due - ksi_fresh_ns(s) / 1000000;
    return left > 0 ? left : 0;
}
