/* SPDX-License-Identifier: Apache-2.0 */
/* active_test - sockets that send messages: modes, packets, the window, moves, ends. */
#include "io/scenario.h"
#include "io/socket.h"
#include <errno.h>

static void set(ks_socket socket, ks_active_mode mode)
{
    ck_assert_int_eq(ks_set_active(socket, mode), KS_OK);
}

static void ck_received(ks_socket socket, const char *text)
{
    const ks_received *got = ks_receive_as(ks_received, 2000);
    ck_assert_ptr_nonnull(got);
    ck_assert_uint_eq(got->bytes.len, strlen(text));
    ck_assert_str_eq(got->bytes.ptr, text);
    ck_assert(ks_same_socket(got->socket, socket));
}

static void ck_closed(ks_socket socket, ks_status status)
{
    const ks_socket_closed *got = ks_receive_as(ks_socket_closed, 2000);
    ck_assert_ptr_nonnull(got);
    ck_assert_int_eq(got->status, status);
    ck_assert(ks_same_socket(got->socket, socket));
}

static void ck_silence(void) { ck_assert_ptr_null(ks_receive(20)); }

static const ks_tcp_options lines = { .packet = KS_PACKET_LINE };

/* --- modes ------------------------------------------------------------------------------------ */
static void once_is_one_message(void)
{
    struct pair pair = connected(&lines);
    ks_text text;
    write_text(pair.here, "one\r\ntwo\nthree\n");
    set(pair.there, KS_ACTIVE_ONCE);
    ck_received(pair.there, "one");
    ck_silence();
    set(pair.there, KS_ACTIVE_ONCE);
    ck_received(pair.there, "two");
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &text), KS_OK); /* passive again */
    ck_assert_str_eq(text.ptr, "three");
    set(pair.there, KS_ACTIVE_ONCE);
    ck_silence();
    write_text(pair.here, "four\n");
    ck_received(pair.there, "four");
}
SCENARIO(once_is_one_message)

static void active_goes_on_to_the_end(void)
{
    struct pair pair = connected(&lines);
    ks_text text;
    set(pair.there, KS_ACTIVE);
    for (int i = 0; i < 100; i++) ck_assert_int_eq(ks_writef(pair.here, "line %d\n", i), KS_OK);
    ck_assert_int_eq(ks_write(pair.here, ks_lit("half a line")), KS_OK);
    ks_close(pair.here);
    for (int i = 0; i < 100; i++) ck_received(pair.there, ks_format("line %d", i));
    ck_closed(pair.there, KS_CLOSED);
    ck_silence();
    ck_assert_int_eq(ks_read(pair.there, 0, &text), KS_OK);
    ck_assert_str_eq(text.ptr, "half a line");
    set(pair.there, KS_ACTIVE_ONCE); /* who asks is told again */
    ck_closed(pair.there, KS_CLOSED);
    ck_silence();
}
SCENARIO(active_goes_on_to_the_end)

static void a_count_runs_out_and_says_so(void)
{
    struct pair pair = connected(&lines);
    ks_socket_info info;
    write_text(pair.here, "1\n2\n3\n4\n5\n");
    ck_assert_int_eq(ks_set_active_count(pair.there, 1), KS_OK);
    ck_assert_int_eq(ks_set_active_count(pair.there, 3), KS_OK);
    ck_assert_int_eq(ks_set_active_count(pair.there, -1), KS_OK);
    ck_assert_int_eq(ks_socket_look(pair.there, &info), KS_OK);
    ck_assert_int_eq(info.active_left, 3);
    ck_assert_int_eq((int)info.active, KS_ACTIVE_COUNTED);
    for (int i = 1; i <= 3; i++) ck_received(pair.there, ks_format("%d", i));
    const ks_socket_passive *passive = ks_receive_as(ks_socket_passive, 1000);
    ck_assert_ptr_nonnull(passive);
    ck_assert(ks_same_socket(passive->socket, pair.there));
    ck_silence();
    ck_assert_int_eq(ks_set_active_count(pair.there, 30000), KS_OK);
    ck_assert_int_eq(ks_set_active_count(pair.there, 2768), -EINVAL);
    ck_assert_int_eq(ks_set_active_count(pair.there, 32768), -EINVAL);
    ck_assert_int_eq(ks_set_active_count(pair.there, -32768), KS_OK);
    ck_assert_ptr_nonnull(ks_receive_as(ks_socket_passive, 1000));
    ck_silence();
    set(pair.there, KS_ACTIVE_ONCE);
    ck_received(pair.there, "4");
}
SCENARIO(a_count_runs_out_and_says_so)

static void an_active_socket_is_not_read(void)
{
    struct pair pair = connected(NULL);
    char address[64];
    ks_socket listener = listen_with(NULL, address, sizeof address);
    ks_text text;
    set(pair.there, KS_ACTIVE);
    ck_assert_int_eq(ks_read(pair.there, 0, &text), -EINVAL);
    ck_assert_int_eq(ks_read_line(pair.there, 0, &text), -EINVAL);
    ck_assert_int_eq(ks_read_packet(pair.there, 0, &text), -EINVAL);
    ck_assert_int_eq(ks_read_exactly(pair.there, 1, 0, &text), -EINVAL);
    ck_assert_int_eq(ks_peek(pair.there, 0, 0, &text), -EINVAL);
    ck_assert_int_eq(ks_set_active(listener, KS_ACTIVE), -ENOTCONN);
    ck_assert_int_eq(ks_set_active((ks_socket){ 0 }, KS_ACTIVE), -EBADF);
    ck_assert_int_eq(ks_set_active(pair.there, KS_ACTIVE_COUNTED), KS_BADARG);
    ck_assert_int_eq(ks_set_active_count((ks_socket){ 0 }, 1), -EBADF);
    write_text(pair.here, "message");
    ck_received(pair.there, "message");
    set(pair.there, KS_PASSIVE);
    write_text(pair.here, "read");
    ck_assert_int_eq(ks_read(pair.there, 1000, &text), KS_OK);
    ck_assert_str_eq(text.ptr, "read");
    ck_silence();
}
SCENARIO(an_active_socket_is_not_read)

/* --- packets ---------------------------------------------------------------------------------- */
static void ck_packets(ks_packet packet, const char *bytes, size_t size)
{
    struct pair pair = connected(&(ks_tcp_options){ .packet = packet, .packet_max = 300 });
    ks_text text;
    set(pair.there, KS_ACTIVE);
    for (size_t i = 0; i < size; i++) { /* one byte at a time */
        ck_assert_int_eq(ks_write(pair.here, (ks_text){ bytes + i, 1 }), KS_OK);
        ck_assert_int_eq(ks_flush(pair.here), KS_OK);
        ks_sleep(0);
    }
    ck_received(pair.there, "abc");
    ck_received(pair.there, "");
    ck_received(pair.there, "z");
    static char longest[300];
    memset(longest, 'l', packet == KS_PACKET_1 ? 255 : sizeof longest);
    ks_text whole = { longest, strnlen(longest, sizeof longest) };
    ck_assert_int_eq(ks_write_packet(pair.here, whole), KS_OK);
    const ks_received *got = ks_receive_as(ks_received, 1000);
    ck_assert(got && ks_text_eq(got->bytes, whole));
    set(pair.there, KS_PASSIVE);
    ck_assert_int_eq(ks_write_packet(pair.here, ks_lit("passive")), KS_OK);
    ck_assert_int_eq(ks_read_packet(pair.there, 1000, &text), KS_OK);
    ck_assert_str_eq(text.ptr, "passive");
    ck_assert_int_eq(ks_read_packet(pair.there, 0, &text), KS_TIMEOUT);
    ks_close(pair.here);
    ck_assert_int_eq(ks_read_packet(pair.there, 1000, &text), KS_CLOSED);
}

static void packets_have_headers_of_one_two_or_four_bytes(void)
{
    ck_packets(KS_PACKET_1, "\3abc\0\1z", 7);
    ck_packets(KS_PACKET_2, "\0\3abc\0\0\0\1z", 10);
    ck_packets(KS_PACKET_4, "\0\0\0\3abc\0\0\0\0\0\0\0\1z", 16);
}
SCENARIO(packets_have_headers_of_one_two_or_four_bytes)

static void a_packet_has_a_limit(void)
{
    const struct {
        ks_packet packet;
        ks_text bytes;
    } rows[] = { { KS_PACKET_LINE, ks_lit("1234567890123456") }, { KS_PACKET_1, ks_lit("\x11") },
        { KS_PACKET_2, ks_lit("\x01\x00") }, { KS_PACKET_4, ks_lit("\xff\xff\xff\xff") } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair pair =
            connected(&(ks_tcp_options){ .packet = rows[i].packet, .packet_max = 16 });
        ks_text text;
        set(pair.there, KS_ACTIVE);
        ck_assert_int_eq(ks_write(pair.here, rows[i].bytes), KS_OK);
        ck_closed(pair.there, -EMSGSIZE);
        ck_assert_int_eq(ks_read_packet(pair.there, 0, &text), -EMSGSIZE);
        write_text(pair.there, "still open");
        ck_assert_int_eq(ks_read_exactly(pair.here, 10, 1000, &text), KS_OK);
    }
    struct pair pair = connected(&(ks_tcp_options){ .packet = KS_PACKET_1 });
    static char much[256];
    ck_assert_int_eq(ks_write_packet(pair.here, (ks_text){ much, sizeof much }), -EMSGSIZE);
}
SCENARIO(a_packet_has_a_limit)

/* --- the window ------------------------------------------------------------------------------- */
enum { WINDOW = 4096, MUCH = 1 << 20 };

static void write_much(void *arg)
{
    ks_socket socket = *(const ks_socket *)ks_receive(5000)->body;
    static char bytes[MUCH];
    for (size_t i = 0; i < MUCH; i++) bytes[i] = arg && i % 2 ? '\n' : (char)('a' + i / 2 % 26);
    ck_assert_int_eq(ks_write(socket, (ks_text){ bytes, MUCH }), KS_OK);
    ck_assert_int_eq(ks_flush(socket), KS_OK);
}

static ks_pid writer_of(ks_socket socket, bool in_lines)
{
    ks_pid pid = ks_spawn(write_much, in_lines ? &in_lines : NULL);
    ks_yield();
    ck_assert_int_eq(ks_controlling_process(socket, pid), KS_OK);
    return pid;
}

static void a_fast_peer_waits_for_a_slow_owner(void)
{
    for (int in_lines = 0; in_lines < 2; in_lines++) {
        struct pair pair = connected(&(ks_tcp_options){ .packet_max = WINDOW,
            .packet = in_lines ? KS_PACKET_LINE : KS_PACKET_RAW,
            .kernel_receive_buffer = 1 << 16 });
        size_t bytes = 0;
        ks_socket_info info;
        set(pair.there, KS_ACTIVE);
        (void)writer_of(pair.here, in_lines);
        ks_sleep(50);
        ck_assert_uint_gt(ks_mailbox_length(ks_self()), 0);
        ck_assert_uint_le(ks_mailbox_bytes(ks_self()), 2 * WINDOW + 512);
        ck_assert_int_eq(ks_socket_look(pair.there, &info), KS_OK);
        ck_assert_uint_gt(info.in_mailbox, 0);
        ck_assert_uint_le(info.in_mailbox + info.unread, 3 * WINDOW + 512);
        for (;;) { /* until the end */
            const ks_msg *msg = ks_receive(5000);
            ck_assert_ptr_nonnull(msg);
            if (ks_as(ks_socket_closed, msg)) break;
            bytes += ks_as(ks_received, msg)->bytes.len + (size_t)in_lines;
            ck_assert_uint_le(ks_mailbox_bytes(ks_self()), 2 * WINDOW + 512);
        }
        ck_assert_uint_eq(bytes, MUCH);
        ks_close(pair.there);
    }
}
SCENARIO(a_fast_peer_waits_for_a_slow_owner)

/* What it receives selectively is kept until its turn ends: the window counts what is taken. */
static void a_long_turn_does_not_close_the_window(void)
{
    struct pair pair = connected(&(ks_tcp_options){ .packet_max = WINDOW });
    size_t bytes = 0;
    set(pair.there, KS_ACTIVE);
    (void)writer_of(pair.here, false);
    while (bytes < MUCH) {
        const ks_received *got = ks_receive_as(ks_received, 2000);
        ck_assert_ptr_nonnull(got);
        bytes += got->bytes.len;
    }
    ck_closed(pair.there, KS_CLOSED);
}
SCENARIO(a_long_turn_does_not_close_the_window)

/* --- servers ---------------------------------------------------------------------------------- */
typedef struct session_args {
    ks_socket socket;
} session_args;
KS_TYPE(session_args, socket);
KS_MODULE(session, session_args);
KS_INFO(session, received, ks_received);
KS_INFO(session, closed, ks_socket_closed);
KS_INFO(session, given, ks_socket);
struct session {
    int count;
};
static ks_next session_init(session *self, const session_args *args)
{
    if (!args->socket.id) return ks_ok();
    ks_status status = ks_set_active(args->socket, KS_ACTIVE_ONCE);
    return status ? ks_fail(status) : ks_ok();
}
static ks_next session_handle_given(session *self, const ks_socket *socket)
{
    KS_TRY(ks_set_active(*socket, KS_ACTIVE_ONCE));
    return ks_noreply();
}
static ks_next session_handle_received(session *self, const ks_received *received)
{
    KS_TRY(ks_writef(
        received->socket, "%d " KS_TEXT_FMT "\n", ++self->count, KS_TEXT_ARG(received->bytes)));
    KS_TRY(ks_set_active(received->socket, KS_ACTIVE_ONCE));
    return ks_noreply();
}
static ks_next session_handle_closed(session *self, const ks_socket_closed *closed)
{
    ck_assert_int_eq(closed->status, KS_CLOSED);
    return ks_stop(KS_NORMAL);
}
KS_GEN_SERVER(session, .init = session_init, .ops = KS_OPS(session, received, closed, given));

static void ck_answers(ks_socket socket, int from, int to)
{
    ks_text line;
    for (int i = from; i <= to; i++) {
        ck_assert_int_eq(ks_read_line(socket, 2000, &line), KS_OK);
        ck_assert_str_eq(line.ptr, ks_format("%d line %d", i, i));
    }
}

static void a_server_is_told(void)
{
    struct pair pair = connected(&lines);
    ks_pid pid;
    ck_assert_int_eq(ks_start(KS_CHILD(session, .socket = pair.there), &pid), KS_OK);
    ks_ref gone = ks_monitor(pid);
    for (int i = 1; i <= 50; i++) ck_assert_int_eq(ks_writef(pair.here, "line %d\n", i), KS_OK);
    ck_answers(pair.here, 1, 50);
    ck_assert_int_eq(ks_shutdown_write(pair.here), KS_OK);
    const ks_down *down = ks_as(ks_down, ks_receive_ref(gone, 2000));
    ck_assert(down && down->reason.kind == KS_REASON_NORMAL);
    ck_assert_int_eq(ks_read_line(pair.here, 2000, &(ks_text){ 0 }), KS_CLOSED);
}
SCENARIO(a_server_is_told)

/* --- moves ------------------------------------------------------------------------------------ */
/* "line 1" to "line 4" stand in the mailbox, unread; "line 5" and 6 in the socket, and one more is
 * under way. */
static struct pair with_messages(void)
{
    struct pair pair = connected(&lines);
    write_text(pair.here, "line 1\nline 2\nline 3\nline 4\nline 5\nline 6\n");
    ck_assert_int_eq(ks_set_active_count(pair.there, 4), KS_OK);
    AWAIT(ks_mailbox_length(ks_self()) == 5); /* and that the count ran out */
    return pair;
}

/* On another scheduler, where there is one. */
static ks_pid session_with(ks_socket socket)
{
    ks_pid pid;
    const ks_child row = { KS_START(session, .socket = socket), .scheduler = ks_scheduler_count() };
    ck_assert_int_eq(ks_start(&row, &pid), KS_OK);
    return pid;
}

static void messages_go_where_the_socket_goes(void)
{
    for (int how = 0; how < 3; how++) {
        struct pair pair = with_messages();
        if (how == 0)
            ck_assert_int_eq(
                ks_controlling_process(pair.there, session_with((ks_socket){ 0 })), KS_OK);
        else if (how == 1)
            ck_assert_int_eq(
                ks_send(session_with((ks_socket){ 0 }), ks_socket, &pair.there), KS_OK);
        else
            (void)session_with(pair.there);
        ck_silence();
        ck_assert_int_eq(ks_set_active(pair.there, KS_ACTIVE), -EBADF);
        write_text(pair.here, "line 7\n");
        ck_answers(pair.here, 1, 7); /* its ks_socket_passive is unexpected there, no more */
        ks_close(pair.here);
    }
}
SCENARIO(messages_go_where_the_socket_goes)

KS_MODULE(taker, session_args);
struct taker {
    char unused;
};
static ks_next taker_init(taker *self, const session_args *args) { return ks_fail(KS_DENIED); }
KS_GEN_SERVER(taker, .init = taker_init);

static void a_start_that_fails_gives_messages_back(void)
{
    if (ks_scheduler_count() > 1) return; /* there the handle is another one */
    struct pair pair = with_messages();
    ck_assert_int_eq(ks_start(KS_CHILD(taker, .socket = pair.there), NULL), KS_DENIED);
    for (int i = 1; i <= 4; i++) ck_received(pair.there, ks_format("line %d", i));
    ck_assert_ptr_nonnull(ks_receive_as(ks_socket_passive, 0));
    set(pair.there, KS_ACTIVE);
    ck_received(pair.there, "line 5");
}
SCENARIO(a_start_that_fails_gives_messages_back)

static void only_its_own_messages_move(void)
{
    struct pair mine = connected(&lines), given = with_messages();
    ks_pid pid;
    set(mine.there, KS_ACTIVE);
    write_text(mine.here, "mine 1\nmine 2\n");
    AWAIT(ks_mailbox_length(ks_self()) == 7);
    ck_assert_int_eq(ks_start(KS_CHILD(session), &pid), KS_OK);
    ck_assert_int_eq(ks_controlling_process(given.there, pid), KS_OK);
    ck_answers(given.here, 1, 6);
    ck_received(mine.there, "mine 1");
    ck_received(mine.there, "mine 2");
}
SCENARIO(only_its_own_messages_move)

static void a_close_takes_messages_back(void)
{
    struct pair pair = with_messages();
    ks_close(pair.there);
    ck_assert_uint_eq(ks_mailbox_length(ks_self()), 0);
    ck_silence();
}
SCENARIO(a_close_takes_messages_back)

static void who_gets_nothing_is_said(void)
{
    struct pair pair = with_messages();
    ks_ref gone;
    ks_pid dead = ks_spawn_monitor(write_much, NULL, &gone);
    ks_exit_process(dead, KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(gone, 1000));
    ck_assert_int_eq(ks_controlling_process(pair.there, dead), KS_NOPROC);
    ck_assert_int_eq(ks_controlling_process(pair.there, ks_named("nobody")), KS_NOPROC);
    ck_assert_int_eq(ks_controlling_process((ks_socket){ 0 }, ks_self()), -EBADF);
    ck_assert_int_eq(ks_controlling_process(pair.there, ks_self()), KS_OK);
    ck_received(pair.there, "line 1"); /* still mine, and all of it here */
}
SCENARIO(who_gets_nothing_is_said)

/* --- halves ----------------------------------------------------------------------------------- */
static void a_deaf_socket_still_writes(void)
{
    struct pair pair = connected(&lines), passive = connected(&lines);
    ks_text text;
    set(pair.there, KS_ACTIVE);
    write_text(passive.here, "unread\n");
    ck_assert_int_eq(ks_shutdown_read(pair.there), KS_OK);
    ck_assert_int_eq(ks_shutdown_read(passive.there), KS_OK);
    ck_closed(pair.there, KS_CLOSED);
    ck_assert_int_eq(ks_read(passive.there, 1000, &text), KS_CLOSED);
    write_text(pair.here, "not heard\n");
    ck_silence();
    write_text(pair.there, "last\n");
    ck_assert_int_eq(ks_read_line(pair.here, 1000, &text), KS_OK);
    ck_assert_str_eq(text.ptr, "last");
    ck_assert_int_eq(ks_shutdown_read((ks_socket){ 0 }), -EBADF);
}
SCENARIO(a_deaf_socket_still_writes)

/* --- ends ------------------------------------------------------------------------------------- */
/* From one to the next, until the other end is gone. */
static void pass_on(void *arg)
{
    const ks_socket *given = ks_receive_as(ks_socket, 200);
    if (!given) return;
    ks_socket socket = *given;
    ck_assert_int_eq(ks_set_active(socket, KS_ACTIVE), KS_OK);
    while (ks_random(8))
        if (ks_as(ks_socket_closed, ks_receive(1))) return;
    const ks_spawn_options anywhere = { .scheduler =
                                            1 + (uint32_t)ks_random(ks_scheduler_count()) };
    ks_pid next;
    if (ks_spawn_with(pass_on, NULL, &anywhere, &next) || ks_controlling_process(socket, next))
        ks_close(socket);
}

static void feed(void *arg)
{
    ks_socket socket = *(const ks_socket *)ks_receive(5000)->body;
    while (ks_writef(socket, "%d\n", (int)ks_random(1000000)) == KS_OK && !ks_flush(socket))
        ks_yield();
}

static void die_with_it(void *arg)
{
    struct pair pair = connected(&lines);
    ks_pid fed = ks_spawn_link(feed, NULL), first = ks_spawn_link(pass_on, NULL);
    if (ks_controlling_process(pair.here, fed) || ks_controlling_process(pair.there, first)) return;
    (void)ks_receive(KS_INFINITY);
}

/* Sockets that move all the time, with messages, among processes that are killed at any moment. */
static void a_kill_at_any_moment_leaves_nothing(void)
{
    ks_log_set_level(KS_LOG_CRITICAL);
    int before = open_descriptors();
    for (int i = 0; i < 200; i++) {
        ks_ref gone;
        ks_pid pid = ks_spawn_monitor(die_with_it, NULL, &gone);
        if (ks_random(2))
            ks_sleep((ks_ms)ks_random(4));
        else
            for (uint64_t yields = ks_random(200); yields > 0; yields--) ks_yield();
        ks_exit_process(pid, KS_KILL);
        ck_assert_ptr_nonnull(ks_receive_ref(gone, 5000));
    }
    AWAIT(open_descriptors() == before);
}
SCENARIO(a_kill_at_any_moment_leaves_nothing)

static int to_fail;
static bool fails(void *arg) { return --to_fail == 0; }

static void with_short_memory(void *arg)
{
    struct pair pair = connected(&lines);
    struct ksi_pool *pool = &ksi_this_scheduler->pool;
    write_text(pair.here, "one\ntwo\nthree\n");
    to_fail = *(int *)arg;
    ks_status status = ks_set_active_count(pair.there, 2);
    if (to_fail > 0 || status == KS_OK) pool->fails = fails;
    for (int i = 0; i < 2; i++)
        if (!ks_receive_as(ks_received, 1000)) ks_exit(ks_error("nothing came"));
    if (!ks_receive_as(ks_socket_passive, 1000)) ks_exit(ks_error("it is not passive"));
    pool->fails = NULL;
}

/* Whichever allocation fails: the messages come, or the owner ends and says why. */
static void without_memory_for_a_message_its_owner_ends(void)
{
    int ended = 0;
    if (ks_scheduler_count() > 1) return; /* each has a pool */
    ks_log_set_level(KS_LOG_CRITICAL);
    for (int n = 1; n < 12; n++) {
        ks_ref gone;
        (void)ks_spawn_monitor(with_short_memory, &n, &gone);
        const ks_down *down = ks_as(ks_down, ks_receive_ref(gone, 5000));
        ksi_this_scheduler->pool.fails = NULL;
        ck_assert_ptr_nonnull(down);
        bool short_of_it = down->reason.kind == KS_REASON_STATUS && down->reason.code == KS_NOMEM;
        ck_assert(short_of_it || down->reason.kind == KS_REASON_NORMAL);
        ended += short_of_it;
    }
    ck_assert_int_ge(ended, 3); /* the buffer, a line, the end of the count */
    ck_assert_int_lt(ended, 11);
}
SCENARIO(without_memory_for_a_message_its_owner_ends)

RUN_SUITE("active", once_is_one_message_test, active_goes_on_to_the_end_test,
    a_count_runs_out_and_says_so_test, an_active_socket_is_not_read_test,
    packets_have_headers_of_one_two_or_four_bytes_test, a_packet_has_a_limit_test,
    a_fast_peer_waits_for_a_slow_owner_test, a_long_turn_does_not_close_the_window_test,
    a_server_is_told_test, messages_go_where_the_socket_goes_test,
    a_start_that_fails_gives_messages_back_test, only_its_own_messages_move_test,
    a_close_takes_messages_back_test, who_gets_nothing_is_said_test,
    a_deaf_socket_still_writes_test, a_kill_at_any_moment_leaves_nothing_test,
    without_memory_for_a_message_its_owner_ends_test)
