/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h - what a thread is to the library: which scheduler it runs, and whether it is inside.
 *
 * A thread is inside while it may touch its scheduler, and outside while a handler of the program
 * runs. Only outside can the scheduler be taken from it (docs/design/0003-hog-keeps-its-thread.md),
 * so every public function that touches the scheduler begins with KSI_ENTER or KSI_INSIDE, which
 * also end it, and every call of a handler stands between ksi_go_out() and ksi_come_in(). Nested
 * entries change nothing. Used by the thread itself; the monitor reads `inside` and writes
 * `word`. */
#ifndef KSI_RUNTIME_THREAD_H
#define KSI_RUNTIME_THREAD_H
#include "base/atomic.h"
#include "base/base.h"
#include <stdbool.h>
#include <stdint.h>

struct ksi_scheduler;
struct ksi_runner;

/* Whether a thread has its scheduler. Whoever takes it away asks first. */
enum ksi_word { KSI_HAS, KSI_ASKED, KSI_LOST };
struct ksi_thread {
    struct ksi_scheduler *scheduler; /* that it runs, or ran when it was taken; NULL: none */
    struct ksi_runner *runner;       /* what it is to that scheduler */
    _Atomic(uint32_t) inside;
    _Atomic(uint32_t) word; /* enum ksi_word */
};
/* Stacks keep their thread, so its address may be computed once for each entry. */
extern _Thread_local struct ksi_thread ksi_this_thread __attribute__((tls_model("initial-exec")));
/* The scheduler that the calling thread runs, or NULL. */
#define ksi_this_scheduler (ksi_this_thread.scheduler)

/* The slow half of coming in: the scheduler was asked for, or is gone; returns when it is ours. */
void ksi_regain(void);

/* --- around handlers -------------------------------------------------------------------------- */
static inline void ksi_go_out(void)
{
    /* release: what we did to the scheduler; pairs with the acquire of the monitor, which takes it
     * only when it reads 0 */
    ksi_store_release(&ksi_this_thread.inside, 0);
}
static inline void ksi_come_in(void)
{
    /* relaxed: the processor may put the load before the store; the monitor makes up for it by a
     * barrier in every thread between its own store to word and its load of inside. acquire: what
     * others did to the scheduler meanwhile is seen by ksi_regain(), which claims it. */
    ksi_store_relaxed(&ksi_this_thread.inside, 1);
    ksi_compiler_barrier();
    if (KSI_UNLIKELY(ksi_load_relaxed(&ksi_this_thread.word))) ksi_regain();
}

/* --- around public functions ------------------------------------------------------------------ */
struct ksi_entry {
    struct ksi_scheduler *scheduler;
    uint32_t was_inside;
};
static KSI_INLINE struct ksi_entry ksi_entry_begin(void)
{
    uint32_t was = ksi_load_relaxed(&ksi_this_thread.inside); /* only we write it */
    ksi_come_in();
    return (struct ksi_entry){ ksi_this_thread.scheduler, was };
}
static KSI_INLINE void ksi_entry_end(const struct ksi_entry *entry)
{
    /* release: as in ksi_go_out() */
    ksi_store_release(&ksi_this_thread.inside, entry->was_inside);
}
/* Declares s, the scheduler of the calling thread or NULL; the function is inside until it
 * returns. */
#define KSI_INSIDE(s)                                                                              \
    __attribute__((cleanup(ksi_entry_end))) const struct ksi_entry ksi_entry_ = ksi_entry_begin(); \
    struct ksi_scheduler *const s = ksi_entry_.scheduler
#endif
