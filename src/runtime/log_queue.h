/* SPDX-License-Identifier: Apache-2.0 */
/* log_queue.h - lines that wait for standard error: a ring of records that lie in one piece each.
 *
 * Invariants: head <= tail <= head + KSI_LOG_QUEUE_BYTES, both multiples of 8; count is the number
 * of records between them. A record stays where it is until it is taken. Used under the lock of
 * log_output.c. */
#ifndef KSI_RUNTIME_LOG_QUEUE_H
#define KSI_RUNTIME_LOG_QUEUE_H
#include "base/base.h"
#include <kiosk/log.h>

enum { KSI_LOG_QUEUE_BYTES = KSI_KNOB(256, 64) * 1024, KSI_LOG_QUEUE_LINES = KSI_KNOB(4096, 16) };

struct ksi_log_queue {
    uint64_t head, tail;
    uint32_t count;
    _Alignas(8) char bytes[KSI_LOG_QUEUE_BYTES];
};
struct ksi_log_line {
    uint32_t size;
    uint32_t stands_for; /* events: the report of drops stands for what it counts */
};

/* False: there is no room. The last quarter is for errors and worse. */
bool ksi_log_queue_put(struct ksi_log_queue *queue, ks_level level, const char *line, size_t size,
    uint32_t stands_for);
/* The oldest line, and its bytes; NULL: there is none. */
const struct ksi_log_line *ksi_log_queue_first(struct ksi_log_queue *queue, const char **ret_bytes);
void ksi_log_queue_take(struct ksi_log_queue *queue); /* the first one, which there is */

#endif
