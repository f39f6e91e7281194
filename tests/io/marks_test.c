/* SPDX-License-Identifier: Apache-2.0 */
/* marks_test - who writes more than a peer reads: the two marks, writes that never wait, a look at
 * what is queued. */
#include "io/scenario.h"
#include <errno.h>

enum { HIGH = 20000, LOW = 5000, PIECE = 1000 };
static const ks_tcp_options marked = { .high_watermark = HIGH,
    .low_watermark = LOW,
    .kernel_send_buffer = 4096,
    .kernel_receive_buffer = 4096 };
static char bytes[PIECE];

static ks_socket_info look(ks_socket socket)
{
    ks_socket_info info;
    ck_assert_int_eq(ks_socket_look(socket, &info), KS_OK);
    return info;
}

/* Until nothing more fits; what was taken. */
static size_t fill_up(ks_socket socket)
{
    size_t taken = 0;
    for (int still = 0; still < 3;) { /* the kernel may be slow to say that it is full */
        ks_status status = ks_write_now(socket, (ks_text){ bytes, PIECE });
        ck_assert(status == KS_OK || status == KS_FULL);
        if (status == KS_OK) taken += PIECE;
        still = status == KS_FULL ? still + 1 : 0;
        if (status == KS_FULL) ks_sleep(1);
    }
    return taken;
}

static void write_now_takes_all_or_nothing(void)
{
    struct pair pair = connected(&marked);
    ks_text text;
    size_t taken = fill_up(pair.here);
    ks_socket_info info = look(pair.here);
    ck_assert_uint_le(info.unsent, HIGH);
    ck_assert_uint_gt(info.unsent, HIGH - PIECE);
    ck_assert_uint_eq(info.sent + info.unsent, taken);
    ck_assert_uint_gt(info.kernel_unsent, 0);
    ck_assert_int_eq(ks_write_now(pair.here, (ks_text){ bytes, HIGH + 1 }), -EMSGSIZE);
    ck_assert_ptr_null(ks_receive(20)); /* nobody reads: nothing is said */
    size_t got = 0;
    while (look(pair.here).unsent > LOW) {
        ck_assert_int_eq(ks_read(pair.there, 1000, &text), KS_OK);
        got += text.len;
    }
    const ks_socket_writable *writable = ks_receive_as(ks_socket_writable, 1000);
    ck_assert_ptr_nonnull(writable);
    ck_assert(ks_same_socket(writable->socket, pair.here));
    ck_assert_ptr_null(ks_receive(5)); /* once */
    ck_assert_int_eq(ks_write_now(pair.here, ks_lit("fits")), KS_OK);
    ks_close(pair.here);
    while (ks_read(pair.there, 1000, &text) == KS_OK) got += text.len;
    ck_assert_uint_le(got, taken + 4);
}
SCENARIO(write_now_takes_all_or_nothing)

static void write_now_says_what_is_wrong(void)
{
    struct pair pair = connected(&marked);
    struct pair gone = connected(&marked);
    ck_assert_int_eq(ks_write_now((ks_socket){ 0 }, ks_lit("x")), -EBADF);
    ck_assert_int_eq(ks_shutdown_write(pair.here), KS_OK);
    ck_assert_int_eq(ks_write_now(pair.here, ks_lit("x")), -EPIPE);
    (void)fill_up(gone.here);
    ks_close(gone.there);
    const ks_socket_writable *writable = ks_receive_as(ks_socket_writable, 1000);
    ck_assert_ptr_nonnull(writable); /* to hear this: */
    ck_assert_int_eq(ks_write_now(gone.here, ks_lit("x")), KS_CLOSED);
}
SCENARIO(write_now_says_what_is_wrong)

static void who_hears_of_room_may_be_another(void)
{
    struct pair pair = connected(&marked);
    ks_text text;
    (void)fill_up(pair.here);
    ck_assert_int_eq(ks_send(ks_self(), ks_socket, &pair.here), KS_OK);
    while (ks_read(pair.there, 20, &text) == KS_OK) {}
    const ks_socket *again = ks_receive_as(ks_socket, 1000);
    ck_assert_ptr_nonnull(again);
    ks_socket moved = *again;
    while (ks_read(pair.there, 20, &text) == KS_OK) {}
    const ks_socket_writable *writable = ks_receive_as(ks_socket_writable, 1000);
    ck_assert_ptr_nonnull(writable);
    ck_assert(ks_same_socket(writable->socket, moved));
}
SCENARIO(who_hears_of_room_may_be_another)

struct writer {
    ks_socket socket;
    ks_status status;
    bool full, wrote;
};
static void write_and_wait(void *arg)
{
    struct writer *writer = arg;
    ks_socket socket = *(const ks_socket *)ks_receive(1000)->body;
    (void)fill_up(socket);
    writer->full = true;
    writer->status = ks_write(socket, (ks_text){ bytes, PIECE });
    writer->wrote = true;
    ck_assert_uint_le(look(socket).unsent, LOW + PIECE);
}

static void a_writer_waits_from_the_high_mark_to_the_low_one(void)
{
    struct pair pair = connected(&marked);
    struct writer writer = { .status = KS_OK };
    ks_text text;
    ks_ref done;
    ks_pid pid = ks_spawn_monitor(write_and_wait, &writer, &done);
    ck_assert_int_eq(ks_controlling_process(pair.here, pid), KS_OK);
    AWAIT(writer.full);
    ks_sleep(20);
    ck_assert(!writer.wrote);
    while (!writer.wrote) ck_assert_int_eq(ks_read(pair.there, 1000, &text), KS_OK);
    ck_assert_int_eq(writer.status, KS_OK);
    ck_assert_ptr_nonnull(ks_receive_ref(done, 1000));
}
SCENARIO(a_writer_waits_from_the_high_mark_to_the_low_one)

static void a_look_shows_what_is_where(void)
{
    char address[64];
    ks_socket here, there, waiting;
    ks_socket listener = listen_with(NULL, address, sizeof address);
    ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &here), KS_OK);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &there), KS_OK);
    ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &waiting), KS_OK);
    ck_assert_uint_eq(look(listener).waiting, 1);
    ks_text text;
    write_text(here, "0123456789");
    AWAIT(look(there).kernel_unread == 10);
    ck_assert_uint_eq(look(here).sent, 10);
    ck_assert_int_eq(ks_read_exactly(there, 4, 1000, &text), KS_OK);
    ks_socket_info info = look(there);
    ck_assert_uint_eq(info.received, 10);
    ck_assert_uint_eq(info.unread, 6);
    ck_assert_uint_eq(info.kernel_unread, 0);
    ck_assert_uint_gt(look(here).rtt_us, 0);
    ck_assert_int_eq((int)info.active, KS_PASSIVE);
    ck_assert_int_eq(ks_socket_look_((ks_socket){ 0 }, &info, sizeof info), -EBADF);
}
SCENARIO(a_look_shows_what_is_where)

RUN_SUITE("marks", write_now_takes_all_or_nothing_test, write_now_says_what_is_wrong_test,
    who_hears_of_room_may_be_another_test, a_writer_waits_from_the_high_mark_to_the_low_one_test,
    a_look_shows_what_is_where_test)
