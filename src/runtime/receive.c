/* SPDX-License-Identifier: Apache-2.0 */
/* receive.c - taking messages inside a handler or a plain process.
 *
 * Selective receives look at the mailbox in order and leave the rest where it is. Requests are no
 * messages: in a server they wait for their handler, a plain process has none, so they are answered
 * KS_UNDEF when it receives. Called from inside a process. */
#include "base/base.h"
#include "runtime/block.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include "runtime/timer.h"
#include <kiosk/behaviour.h>
#include <kiosk/log.h>

/* What is left until a tick: never too short. */
static ks_ms left_until(struct ksi_scheduler *s, int64_t due)
{
    int64_t left = due - ksi_fresh_ns(s) / KSI_TICK_NS;
    return (left + KSI_TICKS_PER_MS - 1) / KSI_TICKS_PER_MS;
}

struct filter {
    const ks_type *type;
    uint64_t ref;
    uint64_t mark; /* where it begins to look; 0: at the front */
    bool (*fits)(const ks_msg *msg, void *arg);
    void *arg;
};

static KSI_INLINE bool fits(const struct filter *filter, const struct ksi_message *m)
{
    if (m->public.op) return false;
    if (m->kind != KSI_MESSAGE && m->kind != KSI_TRAPPED && m->kind != KSI_RESPONSE &&
        m->kind != KSI_PACKET)
        return false;
    if (filter->type) return m->public.type == filter->type;
    if (filter->ref) return m->ref == filter->ref;
    return !filter->fits || filter->fits(&m->public, filter->arg);
}

/* A plain process serves no operations. */
static bool is_foreign(const struct ksi_process *p, const struct ksi_message *m)
{
    return m->public.op && !p->module->behaviour->on_message;
}

static __attribute__((noinline)) void refuse(struct ksi_scheduler *s, struct ksi_message *m)
{
    if (ksi_is_request(m))
        ksi_request_fail(s, m, KS_UNDEF);
    else
        ks_log_warning("a plain process dropped the cast '%s'", m->public.op->name);
    ksi_message_free(s, m);
}

/* The first message from *link on that fits; *link ends behind the last one that was looked at. */
static KSI_INLINE struct ksi_message *look(struct ksi_scheduler *s, struct ksi_process *p,
    const struct filter *filter, struct ksi_message ***link)
{
    while (**link) {
        struct ksi_message *m = **link;
        if (fits(filter, m)) return ksi_mailbox_take(p, *link);
        if (is_foreign(p, m))
            refuse(s, ksi_mailbox_take(p, *link));
        else
            *link = &m->next;
    }
    return NULL;
}

static KSI_INLINE const ks_msg *keep(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ksi_record_event(&s->recorder, ksi_process_id(p), m->from,
        m->public.type ? m->public.type->name : NULL, m->kind);
    ksi_message_arrive(s, p, m);
    m->next = p->received;
    p->received = m;
    return &m->public;
}

/* Waits for what fits, and leaves the mark behind what was looked at. Inline where it is hot: the
 * less of a stack is in use, and the fewer returns there are after a change of stack, the
 * better. */
static KSI_INLINE const ks_msg *receive_here(
    struct ksi_scheduler *s, const struct filter *filter, ks_ms timeout)
{
    struct ksi_process *self = s->current;
    struct ksi_message **link =
        filter->mark ? ksi_mark_start(s, self, filter->mark) : &self->mailbox;
    struct ksi_message **begin = link;
    int64_t until = KS_INFINITY;
    if (timeout > 0 && timeout < KS_INFINITY) until = ksi_due(ksi_fresh_ns(s), timeout);
    for (;;) { /* until something fits, or the time is over */
        ksi_inbox_drain(s, self);
        ksi_check_exit(s);
        if (KSI_UNLIKELY(self->flags & KSI_CUT)) { /* what *link is in may be gone */
            self->flags &= ~(uint32_t)KSI_CUT;
            link = &self->mailbox;
        }
        struct ksi_message *m = look(s, self, filter, &link);
        if (filter->mark && link != begin) ksi_mark_move(s, self, filter->mark, link);
        if (m) return keep(s, self, m);
        if (timeout <= 0 || !ksi_may_block(s)) return NULL;
        ks_status status = ksi_block_inline(s, KSI_WAIT_MESSAGE, timeout);
        if (status == KS_NOMEM) return NULL;
        if (status == KS_TIMEOUT)
            timeout = 0; /* one more look: something may have come with it */
        else if (until < KS_INFINITY)
            timeout = left_until(s, until);
    }
}

static __attribute__((noinline)) const ks_msg *receive(
    struct ksi_scheduler *s, const struct filter *filter, ks_ms timeout)
{
    return receive_here(s, filter, timeout);
}

const ks_msg *ks_receive(ks_ms timeout)
{
    KSI_ENTER(s);
    if (!s || !s->current) return NULL;
    ksi_turn_end(s, s->current);
    return receive_here(s, &(struct filter){ 0 }, timeout);
}

const void *ks_receive_type_(const ks_type *type, ks_ms timeout)
{
    KSI_ENTER(s);
    if (!s || !s->current) return NULL;
    const ks_msg *msg = receive_here(s, &(struct filter){ .type = type }, timeout);
    return msg ? msg->body : NULL;
}

const ks_msg *ks_receive_ref(ks_ref ref, ks_ms timeout)
{
    KSI_ENTER(s);
    if (!s || !s->current || !ref.id[0]) return NULL;
    return receive(s, &(struct filter){ .ref = ref.id[0], .mark = ref.id[0] }, timeout);
}

const ks_msg *ks_receive_if(bool (*fit)(const ks_msg *msg, void *arg), void *arg, ks_ms timeout)
{
    KSI_ENTER(s);
    if (!s || !s->current) return NULL;
    return receive(s, &(struct filter){ .fits = fit, .arg = arg }, timeout);
}

const ks_msg *ksi_receive_marked(struct ksi_scheduler *s, uint64_t ref,
    bool (*fit)(const ks_msg *msg, void *arg), void *arg, ks_ms timeout)
{
    return receive(s, &(struct filter){ .mark = ref, .fits = fit, .arg = arg }, timeout);
}
