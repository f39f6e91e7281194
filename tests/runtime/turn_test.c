/* SPDX-License-Identifier: Apache-2.0 */
/* turn_test - a server's turn: large replies, texts, reasons and what ks_end_turn may not take
 * away; riders on verdicts, together and with system messages between. */
#include "support/scenario.h"

#include <kiosk/timer.h>

#include <string.h>

/* --- replies and reasons survive the end of a turn -------------------------------------------- */
typedef struct page {
    int64_t words[200];
} page;
KS_TYPE(page, (array, words));
typedef struct answer {
    ks_text text;
    ks_bin *bin;
    int64_t pad[40];
} answer;
KS_TYPE(answer, text, bin, (array, pad));

KS_MODULE(library, void);
KS_CALL(library, read, ks_int, page);
KS_CALL(library, tell, ks_int, answer);
KS_CALL(library, send_page, page, ks_int);
KS_CALL(library, close, void, page);
struct library {
    int calls;
};

static void count_call(void *arg) { ((library *)arg)->calls++; }

static ks_next library_handle_read(library *self, const ks_int *first, page *reply)
{
    for (int i = 0; i < 200; i++) KS_CHECK(reply->words[i] == 0);
    (void)ks_format("%d", 1);
    ks_end_turn();
    for (int i = 0; i < 200; i++) reply->words[i] = *first + i;
    return ks_reply();
}

static ks_next library_handle_tell(library *self, const ks_int *number, answer *reply)
{
    ks_defer(count_call, self);
    reply->text = ks_str(ks_format("number %lld", (long long)*number));
    reply->bin = ks_bin_new(ks_bytes(reply->text.ptr, reply->text.len));
    KS_CHECK(reply->bin != NULL);
    ks_defer((void (*)(void *))ks_bin_unref, reply->bin);
    for (int i = 0; i < 40; i++) reply->pad[i] = i;
    return ks_reply();
}

static ks_next library_handle_send_page(library *self, const page *sent, ks_int *reply)
{
    *reply = 0;
    ks_sleep(1);
    for (int i = 0; i < 200; i++) *reply += sent->words[i];
    return ks_reply();
}

static ks_next library_handle_close(library *self, page *reply)
{
    reply->words[199] = 199;
    return ks_reply_stop(ks_error("closed after %s", ks_format("%d calls", self->calls)));
}

/* Takes what it can from the reason it was given, and from itself. */
static void library_terminate(library *self, ks_reason why)
{
    ks_end_turn();
    ks_sleep(1);
    for (int i = 0; i < 10; i++) (void)ks_format("something else of about that length %d", i);
}

KS_GEN_SERVER(
    library, .terminate = library_terminate, .ops = KS_OPS(library, read, tell, send_page, close));

static ks_pid start_library(ks_ref *ret_monitor)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(library), &pid, ret_monitor));
    return pid;
}

static void large_requests_and_replies_are_copied(void)
{
    ks_ref monitor;
    ks_pid server = start_library(&monitor);
    page sent, got;
    ks_int sum;
    for (int i = 0; i < 200; i++) sent.words[i] = i;
    KS_CHECK_OK(library_call_send_page(server, &sent, &sum, 1000));
    KS_CHECK(sum == 19900);
    for (ks_int first = 5; first < 9; first++) {
        KS_CHECK_OK(library_call_read(server, &first, &got, 1000));
        for (int i = 0; i < 200; i++) KS_CHECK(got.words[i] == first + i);
    }
    kill_and_wait(server);
    end_of(monitor);
}

static void texts_and_bins_of_replies_live_until_the_turn_ends(void)
{
    ks_ref monitor;
    ks_pid server = start_library(&monitor);
    answer answers[3];
    for (ks_int i = 0; i < 3; i++) KS_CHECK_OK(library_call_tell(server, &i, &answers[i], 1000));
    kill_and_wait(server);
    for (int i = 0; i < 3; i++) {
        ks_text expected = ks_str(ks_format("number %d", i));
        KS_CHECK(ks_text_eq(answers[i].text, expected));
        KS_CHECK(answers[i].text.ptr[expected.len] == 0);
        KS_CHECK(ks_bin_bytes(answers[i].bin).len == expected.len);
        KS_CHECK(answers[i].pad[39] == 39);
    }
    end_of(monitor);
    ks_end_turn();
}

static void the_text_of_a_reason_outlives_terminate(void)
{
    ks_ref monitor;
    ks_pid server = start_library(&monitor);
    page last;
    answer one;
    KS_CHECK_OK(library_call_tell(server, &(ks_int){ 1 }, &one, 1000));
    KS_CHECK_OK(library_call_close(server, &last, 1000));
    KS_CHECK(last.words[199] == 199);
    const ks_msg *msg = ks_receive_ref(monitor, 1000);
    KS_CHECK(msg && ks_as(ks_down, msg));
    KS_CHECK(strcmp(ks_as(ks_down, msg)->reason.text, "closed after 1 calls") == 0);
}

/* --- riders ----------------------------------------------------------------------------------- */
static trace seen;

KS_MODULE(rider, void);
KS_CAST(rider, both, ks_int); /* continues, and wants a time-out */
struct rider {
    int unused;
};

static ks_next rider_handle_both(rider *self, const ks_int *after)
{
    trace_add(&seen, 'b');
    return ks_after(ks_continue(ks_noreply(), 3), *after);
}

static ks_next rider_handle_continue(rider *self, int what)
{
    trace_add(&seen, 'c');
    for (int i = 0; i < what; i++) ks_sleep(10);
    return ks_noreply();
}

static ks_next rider_handle_timeout(rider *self)
{
    trace_add(&seen, 'T');
    return ks_noreply();
}

KS_GEN_SERVER(rider, .handle_continue = rider_handle_continue,
    .handle_timeout = rider_handle_timeout, .ops = KS_OPS(rider, both));

/* Each callback's verdict says what comes next: that of handle_continue replaces the rider. */
static void a_continue_takes_the_place_of_a_time_out(void)
{
    ks_pid server;
    seen = (trace){ .len = 0 };
    KS_CHECK_OK(ks_start(KS_CHILD(rider), &server));
    for (ks_int after = 0; after < 50; after += 7) {
        rider_cast_both(server, &after);
        ks_sleep(ks_random(2) ? 0 : 200);
    }
    ks_sleep(2000);
    KS_CHECK(trace_is(&seen, "bcbcbcbcbcbcbcbc"));
    kill_and_wait(server);
}

/* A status request that comes with the time-out: it starts again in full, and fires once. */
KS_MODULE(pulse, void);
struct pulse {
    ks_ms asked;
};
static ks_next pulse_init(pulse *self, const ks_none *args) { return ks_after(ks_ok(), 20); }
static void pulse_format_status(const pulse *self, char *buffer, size_t size)
{
    ((pulse *)(uintptr_t)self)->asked = ks_now();
}
static ks_next pulse_handle_timeout(pulse *self)
{
    trace_add(&seen, 'T');
    KS_CHECK(ks_now() >= self->asked + 20);
    ks_sleep(1);
    return seen.len < 10 ? ks_after(ks_noreply(), 20) : ks_noreply();
}
KS_GEN_SERVER(pulse, .init = pulse_init, .handle_timeout = pulse_handle_timeout,
    .format_status = pulse_format_status);

static void a_status_request_and_a_time_out_at_the_same_moment(void)
{
    ks_pid server;
    char text[8];
    seen = (trace){ .len = 0 };
    KS_CHECK_OK(ks_start(KS_CHILD(pulse), &server));
    for (int i = 0; i < 40; i++) {
        ks_sleep(17 + (ks_ms)ks_random(6));
        KS_CHECK_OK(ks_format_status(server, text, sizeof text, 1000));
    }
    ks_sleep(2000);
    KS_CHECK(trace_is(&seen, "TTTTTTTTTT"));
    kill_and_wait(server);
}

int main(void)
{
    return run_scenarios("turn", 50,
        SCENARIOS(SCENARIO(large_requests_and_replies_are_copied),
            SCENARIO(texts_and_bins_of_replies_live_until_the_turn_ends),
            SCENARIO(the_text_of_a_reason_outlives_terminate),
            SCENARIO(a_continue_takes_the_place_of_a_time_out),
            SCENARIO(a_status_request_and_a_time_out_at_the_same_moment)));
}
