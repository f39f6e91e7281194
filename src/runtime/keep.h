/* SPDX-License-Identifier: Apache-2.0 */
/* keep.h - what a thread holds for the handler that runs on it, beside errno: the C++ exceptions
 * that are in flight, and what ks_keep_thread_state names. It stands on the handler's stack while
 * that is put aside. Used by the thread itself. */
#ifndef KSI_RUNTIME_KEEP_H
#define KSI_RUNTIME_KEEP_H
#include "base/atomic.h"
#include "base/base.h"
#include <stdbool.h>
#include <stdint.h>

struct ksi_scheduler;
struct ksi_stack;

enum { KSI_KEPT_MAX = 4 };
/* What the C++ ABI keeps for each thread: the exceptions being handled, the number of those that no
 * handler was found for yet. */
struct ksi_exceptions {
    void *caught;
    unsigned uncaught;
};
struct ksi_kept {
    struct ksi_exceptions exceptions;
    uint32_t count; /* of saved */
    void *saved[KSI_KEPT_MAX];
};

extern _Atomic(bool) ksi_keeping;
/* There is something to keep. */
static inline bool ksi_keeps(void)
{
    /* relaxed: a hint; what it announces is read by an acquire */
    return ksi_load_relaxed(&ksi_keeping);
}
/* Looks whether the program has C++ in it. */
void ksi_keep_open(void);
/* As ksi_go_to(): what the thread holds leaves it before, and is put back after. */
void ksi_keep_and_go_to(struct ksi_scheduler *s, struct ksi_stack *to);
/* The same between two threads that are one, under a seeded runner. */
void ksi_keep_and_switch(struct ksi_stack *from, struct ksi_stack *to);
/* stack will never be taken again: what was kept for it is discarded. */
void ksi_keep_discard(struct ksi_stack *stack);
/* The handler that runs will not go on: the thread becomes as a new one. */
void ksi_keep_nothing(void);

#endif
