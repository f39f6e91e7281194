/* SPDX-License-Identifier: Apache-2.0 */
/* request_test - an asynchronous request has no deadline, however long the program runs: what its
 * message has in that place, a handle, is no moment that passes. */
#include <kiosk/kiosk.h>
#include <kiosk/test.h>

#include "support/suite.h"

#define DAY ((ks_ms)24 * 60 * 60 * 1000)
enum { DAYS = 1000 };

KS_MODULE(echo, void);
KS_CALL(echo, say, ks_int, ks_int);
struct echo {
    int64_t count;
};

static ks_next echo_handle_say(echo *self, const ks_int *n, ks_int *reply)
{
    KS_CHECK(ks_time_left() == KS_INFINITY);
    self->count++;
    *reply = *n;
    return ks_reply();
}

KS_GEN_SERVER(echo, .ops = KS_OPS(echo, say));

static void after_many_days(void)
{
    ks_pid server;
    KS_CHECK_OK(ks_start(KS_CHILD(echo), &server));
    ks_sleep(DAYS * DAY);
    for (ks_int n = 0; n < 100; n++) {
        ks_int reply = -1;
        echo_say_request request = echo_send_say(server, &n);
        KS_CHECK_OK(echo_receive_say(request, &reply, 1000));
        KS_CHECK(reply == n);
    }
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
}

START_TEST(a_request_has_no_deadline)
{
    const ks_simulation simulation = { .seed = 1, .runs = 20, .time_limit = 2 * DAYS * DAY };
    ck_assert_int_eq(ks_simulate(&simulation, after_many_days), 0);
}
END_TEST

int main(void) { return run_suite("request", 60, TESTS(a_request_has_no_deadline)); }
