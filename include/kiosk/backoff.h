/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/backoff.h - how long to wait before the next attempt, as data.
 *
 *     { KS_START(upstream), .backoff = { .first_ms = 100, .max_ms = 5000 } }   in a child's row
 *     worker_cast_after_connect(ks_backoff_delay(&backoff, failures), ks_self());
 *
 * Attempt 0 waits first_ms, each later one factor times as long, none longer than max_ms; a part of
 * it, drawn by lot, is left out, so that many who failed together do not come back together. */
#ifndef KIOSK_BACKOFF_H
#define KIOSK_BACKOFF_H
#include "type.h"

typedef struct ks_backoff {
    ks_ms first_ms;       /* 0: no back-off; in a child's row: the supervisor's; KS_NONE: none */
    ks_ms max_ms;         /* default 30000; never less than first_ms */
    double factor;        /* default 2; 1: always the same */
    double jitter;        /* the part that may be left out, up to 1; default 0.2; KS_NONE: 0 */
    ks_ms reset_after_ms; /* ran so long: the next failure is attempt 0 again; default max_ms */
} ks_backoff;
KS_DECLARE_TYPE(ks_backoff);
#define KS_NONE (-1) /* where zero would mean the default but none is meant */

/* The wait before an attempt: at least 1 ms, but 0 without a back-off. Attempts count from 0. From
 * the runtime's randomness, so a simulation repeats it. Any thread. */
KS_API ks_ms ks_backoff_delay(const ks_backoff *backoff, uint32_t attempt);
/* How long something must have run well for its failures to be forgotten: reset_after_ms or its
 * default. Any thread. */
KS_API ks_ms ks_backoff_reset(const ks_backoff *backoff);
/* May it be used: no field below 0 but for KS_NONE, factor 0 or from 1 on, jitter at most 1. */
KS_API bool ks_backoff_is_right(const ks_backoff *backoff);
#endif
