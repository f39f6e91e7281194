/* SPDX-License-Identifier: Apache-2.0 */
/* mark.h - marks: from where in a mailbox the messages of a ref can stand.
 *
 * A ref that is made while the mailbox is long gets a mark at its end, since nothing of that ref
 * can have come before; a receive of the ref begins there. So does a collection of requests, whose
 * ref is a number that no record has. A process has a few marks, the newest
 * ones; a ref without one is looked for from the front. Invariants: a mark's link is that of the
 * mailbox's first message, or the `next` of a message in it; nothing that belongs to its ref
 * stands before it; KSI_MARKED says that there is one. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_MARK_H
#define KSI_RUNTIME_MARK_H
#include "base/base.h"
#include "runtime/process.h"

struct ksi_record;
struct ksi_scheduler;

enum {
    KSI_MARKS = KSI_KNOB(8, 2),      /* of a process */
    KSI_MARKS_FROM = KSI_KNOB(32, 1) /* messages in the mailbox: with fewer, looking is cheaper */
};

/* A new ref of p; without memory it has no mark. */
void ksi_mark_new_slow(struct ksi_scheduler *s, struct ksi_process *p, uint64_t ref);
static inline void ksi_mark_new(struct ksi_scheduler *s, struct ksi_process *p, uint64_t ref)
{
    if (KSI_UNLIKELY(p->queue_length >= KSI_MARKS_FROM)) ksi_mark_new_slow(s, p, ref);
}
/* Where to begin looking for what belongs to the ref. */
struct ksi_message **ksi_mark_start(struct ksi_scheduler *s, struct ksi_process *p, uint64_t ref);
/* Nothing that belongs to the ref stands before link. */
void ksi_mark_move(
    struct ksi_scheduler *s, struct ksi_process *p, uint64_t ref, struct ksi_message **link);
/* The message whose `next` was `from` is taken: what stood behind it stands behind `to`. */
void ksi_marks_taken(struct ksi_process *p, struct ksi_message **from, struct ksi_message **to);
/* receive.c: ks_receive_if from the mark of a ref on, of what can stand behind it only. */
const ks_msg *ksi_receive_marked(struct ksi_scheduler *s, uint64_t ref,
    bool (*fits)(const ks_msg *msg, void *arg), void *arg, ks_ms timeout);
/* Frees the record that holds the marks of p. */
void ksi_marks_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record);

#endif
