/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox_test - limits in bytes, what can be read of a mailbox, and rows that travel to it. */
#include "runtime/clerk.h"

#include "runtime/message.h"
#include <kiosk/timer.h>
#include <string.h>

static uint8_t bytes[100000];

/* --- what a message weighs -------------------------------------------------------------------- */
static void weights_are_exact_when_small_and_never_too_little(void)
{
    KS_CHECK(ksi_weight_units(ksi_weight_of(0)) == 0);
    for (size_t units = 1; units < 17; units++) /* the first one does not count */
        KS_CHECK(ksi_weight_units(ksi_weight_of(units * 64)) == units - 1);
    for (size_t size = 1; size < (size_t)1 << 36; size += size / 7 + 1) {
        size_t units = (size - 1) / 64, weighed = ksi_weight_units(ksi_weight_of(size));
        KS_CHECK(weighed >= units && weighed <= units + units / 8);
    }
    KS_CHECK(ksi_weight_units(ksi_weight_of(SIZE_MAX)) == 1u << 30);
    for (size_t size = 9; size < 5000; size += 50) { /* a block weighs what it takes */
        ks_pid self = ks_self();
        KS_CHECK_OK(ks_send(self, ks_text, &(ks_text){ (const char *)bytes, size }));
        KS_CHECK(ks_mailbox_bytes(self) >= 56 + 16 + size);
        KS_CHECK(ks_mailbox_bytes(self) <= (56 + 16 + 15 + size) * 9 / 4);
        KS_CHECK(ks_receive(0) != NULL);
    }
}

/* --- bytes ------------------------------------------------------------------------------------ */
typedef struct parcel {
    ks_blob bytes;
    ks_bin *shared;
} parcel;
KS_TYPE(parcel, bytes, shared);
KS_MODULE(store, void);
KS_CAST(store, put, parcel);
KS_CAST(store, work, ks_int);
KS_CAST(store, letter, ks_text);
KS_CALL(store, fetch, void, ks_text);
struct store {
    int count;
};
static int stored;

static ks_next store_handle_put(store *self, const parcel *one)
{
    stored++;
    return ks_noreply();
}
static ks_next store_handle_letter(store *self, const ks_text *letter)
{
    stored++;
    return ks_noreply();
}
static ks_next store_handle_work(store *self, const ks_int *duration)
{
    ks_sleep(*duration);
    return ks_noreply();
}
static ks_next store_handle_fetch(store *self, ks_text *reply)
{
    *reply = (ks_text){ (const char *)bytes, 60000 };
    return ks_reply();
}
KS_GEN_SERVER(store, .ops = KS_OPS(store, put, work, letter, fetch));

static ks_pid busy_store(size_t bytes_max, ks_overload policy)
{
    ks_pid pid;
    const ks_child row = { KS_START(store), .mailbox_bytes_max = bytes_max, .overload = policy };
    KS_CHECK_OK(ks_start(&row, &pid));
    KS_CHECK_OK(store_cast_work(pid, &(ks_int){ 1000 }));
    settle();
    KS_CHECK(ks_mailbox_bytes(pid) == 0);
    stored = 0;
    return pid;
}

/* How many parcels of that size are taken; the last one may pass the limit. */
static int accepted(ks_pid pid, size_t size, ks_bin *shared)
{
    int count = 0;
    const parcel one = { .bytes = ks_bytes(bytes, size), .shared = shared };
    for (int i = 0; i < 60; i++) {
        count += store_cast_put(pid, &one) == KS_OK;
        settle();
    }
    return count;
}

/* Sizes about those of the pool's blocks, and beyond them. */
static void the_limit_of_bytes_is_kept(void)
{
    enum { MAX = 200000 };
    static const size_t sizes[] = { 5000, 8000, 20000, 60000, 100000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ks_pid pid = busy_store(MAX, KS_REFUSE);
        int count = accepted(pid, sizes[i], NULL);
        KS_CHECK((size_t)count * sizes[i] <= MAX + sizes[i]);
        KS_CHECK((size_t)(count + 1) * (sizes[i] + 200) * 9 / 8 >= MAX);
        KS_CHECK(ks_mailbox_bytes(pid) >= (size_t)count * sizes[i]);
        KS_CHECK(ks_mailbox_refused(pid) == 60U - (unsigned)count);
        ks_sleep(1500);
        KS_CHECK(stored == count && ks_mailbox_bytes(pid) == 0);
        KS_CHECK_OK(store_cast_work(pid, &(ks_int){ 1 }));
        kill_and_wait(pid);
    }
}

/* 100 messages of at most 64 bytes; larger ones leave room for fewer of them. */
static void small_and_large_share_the_limit(void)
{
    ks_pid pid = busy_store((size_t)64 * 100, KS_REFUSE);
    for (int i = 0; i < 50; i++) {
        KS_CHECK_OK(store_cast_work(pid, &(ks_int){ 0 }));
        settle();
    }
    KS_CHECK(ks_mailbox_bytes(pid) == (size_t)64 * 50);
    const ks_text letter = { (const char *)bytes, 900 }; /* a block of 1024 */
    KS_CHECK_OK(store_cast_letter(pid, &letter));
    settle();
    KS_CHECK(ks_mailbox_bytes(pid) == (size_t)64 * 66);
    for (int i = 0; i < 50; i++) {
        ks_status status = store_cast_work(pid, &(ks_int){ 0 });
        KS_CHECK(status == (i < 34 ? KS_OK : KS_OVERLOAD));
        settle();
    }
    kill_and_wait(pid);
}

static void shared_bytes_count_in_each_message(void)
{
    ks_bin *bin = ks_bin_new(ks_bytes(bytes, sizeof bytes));
    KS_CHECK(bin != NULL);
    ks_pid pid = busy_store(1000000, KS_REFUSE);
    int count = accepted(pid, 0, bin);
    KS_CHECK(count >= 9 && count <= 11);
    kill_and_wait(pid);
    ks_bin_unref(bin);
}

static void a_message_larger_than_the_limit_passes_alone(void)
{
    ks_pid pid = busy_store(1000, KS_REFUSE);
    KS_CHECK(accepted(pid, 5000, NULL) == 1);
    kill_and_wait(pid);
}

/* Each large one takes the place of as many as it weighs. */
static void drop_oldest_makes_room_for_bytes(void)
{
    ks_pid pid = busy_store(200000, KS_DROP_OLDEST);
    KS_CHECK(accepted(pid, 5000, NULL) == 60);
    KS_CHECK(accepted(pid, 60000, NULL) == 60);
    KS_CHECK(ks_mailbox_length(pid) >= 3 && ks_mailbox_length(pid) <= 4);
    KS_CHECK(ks_mailbox_dropped(pid) == 120 - ks_mailbox_length(pid));
    ks_sleep(1500);
    KS_CHECK((uint64_t)stored == 120 - ks_mailbox_dropped(pid));
    kill_and_wait(pid);
}

static void puts_large_ones(void *arg)
{
    const parcel one = { .bytes = ks_bytes(bytes, 60000) };
    for (int i = 0; i < 10; i++) KS_CHECK_OK(store_cast_put(*(const ks_pid *)arg, &one));
}

static void senders_wait_for_bytes(void)
{
    ks_ref monitor;
    ks_pid pid = busy_store(100000, KS_BLOCK);
    ks_spawn_monitor(puts_large_ones, &pid, &monitor);
    ks_sleep(500);
    /* of what comes from another scheduler, bytes count when it has come */
    KS_CHECK(ks_mailbox_length(pid) >= 2);
    KS_CHECK(ks_mailbox_length(pid) < 10 || ks_scheduler_count() > 1);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    ks_sleep(1000);
    KS_CHECK(stored == 10);
    kill_and_wait(pid);
}

/* --- what can be read ------------------------------------------------------------------------- */
static bool about(ks_ms age, ks_ms expected) { return age >= expected - 2 && age <= expected + 2; }

static void the_oldest_message_has_an_age(void)
{
    ks_pid desk = start_clerk(KS_REFUSE, 0);
    KS_CHECK(ks_mailbox_age(desk) == 0);
    keep_busy(desk, 300);
    KS_CHECK(ks_mailbox_age(desk) == 0); /* that one is not in the mailbox any more */
    KS_CHECK_OK(clerk_cast_work(desk, &(ks_int){ 100 }));
    ks_sleep(100);
    note(desk, 1, KS_OK);
    KS_CHECK(about(ks_mailbox_age(desk), 100));
    ks_sleep(100);
    KS_CHECK(about(ks_mailbox_age(desk), 200));
    ks_sleep(120); /* the first one is being handled: it came at 0, the next one at 100 */
    KS_CHECK(about(ks_mailbox_age(ks_named("clerk")), 220));
    ks_sleep(500);
    KS_CHECK(ks_mailbox_age(desk) == 0);
    kill_and_wait(desk);
    KS_CHECK(ks_mailbox_age(desk) == 0 && ks_mailbox_length(desk) == 0);
}

static void calls_and_timers_have_an_age(void)
{
    struct asker asker = { .desk = start_clerk(KS_REFUSE, 0) };
    ks_pid desk = asker.desk;
    ks_int count;
    keep_busy(desk, 1000);
    KS_CHECK(clerk_call_count(desk, &count, 10) == KS_TIMEOUT); /* given up: it does not count */
    KS_CHECK(ks_mailbox_length(desk) == 1 && ks_mailbox_age(desk) == 0);
    clerk_cast_after_note(100, desk, &(ks_int){ 0 });
    ks_sleep(150); /* since it fired, not since it was made */
    KS_CHECK(about(ks_mailbox_age(desk), 50));
    kill_and_wait(desk);
    asker.desk = desk = start_clerk(KS_REFUSE, 0);
    keep_busy(desk, 1000);
    ks_ref monitor;
    ks_spawn_monitor(asks, &asker, &monitor); /* waits for ever, without a timer */
    ks_sleep(200);
    KS_CHECK(about(ks_mailbox_age(desk), 200));
    clerk_count_request request = clerk_send_count(desk);
    ks_sleep(200);
    KS_CHECK(about(ks_mailbox_age(desk), 400));
    ks_abandon(request.raw);
    kill_and_wait(desk);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL)); /* it writes to our stack at last */
}

/* They pass, but they count, with what they hold. */
static void responses_count_and_pass(void)
{
    ks_pid pid = busy_store(0, KS_REFUSE);
    ks_text reply;
    store_fetch_request request = store_send_fetch(pid);
    ks_sleep(1500);
    KS_CHECK(ks_mailbox_length(ks_self()) == 1 && ks_mailbox_bytes(ks_self()) >= 60000);
    KS_CHECK_OK(store_receive_fetch(request, &reply, 0));
    KS_CHECK(reply.len == 60000 && ks_mailbox_bytes(ks_self()) == 0);
    kill_and_wait(pid);
}

static void nobody_has_no_mailbox(void)
{
    ks_pid nobody = { 0 };
    KS_CHECK(ks_mailbox_length(nobody) == 0 && ks_mailbox_bytes(nobody) == 0);
    KS_CHECK(ks_mailbox_age(nobody) == 0);
    KS_CHECK(ks_mailbox_refused(nobody) == 0 && ks_mailbox_dropped(nobody) == 0);
}

/* --- rows ------------------------------------------------------------------------------------- */
KS_SUPERVISOR(boss, .strategy = KS_DYNAMIC);

static void a_supervisor_passes_limits_on(void)
{
    ks_pid supervisor, pid;
    KS_CHECK_OK(ks_start(KS_CHILD(boss), &supervisor));
    const ks_child row = { KS_START(store), .restart = KS_TEMPORARY, .mailbox_bytes_max = 1000,
        .overload = KS_BLOCK, .overload_timeout = 77 };
    KS_CHECK_OK(ks_start_child(supervisor, &row, &pid));
    KS_CHECK_OK(store_cast_work(pid, &(ks_int){ 1000 }));
    settle();
    const parcel one = { .bytes = ks_bytes(bytes, 5000) };
    KS_CHECK_OK(store_cast_put(pid, &one));
    settle();
    ks_ms begin = ks_now();
    KS_CHECK(store_cast_put(pid, &one) == KS_OVERLOAD);
    KS_CHECK(about(ks_now() - begin, 78));
    kill_and_wait(supervisor);
    KS_CHECK(!ks_is_alive(pid));
}

int main(void)
{
    memset(bytes, 'b', sizeof bytes);
    return run_scenarios("mailbox", 100,
        SCENARIOS(SCENARIO(weights_are_exact_when_small_and_never_too_little),
            SCENARIO(the_limit_of_bytes_is_kept), SCENARIO(small_and_large_share_the_limit),
            SCENARIO(shared_bytes_count_in_each_message),
            SCENARIO(a_message_larger_than_the_limit_passes_alone),
            SCENARIO(drop_oldest_makes_room_for_bytes), SCENARIO(senders_wait_for_bytes),
            SCENARIO(the_oldest_message_has_an_age), SCENARIO(calls_and_timers_have_an_age),
            SCENARIO(responses_count_and_pass), SCENARIO(nobody_has_no_mailbox),
            SCENARIO(a_supervisor_passes_limits_on)));
}
