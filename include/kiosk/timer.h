/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/timer.h - messages and exits in the future. Never early. The timers of a process die with
 * it: also those that send to others.
 *
 * A server's own timers are casts: cache_cast_every_sweep(60000, ks_self()), see gen_server.h.
 * Called from inside a process; never blocks. What makes a timer gives the zero ref (ks_is_no_ref)
 * when there will be none: out of memory, a negative time, a period below 1 ms. A name is looked up
 * when the time has come. */
#ifndef KIOSK_TIMER_H
#define KIOSK_TIMER_H
#include "process.h"

/* Once, in so many ms: ks_send_after(250, pid, tick, &(tick){ .n = 1 }). */
#define ks_send_after(after, to, T, ...)                                                           \
    ks_send_timer_(KS_TIMER_AFTER, (after), (to), &T##_type, KS_CHECKED(T, __VA_ARGS__))
/* Once, at a moment of ks_now(); when it is past, now. */
#define ks_send_at(moment, to, T, ...)                                                             \
    ks_send_timer_(KS_TIMER_AT, (moment), (to), &T##_type, KS_CHECKED(T, __VA_ARGS__))
/* At start + period, start + 2 periods...: no drift. When the runtime is behind, those that it
 * missed are skipped. Goes on until cancelled; one to a process or alias that is gone ends at the
 * next beat, one to a name waits for the next holder. A beat without memory for its message is
 * lost. */
#define ks_send_every(period, to, T, ...)                                                          \
    ks_send_timer_(KS_TIMER_EVERY, (period), (to), &T##_type, KS_CHECKED(T, __VA_ARGS__))
/* The same, but none is skipped: those that were missed are sent together as soon as possible, as
 * far as the receiver's mailbox limit lets them in. For counting time, not for work. */
#define ks_send_every_catch_up(period, to, T, ...)                                                 \
    ks_send_timer_(KS_TIMER_CATCH_UP, (period), (to), &T##_type, KS_CHECKED(T, __VA_ARGS__))
/* The exit signal that ks_exit_process would send, from the caller, in so many ms: a limit for what
 * somebody else does, or with KS_KILL the end of all patience. */
KS_API ks_ref ks_exit_after(ks_ms after, ks_pid pid, ks_reason reason);

/* True: cancelled, and its message will never come. False: it has fired, or never was; the message
 * may already be in the queue, where ks_receive_ref(timer, 0) finds it. The zero ref is a no-op.
 * Only the process that made a timer can cancel or read it. */
KS_API bool ks_cancel(ks_ref timer);
KS_API ks_ms ks_timer_left(ks_ref timer); /* 0: fired, cancelled or unknown */
/* Uniform in 0..below-1; 0 when below is 0. Not for keys; seeded in simulation, so use it
 * instead of rand(). Any thread. */
KS_API uint64_t ks_random(uint64_t below);
/* Nanoseconds since 1970; may jump; virtual in simulation. Any thread. */
KS_API int64_t ks_wall_clock_ns(void);

typedef enum ks_timer_kind {
    KS_TIMER_AFTER,
    KS_TIMER_AT,
    KS_TIMER_EVERY,
    KS_TIMER_CATCH_UP
} ks_timer_kind;
KS_API ks_ref ks_send_timer_(
    ks_timer_kind kind, ks_ms time, ks_pid to, const ks_type *type, const void *value);
#endif
