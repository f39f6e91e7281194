/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.h - a mailbox: taking messages out of it, anywhere; how much it holds, and when it is
 * full.
 *
 * A mailbox is measured in messages and in units of 64 bytes, of which each message is one, and
 * what it weighs more. So one comparison is enough for both limits, and a message of up to 64 bytes
 * changes nothing but the length:
 *
 *     units = queue_length + mailbox_extra
 *     mailbox_gate = min(count_max, units_max - mailbox_extra)
 *     full: queue_length >= mailbox_gate
 *
 * Everything in the mailbox counts; the limit refuses messages of kind KSI_MESSAGE only, and not
 * what is put by ksi_message_put; start.h says what is exempt. Invariant: somebody stands in the
 * line only while the mailbox is full. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_MAILBOX_H
#define KSI_RUNTIME_MAILBOX_H
#include "base/base.h"
#include "runtime/mark.h"

/* The defaults: a mailbox of small messages reaches the first one only. */
enum {
    KSI_MAILBOX_MAX = KSI_KNOB(1000000, 1000),
    KSI_MAILBOX_BYTES_MAX = KSI_KNOB(256 << 20, 16 << 20),
    KSI_MAILBOX_FREE = KSI_MAILBOX_BYTES_MAX / 64 - KSI_MAILBOX_MAX /* units: no matter yet */
};
_Static_assert(KSI_MAILBOX_FREE >= 0, "the gate of an empty mailbox");

/* Of a process whose row says something about its mailbox. */
struct ksi_limits {
    uint32_t count_max, units_max;
    int32_t policy;                       /* enum ks_overload */
    ks_ms timeout;                        /* KS_BLOCK: of each sender */
    struct ksi_message *line, **line_end; /* of requests that wait for room, oldest first */
};
_Static_assert(sizeof(struct ksi_limits) <= 64, "the smallest block");

/* Limits of a row; a process without any has none. KS_BADARG, KS_NOMEM. */
ks_status ksi_mailbox_limit(struct ksi_scheduler *s, struct ksi_process *p, const ks_child *row);
/* Sets the gate, after limits or what the messages weigh have changed. */
void ksi_mailbox_weigh(struct ksi_process *p);
/* The message is in. */
static inline void ksi_mailbox_heavier(struct ksi_process *p, const struct ksi_message *m)
{
    ksi_add_owned(&p->mailbox_extra, ksi_weight_units(m->weight));
    if (KSI_UNLIKELY(p->limits || ksi_load_relaxed(&p->mailbox_extra) > KSI_MAILBOX_FREE))
        ksi_mailbox_weigh(p);
}
/* The gate rises; there may be room for somebody in the line. */
void ksi_mailbox_rise(struct ksi_process *p);
/* The message is out. */
static inline void ksi_mailbox_lighter(struct ksi_process *p, const struct ksi_message *m)
{
    uint32_t before = ksi_load_relaxed(&p->mailbox_extra); /* its home's, which we are */
    ksi_store_relaxed(&p->mailbox_extra, before - ksi_weight_units(m->weight));
    if (KSI_UNLIKELY(p->limits || before > KSI_MAILBOX_FREE)) ksi_mailbox_rise(p);
}
/* relaxed, here and below: exact for its home, a hint for others. */
static inline bool ksi_mailbox_full(const struct ksi_process *p)
{
    return ksi_load_relaxed(&p->queue_length) >= ksi_load_relaxed(&p->mailbox_gate);
}
static inline uint64_t ksi_mailbox_bytes(const struct ksi_process *p)
{
    return ((uint64_t)ksi_load_relaxed(&p->queue_length) + ksi_load_relaxed(&p->mailbox_extra)) *
        64;
}

/* Its socket hears that a packet is no longer in the mailbox. */
void ksi_packet_taken(const struct ksi_message *m);
/* What else the message that *link pointed at leaves behind. */
static inline void ksi_mailbox_taken(
    struct ksi_process *p, struct ksi_message *m, struct ksi_message **link)
{
    if (p->flags & KSI_MARKED) ksi_marks_taken(p, &m->next, link);
    if (m->weight || (p->flags & KSI_LINE)) ksi_mailbox_lighter(p, m);
    if (KSI_UNLIKELY(m->kind == KSI_PACKET)) ksi_packet_taken(m);
}

/* Takes out the message that *link points at. */
static inline struct ksi_message *ksi_mailbox_take(struct ksi_process *p, struct ksi_message **link)
{
    struct ksi_message *m = *link;
    KSI_ASSERT(m);
    *link = m->next;
    if (!m->next) p->mailbox_end = link;
    ksi_add_owned(&p->queue_length, UINT32_MAX);
    if (KSI_UNLIKELY(m->weight || (p->flags & (KSI_MARKED | KSI_LINE))))
        ksi_mailbox_taken(p, m, link);
    m->next = NULL;
    return m;
}

/* The sockets in a message become those of the process that takes it. */
void ksi_message_arrive(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m);

/* --- overload.c: what a full mailbox does ---------------------------------------------------- */
/* True: decided, by *ret_status; m is freed, was sent after a wait, or stands in the line, and its
 * caller is to block. False: there is room now. waits: m is the running process's, which may wait
 * for room. */
bool ksi_overload(struct ksi_scheduler *s, struct ksi_process *target, struct ksi_message *m,
    bool waits, ks_status *ret_status);
/* The same for a target on another scheduler, which was seen to be full. False: to be pushed. */
bool ksi_overload_elsewhere(struct ksi_scheduler *s, struct ksi_process *target, uint64_t id,
    struct ksi_message *m, bool waits, ks_status *ret_status);
/* For a message that came from another scheduler, and finds the mailbox of p full. True: decided.
 * False: it is let in. */
bool ksi_overload_arrived(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m);
/* Tells the sender of a cast that waits for room that there is some. False: it waits no more; m is
 * freed. */
bool ksi_let_in(struct ksi_scheduler *s, struct ksi_message *m);
/* To the end of the line of p, of this scheduler. */
void ksi_line_enter(struct ksi_process *p, struct ksi_message *m);
/* Nobody waits any more for m, a KSI_STANDING in the line of p: it is freed. */
void ksi_line_leave(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m);
/* Lets in who has room now. */
void ksi_line_advance(struct ksi_scheduler *s, struct ksi_process *p);

#endif
