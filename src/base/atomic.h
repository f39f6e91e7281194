/* SPDX-License-Identifier: Apache-2.0 */
/* atomic.h - the atomic operations of this library, by the order they need. Only this file spells
 * memory orders, so that each use can be found; each use says what it pairs with. Everywhere. */
#ifndef KSI_BASE_ATOMIC_H
#define KSI_BASE_ATOMIC_H
#include <stdatomic.h>

/* Sees everything that was written before the release it reads from. */
#define ksi_load_acquire(at) atomic_load_explicit(at, memory_order_acquire)
/* The value only: nothing may be concluded from it about other memory. */
#define ksi_load_relaxed(at) atomic_load_explicit(at, memory_order_relaxed)
#define ksi_store_relaxed(at, value) atomic_store_explicit(at, value, memory_order_relaxed)
/* For a value that one thread changes and others look at: not one operation, and as cheap as if it
 * were not atomic. */
#define ksi_add_owned(at, n) ksi_store_relaxed(at, ksi_load_relaxed(at) + (n))
/* Publishes everything that was written before. */
#define ksi_store_release(at, value) atomic_store_explicit(at, value, memory_order_release)
/* Both at once; gives the old value. */
#define ksi_exchange_acq_rel(at, value) atomic_exchange_explicit(at, value, memory_order_acq_rel)
#define ksi_add_relaxed(at, n) atomic_fetch_add_explicit(at, n, memory_order_relaxed)
#define ksi_add_acq_rel(at, n) atomic_fetch_add_explicit(at, n, memory_order_acq_rel)
#define ksi_sub_acq_rel(at, n) atomic_fetch_sub_explicit(at, n, memory_order_acq_rel)
/* True when *expected was there and value is now; else *expected is what is there, by an acquire.
 * The weak one may also fail without a reason: for loops. */
#define ksi_cas_acq_rel(at, expected, value)                                                       \
    atomic_compare_exchange_strong_explicit(                                                       \
        at, expected, value, memory_order_acq_rel, memory_order_acquire)
#define ksi_cas_weak_acq_rel(at, expected, value)                                                  \
    atomic_compare_exchange_weak_explicit(                                                         \
        at, expected, value, memory_order_acq_rel, memory_order_acquire)
/* One total order of all such fences: for an atomic store that must be seen before a later atomic
 * load, as in "I am about to sleep" against "there is work". What is not atomic is published by
 * other means: ThreadSanitizer executes the fence and learns nothing from it, of which gcc warns.
 * So its view is complete all the same; a read-modify-write of a word in common, which it
 * understands, would put any two threads that pass here in an order, and hide their races. */
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
static inline void ksi_fence(void) { atomic_thread_fence(memory_order_seq_cst); }
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif
/* The compiler keeps what stands before it before what stands behind; the processor need not. */
#define ksi_compiler_barrier() atomic_signal_fence(memory_order_seq_cst)
/* Its line will be written soon: asks for it at once, and as its owner, where a load and then a
 * write would ask twice. Every x86-64 takes the instruction; the compiler wants a flag for it. */
static inline void ksi_prefetch_write(const void *at)
{
#if defined(__x86_64__)
    __asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)at));
#else
    __builtin_prefetch(at, 1);
#endif
}
/* Inside a loop that waits for another thread: lets the sibling hyper-thread go first. */
static inline void ksi_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}
#endif
