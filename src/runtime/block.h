/* SPDX-License-Identifier: Apache-2.0 */
/* block.h - leaving a stack for another one: the inside of every blocking call.
 *
 * Inline all the way up to the public function, since each return after a change of stack is
 * mispredicted. errno is kept for the process, as if it had the thread for itself, and what keep.h
 * names. See scheduler.h for what the functions do. */
#ifndef KSI_RUNTIME_BLOCK_H
#define KSI_RUNTIME_BLOCK_H
#include <errno.h>

#include "runtime/keep.h"
#include "runtime/scheduler.h"

static KSI_INLINE void ksi_forget_left(struct ksi_scheduler *s)
{
    if (KSI_LIKELY(!s->left)) return;
    struct ksi_stack *left = s->left;
    s->left = NULL;
    ksi_stack_drop(left);
}

/* To another stack; returns when this one is taken again. */
static KSI_INLINE void ksi_go_to(struct ksi_scheduler *s, struct ksi_stack *to)
{
    struct ksi_stack *from = s->stack;
    s->stack = to;
    ksi_stack_switch(from, to);
    ksi_forget_left(s);
}

/* The same for a handler, which finds its thread again as it was. */
static KSI_INLINE void ksi_go_away(struct ksi_scheduler *s, struct ksi_stack *to, int error)
{
    if (KSI_UNLIKELY(ksi_keeps()))
        ksi_keep_and_go_to(s, to);
    else
        ksi_go_to(s, to);
    errno = error;
}

/* One stack always stays in the pool for processes that leave theirs for ever. */
static inline struct ksi_stack *ksi_spare_stack(struct ksi_scheduler *s)
{
    struct ksi_stacks *stacks = &s->runner->stacks;
    if (KSI_LIKELY(stacks->in_pool > 1)) return ksi_stack_get(stacks);
    struct ksi_stack *reserve = ksi_stack_get(stacks);
    struct ksi_stack *another = ksi_stack_get(stacks);
    ksi_stack_give(stacks, reserve);
    return another;
}

/* True when `next` can go on at once on the stack that it kept. One of another size is gone to from
 * a pooled stack only, which is given back then: see apart.c. */
static inline bool ksi_can_resume(const struct ksi_scheduler *s, const struct ksi_process *next)
{
    return next && next->stack && next->wait == KSI_WAIT_NOTHING && !(next->flags & KSI_UNUSUAL) &&
        next->stack->runner == s->runner;
}

static KSI_INLINE ks_status ksi_put_aside(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_process *next = s->next;
    struct ksi_stack *to;
    int error = errno;
    if (KSI_UNLIKELY(s->flush != NULL)) s->flush(s);
    if (ksi_can_resume(s, next)) {
        to = next->stack;
        next->stack = NULL;
        next->flags &= ~(uint32_t)KSI_QUEUED;
        s->next = NULL;
    } else {
        next = NULL;
        to = ksi_spare_stack(s);
        if (KSI_UNLIKELY(!to)) return KS_NOMEM;
    }
    p->stack = s->stack;
    s->current = next;
    ksi_go_away(s, to, error);
    return KS_OK;
}

static KSI_INLINE ks_status ksi_block_inline(
    struct ksi_scheduler *s, enum ksi_wait wait, ks_ms timeout)
{
    struct ksi_process *p = s->current;
    KSI_ASSERT(ksi_may_block(s));
    if (KSI_UNLIKELY(p->flags & KSI_EXITING)) ksi_leave(s); /* ended by a signal it just applied */
    p->wait = (uint8_t)wait;
    ksi_start_timer(s, p, timeout);
    KSI_PROBE2(block, KSI_PROBED_PID(p), (int)wait);
    ks_status status = ksi_put_aside(s, p);
    if (KSI_UNLIKELY(status)) {
        p->wait = KSI_WAIT_NOTHING;
        ksi_cancel_timer(s, p);
        return status;
    }
    if (KSI_LIKELY(!(p->flags & KSI_TIMED_OUT))) return KS_OK;
    p->flags &= ~(uint32_t)KSI_TIMED_OUT;
    return KS_TIMEOUT;
}

#endif
