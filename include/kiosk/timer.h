/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/timer.h - messages in the future. Never early. The timers of a process die with it.
 *
 * A server's own timers are casts: cache_cast_every_sweep(60000, ks_self()), see gen_server.h.
 * Called from inside a process; never blocks. */
#ifndef KIOSK_TIMER_H
#define KIOSK_TIMER_H
#include "process.h"

/* ks_send_after(250, pid, tick, &(tick){ .n = 1 }); a name is looked up when the time has come. The
 * zero ref when out of memory. */
#define ks_send_after(after, to, T, ...)                                                           \
    ks_send_after_((after), 0, (to), &T##_type, KS_CHECKED(T, __VA_ARGS__))
/* At start + period, start + 2 periods...: no drift. When the runtime is behind, missed ones are
 * skipped. */
#define ks_send_every(period, to, T, ...)                                                          \
    ks_send_after_((period), (period), (to), &T##_type, KS_CHECKED(T, __VA_ARGS__))
KS_API ks_ref ks_send_after_(
    ks_ms after, ks_ms period, ks_pid to, const ks_type *type, const void *value);

/* True: cancelled, and its message will never come. False: it has fired, or never was; the message
 * may already be in the queue, where ks_receive_ref(timer, 0) finds it. The zero ref is a no-op. */
KS_API bool ks_cancel(ks_ref timer);
KS_API ks_ms ks_timer_left(ks_ref timer); /* 0: fired, cancelled or unknown */
/* Uniform in 0..below-1; 0 when below is 0. Not for keys; seeded in simulation, so use it
 * instead of rand(). Any thread. */
KS_API uint64_t ks_random(uint64_t below);
/* Nanoseconds since 1970; may jump; virtual in simulation. Any thread. */
KS_API int64_t ks_wall_clock_ns(void);
#endif
