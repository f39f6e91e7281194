/* SPDX-License-Identifier: Apache-2.0 */
/* stack.h - pooled stacks: address space with a guard below, kept in a list, hottest first.
 *
 * Invariants: a stack is running, kept by a blocked process, or in the pool; its descriptor
 * stands at its top, its colour (64 bytes x 16) keeps the tops out of one cache set. Stacks
 * never leave their thread. Used by the scheduler that the thread runs. */
#ifndef KSI_RUNTIME_STACK_H
#define KSI_RUNTIME_STACK_H
#include <kiosk/runtime.h>

#include "base/base.h"
#include "runtime/context.h"
#include "runtime/sanitizers.h"
#if KSI_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

struct ksi_runner;
struct ksi_stack {
    struct ksi_place place;    /* where it was left, while it does not run */
    struct ksi_runner *runner; /* whose thread it belongs to */
    struct ksi_stack *next;
    char *lowest; /* first usable byte */
    size_t size;
    struct ksi_kept *kept;   /* while a handler is put aside on it: see keep.h; NULL: nothing */
    struct ksi_stacks *home; /* the pool that it belongs to; NULL: a thread's own */
    void *fake;              /* AddressSanitizer's */
    void *fiber;             /* ThreadSanitizer's */
    unsigned valgrind;
    bool fresh; /* starts at the loop, not where it was left */
};

struct ksi_stacks {
    struct ksi_stack *free;
    struct ksi_runner *runner; /* whose thread they belong to */
    struct ksi_region *regions;
    size_t size, guard_size; /* of each; the guard lies below */
    size_t count, in_pool;
    ks_guard_mode guard;
    void (*entry)(void *arg);
    void *entry_arg;
    char *next, *end; /* of the newest region */
    bool few;         /* no more than a pair at a time */
};

void ksi_stacks_init(struct ksi_stacks *stacks, struct ksi_runner *runner, size_t size,
    void (*entry)(void *), void *arg);
void ksi_stacks_end(struct ksi_stacks *stacks);
/* All are in the pool, and another thread will run them: they start anew. */
void ksi_stacks_renew(struct ksi_stacks *stacks);
struct ksi_stack *ksi_stack_new(struct ksi_stacks *stacks);
/* NULL: out of memory or maps. */
static inline struct ksi_stack *ksi_stack_get(struct ksi_stacks *stacks)
{
    struct ksi_stack *stack = stacks->free;
    if (KSI_UNLIKELY(!stack)) return ksi_stack_new(stacks);
    stacks->free = stack->next;
    stacks->in_pool--;
    return stack;
}
/* Left in the loop: goes on from there. */
static inline void ksi_stack_give(struct ksi_stacks *stacks, struct ksi_stack *stack)
{
    stack->next = stacks->free;
    stacks->free = stack;
    stacks->in_pool++;
}
/* Left in the middle of a handler: back to its pool. Its frames are forgotten, no destructor
 * runs. */
void ksi_stack_drop(struct ksi_stack *stack);

/* What the sanitizers must be told before and after a switch; empty without them. */
#if KSI_SANITIZED
void ksi_stack_leaving(struct ksi_stack *from, struct ksi_stack *to);
void ksi_stack_back(struct ksi_stack *from);
#else
static inline void ksi_stack_leaving(struct ksi_stack *from, struct ksi_stack *to) {}
static inline void ksi_stack_back(struct ksi_stack *from) {}
#endif
/* Switches from one stack to another; returns when somebody switches back. Inline, and so must
 * be what calls it: each return after a change of stack is mispredicted. */
static inline __attribute__((always_inline)) void ksi_stack_switch(
    struct ksi_stack *from, struct ksi_stack *to)
{
    ksi_stack_leaving(from, to);
#if KSI_THREAD_SANITIZER
    /* In no function of its own, whose end ThreadSanitizer would count for the new fiber. */
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    KSI_CONTEXT_SWITCH(&from->place, &to->place);
    ksi_stack_back(from);
}
/* First thing on a fresh stack. */
void ksi_stack_entered(struct ksi_stack *stack);
/* The stack of a thread, as one to switch from and back to. */
void ksi_stack_of_thread(struct ksi_stack *stack);

#endif
