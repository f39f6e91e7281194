/* SPDX-License-Identifier: Apache-2.0 */
/* recorder.h - the flight recorder: the latest signals of a scheduler, in a ring.
 *
 * Written at every dispatch, read by crash reports, which keep the lines of one process. An
 * entry is 32 bytes and holds no pointer that could dangle: `what` is an op's or a type's name,
 * both static. Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_RECORDER_H
#define KSI_RUNTIME_RECORDER_H
#include "runtime/message.h"

enum { KSI_RECORDER_ENTRIES = 4096 };
struct ksi_event {
    uint64_t to, from; /* pid ids */
    const char *what;
    int64_t kind; /* enum ksi_kind */
};
struct ksi_recorder {
    uint64_t count;
    struct ksi_event ring[KSI_RECORDER_ENTRIES];
};

static inline void ksi_record_event(
    struct ksi_recorder *recorder, uint64_t to, uint64_t from, const char *what, int64_t kind)
{
    struct ksi_event *event = &recorder->ring[recorder->count++ % KSI_RECORDER_ENTRIES];
    event->to = to;
    event->from = from;
    event->what = what;
    event->kind = kind;
}

#endif
