/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - messages in the future: a timer, the message it sends, its record. */
#ifndef KSI_RUNTIME_TIMER_H
#define KSI_RUNTIME_TIMER_H
#include "runtime/scheduler.h"

struct ksi_sending {
    struct ksi_timer timer;
    ks_pid to;
    struct ksi_message *message;
    ks_ms period; /* 0: once */
    uint32_t record;
    uint8_t size_class;
};

/* The tick at which ms from now are over: never early. */
static inline int64_t ksi_due(int64_t now_ns, ks_ms ms)
{
    return (now_ns + 999999) / 1000000 + (ms > 0 ? ms : 0);
}
/* What a timer needs beside its record; NULL: out of memory. */
struct ksi_sending *ksi_sending_new(
    struct ksi_scheduler *s, ks_pid to, const ks_type *type, const void *value);
void ksi_sending_due(struct ksi_scheduler *s, struct ksi_timer *timer);
/* Without its record, which the caller frees. */
void ksi_sending_end(struct ksi_scheduler *s, struct ksi_sending *sending);

/* timeout.c: a named time-out is over; it is given up with its owner; the message that tells of it
 * is being handled: its name. */
void ksi_timeout_due(struct ksi_scheduler *s, struct ksi_record *record);
void ksi_timeout_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record);
int ksi_timeout_take(struct ksi_scheduler *s, struct ksi_process *p, const struct ksi_message *m);

#endif
