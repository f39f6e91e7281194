/* SPDX-License-Identifier: Apache-2.0 */
/* stack.h - pooled stacks: address space with a guard below, kept in a list, hottest first.
 *
 * Invariants: a stack is running, kept by a blocked process, or in the pool; its descriptor stands at
 * its top, its colour (64 bytes x 16) keeps the tops out of one cache set. Stacks never leave their
 * scheduler, so never their thread. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_STACK_H
#define KSI_RUNTIME_STACK_H
#include <kiosk/runtime.h>

struct ksi_stack {
    void *sp; /* context, while it does not run */
    struct ksi_stack *next;
    char *lowest; /* first usable byte */
    size_t size;
    void *fake;  /* AddressSanitizer's */
    void *fiber; /* ThreadSanitizer's */
    unsigned valgrind;
    bool fresh; /* starts at the loop, not where it was left */
};

struct ksi_stacks {
    struct ksi_stack *free;
    struct ksi_region *regions;
    size_t size; /* of each, with guard */
    size_t count, in_pool;
    ks_guard_mode guard;
    void (*entry)(void *arg);
    void *entry_arg;
    char *next, *end; /* of the newest region */
};

void ksi_stacks_init(struct ksi_stacks *stacks, size_t size, void (*entry)(void *), void *arg);
void ksi_stacks_end(struct ksi_stacks *stacks);
/* NULL: out of memory or maps. */
struct ksi_stack *ksi_stack_get(struct ksi_stacks *stacks);
/* Left in the loop: goes on from there. */
void ksi_stack_give(struct ksi_stacks *stacks, struct ksi_stack *stack);
/* Left in the middle of a handler: its frames are forgotten, no destructor runs. */
void ksi_stack_drop(struct ksi_stacks *stacks, struct ksi_stack *stack);

/* Switches from one stack to another; returns when somebody switches back. */
void ksi_stack_switch(struct ksi_stack *from, struct ksi_stack *to);
/* First thing on a fresh stack. */
void ksi_stack_entered(struct ksi_stack *stack);
/* The stack of a thread, as one to switch from and back to. */
void ksi_stack_of_thread(struct ksi_stack *stack);

#endif
