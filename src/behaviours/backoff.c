/* SPDX-License-Identifier: Apache-2.0 */
/* backoff.c - see kiosk/backoff.h. Integers but for the two factors; never more than max_ms. */
#include <kiosk/backoff.h>
#include <kiosk/timer.h>

enum { MAX_MS = 30000, PARTS = 1000000 };

KS_TYPE(ks_backoff, first_ms, max_ms, factor, jitter, reset_after_ms);

static ks_ms max_of(const ks_backoff *backoff)
{
    ks_ms max = backoff->max_ms ? backoff->max_ms : MAX_MS;
    if (max < backoff->first_ms) max = backoff->first_ms;
    return max < KS_INFINITY ? max : KS_INFINITY;
}

/* Without jitter. The loop ends at max_ms, or after `attempt` rounds. */
static double longest(const ks_backoff *backoff, uint32_t attempt)
{
    double factor = backoff->factor > 0 ? backoff->factor : 2, max = (double)max_of(backoff);
    double delay = (double)backoff->first_ms;
    if (factor <= 1) return delay;
    for (uint32_t i = 0; i < attempt && delay < max; i++) delay *= factor;
    return delay < max ? delay : max;
}

ks_ms ks_backoff_delay(const ks_backoff *backoff, uint32_t attempt)
{
    if (backoff->first_ms <= 0) return 0;
    double jitter = backoff->jitter == 0 ? 0.2 : backoff->jitter;
    double delay = longest(backoff, attempt);
    if (jitter > 0) delay -= delay * jitter * (double)ks_random(PARTS + 1) / PARTS;
    if (delay >= (double)max_of(backoff)) return max_of(backoff); /* as a double it may be more */
    return delay < 1 ? 1 : (ks_ms)delay;
}

ks_ms ks_backoff_reset(const ks_backoff *backoff)
{
    return backoff->reset_after_ms > 0 ? backoff->reset_after_ms : max_of(backoff);
}

bool ks_backoff_is_right(const ks_backoff *backoff)
{
    return backoff->first_ms >= KS_NONE && backoff->max_ms >= 0 && backoff->reset_after_ms >= 0 &&
        (backoff->factor == 0 || backoff->factor >= 1) &&
        (backoff->jitter == KS_NONE || (backoff->jitter >= 0 && backoff->jitter <= 1));
}
