/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.h - taking messages out of a mailbox, anywhere in it. Used by the owning scheduler
 * only. */
#ifndef KSI_RUNTIME_MAILBOX_H
#define KSI_RUNTIME_MAILBOX_H
#include "base/base.h"
#include "runtime/mark.h"

/* Takes out the message that *link points at. */
static inline struct ksi_message *ksi_mailbox_take(struct ksi_process *p, struct ksi_message **link)
{
    struct ksi_message *m = *link;
    KSI_ASSERT(m);
    *link = m->next;
    if (!m->next) p->mailbox_end = link;
    p->queue_length--;
    if (KSI_UNLIKELY(p->flags & KSI_MARKED)) ksi_marks_taken(p, &m->next, link);
    m->next = NULL;
    return m;
}

/* The sockets in a message become those of the process that takes it. */
void ksi_message_arrive(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m);

#endif
