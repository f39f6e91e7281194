/* SPDX-License-Identifier: Apache-2.0 */
/* payload.c - big_message_ref and copy_1k: calls that carry something. */
#include "bench.h"

#include <kiosk/bin.h>
#include <string.h>

enum { BIG = 1 << 20, FIRST_BYTE = 7, WORDS = 127 };
typedef struct parcel {
    ks_bin *content;
} parcel;
KS_TYPE(parcel, content);
typedef struct page {
    int64_t words[WORDS]; /* with the header of the message some 1 KiB */
} page;
KS_TYPE(page, (array, words));

KS_MODULE(clerk, void);
struct clerk {
    int64_t words[8];
};
KS_CALL(clerk, weigh, parcel, ks_int);
KS_CALL(clerk, read, page, ks_int);

static ks_next clerk_handle_weigh(clerk *self, const parcel *request, ks_int *reply)
{
    ks_blob bytes = ks_bin_bytes(request->content);
    self->words[0]++;
    *reply = (ks_int)bytes.len + bytes.ptr[0];
    return ks_reply();
}

static ks_next clerk_handle_read(clerk *self, const page *request, ks_int *reply)
{
    self->words[0]++;
    *reply = request->words[0];
    return ks_reply();
}
KS_GEN_SERVER(clerk, .ops = KS_OPS(clerk, weigh, read));

static ks_pid start_clerk(void)
{
    ks_pid pid;
    must(ks_start(KS_CHILD(clerk), &pid), "the server did not start");
    return pid;
}

void big_message_ref(void)
{
    int64_t n = scaled(500000);
    uint8_t *bytes = ks_alloc(BIG);
    memset(bytes, FIRST_BYTE, BIG);
    parcel request = { ks_bin_new(ks_bytes(bytes, BIG)) };
    ks_pid to = start_clerk();
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) {
        ks_int reply;
        if (clerk_call_weigh(to, &request, &reply, KS_DEFAULT_TIMEOUT) || reply != BIG + FIRST_BYTE)
            wrong("the reply is not size + first byte");
    }
    report(&(struct result){ n, now_seconds() - start, NULL });
    ks_bin_unref(request.content);
    ks_exit_process(to, KS_KILL);
}

void copy_1k(void)
{
    int64_t n = scaled(1000000);
    page request;
    for (int i = 0; i < WORDS; i++) request.words[i] = i + 1;
    ks_pid to = start_clerk();
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) {
        ks_int reply;
        request.words[0] = i;
        if (clerk_call_read(to, &request, &reply, KS_DEFAULT_TIMEOUT) || reply != i)
            wrong("the reply is not the first integer");
    }
    report(&(struct result){ n, now_seconds() - start, NULL });
    ks_exit_process(to, KS_KILL);
}
