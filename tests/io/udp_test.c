/* SPDX-License-Identifier: Apache-2.0 */
/* udp_test - datagrams: there and back, cut, refused, waited for; groups; passive and active. */
#include "io/scenario.h"
#include "io/socket.h"
#include <errno.h>
#include <kiosk/test.h>

struct two {
    ks_socket here, there;
    ks_address to_here, to_there;
};

static struct two opened(const ks_udp_options *options)
{
    struct two two;
    ck_assert_int_eq(ks_udp_open("127.0.0.1:0", options, &two.here), KS_OK);
    ck_assert_int_eq(ks_udp_open("127.0.0.1:0", options, &two.there), KS_OK);
    ck_assert_int_eq(ks_local_address(two.here, &two.to_here), KS_OK);
    ck_assert_int_eq(ks_local_address(two.there, &two.to_there), KS_OK);
    return two;
}

static void send_text(ks_socket socket, const ks_address *to, const char *text)
{
    ck_assert_int_eq(ks_udp_send(socket, to, ks_str(text)), KS_OK);
}

static void ck_next(ks_socket socket, const char *text, const ks_address *from)
{
    ks_datagram got;
    ck_assert_int_eq(ks_udp_receive(socket, 1000, &got), KS_OK);
    ck_assert_uint_eq(got.bytes.len, strlen(text));
    ck_assert_str_eq(got.bytes.ptr, text);
    ck_assert(ks_same_address(&got.from, from));
    ck_assert(ks_same_socket(got.socket, socket));
    ck_assert(!got.truncated);
}

/* --- passive ---------------------------------------------------------------------------------- */
static void datagrams_come_whole_and_say_from_where(void)
{
    struct two two = opened(NULL);
    ks_datagram got;
    char name[KS_ADDRESS_TEXT_MAX], expected[KS_ADDRESS_TEXT_MAX];
    send_text(two.here, &two.to_there, "one");
    send_text(two.here, &two.to_there, "");
    send_text(two.here, &two.to_there, "three");
    ck_next(two.there, "one", &two.to_here);
    ck_next(two.there, "", &two.to_here);
    ck_next(two.there, "three", &two.to_here);
    ck_assert_int_eq(ks_udp_receive(two.there, 0, &got), KS_TIMEOUT);
    ks_ms begin = ks_now();
    ck_assert_int_eq(ks_udp_receive(two.there, 20, &got), KS_TIMEOUT);
    ck_assert_int_ge((int)(ks_now() - begin), 20);
    ck_assert_ptr_null(ksi_socket_mine(ksi_io_of(ksi_this_scheduler), two.there)->in.ptr);
    ck_assert_int_eq(ks_local_name(two.here, expected, sizeof expected), KS_OK);
    ck_assert_str_eq(ks_address_text(&two.to_here, name, sizeof name), expected);
}
SCENARIO(datagrams_come_whole_and_say_from_where)

static void send_soon(void *arg)
{
    const struct two *two = arg;
    ks_socket socket = *(const ks_socket *)ks_receive(1000)->body;
    ks_sleep(10);
    send_text(socket, &two->to_there, "late");
}

static void one_that_is_waited_for_wakes(void)
{
    struct two two = opened(NULL);
    ks_pid sender = ks_spawn(send_soon, &two);
    ck_assert_int_eq(ks_controlling_process(two.here, sender), KS_OK);
    ck_next(two.there, "late", &two.to_here);
}
SCENARIO(one_that_is_waited_for_wakes)

static void what_is_too_long_is_cut_and_says_so(void)
{
    struct two two = opened(&(ks_udp_options){ .packet_max = 4 });
    static char much[100000];
    ks_datagram got;
    send_text(two.here, &two.to_there, "12345");
    send_text(two.here, &two.to_there, "1234");
    ck_assert_int_eq(ks_udp_receive(two.there, 1000, &got), KS_OK);
    ck_assert(got.truncated);
    ck_assert_str_eq(got.bytes.ptr, "1234");
    ck_next(two.there, "1234", &two.to_here);
    ck_assert_int_eq(
        ks_udp_send(two.here, &two.to_there, (ks_text){ much, sizeof much }), -EMSGSIZE);
}
SCENARIO(what_is_too_long_is_cut_and_says_so)

static void a_connected_one_hears_its_peer_only(void)
{
    struct two two = opened(NULL), others = opened(NULL);
    ks_datagram got;
    ck_assert_int_eq(ks_udp_send(two.there, NULL, ks_lit("x")), -EDESTADDRREQ);
    ck_assert_int_eq(ks_udp_connect(two.there, &two.to_here), KS_OK);
    send_text(others.here, &two.to_there, "stranger");
    send_text(two.here, &two.to_there, "peer");
    ck_next(two.there, "peer", &two.to_here);
    send_text(two.there, NULL, "to the peer");
    ck_next(two.here, "to the peer", &two.to_there);
    ks_close(two.here);
    send_text(two.there, NULL, "nobody is there");
    ck_assert_int_eq(ks_udp_receive(two.there, 1000, &got), -ECONNREFUSED);
    ck_assert_int_eq(ks_udp_receive(two.there, 0, &got), KS_TIMEOUT);
    ck_assert_int_eq(ks_udp_connect(two.there, NULL), KS_OK);
    ck_assert_int_eq(ks_udp_send(two.there, NULL, ks_lit("x")), -EDESTADDRREQ);
}
SCENARIO(a_connected_one_hears_its_peer_only)

static void wrong_arguments_are_refused(void)
{
    struct two two = opened(NULL);
    struct pair tcp = connected(NULL);
    ks_socket socket;
    ks_datagram got;
    ks_text text;
    ck_assert_int_eq(ks_udp_open("localhost:1", NULL, &socket), KS_BADARG);
    ck_assert_int_eq(
        ks_udp_open("127.0.0.1:0", &(ks_udp_options){ .packet_max = 2 << 20 }, &socket), KS_BADARG);
    ck_assert_int_eq(
        ks_udp_open("127.0.0.1:0", &(ks_udp_options){ .send_timeout = -1 }, &socket), KS_BADARG);
    ck_assert_int_eq(ks_udp_open("192.0.2.1:0", NULL, &socket), -EADDRNOTAVAIL);
    ck_assert_int_eq(ks_udp_send(two.here, &(ks_address){ 0 }, ks_lit("x")), -EDESTADDRREQ);
    ck_assert_int_eq(ks_udp_receive(tcp.here, 0, &got), -EPROTOTYPE);
    ck_assert_int_eq(ks_udp_send(tcp.here, NULL, ks_lit("x")), -EPROTOTYPE);
    ck_assert_int_eq(ks_read(two.here, 0, &text), -EPROTOTYPE);
    ck_assert_int_eq(ks_write(two.here, ks_lit("x")), -EPROTOTYPE);
    ck_assert_int_eq(ks_shutdown_write(two.here), -ENOTCONN);
    ks_consume(two.here, 1);
    ks_close(two.here);
    ck_assert_int_eq(ks_udp_receive(two.here, 0, &got), -EBADF);
    ck_assert_int_eq(ks_udp_send(two.here, &two.to_there, ks_lit("x")), -EBADF);
}
SCENARIO(wrong_arguments_are_refused)

static void a_port_is_shared_on_purpose_only(void)
{
    struct two two = opened(&(ks_udp_options){ .reuse_port = true });
    char name[KS_ADDRESS_TEXT_MAX];
    ks_socket another;
    ck_assert_int_eq(ks_local_name(two.here, name, sizeof name), KS_OK);
    ck_assert_int_eq(ks_udp_open(name, NULL, &another), -EADDRINUSE);
    ck_assert_int_eq(ks_udp_open(name, &(ks_udp_options){ .reuse_port = true }, &another), KS_OK);
}
SCENARIO(a_port_is_shared_on_purpose_only)

/* "[::]" is IPv6 only; ":" serves both. */
static void every_address_serves_both_families(void)
{
    ks_socket every, v4;
    ks_address to;
    ks_datagram got;
    char name[KS_ADDRESS_TEXT_MAX];
    struct two two = opened(NULL);
    v4 = two.here;
    ck_assert_int_eq(ks_udp_open(":0", NULL, &every), KS_OK);
    ck_assert_int_eq(ks_local_address(every, &to), KS_OK);
    ck_assert_int_eq(ks_address_parse(ks_format("127.0.0.1:%u", ks_address_port(&to)), &to), KS_OK);
    send_text(v4, &to, "from IPv4");
    ck_assert_int_eq(ks_udp_receive(every, 1000, &got), KS_OK);
    ck_assert_int_eq(strncmp(ks_address_text(&got.from, name, sizeof name), "127.0.0.1:", 10), 0);
    send_text(every, &got.from, "back");
    ck_next(v4, "back", &to);
}
SCENARIO(every_address_serves_both_families)

/* A machine may have no route for groups; the loopback interface serves. */
static void a_group_is_heard_by_who_joined(void)
{
    ks_socket member, sender;
    ks_address group, loopback, to;
    ks_datagram got;
    ck_assert_int_eq(ks_address_parse("239.255.77.1:0", &group), KS_OK);
    ck_assert_int_eq(ks_address_parse("127.0.0.1:0", &loopback), KS_OK);
    ck_assert_int_eq(ks_udp_open("239.255.77.1:0", NULL, &member), KS_OK);
    ck_assert_int_eq(ks_udp_open("127.0.0.1:0", NULL, &sender), KS_OK);
    ck_assert_int_eq(ks_local_address(member, &to), KS_OK);
    ck_assert_int_eq(ks_udp_join(member, &group, &loopback), KS_OK);
    send_text(sender, &to, "to all");
    ck_assert_int_eq(ks_udp_receive(member, 1000, &got), KS_OK);
    ck_assert_str_eq(got.bytes.ptr, "to all");
    ck_assert_int_eq(ks_udp_leave(member, &group, &loopback), KS_OK);
    send_text(sender, &to, "not heard");
    ck_assert_int_eq(ks_udp_receive(member, 20, &got), KS_TIMEOUT);
    ck_assert_int_eq(ks_udp_join(member, &loopback, NULL), -EINVAL);
    ck_assert_int_eq(ks_udp_join(member, &(ks_address){ 0 }, NULL), KS_BADARG);
}
SCENARIO(a_group_is_heard_by_who_joined)

/* --- active ----------------------------------------------------------------------------------- */
static void active_ones_are_messages(void)
{
    struct two two = opened(NULL);
    ks_datagram ignored;
    ck_assert_int_eq(ks_set_active(two.there, KS_ACTIVE_ONCE), KS_OK);
    ck_assert_int_eq(ks_udp_receive(two.there, 0, &ignored), -EINVAL);
    send_text(two.here, &two.to_there, "first");
    send_text(two.here, &two.to_there, "second");
    const ks_datagram *got = ks_receive_as(ks_datagram, 1000);
    ck_assert_ptr_nonnull(got);
    ck_assert_str_eq(got->bytes.ptr, "first");
    ck_assert(ks_same_address(&got->from, &two.to_here));
    ck_assert(ks_same_socket(got->socket, two.there));
    ck_assert_ptr_null(ks_receive(20));
    ck_next(two.there, "second", &two.to_here); /* passive again */
    ck_assert_int_eq(ks_set_active_count(two.there, 2), KS_OK);
    for (int i = 0; i < 3; i++) send_text(two.here, &two.to_there, i ? "more" : "");
    for (int i = 0; i < 2; i++) {
        got = ks_receive_as(ks_datagram, 1000);
        ck_assert_ptr_nonnull(got);
        ck_assert_str_eq(got->bytes.ptr, i ? "more" : "");
    }
    ck_assert_ptr_nonnull(ks_receive_as(ks_socket_passive, 1000));
    ck_next(two.there, "more", &two.to_here);
}
SCENARIO(active_ones_are_messages)

static void an_error_is_a_message_and_the_socket_stays(void)
{
    struct two two = opened(NULL);
    ck_assert_int_eq(ks_udp_connect(two.there, &two.to_here), KS_OK);
    ck_assert_int_eq(ks_set_active(two.there, KS_ACTIVE), KS_OK);
    ks_close(two.here);
    send_text(two.there, NULL, "nobody is there");
    const ks_socket_error *error = ks_receive_as(ks_socket_error, 1000);
    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error->status, -ECONNREFUSED);
    ck_assert(ks_same_socket(error->socket, two.there));
    ck_assert_int_eq(ks_udp_connect(two.there, &two.to_there), KS_OK);
    send_text(two.there, NULL, "to itself");
    ck_assert_ptr_nonnull(ks_receive_as(ks_datagram, 1000));
    ck_assert_int_eq(ks_shutdown_read(two.there), KS_OK);
    const ks_socket_closed *closed = ks_receive_as(ks_socket_closed, 1000);
    ck_assert_ptr_nonnull(closed);
    ck_assert_int_eq(closed->status, KS_CLOSED);
}
SCENARIO(an_error_is_a_message_and_the_socket_stays)

/* A flood that nobody takes is dropped by the kernel, not kept here. */
static void a_flood_stays_outside(void)
{
    struct two two = opened(&(ks_udp_options){ .packet_max = 1000 });
    ck_assert_int_eq(ks_set_active(two.there, KS_ACTIVE), KS_OK);
    for (int i = 0; i < 5000; i++) {
        send_text(two.here, &two.to_there, "x");
        if (i % 100 == 0) ks_sleep(1);
    }
    ck_assert_uint_le(ks_mailbox_bytes(ks_self()), 2000);
    ck_assert_uint_gt(ks_mailbox_length(ks_self()), 0);
    int count = 0;
    while (ks_receive(20)) count++;
    ck_assert_int_gt(count, 20); /* what the kernel had kept came after it */
    send_text(two.here, &two.to_there, "after it");
    ck_assert_ptr_nonnull(ks_receive_as(ks_datagram, 1000));
}
SCENARIO(a_flood_stays_outside)

/* --- where there are no sockets --------------------------------------------------------------- */
static void ck_there_are_none(void)
{
    ks_socket socket;
    ks_address address;
    KS_CHECK(ks_udp_open("127.0.0.1:0", NULL, &socket) == KS_DENIED);
    KS_CHECK(ks_tcp_listen("unix:@", NULL, &socket) == KS_DENIED);
    KS_CHECK(ks_watch_fd(0, KS_READABLE) == KS_DENIED);
    KS_CHECK(ks_wait_fds(NULL, 0, 0) == KS_DENIED);
    ks_unwatch_fd(0);
    socket = (ks_socket){ UINT64_C(1) << 32 | 1 };
    KS_CHECK(ks_set_active(socket, KS_ACTIVE) == -EBADF);
    KS_CHECK(ks_controlling_process(socket, ks_self()) == -EBADF);
    KS_CHECK(ks_local_address(socket, &address) == -EBADF);
    KS_CHECK(ks_socket_set(socket, KS_SOCKET_NODELAY, 1) == -EBADF);
}

static void in_a_simulation(void) { ck_there_are_none(); }

START_TEST(elsewhere_there_are_none)
{
    ck_there_are_none();
    ck_assert_int_eq(ks_simulate(NULL, in_a_simulation), 0);
}
END_TEST

RUN_SUITE("udp", elsewhere_there_are_none, datagrams_come_whole_and_say_from_where_test,
    one_that_is_waited_for_wakes_test, what_is_too_long_is_cut_and_says_so_test,
    a_connected_one_hears_its_peer_only_test, wrong_arguments_are_refused_test,
    a_port_is_shared_on_purpose_only_test, every_address_serves_both_families_test,
    a_group_is_heard_by_who_joined_test, active_ones_are_messages_test,
    an_error_is_a_message_and_the_socket_stays_test, a_flood_stays_outside_test)
