/* SPDX-License-Identifier: Apache-2.0 */
/* client_overload_test - a thread of the program sends to a mailbox that is full. */
#include "io/guest.h"
#include <kiosk/info.h>

KS_MODULE(narrow, void);
KS_CAST(narrow, work, ks_int);
KS_CALL(narrow, count, void, ks_int);
struct narrow {
    ks_int done;
};
static ks_next narrow_handle_work(narrow *self, const ks_int *duration)
{
    ks_sleep(*duration);
    self->done++;
    return ks_noreply();
}
static ks_next narrow_handle_count(narrow *self, ks_int *reply)
{
    *reply = self->done;
    return ks_reply();
}
KS_GEN_SERVER(narrow, .ops = KS_OPS(narrow, work, count));

static ks_pid start_narrow(ks_ms timeout)
{
    ks_pid pid;
    const ks_child row = { KS_START(narrow), .mailbox_max = 2, .overload = KS_BLOCK,
        .overload_timeout = timeout };
    ck_assert_int_eq(ks_start(&row, &pid), KS_OK);
    return pid;
}

static void wait_for_room(ks_runtime *runtime)
{
    enum { CASTS = 8 };
    ks_client *client = open_client(runtime);
    ks_pid patient = start_narrow(5000), strict = start_narrow(30);
    ks_int done = 0;
    for (int i = 0; i < CASTS; i++)
        ck_assert_int_eq(narrow_cast_work(patient, &(ks_int){ 20 }), KS_OK);
    ck_assert_uint_le(ks_mailbox_length(patient), 2);
    ck_assert_int_eq(narrow_call_count(patient, &done, 5000), KS_OK);
    ck_assert_int_eq(done, CASTS);
    for (int i = 0; i < 3; i++) /* one is being handled, two wait, at the end */
        ck_assert_int_eq(narrow_cast_work(strict, &(ks_int){ i ? 0 : 500 }), KS_OK);
    ks_sleep(10); /* what is just being sorted in counts a moment later */
    ks_ms begin = ks_now();
    ck_assert_int_eq(narrow_cast_work(strict, &(ks_int){ 0 }), KS_OVERLOAD);
    ck_assert_int_ge(ks_now() - begin, 30);
    ck_assert_uint_eq(ks_mailbox_refused(strict), 1);
    ck_assert_int_eq(narrow_call_count(strict, &done, 5000), KS_OK);
    ck_assert_int_eq(done, 3);
    ks_client_close(client);
}
GUEST(wait_for_room)

RUN_SUITE("client overload", wait_for_room_test)
