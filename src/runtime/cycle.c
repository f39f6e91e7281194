/* SPDX-License-Identifier: Apache-2.0 */
/* cycle.c - processes that wait for each other in a circle, found when the circle closes.
 *
 * Who begins to wait says for whom, then follows the chain of those who wait (ksi_wait_begin(), and
 * here). Two things must hold, whatever threads the processes live on:
 *
 * No circle goes unseen. Of those in it that had to look, one is the last to pass the fence: all
 * others have said for whom they wait before, and it finds the whole chain. Who need not look is
 * one whose target lived here and waited for nobody: what that target says later it says after us,
 * on this thread or one that it has moved to, so it is not the last either, and the target looks,
 * or the target's target.
 * No chain is taken for a circle that is none. It is followed twice; what is the same wait both
 * times, by its serial, was one from before the second time began, for all of them at once.
 *
 * When two close a circle at the same moment both may be told so. docs/models/cycle.pml is the
 * protocol. Used by the scheduler of the process that begins to wait. */
#include "base/base.h"
#include "runtime/signal.h"

enum { CYCLE_MAX = 64 };

struct step {
    uint64_t from; /* pid id */
    uint32_t serial;
};

/* True: whom it waits for, in *ret_to. */
static bool follow(struct ksi_scheduler *s, struct step *step, uint64_t *ret_to)
{
    struct ksi_process *p = ksi_process_of(s, step->from);
    if (!p) return false;
    /* acquire: for whom; pairs with the second release in ksi_wait_begin() */
    step->serial = ksi_load_acquire(&p->call_serial);
    if (!(step->serial & 1)) return false;
    /* acquire: when it is of a later wait, its serial is seen to be another the second time */
    *ret_to = ksi_load_acquire(&ksi_shared_of(s, p)->waits_for);
    return true;
}

bool ksi_closes_cycle(struct ksi_scheduler *s, uint64_t id)
{
    struct step steps[CYCLE_MAX];
    uint64_t self = ksi_process_id(s->current), at = id;
    int count = 0;
    /* Ours stands before we look at theirs; pairs with the same fence of theirs. */
    if (s->parallel) ksi_fence();
    while (at != self) {
        if (count == CYCLE_MAX) return false;
        steps[count].from = at;
        if (!follow(s, &steps[count++], &at)) return false;
    }
    for (int i = 0; i < count; i++) {
        struct step again = { .from = steps[i].from };
        if (!follow(s, &again, &at) || again.serial != steps[i].serial) return false;
        if (at != (i + 1 < count ? steps[i + 1].from : self)) return false;
    }
    return true;
}
