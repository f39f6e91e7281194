/* SPDX-License-Identifier: Apache-2.0 */
/* parker.c - see parker.h. */
#include "io/parker.h"
#include "base/atomic.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/futex.h"

enum { LOOKS = 64, SKIPPED_MAX = 1023 };
enum park { RUNNING, WAITING, WOKEN };

bool ksi_parker_rests(struct ksi_parker *parker)
{
    /* acq_rel, and an exchange: either it reads WOKEN, and sees the work that was published before,
     * or the exchange in ksi_parker_tell() comes later and reads WAITING. */
    if (ksi_exchange_acq_rel(&parker->word, WAITING) != WOKEN) return true;
    ksi_store_relaxed(&parker->word, RUNNING); /* an unpark in between: its work is taken next */
    return false;
}

void ksi_parker_wakes(struct ksi_parker *parker)
{
    /* acq_rel: what was published before an unpark is seen; pairs with ksi_parker_tell() */
    (void)ksi_exchange_acq_rel(&parker->word, RUNNING);
}

/* To be woken costs 30 to 40 us; but a core that looks is one that does not serve, so only one
 * thread looks at a time, and only while it pays: each time in vain doubles the number of waits
 * without. */
static void look(struct ksi_parker *parker, int64_t timeout_ns)
{
    bool nobody = false;
    if (parker->skipped < parker->to_skip) {
        parker->skipped++;
        return;
    }
    /* acq_rel: a flag, it carries no data */
    if (ksi_load_relaxed(parker->looking) || !ksi_cas_acq_rel(parker->looking, &nobody, true))
        return;
    int64_t end =
        ksi_clock_monotonic() + (timeout_ns < parker->look_ns ? timeout_ns : parker->look_ns);
    bool woken = false;
    do {
        for (int i = 0; i < LOOKS && !woken; i++) {
            ksi_relax();
            woken = ksi_load_relaxed(&parker->word) == WOKEN; /* only a hint */
        }
    } while (!woken && ksi_clock_monotonic() < end);
    ksi_store_relaxed(parker->looking, false); /* as above */
    parker->skipped = 0;
    if (woken)
        parker->to_skip = 0;
    else if (parker->to_skip < SKIPPED_MAX)
        parker->to_skip = parker->to_skip * 2 + 1;
}

void ksi_park(struct ksi_parker *parker, int64_t timeout_ns)
{
    if (parker->look_ns) look(parker, timeout_ns);
    if (!ksi_parker_rests(parker)) return;
    (void)ksi_futex_wait(&parker->word, WAITING, timeout_ns);
    ksi_parker_wakes(parker);
}

bool ksi_parker_tell(struct ksi_parker *parker)
{
    /* acq_rel: publishes the caller's work, and sees what who rests wrote; pairs with its
     * exchanges */
    return ksi_exchange_acq_rel(&parker->word, WOKEN) == WAITING;
}

void ksi_parker_wake(struct ksi_parker *parker) { ksi_futex_wake(&parker->word); }

bool ksi_parker_is_told(struct ksi_parker *parker)
{
    return ksi_load_relaxed(&parker->word) == WOKEN; /* a hint */
}
