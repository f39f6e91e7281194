/* SPDX-License-Identifier: Apache-2.0 */
/* parker.h - a thread that waits for others by one word: a poller without descriptors.
 *
 * The word is changed by exchanges, as in poller.h, so that an unpark is never slept over. Used by
 * the thread that waits, but for what says otherwise. */
#ifndef KSI_IO_PARKER_H
#define KSI_IO_PARKER_H
#include <stdbool.h>
#include <stdint.h>

struct ksi_parker {
    int64_t look_ns;           /* how long to look before it sleeps; 0: not */
    _Atomic(bool) *looking;    /* one of those who share this does */
    uint32_t skipped, to_skip; /* waits that do not look first: so far, and to be */
    /* --- written by other threads below --- */
    _Alignas(64) _Atomic(uint32_t) word;
};

/* Before it waits. False: it was unparked meanwhile. */
bool ksi_parker_rests(struct ksi_parker *parker);
/* It waits no more. */
void ksi_parker_wakes(struct ksi_parker *parker);
/* Waits until it is unparked, at most timeout_ns (INT64_MAX: for ever). */
void ksi_park(struct ksi_parker *parker, int64_t timeout_ns);
/* There is work. True: it rests, and must be woken; what it wrote before is seen. Any thread. */
bool ksi_parker_tell(struct ksi_parker *parker);
void ksi_parker_wake(struct ksi_parker *parker); /* any thread */
/* It was unparked since it rests. */
bool ksi_parker_is_told(struct ksi_parker *parker);

#endif
