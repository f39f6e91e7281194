/* SPDX-License-Identifier: Apache-2.0 */
/* timeout.c - named time-outs: a server's own timers, known by a number.
 *
 * Each has a record, in a list that begins in the cold part, from when it is set until its handler
 * is called. When its time is over its message goes into the mailbox, and the record points at it:
 * whoever cancels then marks the message, which is dropped when its turn comes. One that repeats
 * keeps its record, without a message, while its handler runs. Called from inside a process, but
 * for what timer.h says. */
#include "base/base.h"
#include "runtime/signal.h"
#include "runtime/timer.h"
#include <kiosk/behaviour.h>

static const ks_field timeout_fields[] = {
    { .name = "name", .width = sizeof(int32_t), .count = 1, .kind = KS_KIND_I32 },
};
static const ks_type timeout_type = { .name = "timeout",
    .fields = timeout_fields,
    .size = sizeof(int32_t),
    .field_count = 1,
    .flat = true };

/* Of one that repeats: the message says with what period. */
struct repeated {
    int32_t name; /* first, as in the others */
    int64_t period;
};
static const ks_field repeated_fields[] = {
    { .name = "name", .width = sizeof(int32_t), .count = 1, .kind = KS_KIND_I32 },
    { .name = "period",
        .offset = offsetof(struct repeated, period),
        .width = sizeof(int64_t),
        .count = 1,
        .kind = KS_KIND_I64 },
};
static const ks_type repeated_type = { .name = "timeout",
    .fields = repeated_fields,
    .size = sizeof(struct repeated),
    .field_count = 2,
    .flat = true };

/* What points at the record of that name: 0 when there is none. */
static uint32_t *find(struct ksi_scheduler *s, struct ksi_process *p, int name)
{
    static uint32_t none;
    uint32_t *link = p->cold ? &p->cold->timeouts : &none;
    while (*link && ksi_record_at(s, *link)->timeout.name != name)
        link = &ksi_record_at(s, *link)->timeout.next;
    return link;
}

void ksi_timeout_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record)
{
    struct ksi_message *m = ksi_load_relaxed(&record->timeout.message);
    *find(s, p, record->timeout.name) = record->timeout.next;
    if (ksi_timer_armed(&record->timeout.timer)) {
        ksi_wheel_cancel(&s->wheel, &record->timeout.timer);
        ksi_message_free(s, m);
    } else if (m) {
        m->flags |= KSI_CANCELLED;
    }
    ksi_record_remove(s, p, record);
    ksi_record_free(s, record);
}

void ksi_timeout_due(struct ksi_scheduler *s, struct ksi_record *record)
{
    struct ksi_process *owner = ksi_process_of(s, ksi_record_owner(record));
    KSI_ASSERT(owner); /* its records end with it */
    struct ksi_message *m = ksi_load_relaxed(&record->timeout.message);
    (void)ksi_message_send(s, owner, ksi_process_id(owner), m);
}

int ksi_timeout_take(struct ksi_scheduler *s, struct ksi_process *p, const struct ksi_message *m)
{
    struct ksi_record *record = ksi_record_find(s, m->ref, KSI_RECORD_TIMEOUT);
    KSI_ASSERT(record); /* else the message is cancelled */
    int name = record->timeout.name;
    if (m->public.type == &repeated_type) {
        ksi_store_relaxed(&record->timeout.message, NULL);
        return name;
    }
    *find(s, p, name) = record->timeout.next;
    ksi_record_remove(s, p, record);
    ksi_record_free(s, record);
    return name;
}

/* period 0: once. NULL: out of memory. */
static struct ksi_message *message_new(
    struct ksi_scheduler *s, struct ksi_process *p, int name, int64_t period)
{
    const struct repeated value = { name, period };
    const ks_type *type = period ? &repeated_type : &timeout_type;
    struct ksi_message *m = ksi_message_new(s, type, &value);
    if (!m) return NULL;
    m->kind = KSI_TIMEOUT;
    m->from = ksi_process_id(p);
    return m;
}

/* NULL: out of memory. */
static struct ksi_record *record_new(
    struct ksi_scheduler *s, struct ksi_process *p, int name, int64_t period)
{
    struct ksi_cold *cold = ksi_cold(s, p);
    struct ksi_message *m = cold ? message_new(s, p, name, period) : NULL;
    struct ksi_record *record = m ? ksi_record_new(s, p, KSI_RECORD_TIMEOUT) : NULL;
    if (!record) {
        if (m) ksi_message_free(s, m);
        return NULL;
    }
    m->ref = ksi_record_handle(s, record);
    record->timeout.timer.next = record->timeout.timer.previous = NULL;
    ksi_store_relaxed(&record->timeout.message, m);
    record->timeout.name = name;
    record->timeout.next = cold->timeouts;
    cold->timeouts = ksi_record_index(s, record);
    return record;
}

static void arm(struct ksi_scheduler *s, struct ksi_record *record, int64_t due)
{
    if (due <= ksi_fresh_ns(s) / KSI_TICK_NS)
        ksi_timeout_due(s, record);
    else
        ksi_wheel_arm(&s->wheel, &record->timeout.timer, due);
}

/* The rhythm stays, what was missed is skipped. Without a record it was cancelled meanwhile. */
void ksi_timeout_handled(
    struct ksi_scheduler *s, struct ksi_process *p, const struct ksi_message *m)
{
    if (m->public.type != &repeated_type || (p->flags & KSI_EXITING)) return;
    struct ksi_record *record = ksi_record_find(s, m->ref, KSI_RECORD_TIMEOUT);
    if (!record) return;
    int64_t period = ((const struct repeated *)m->public.body)->period, ticks = ksi_ticks(period);
    struct ksi_message *next = message_new(s, p, record->timeout.name, period);
    if (!next) ks_exit(ksi_because(KS_NOMEM));
    next->ref = m->ref;
    ksi_store_relaxed(&record->timeout.message, next);
    KSI_ASSERT(ticks > 0);
    int64_t due = record->timeout.timer.due + ticks, now = ksi_fresh_ns(s) / KSI_TICK_NS;
    if (due <= now) due += (now - due + ticks) / ticks * ticks;
    arm(s, record, due);
}

/* INT64_MAX: never. period 0: once. */
static void set(struct ksi_scheduler *s, int name, int64_t due, int64_t period)
{
    struct ksi_process *self = s ? s->current : NULL;
    if (!self || (self->flags & KSI_IN_HOOK)) return;
    if (!self->module->behaviour->on_named_timeout) {
        ks_reason undefined = ksi_because(KS_UNDEF);
        undefined.text = "ks_set_timeout where nothing handles it";
        ks_exit(undefined);
    }
    self->flags |= KSI_BOUND; /* its wheel is that of this scheduler */
    uint32_t old = *find(s, self, name);
    if (old) ksi_timeout_end(s, self, ksi_record_at(s, old));
    if (due == INT64_MAX) return;
    struct ksi_record *record = record_new(s, self, name, period);
    if (!record) ks_exit(ksi_because(KS_NOMEM));
    arm(s, record, due);
}

void ks_set_timeout(int name, ks_ms after)
{
    KSI_ENTER(s);
    int64_t due = after > 0 ? INT64_MAX : 0;
    if (s && after > 0 && after < KS_INFINITY) due = ksi_due(ksi_fresh_ns(s), after);
    set(s, name, due, 0);
}

void ks_set_timeout_every(int name, ks_ms period)
{
    KSI_ENTER(s);
    if (period < 1) period = 1;
    int64_t due = INT64_MAX;
    if (s && period < KS_INFINITY) due = ksi_due(ksi_fresh_ns(s), period);
    set(s, name, due, period);
}

void ks_set_timeout_at(int name, ks_ms moment)
{
    KSI_ENTER(s);
    set(s, name, moment >= KS_INFINITY ? INT64_MAX : ksi_ticks(moment), 0);
}

static struct ksi_record *mine(struct ksi_scheduler *s, int name)
{
    if (!s || !s->current) return NULL;
    uint32_t index = *find(s, s->current, name);
    return index ? ksi_record_at(s, index) : NULL;
}

bool ks_cancel_timeout(int name)
{
    KSI_ENTER(s);
    struct ksi_record *record = mine(s, name);
    if (!record) return false;
    ksi_timeout_end(s, s->current, record);
    return true;
}

ks_ms ks_timeout_left(int name)
{
    KSI_ENTER(s);
    const struct ksi_record *record = mine(s, name);
    if (!record) return KS_INFINITY;
    if (!ksi_timer_armed(&record->timeout.timer)) return 0;
    return ksi_ms_until(record->timeout.timer.due, ksi_fresh_ns(s));
}
