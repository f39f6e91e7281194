/* SPDX-License-Identifier: Apache-2.0 */
/* backoff_test - the delays of a back-off: their bounds, defaults, lots and limits. */
#include "behaviours/supervised.h"

static void each_attempt_waits_longer_up_to_the_maximum(void)
{
    const ks_backoff plain = { .first_ms = 100, .max_ms = 1000, .jitter = KS_NONE };
    static const ks_ms expected[] = { 100, 200, 400, 800, 1000, 1000 };
    for (uint32_t i = 0; i < 6; i++) KS_CHECK(ks_backoff_delay(&plain, i) == expected[i]);
    KS_CHECK(ks_backoff_delay(&plain, UINT32_MAX) == 1000);
    const ks_backoff slow = { .first_ms = 100, .factor = 1, .jitter = KS_NONE };
    KS_CHECK(ks_backoff_delay(&slow, UINT32_MAX) == 100);
    const ks_backoff triple = { .first_ms = 10, .factor = 3, .jitter = KS_NONE };
    KS_CHECK(ks_backoff_delay(&triple, 2) == 90);
}

static void the_maximum_has_a_default_and_is_never_below_the_first(void)
{
    const ks_backoff usual = { .first_ms = 100, .jitter = KS_NONE };
    KS_CHECK(ks_backoff_delay(&usual, 100) == 30000 && ks_backoff_reset(&usual) == 30000);
    const ks_backoff long_first = { .first_ms = 60000, .max_ms = 10, .jitter = KS_NONE };
    KS_CHECK(
        ks_backoff_delay(&long_first, 0) == 60000 && ks_backoff_delay(&long_first, 9) == 60000);
    const ks_backoff patient = { .first_ms = 1, .reset_after_ms = 77 };
    KS_CHECK(ks_backoff_reset(&patient) == 77);
    const ks_backoff huge = { .first_ms = INT64_MAX / 2, .max_ms = INT64_MAX, .jitter = KS_NONE };
    KS_CHECK(ks_backoff_delay(&huge, 50) <= KS_INFINITY);
}

static void without_a_first_delay_there_is_none(void)
{
    KS_CHECK(ks_backoff_delay(&(ks_backoff){ .max_ms = 1000 }, 5) == 0);
    KS_CHECK(ks_backoff_delay(&(ks_backoff){ .first_ms = KS_NONE }, 5) == 0);
    const ks_backoff all = { .first_ms = 3, .jitter = 1 };
    for (int i = 0; i < 200; i++) KS_CHECK(ks_backoff_delay(&all, 0) >= 1);
}

static void the_lot_takes_a_part_away(void)
{
    const ks_backoff half = { .first_ms = 1000, .jitter = 0.5 }, usual = { .first_ms = 1000 };
    ks_ms least = 1000, most = 0;
    for (int i = 0; i < 300; i++) {
        ks_ms delay = ks_backoff_delay(&half, 0);
        KS_CHECK(delay >= 500 && delay <= 1000);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
        delay = ks_backoff_delay(&usual, 0);
        KS_CHECK(delay >= 800 && delay <= 1000);
    }
    KS_CHECK(least < 550 && most > 950);
}

static void what_is_wrong_is_known(void)
{
    KS_CHECK(ks_backoff_is_right(&(ks_backoff){ 0 }));
    KS_CHECK(ks_backoff_is_right(&(ks_backoff){ .first_ms = KS_NONE, .jitter = KS_NONE }));
    KS_CHECK(ks_backoff_is_right(&(ks_backoff){ 1, 2, 1, 1, 3 }));
    KS_CHECK(!ks_backoff_is_right(&(ks_backoff){ .first_ms = -2 }));
    KS_CHECK(!ks_backoff_is_right(&(ks_backoff){ .first_ms = 1, .max_ms = -1 }));
    KS_CHECK(!ks_backoff_is_right(&(ks_backoff){ .first_ms = 1, .reset_after_ms = -1 }));
    KS_CHECK(!ks_backoff_is_right(&(ks_backoff){ .first_ms = 1, .factor = 0.5 }));
    KS_CHECK(!ks_backoff_is_right(&(ks_backoff){ .first_ms = 1, .jitter = 1.5 }));
    KS_CHECK(!ks_backoff_is_right(&(ks_backoff){ .first_ms = 1, .jitter = -0.5 }));
}

int main(void)
{
    return RUN_ALL("backoff", SCENARIO(each_attempt_waits_longer_up_to_the_maximum),
        SCENARIO(the_maximum_has_a_default_and_is_never_below_the_first),
        SCENARIO(without_a_first_delay_there_is_none), SCENARIO(the_lot_takes_a_part_away),
        SCENARIO(what_is_wrong_is_known));
}
