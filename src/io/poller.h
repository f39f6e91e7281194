/* SPDX-License-Identifier: Apache-2.0 */
/* poller.h - the place where a scheduler waits: one epoll, one eventfd; and the real seams.
 *
 * Invariant: a scheduler that is about to wait, and whoever has work for it, both go through `word`
 * by an exchange, so that one of the two sees the other: work is never slept over.
 * Used by the scheduler's thread, but for the seam `unpark`, which any thread may call. */
#ifndef KSI_IO_POLLER_H
#define KSI_IO_POLLER_H
#include "base/random.h"
#include "runtime/scheduler.h"

struct ksi_poller {
    int epoll, event;          /* -1: not open */
    bool no_pwait2;            /* the kernel, or its filter, knows milliseconds only */
    bool spins;                /* there is another processor, on which something may happen */
    int64_t wake_ns;           /* how long it takes to be woken, on average: what spinning saves */
    uint32_t skipped, to_skip; /* waits without that: so far, and to be */
    int64_t seen_ns;           /* while it spun: the latest look at the descriptors */
    bool awaits_work;          /* the last spin that paid was ended by work */
    const struct ksi_scheduler *scheduler; /* whose poller it is, or NULL */
    struct ksi_random random;
    /* What became ready; data as it was given to ksi_poller_add. Runs no process. */
    void (*on_event)(void *arg, uint64_t data, uint32_t events);
    void *arg;
    /* --- written by other threads below --- */
    _Alignas(64) _Atomic(int) word; /* enum park */
    _Atomic(int64_t) woken_ns;      /* when somebody began to wake us; 0: nobody */
};

/* KS_OK or -errno. */
ks_status ksi_poller_init(struct ksi_poller *poller);
void ksi_poller_end(struct ksi_poller *poller);
/* operation, events: as for epoll_ctl. KS_OK or -errno. */
ks_status ksi_poller_set(
    struct ksi_poller *poller, int operation, int fd, uint32_t events, uint64_t data);
/* For a thread that waits elsewhere, by the descriptor `epoll`: it is about to, when nothing is to
 * be done (false: there is, meanwhile), and does no more. */
bool ksi_poller_rests(struct ksi_poller *poller);
void ksi_poller_wakes(struct ksi_poller *poller);
/* Makes the descriptor readable. */
void ksi_poller_ring(struct ksi_poller *poller);
/* `fd` only makes it readable. KS_OK or -errno. */
ks_status ksi_poller_add_bell(struct ksi_poller *poller, int fd);
/* The world as it is. */
struct ksi_seams ksi_real_seams(struct ksi_poller *poller);

#endif
