/* SPDX-License-Identifier: Apache-2.0 */
/* timer_wheel.h - a hierarchical wheel of timers: arm and cancel in O(1), never early.
 *
 * A tick is a sixteenth of a millisecond: a timer is late by one at most, so that a wait of 1 ms
 * takes that long, not two. Level k has slots of 64^k ticks; a timer stands on the level of the
 * highest digit in which its due tick differs from now, and moves down as time passes.
 * Timers that are due at the same tick fire in the order in which they were armed. Invariants: a
 * slot's bit is set exactly when its list is not empty; every timer's due tick is later than
 * now. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_TIMER_WHEEL_H
#define KSI_RUNTIME_TIMER_WHEEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ksi_timer {
    struct ksi_timer *next, *previous; /* in the ring of its slot; NULL: not armed */
    int64_t due;                       /* tick */
};

enum { KSI_TICKS_PER_MS = 16, KSI_TICK_NS = 62500 };
enum { KSI_WHEEL_LEVELS = 8, KSI_WHEEL_SLOTS = 64 };
struct ksi_wheel {
    int64_t now; /* tick */
    uint64_t occupied[KSI_WHEEL_LEVELS];
    struct ksi_timer slots[KSI_WHEEL_LEVELS][KSI_WHEEL_SLOTS]; /* each the head of a ring */
};

static inline bool ksi_timer_armed(const struct ksi_timer *timer) { return timer->next != NULL; }
void ksi_wheel_init(struct ksi_wheel *wheel, int64_t now);
/* due later than now; else it is fired at the next advance. */
void ksi_wheel_arm(struct ksi_wheel *wheel, struct ksi_timer *timer, int64_t due);
/* Of a timer that is not armed: nothing. */
void ksi_wheel_cancel(struct ksi_wheel *wheel, struct ksi_timer *timer);
/* Moves time to `now`; takes the next expired timer out, or returns NULL when there is none
 * left. */
struct ksi_timer *ksi_wheel_advance(struct ksi_wheel *wheel, int64_t now);
/* A tick at or before the earliest due one, when the wheel must be looked at again; INT64_MAX:
 * never. */
int64_t ksi_wheel_next(const struct ksi_wheel *wheel);

#endif
