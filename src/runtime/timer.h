/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - messages and exits in the future. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_TIMER_H
#define KSI_RUNTIME_TIMER_H
#include "runtime/scheduler.h"

enum { KSI_NS_PER_MS = 1000000 };
/* The millisecond in which ms from now are over: never early. For deadlines of requests. */
static inline ks_ms ksi_deadline(int64_t now_ns, ks_ms ms)
{
    return (now_ns + KSI_NS_PER_MS - 1) / KSI_NS_PER_MS + (ms > 0 ? ms : 0);
}
/* The ticks of so many milliseconds, or as many as there are before the end of time; less than
 * none is none. */
static inline int64_t ksi_ticks(ks_ms ms)
{
    const ks_ms most = INT64_MAX / 2 / KSI_TICKS_PER_MS; /* there is room for the present */
    return ms > 0 ? (ms < most ? ms : most) * KSI_TICKS_PER_MS : 0;
}
/* The tick in which ms from now are over: never early. */
static inline int64_t ksi_due(int64_t now_ns, ks_ms ms)
{
    return (now_ns + KSI_TICK_NS - 1) / KSI_TICK_NS + ksi_ticks(ms);
}
/* The milliseconds until then, for people: of the last one a tick does not count. KS_INFINITY: as
 * good as never. */
static inline ks_ms ksi_ms_until(int64_t due, int64_t now_ns)
{
    int64_t left = due - now_ns / KSI_TICK_NS;
    if (left >= ksi_ticks(KS_INFINITY)) return KS_INFINITY;
    return left > 0 ? (left + KSI_TICKS_PER_MS - 2) / KSI_TICKS_PER_MS : 0;
}
/* The timer of a record is due, and stands in the wheel no more. */
void ksi_timing_due(struct ksi_scheduler *s, struct ksi_timer *timer);
/* It will not fire. The caller frees the record. */
void ksi_timing_end(struct ksi_scheduler *s, struct ksi_record *record);

/* timeout.c: a named time-out is over; it is given up with its owner; the message that tells of it
 * is being handled: its name. */
void ksi_timeout_due(struct ksi_scheduler *s, struct ksi_record *record);
void ksi_timeout_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record);
int ksi_timeout_take(struct ksi_scheduler *s, struct ksi_process *p, const struct ksi_message *m);
/* Its handler has returned: one that repeats begins anew. */
void ksi_timeout_handled(
    struct ksi_scheduler *s, struct ksi_process *p, const struct ksi_message *m);

#endif
