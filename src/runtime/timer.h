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
void ksi_sending_due(struct ksi_scheduler *s, struct ksi_timer *timer);
/* Without its record, which the caller frees. */
void ksi_sending_end(struct ksi_scheduler *s, struct ksi_sending *sending);

#endif
