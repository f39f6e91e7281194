/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - small things that a process may ask and do: self, sleep, label, owned resources,
 * context, the clock. Called from inside a process, unless the header says otherwise. */
#include <kiosk/timer.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/random.h"
#include "runtime/ask.h"
#include "runtime/inherited.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include "runtime/start.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NS_PER_MS = 1000000, LABEL_BYTES = 64 };

KS_TYPE(ks_down, ref, pid, reason, tag);
KS_TYPE(ks_exited, pid, reason);

ks_pid ks_self(void)
{
    KSI_INSIDE(s);
    return s && s->current ? ksi_pid_of(s->current) : (ks_pid){ 0 };
}

ks_pid ks_parent(void)
{
    KSI_INSIDE(s);
    return s && s->current ? ksi_pid(s->current->parent) : (ks_pid){ 0 };
}

void *ks_my_state_(const ks_behaviour *behaviour)
{
    KSI_INSIDE(s);
    struct ksi_process *self = s ? s->current : NULL;
    return self && self->module->behaviour == behaviour ? self->state : NULL;
}

static void look_whether_alive(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out)
{
    *(bool *)arg = !(p->flags & KSI_EXITING);
}

bool ks_is_alive(ks_pid pid)
{
    KSI_ENTER(s);
    uint64_t id;
    bool alive = s && ksi_resolve_id(s, pid, &id);
    if (!alive) return false;
    const struct ksi_question question = {
        .look = look_whether_alive, .arg = &alive, .arg_size = sizeof alive
    };
    /* No answer: it was alive a moment ago, and its scheduler is busy. */
    return ksi_ask(s, id, &question) != KS_NOPROC && alive;
}

void ks_sleep(ks_ms duration)
{
    KSI_ENTER(s);
    if (ksi_may_block(s) && duration > 0) (void)ksi_block(s, KSI_WAIT_TIME, duration);
}

void ks_yield(void)
{
    KSI_ENTER(s);
    if (ksi_may_block(s)) ksi_put_last(s);
}

/* Room for a label; NULL: out of memory. */
static char *label_of(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_cold *cold = ksi_cold(s, p);
    if (!cold) return NULL;
    if (!cold->label) {
        uint8_t size_class;
        cold->label = ksi_pool_get(&s->pool, sizeof *cold->label + LABEL_BYTES, &size_class);
        if (!cold->label) return NULL;
        cold->label->next = NULL;
        cold->label->size_class = size_class;
    }
    return (char *)(cold->label + 1);
}

void ks_set_label(const char *format, ...)
{
    KSI_INSIDE(s);
    char *label = s && s->current ? label_of(s, s->current) : NULL;
    if (!label) return;
    va_list args;
    va_start(args, format);
    vsnprintf(label, LABEL_BYTES, format, args);
    va_end(args);
}

bool ksi_label_set(struct ksi_scheduler *s, struct ksi_process *p, const char *text)
{
    char *label = label_of(s, p);
    if (label) snprintf(label, LABEL_BYTES, "%s", text);
    return label != NULL;
}

/* --- owned resources -------------------------------------------------------------------------- */
/* Not put aside before it is done: who is ended here must have handed the resource over. */
ks_ref ks_own(void (*release)(void *resource), void *resource)
{
    KSI_INSIDE(s);
    struct ksi_process *self = s ? s->current : NULL;
    if (!self) return (ks_ref){ { 0, 0 } };
    struct ksi_record *record = ksi_record_new(s, self, KSI_RECORD_OWNED);
    if (!record) {
        ksi_go_out();
        release(resource); /* it is ours already: nothing may leak */
        ksi_come_in();
        ks_exit(ksi_because(KS_NOMEM));
    }
    record->own.release = release;
    record->own.resource = resource;
    return ksi_record_ref(s, record);
}

void ks_disown(ks_ref owned)
{
    KSI_ENTER(s);
    if (!s || !s->current) return;
    struct ksi_record *record = ksi_record_find(s, owned.id[0], KSI_RECORD_OWNED);
    if (!record || ksi_record_owner(record) != ksi_process_id(s->current)) return;
    ksi_record_remove(s, s->current, record);
    ksi_record_free(s, record);
}

/* --- inherited context ------------------------------------------------------------------------ */
uint64_t ks_trace_id(void)
{
    KSI_INSIDE(s);
    return s && s->current && s->current->context ? s->current->context->trace_id : 0;
}

void ks_set_trace_id(uint64_t id)
{
    KSI_INSIDE(s);
    struct ksi_process *self = s ? s->current : NULL;
    if (!self) return;
    uint8_t size_class;
    struct ksi_context *context = ksi_pool_get(&s->pool, sizeof *context, &size_class);
    if (!context) ks_exit(ksi_because(KS_NOMEM));
    *context = self->context ? *self->context : (struct ksi_context){ 0 };
    context->count = 1;
    context->size_class = size_class;
    context->trace_id = id;
    ksi_context_unref(s, self->context);
    self->context = context;
}

/* --- clock and chance: the runtime's, so that a simulation replays ---------------------------- */
ks_ms ks_now(void)
{
    KSI_INSIDE(s);
    return (s ? ksi_fresh_ns(s) : ksi_clock_monotonic()) / NS_PER_MS;
}

int64_t ks_wall_clock_ns(void)
{
    KSI_INSIDE(s);
    return s ? s->seams.wall_ns(s->seams.arg) : ksi_clock_wall();
}

uint64_t ks_random(uint64_t below)
{
    KSI_INSIDE(s);
    if (below == 0) return 0;
    uint64_t reject = -below % below, value; /* what is too much for an even share */
    do value = s ? s->seams.random(s->seams.arg) : ksi_random_entropy();
    while (value < reject);
    return value % below;
}
