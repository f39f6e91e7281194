/* SPDX-License-Identifier: Apache-2.0 */
/* apart.c - handlers on stacks of another size than the scheduler's own.
 *
 * Each size has a pool of its own, empty until a process asks for it. The scheduler's loop never
 * runs on these stacks: it stands in its pool while a turn of one process runs apart, and the end
 * of the turn goes back to it. Invariant: while something runs apart at least two stacks of the
 * default size are in the pool, so that it can always block, leave or end; that is why nobody is
 * switched to a stack apart but from the loop. Used by the owning scheduler only. */
#include "base/base.h"
#include "runtime/block.h"

static const size_t sizes[KSI_STACK_CLASSES] = { 64 << 10, 256 << 10, 1 << 20, KS_STACK_SIZE_MAX };

/* What every stack apart does: a turn, whenever it is switched to. */
static void turns(void *arg)
{
    struct ksi_scheduler *s = arg;
    ksi_stack_entered(s->stack);
    for (;;) { /* as long as the scheduler lives */
        ksi_serve(s, s->current);
        s->current = NULL;
        KSI_ASSERT(s->runner->stacks.in_pool > 1);
        struct ksi_stack *to = ksi_stack_get(&s->runner->stacks);
        ksi_stack_give(s->stack->home, s->stack);
        ksi_go_to(s, to);
    }
}

void ksi_apart_init(struct ksi_scheduler *s, struct ksi_runner *runner)
{
    for (int i = 0; i < KSI_STACK_CLASSES; i++)
        ksi_stacks_init(&runner->apart[i], runner, sizes[i], turns, s);
}

void ksi_apart_end(struct ksi_runner *runner)
{
    for (int i = 0; i < KSI_STACK_CLASSES; i++) ksi_stacks_end(&runner->apart[i]);
}

static struct ksi_stacks *stacks_of(struct ksi_scheduler *s, uint32_t class)
{
    return class ? &s->runner->apart[class - 1] : &s->runner->stacks;
}

static uint32_t class_of(const struct ksi_process *p)
{
    return (p->flags & KSI_STACK_CLASS) >> KSI_STACK_CLASS_SHIFT;
}

/* The smallest that is large enough, the default one when it is no larger. False: none. */
static bool find_class(struct ksi_scheduler *s, size_t size, uint32_t *ret_class)
{
    size_t best = s->runner->stacks.size;
    bool found = best >= size;
    *ret_class = 0;
    for (uint32_t i = 0; i < KSI_STACK_CLASSES; i++) {
        if (sizes[i] < size || (found && sizes[i] >= best)) continue;
        found = true;
        best = sizes[i];
        *ret_class = i + 1;
    }
    return found;
}

static struct ksi_stack *get(struct ksi_scheduler *s, struct ksi_stacks *stacks)
{
    if (KSI_UNLIKELY(s->pool.fails != NULL) && s->pool.fails(s->pool.fails_arg)) return NULL;
    return ksi_stack_get(stacks);
}

ks_status ksi_apart_set(struct ksi_scheduler *s, struct ksi_process *p, size_t stack_size)
{
    uint32_t class = 0;
    if (stack_size && !find_class(s, stack_size, &class)) return KS_BADARG;
    p->flags = (p->flags & ~(uint32_t)KSI_STACK_CLASS) | class << KSI_STACK_CLASS_SHIFT;
    if (!class) return KS_OK;
    struct ksi_stack *stack = get(s, stacks_of(s, class)); /* rather now than at its first turn */
    if (!stack) return KS_NOMEM;
    ksi_stack_give(stack->home, stack);
    return KS_OK;
}

size_t ksi_apart_size(const struct ksi_scheduler *s, const struct ksi_process *p)
{
    uint32_t class = class_of(p);
    return class ? s->runner->apart[class - 1].size : s->runner->stacks.size;
}

void ksi_serve_apart(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_stack *to = get(s, stacks_of(s, class_of(p)));
    if (!to) {
        p->flags |= KSI_OWN_END; /* worth a report */
        ksi_condemn(s, p, ksi_because(KS_NOMEM));
        return;
    }
    s->current = p;
    ksi_stack_give(&s->runner->stacks, s->stack);
    ksi_go_to(s, to);
}
