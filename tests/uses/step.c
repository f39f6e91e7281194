/* SPDX-License-Identifier: Apache-2.0 */
/* step.c - the queue's logic, tested from a plain main by its own client functions: no thread,
 * no sleep; time is the test's. */
#include "queue.h"
#include <kiosk/test.h>
#include <stdio.h>

static ks_pid start(int32_t limit)
{
    ks_pid server;
    KS_CHECK_OK(ks_step_start(KS_CHILD(queue, .limit = limit), &server));
    return server;
}

static bool next_is(ks_pid server, ks_text expected)
{
    ks_text item;
    return queue_pop(server, &item, 0) == KS_OK && ks_text_eq(item, expected);
}

static void first_in_first_out(void)
{
    ks_pid server = start(2);
    for (int round = 0; round < 3; round++) { /* around the ring */
        KS_CHECK_OK(queue_push(server, ks_lit("a")));
        KS_CHECK_OK(queue_push(server, ks_lit("b")));
        KS_CHECK(next_is(server, ks_lit("a")));
        KS_CHECK(next_is(server, ks_lit("b")));
    }
}

static void a_full_queue_says_so_and_goes_on(void)
{
    ks_pid server = start(1);
    KS_CHECK_OK(queue_push(server, ks_lit("a")));
    KS_CHECK(queue_push(server, ks_lit("b")) == KS_FULL);
    KS_CHECK(next_is(server, ks_lit("a")));
    KS_CHECK_OK(queue_push(server, ks_lit("b")));
}

static void a_taker_on_empty_times_out_and_takes_nothing(void)
{
    ks_pid server = start(0);
    ks_text item;
    ks_ms begin = ks_now();
    KS_CHECK(queue_pop(server, &item, 60000) == KS_TIMEOUT);
    KS_CHECK(ks_now() - begin >= 60000);
    KS_CHECK_OK(queue_push(server, ks_lit("kept")));
    KS_CHECK(next_is(server, ks_lit("kept")));
}

static void a_bad_limit_is_refused(void)
{
    ks_pid server;
    KS_CHECK(ks_step_start(KS_CHILD(queue, .limit = -1), &server) == KS_BADARG);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = { { "first in, first out", first_in_first_out },
        { "a full queue says so and goes on", a_full_queue_says_so_and_goes_on },
        { "a taker on empty times out", a_taker_on_empty_times_out_and_takes_nothing },
        { "a bad limit is refused", a_bad_limit_is_refused } };
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        tests[i].run();
        ks_step_end();
        printf("ok: %s\n", tests[i].name);
    }
}
