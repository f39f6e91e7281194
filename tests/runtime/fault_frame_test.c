/* SPDX-License-Identifier: Apache-2.0 */
/* fault_frame_test - frames that are larger than a page: what the guard catches by its size, and
 * what by the compiler's probes, which support/frames.c has, and this file has not. */
#include "runtime/faulty.h"
#include "support/frames.h"

static __attribute__((noinline)) int recurse_60_kib(int depth)
{
    volatile char frame[60 << 10];
    keep_whole(frame);
    frame[0] = (char)depth;
    return depth < 1000 ? recurse_60_kib(depth + 1) + frame[0] : 0;
}

static void overflow_by_steps_of_60_kib(void *arg) { zero = recurse_60_kib(0) * 0; }
static void overflow_by_1_mib(void *arg) { zero = touch_1_mib() * 0; }
static void overflow_by_alloca(void *arg) { zero = touch_alloca((size_t)zero + (1 << 20)) * 0; }

static void each_overflows(void)
{
    void (*const ways[])(
        void *arg) = { overflow_by_steps_of_60_kib, overflow_by_1_mib, overflow_by_alloca };
    for (int i = 0; i < 3; i++) {
        ks_ref monitor;
        for (int round = 0; round < 10; round++) {
            ks_spawn_monitor(ways[i], NULL, &monitor);
            ck_overflowed(monitor);
        }
    }
}
SCENARIO(each_overflows)

static void guard_can_be_read(void)
{
    ck_assert_int_ne(ks_stack_guard_mode(), KS_GUARD_NONE);
    ck_assert_uint_ge(ks_stack_guard_size(), 64 << 10);
}
SCENARIO(guard_can_be_read)

START_TEST(outside_there_is_no_guard)
{
    ck_assert_int_eq(ks_stack_guard_mode(), KS_GUARD_NONE);
    ck_assert_uint_eq(ks_stack_guard_size(), 0);
}
END_TEST

int main(void)
{
    if (KSI_SANITIZED) return 77;
    const TTest *const tests[] = { each_overflows_test, guard_can_be_read_test,
        outside_there_is_no_guard };
    return run_suite("fault_frame", tests, sizeof tests / sizeof tests[0]);
}
