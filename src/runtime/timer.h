/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - messages and exits in the future. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_TIMER_H
#define KSI_RUNTIME_TIMER_H
#include "runtime/scheduler.h"

/* The tick at which ms from now are over: never early. */
static inline int64_t ksi_due(int64_t now_ns, ks_ms ms)
{
    return (now_ns + 999999) / 1000000 + (ms > 0 ? ms : 0);
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
