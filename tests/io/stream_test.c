/* SPDX-License-Identifier: Apache-2.0 */
/* stream_test - reading and writing: pieces, limits, ends, slow readers. */
#include "io/scenario.h"
#include "io/socket.h"
#include <errno.h>
#include <time.h>

enum { MEGABYTE = 1 << 20 };

static void ck_text(ks_text text, const char *expected)
{
    ck_assert_uint_eq(text.len, strlen(expected));
    ck_assert_str_eq(text.ptr, expected); /* so there is a NUL behind it */
}

/* --- echo of a megabyte in odd pieces --------------------------------------------------------- */
typedef struct handed {
    ks_socket socket;
} handed;
KS_TYPE(handed, socket);

static ks_socket taken(void)
{
    const handed *message = ks_receive_as(handed, 5000);
    ck_assert_ptr_nonnull(message);
    return message->socket;
}

static char byte_at(size_t index) { return (char)(index * 7 + index / 251); }

static void echo(void *arg)
{
    ks_socket socket = taken();
    ks_text bytes;
    ks_status status;
    while ((status = ks_read(socket, 5000, &bytes)) == KS_OK)
        ck_assert_int_eq(ks_write(socket, bytes), KS_OK);
    ck_assert_int_eq(status, KS_CLOSED);
    ck_assert_int_eq(ks_shutdown_write(socket), KS_OK);
    ck_assert_int_eq(ks_read(socket, 5000, &bytes), KS_CLOSED);
}

static void send_pattern(void *arg)
{
    ks_socket socket = taken();
    static char bytes[MEGABYTE];
    for (size_t i = 0; i < MEGABYTE; i++) bytes[i] = byte_at(i);
    size_t at = 0;
    for (size_t piece = 1; at < MEGABYTE; piece = piece * 3 % 100003 + 1) {
        size_t length = MEGABYTE - at < piece ? MEGABYTE - at : piece;
        ck_assert_int_eq(ks_write(socket, (ks_text){ bytes + at, length }), KS_OK);
        at += length;
    }
    ck_assert_int_eq(ks_shutdown_write(socket), KS_OK);
    ks_text echoed;
    size_t wrong = 0;
    for (at = 0; ks_read(socket, 5000, &echoed) == KS_OK; at += echoed.len)
        for (size_t i = 0; i < echoed.len; i++) wrong += echoed.ptr[i] != byte_at(at + i);
    ck_assert_uint_eq(at, MEGABYTE);
    ck_assert_uint_eq(wrong, 0);
}

static void a_megabyte_comes_back(void)
{
    struct pair pair = connected(NULL);
    ks_ref done, echoed;
    ks_pid client = ks_spawn_monitor(send_pattern, NULL, &done);
    ks_pid server = ks_spawn_monitor(echo, NULL, &echoed);
    ck_assert_int_eq(ks_send(server, handed, &(handed){ pair.there }), KS_OK);
    ck_assert_int_eq(ks_send(client, handed, &(handed){ pair.here }), KS_OK);
    ck_assert_ptr_nonnull(ks_receive_ref(done, 30000));
    ck_assert_ptr_nonnull(ks_receive_ref(echoed, 5000));
}
SCENARIO(a_megabyte_comes_back)

/* --- reading ---------------------------------------------------------------------------------- */
static void lines_come_without_their_ends(void)
{
    struct pair pair = connected(NULL);
    ks_text line;
    write_text(pair.here, "one\r\ntwo\n\r\n\nfour\r five\r\nrest");
    const char *const expected[] = { "one", "two", "", "", "four\r five" };
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(ks_read_line(pair.there, 1000, &line), KS_OK);
        ck_text(line, expected[i]);
    }
    ck_assert_int_eq(ks_read_line(pair.there, 10, &line), KS_TIMEOUT);
    write_text(pair.here, "\n");
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &line), KS_OK);
    ck_text(line, "rest");
    write_text(pair.here, "half a line");
    ks_close(pair.here);
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &line), KS_CLOSED);
    ck_assert_int_eq(ks_read(pair.there, 1000, &line), KS_OK);
    ck_text(line, "half a line");
    ck_assert_int_eq(ks_read(pair.there, 1000, &line), KS_CLOSED);
}
SCENARIO(lines_come_without_their_ends)

static void a_line_has_a_limit(void)
{
    struct pair pair = connected(&(ks_tcp_options){ .packet_max = 8 });
    ks_text line;
    write_text(pair.here, "1234567\n123456\r\n12345678\n");
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &line), KS_OK);
    ck_text(line, "1234567");
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &line), KS_OK);
    ck_text(line, "123456");
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &line), -EMSGSIZE);
    ck_assert_int_eq(ks_read_exactly(pair.there, 9, 1000, &line), -EMSGSIZE);
    ck_assert_int_eq(ks_read_exactly(pair.there, 8, 1000, &line), KS_OK);
    ck_text(line, "12345678");
}
SCENARIO(a_line_has_a_limit)

static void what_is_borrowed_ends_with_a_nul(void)
{
    struct pair pair = connected(NULL);
    ks_text text;
    write_text(pair.here, "abcdef\nxyz");
    ck_assert_int_eq(ks_read_exactly(pair.there, 0, 1000, &text), KS_OK);
    ck_text(text, "");
    ck_assert_int_eq(ks_read_exactly(pair.there, 2, 1000, &text), KS_OK);
    ck_text(text, "ab");
    ck_assert_int_eq(ks_read_exactly(pair.there, 1, 1000, &text), KS_OK);
    ck_text(text, "c");
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &text), KS_OK);
    ck_text(text, "def");
    ck_assert_int_eq(ks_read_exactly(pair.there, 1, 1000, &text), KS_OK);
    ck_text(text, "x");
    ks_consume(pair.there, 1);
    ck_assert_int_eq(ks_read(pair.there, 1000, &text), KS_OK);
    ck_text(text, "z");
}
SCENARIO(what_is_borrowed_ends_with_a_nul)

static void peek_waits_for_more_and_consume_takes(void)
{
    struct pair pair = connected(&(ks_tcp_options){ .packet_max = 6 });
    ks_text text;
    ck_assert_int_eq(ks_peek(pair.there, 0, 0, &text), KS_TIMEOUT);
    write_text(pair.here, "abc");
    ck_assert_int_eq(ks_peek(pair.there, 0, 1000, &text), KS_OK);
    ck_text(text, "abc");
    ck_assert_int_eq(ks_peek(pair.there, 3, 10, &text), KS_TIMEOUT);
    ks_consume(pair.there, 1);
    write_text(pair.here, "defgh");
    ck_assert_int_eq(ks_peek(pair.there, 5, 1000, &text), KS_OK);
    ck_text(text, "bcdefg");
    ck_assert_int_eq(ks_peek(pair.there, 6, 1000, &text), -EMSGSIZE);
    ks_consume(pair.there, 100);
    ck_assert_int_eq(ks_peek(pair.there, 0, 1000, &text), KS_OK);
    ck_text(text, "h");
    ks_close(pair.here);
    ck_assert_int_eq(ks_peek(pair.there, 1, 1000, &text), KS_CLOSED);
    ck_assert_int_eq(ks_peek(pair.there, 0, 1000, &text), KS_OK);
}
SCENARIO(peek_waits_for_more_and_consume_takes)

static void a_poll_sees_what_has_arrived(void)
{
    struct pair pair = connected(NULL);
    ks_text text;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(ks_read(pair.there, 0, &text), KS_TIMEOUT);
        write_text(pair.here, "x"); /* loopback: there when it was sent */
        ck_assert_int_eq(ks_read(pair.there, 0, &text), KS_OK);
    }
}
SCENARIO(a_poll_sees_what_has_arrived)

/* --- writing ---------------------------------------------------------------------------------- */
static void small_writes_leave_when_the_process_blocks(void)
{
    struct pair pair = connected(NULL);
    const struct ksi_socket *inside = ksi_socket_mine(ksi_io_of(ksi_this_scheduler), pair.here);
    ks_text text;
    ck_assert_int_eq(ks_write(pair.here, ks_lit("a")), KS_OK);
    ck_assert_int_eq(ks_writef(pair.here, "%d %s", 42, "b"), KS_OK);
    ck_assert_int_eq(ks_write(pair.here, ks_lit("")), KS_OK);
    ck_assert_uint_eq(ksi_bytes_count(&inside->out), 5);
    ks_yield();
    ck_assert_uint_eq(ksi_bytes_count(&inside->out), 0);
    ck_assert_int_eq(ks_read(pair.there, 1000, &text), KS_OK);
    ck_text(text, "a42 b");
    ck_assert_int_eq(ks_writef(pair.here, "%2000d", 7), KS_OK);
    ck_assert_int_eq(ks_read_exactly(pair.there, 2000, 1000, &text), KS_OK);
    ck_assert_int_eq(text.ptr[1999], '7');
}
SCENARIO(small_writes_leave_when_the_process_blocks)

static void what_was_written_is_sent_by_close(void)
{
    struct pair pair = connected(NULL);
    ks_text text;
    write_text(pair.there, "never read: must not reset the stream");
    ck_assert_int_eq(ks_write(pair.here, ks_lit("last words")), KS_OK);
    ks_close(pair.here);
    ck_assert_int_eq(ks_read(pair.there, 1000, &text), KS_OK);
    ck_text(text, "last words");
    ck_assert_int_eq(ks_read(pair.there, 1000, &text), KS_CLOSED);
}
SCENARIO(what_was_written_is_sent_by_close)

static void a_reader_that_never_reads_is_given_up(void)
{
    struct pair pair = connected(&(ks_tcp_options){ .send_timeout = 50, .high_watermark = 1000 });
    static char bytes[100000];
    ks_status status = KS_OK;
    ks_ms start = ks_now();
    for (int i = 0; i < 1000 && !status; i++)
        status = ks_write(pair.here, (ks_text){ bytes, sizeof bytes });
    ck_assert_int_eq(status, KS_TIMEOUT);
    ck_assert_int_ge((int)(ks_now() - start), 49);
    ck_assert_int_eq(ks_write(pair.here, ks_lit("x")), -EBADF);
}
SCENARIO(a_reader_that_never_reads_is_given_up)

static void read_all(void *arg)
{
    ks_socket socket = taken();
    size_t *sum = arg;
    ks_text bytes;
    while (ks_read(socket, 5000, &bytes) == KS_OK) *sum += bytes.len;
}

static void what_the_kernel_did_not_take_is_sent_later(void)
{
    struct pair pair = connected(&(ks_tcp_options){ .high_watermark = 1 << 29 });
    static char bytes[1 << 24];
    static size_t sum;
    ck_assert_int_eq(ks_write(pair.here, (ks_text){ bytes, sizeof bytes }), KS_OK); /* at once */
    ck_assert_int_eq(ks_shutdown_write(pair.here), KS_OK);
    ck_assert_int_eq(ks_write(pair.here, ks_lit("x")), -EPIPE);
    ks_ref done;
    ks_pid reader = ks_spawn_monitor(read_all, &sum, &done);
    ck_assert_int_eq(ks_send(reader, handed, &(handed){ pair.there }), KS_OK);
    ck_assert_ptr_nonnull(ks_receive_ref(done, 10000)); /* not writing: the poller goes on */
    ck_assert_uint_eq(sum, sizeof bytes);
}
SCENARIO(what_the_kernel_did_not_take_is_sent_later)

static int64_t processor_ns(void)
{
    struct timespec used;
    ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return used.tv_sec * 1000000000 + used.tv_nsec;
}

/* The peer says nothing more, and does not end its half: there is nothing to do. */
static void half_a_stream_takes_no_time_while_it_is_idle(void)
{
    struct pair pair = connected(NULL);
    ks_text bytes;
    ck_assert_int_eq(ks_shutdown_write(pair.here), KS_OK);
    int64_t before = processor_ns();
    ck_assert_int_eq(ks_read(pair.here, 200, &bytes), KS_TIMEOUT);
    ck_assert_int_lt(processor_ns() - before, 100000000);
    ks_close(pair.there);
}
SCENARIO(half_a_stream_takes_no_time_while_it_is_idle)

static void a_closed_peer_ends_writing_without_a_signal(void)
{
    struct pair pair = connected(NULL);
    ks_close(pair.there);
    ks_status status = KS_OK;
    for (int i = 0; i < 100 && !status; i++) {
        status = ks_write(pair.here, ks_lit("x"));
        if (!status) status = ks_flush(pair.here);
        ks_sleep(1);
    }
    ck_assert_int_eq(status, KS_CLOSED);
    ck_assert_int_eq(ks_write(pair.here, ks_lit("x")), KS_CLOSED);
}
SCENARIO(a_closed_peer_ends_writing_without_a_signal)

RUN_SUITE("stream", a_megabyte_comes_back_test, lines_come_without_their_ends_test,
    a_line_has_a_limit_test, what_is_borrowed_ends_with_a_nul_test,
    peek_waits_for_more_and_consume_takes_test, a_poll_sees_what_has_arrived_test,
    small_writes_leave_when_the_process_blocks_test, what_was_written_is_sent_by_close_test,
    a_reader_that_never_reads_is_given_up_test, what_the_kernel_did_not_take_is_sent_later_test,
    half_a_stream_takes_no_time_while_it_is_idle_test,
    a_closed_peer_ends_writing_without_a_signal_test)
