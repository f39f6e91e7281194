/* SPDX-License-Identifier: Apache-2.0 */
/* option_test - options of open sockets, connecting from an address, the limit of connections. */
#include "io/scenario.h"
#include "io/socket.h"
#include <errno.h>

static int64_t get(ks_socket socket, ks_socket_option option)
{
    int64_t value = -7;
    ck_assert_int_eq(ks_socket_get(socket, option, &value), KS_OK);
    return value;
}

static void ck_kept(ks_socket socket, ks_socket_option option, int64_t value, int64_t expected)
{
    ck_assert_int_eq(ks_socket_set(socket, option, value), KS_OK);
    ck_assert_int_eq(get(socket, option), expected);
}

static void options_are_set_and_read(void)
{
    struct pair pair = connected(&(ks_tcp_options){ .keepalive = true });
    ck_assert_int_eq(get(pair.there, KS_SOCKET_KEEPALIVE), 1); /* inherited */
    ck_assert_int_eq(get(pair.here, KS_SOCKET_NODELAY), 1);
    ck_kept(pair.here, KS_SOCKET_NODELAY, 0, 0);
    ck_kept(pair.here, KS_SOCKET_KEEPALIVE, 0, 0);
    ck_kept(pair.here, KS_SOCKET_KEEPALIVE_IDLE, 59001, 60000);
    ck_kept(pair.here, KS_SOCKET_KEEPALIVE_INTERVAL, 5000, 5000);
    ck_kept(pair.here, KS_SOCKET_KEEPALIVE_COUNT, 4, 4);
    ck_kept(pair.here, KS_SOCKET_USER_TIMEOUT, 1234, 1234);
    ck_kept(pair.here, KS_SOCKET_PRIORITY, 3, 3);
    ck_kept(pair.here, KS_SOCKET_HOP_LIMIT, 9, 9);
    ck_kept(pair.here, KS_SOCKET_RECEIVE_BUFFER, 8192, 16384);
    ck_kept(pair.here, KS_SOCKET_SEND_BUFFER, 8192, 16384);
    ck_kept(pair.here, KS_SOCKET_PACKET, KS_PACKET_4, KS_PACKET_4);
    ck_kept(pair.here, KS_SOCKET_PACKET_MAX, 77, 77);
    ck_kept(pair.here, KS_SOCKET_LOW_WATERMARK, 7, 7);
    ck_kept(pair.here, KS_SOCKET_HIGH_WATERMARK, 8, 8);
    ck_kept(pair.here, KS_SOCKET_SEND_TIMEOUT, 99, 99);
    ck_assert_int_eq(get(pair.here, KS_SOCKET_LINGER), -1);
    ck_kept(pair.here, KS_SOCKET_LINGER, 0, 0);
    ck_kept(pair.here, KS_SOCKET_LINGER, -1, -1);
}
SCENARIO(options_are_set_and_read)

static void wrong_options_are_refused(void)
{
    struct pair pair = connected(NULL);
    ks_socket datagrams, local;
    int64_t value;
    ck_assert_int_eq(ks_udp_open("127.0.0.1:0", NULL, &datagrams), KS_OK);
    ck_assert_int_eq(ks_tcp_listen("unix:@", NULL, &local), KS_OK);
    const struct {
        ks_socket socket;
        ks_socket_option option;
        int64_t value;
        ks_status status;
    } rows[] = { { pair.here, KS_SOCKET_NODELAY, 2, KS_BADARG },
        { pair.here, KS_SOCKET_NODELAY, -1, KS_BADARG },
        { pair.here, KS_SOCKET_KEEPALIVE_COUNT, INT64_MAX, KS_BADARG },
        { pair.here, KS_SOCKET_LINGER, 5000, -EINVAL },
        { pair.here, KS_SOCKET_REUSE_PORT, 1, -EINVAL },
        { pair.here, KS_SOCKET_LOW_WATERMARK, 65536, KS_BADARG },
        { pair.here, KS_SOCKET_HIGH_WATERMARK, 1, KS_BADARG },
        { pair.here, KS_SOCKET_PACKET, 9, KS_BADARG },
        { pair.here, KS_SOCKET_PACKET_MAX, 0, KS_BADARG },
        { pair.here, KS_SOCKET_SEND_TIMEOUT, 0, KS_BADARG },
        { pair.here, (ks_socket_option)1000, 0, KS_BADARG },
        { datagrams, KS_SOCKET_PACKET, 1, -EOPNOTSUPP },
        { datagrams, KS_SOCKET_HIGH_WATERMARK, 1, -EOPNOTSUPP },
        { local, KS_SOCKET_NODELAY, 1, -EOPNOTSUPP }, { { 0 }, KS_SOCKET_NODELAY, 1, -EBADF } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_int_eq(
            ks_socket_set(rows[i].socket, rows[i].option, rows[i].value), rows[i].status);
    ck_assert_int_eq(ks_socket_get(datagrams, KS_SOCKET_PACKET, &value), -EOPNOTSUPP);
    ck_assert_int_eq(ks_socket_get(datagrams, KS_SOCKET_V6ONLY, &value), -EOPNOTSUPP);
    ck_assert_int_eq(ks_socket_get(pair.here, (ks_socket_option)1000, &value), KS_BADARG);
}
SCENARIO(wrong_options_are_refused)

static void an_address_says_which_families_it_serves(void)
{
    ks_socket every, v6;
    ck_assert_int_eq(ks_tcp_listen(":0", NULL, &every), KS_OK);
    ck_assert_int_eq(get(every, KS_SOCKET_V6ONLY), 0);
    ck_assert_int_eq(get(every, KS_SOCKET_REUSE_ADDRESS), 1);
    ck_assert_int_eq(ks_tcp_listen("[::]:0", NULL, &v6), KS_OK);
    ck_assert_int_eq(get(v6, KS_SOCKET_V6ONLY), 1);
    ck_kept(v6, KS_SOCKET_HOP_LIMIT, 5, 5);
}
SCENARIO(an_address_says_which_families_it_serves)

static void a_linger_of_zero_resets(void)
{
    struct pair pair = connected(NULL);
    ks_text text;
    ck_kept(pair.here, KS_SOCKET_LINGER, 0, 0);
    ks_close(pair.here);
    ck_assert_int_eq(ks_read(pair.there, 1000, &text), -ECONNRESET);
}
SCENARIO(a_linger_of_zero_resets)

static void a_connection_has_the_address_that_was_said(void)
{
    char address[64], name[64];
    ks_socket here, there, listener = listen_with(NULL, address, sizeof address);
    const ks_tcp_options from = { .local = "127.0.0.9:0" };
    ck_assert_int_eq(ks_tcp_connect(address, &from, 1000, &here), KS_OK);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &there), KS_OK);
    ck_assert_int_eq(ks_peer_name(there, name, sizeof name), KS_OK);
    ck_assert_int_eq(strncmp(name, "127.0.0.9:", 10), 0);
    const ks_tcp_options odd = { .local = "here" }, nowhere = { .local = "192.0.2.1:0" };
    ck_assert_int_eq(ks_tcp_connect(address, &odd, 1000, &here), KS_BADARG);
    ck_assert_int_eq(ks_tcp_connect(address, &nowhere, 1000, &here), -EADDRNOTAVAIL);
}
SCENARIO(a_connection_has_the_address_that_was_said)

/* --- the limit of connections ----------------------------------------------------------------- */
static void hold_for_a_while(void *arg)
{
    ks_socket socket = *(const ks_socket *)ks_receive(1000)->body;
    ks_sleep(30);
    ks_close(socket);
    (void)ks_receive(KS_INFINITY);
}

static void who_accepts_waits_for_room(void)
{
    char address[64];
    ks_socket clients[4], served[4];
    ks_socket_info info;
    const ks_tcp_options two = { .connections_max = 2 };
    ks_socket listener = listen_with(&two, address, sizeof address);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &clients[i]), KS_OK);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(ks_tcp_accept(listener, 1000, &served[i]), KS_OK);
    ck_assert_int_eq(ks_socket_look(listener, &info), KS_OK);
    ck_assert_uint_eq(info.accepted, 2);
    ck_assert_int_eq(ks_tcp_accept(listener, 20, &served[2]), KS_TIMEOUT);
    ck_assert_int_eq(ks_tcp_accept(listener, 0, &served[2]), KS_TIMEOUT);
    ks_close(served[0]);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &served[2]), KS_OK);
    ks_pid holder = ks_spawn(hold_for_a_while, NULL); /* on any scheduler */
    ck_assert_int_eq(ks_controlling_process(served[1], holder), KS_OK);
    ks_ms begin = ks_now();
    ck_assert_int_eq(ks_tcp_accept(listener, 5000, &served[3]), KS_OK);
    ck_assert_int_ge((int)(ks_now() - begin), 25);
    ck_assert_int_lt((int)(ks_now() - begin), 4000);
    ks_close(listener); /* before what it accepted */
    ks_close(served[2]);
    ks_close(served[3]);
    ks_exit_process(holder, KS_KILL);
}
SCENARIO(who_accepts_waits_for_room)

static void accept_one(void *arg)
{
    ks_socket listener = *(const ks_socket *)ks_receive(1000)->body, socket;
    ks_exit(ks_because(ks_tcp_accept(listener, KS_INFINITY, &socket)));
}

static void one_that_waits_for_room_may_be_killed(void)
{
    char address[64];
    ks_socket client, served;
    ks_ref gone;
    const ks_tcp_options one = { .connections_max = 1 };
    for (int i = 0; i < 20; i++) {
        ks_socket listener = listen_with(&one, address, sizeof address);
        ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &client), KS_OK);
        ck_assert_int_eq(ks_tcp_accept(listener, 1000, &served), KS_OK);
        ks_pid acceptor = ks_spawn_monitor(accept_one, NULL, &gone);
        ck_assert_int_eq(ks_controlling_process(listener, acceptor), KS_OK);
        ks_sleep((ks_ms)ks_random(4));
        if (i % 2) ks_close(served); /* at the same moment, or after it */
        ks_exit_process(acceptor, KS_KILL);
        ck_assert_ptr_nonnull(ks_receive_ref(gone, 1000));
        ks_close(served);
        ks_close(client);
    }
}
SCENARIO(one_that_waits_for_room_may_be_killed)

static int to_fail;
static bool fails(void *arg) { return --to_fail == 0; }

static void without_memory_nothing_is_left(void)
{
    struct ksi_pool *pool = &ksi_this_scheduler->pool;
    int before = open_descriptors(), refusals = 0;
    ks_status status = KS_NOMEM;
    for (int n = 1; status; n++) {
        ks_socket listener = { 0 };
        to_fail = n;
        pool->fails = fails;
        status = ks_tcp_listen("127.0.0.1:0", &(ks_tcp_options){ .connections_max = 1 }, &listener);
        pool->fails = NULL;
        ck_assert(status == KS_OK || status == KS_NOMEM);
        if (status == KS_OK) ks_close(listener);
        ck_assert_int_eq(open_descriptors(), before);
        refusals += status != KS_OK;
    }
    ck_assert_int_ge(refusals, 2); /* the socket, its limit */
}
SCENARIO(without_memory_nothing_is_left)

RUN_SUITE("option", options_are_set_and_read_test, wrong_options_are_refused_test,
    an_address_says_which_families_it_serves_test, a_linger_of_zero_resets_test,
    a_connection_has_the_address_that_was_said_test, who_accepts_waits_for_room_test,
    one_that_waits_for_room_may_be_killed_test, without_memory_nothing_is_left_test)
