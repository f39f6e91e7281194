/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h - a queue of texts shared by processes; takers wait. */
#ifndef QUEUE_H
#define QUEUE_H
#include <kiosk/start.h>

typedef struct queue_args {
    int32_t limit; /* items; 0: 1000 */
} queue_args;
KS_MODULE(queue, queue_args);

/* KS_FULL: as many items are there as the limit says. */
ks_status queue_push(ks_pid server, ks_text item) KS_MUST_USE;
/* Waits for an item; borrowed until the caller's handler returns. */
ks_status queue_pop(ks_pid server, ks_text *ret_item, ks_ms timeout) KS_MUST_USE;
#endif
