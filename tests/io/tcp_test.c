/* SPDX-License-Identifier: Apache-2.0 */
/* tcp_test - listening, accepting, connecting, closing: what goes wrong gives a clear status. */
#include "io/scenario.h"
#include "io/socket.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

static const struct ksi_socket *inside(ks_socket socket)
{
    return ksi_socket_mine(ksi_io_of(ksi_this_scheduler), socket);
}

static int option(ks_socket socket, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    ck_assert_int_eq(getsockopt(inside(socket)->fd, level, name, &value, &size), 0);
    return value;
}

/* --- listening -------------------------------------------------------------------------------- */
static void wrong_arguments_are_refused(void)
{
    ks_socket socket;
    ck_assert_int_eq(ks_tcp_listen("localhost:80", NULL, &socket), KS_BADARG);
    ck_assert_int_eq(ks_tcp_listen(NULL, NULL, &socket), KS_BADARG);
    ck_assert_int_eq(ks_tcp_connect(":80", NULL, 1000, &socket), KS_BADARG);
    const ks_tcp_options wrong[] = {
        { .packet_max = UINT32_MAX },
        { .high_watermark = UINT32_MAX },
        { .send_timeout = -1 },
        { .backlog = -1 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_int_eq(ks_tcp_listen("127.0.0.1:0", &wrong[i], &socket), KS_BADARG);
}
SCENARIO(wrong_arguments_are_refused)

static void an_address_in_use_is_refused(void)
{
    char address[64];
    ks_socket another;
    ks_socket first = listen_with(&(ks_tcp_options){ .reuse_port = true }, address, sizeof address);
    ck_assert_int_eq(ks_tcp_listen(address, NULL, &another), -EADDRINUSE);
    ck_assert_int_eq(
        ks_tcp_listen(address, &(ks_tcp_options){ .reuse_port = true }, &another), KS_OK);
    ks_close(first);
    ks_close(another);
    ck_assert_int_eq(ks_tcp_listen("192.0.2.1:0", NULL, &another), -EADDRNOTAVAIL);
}
SCENARIO(an_address_in_use_is_refused)

static void every_address_serves_ipv4_too(void)
{
    ks_socket listener, here, there;
    char name[64], address[64];
    ck_assert_int_eq(ks_tcp_listen(":0", NULL, &listener), KS_OK);
    ck_assert_int_eq(ks_local_name(listener, name, sizeof name), KS_OK);
    snprintf(address, sizeof address, "127.0.0.1%.16s", strrchr(name, ':'));
    ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &here), KS_OK);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &there), KS_OK);
    ck_assert_int_eq(ks_local_name(there, name, sizeof name), KS_OK);
    ck_assert_str_eq(name, address);
    ck_assert_int_eq(ks_local_name(here, name, sizeof name), KS_OK);
    ck_assert_int_eq(ks_peer_name(there, address, sizeof address), KS_OK);
    ck_assert_str_eq(name, address);
    ck_assert_int_eq(ks_peer_name(there, address, 5), -ENOSPC);
    ck_assert_int_eq(ks_peer_name(listener, address, sizeof address), -ENOTCONN);
}
SCENARIO(every_address_serves_ipv4_too)

/* --- accepting -------------------------------------------------------------------------------- */
static void options_are_inherited(void)
{
    char address[64];
    const ks_tcp_options options[] = {
        { .packet_max = 100, .high_watermark = 200, .send_timeout = 300 },
        { .delay = true },
    };
    for (int i = 0; i < 2; i++) {
        ks_socket here, there, listener = listen_with(&options[i], address, sizeof address);
        ck_assert_int_eq(ks_tcp_connect(address, &options[i], 1000, &here), KS_OK);
        ck_assert_int_eq(ks_tcp_accept(listener, 1000, &there), KS_OK);
        ck_assert_int_eq(option(here, IPPROTO_TCP, TCP_NODELAY) != 0, !options[i].delay);
        ck_assert_int_eq(option(there, IPPROTO_TCP, TCP_NODELAY) != 0, !options[i].delay);
        ck_assert_uint_eq(inside(there)->packet_max, i ? 65536 : 100);
        ck_assert_uint_eq(inside(there)->high_watermark, i ? 65536 : 200);
        ck_assert_int_eq((int)inside(there)->send_timeout, i ? 30000 : 300);
    }
}
SCENARIO(options_are_inherited)

static void accept_waits_no_longer_than_it_may(void)
{
    char address[64];
    ks_socket socket, listener = listen_with(NULL, address, sizeof address);
    ks_ms start = ks_now();
    ck_assert_int_eq(ks_tcp_accept(listener, 20, &socket), KS_TIMEOUT);
    ck_assert_int_ge((int)(ks_now() - start), 20);
    ck_assert_int_eq(ks_tcp_accept(listener, 0, &socket), KS_TIMEOUT);
}
SCENARIO(accept_waits_no_longer_than_it_may)

static void a_listener_survives_a_lack_of_descriptors(void)
{
    char address[64];
    struct rlimit old;
    ks_socket there, here, listener = listen_with(NULL, address, sizeof address);
    ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &here), KS_OK);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    int next = dup(0);
    close(next);
    struct rlimit none = { .rlim_cur = (rlim_t)next, .rlim_max = old.rlim_max };
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &there), -EMFILE);
    ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &there), -EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    if (RUNNING_ON_VALGRIND) /* it lets the kernel accept, then closes what is one too many */
        ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &here), KS_OK);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &there), KS_OK);
}
SCENARIO(a_listener_survives_a_lack_of_descriptors)

/* --- connecting ------------------------------------------------------------------------------- */
static void nobody_listens(void)
{
    char address[64];
    ks_socket socket, listener = listen_with(NULL, address, sizeof address);
    ks_close(listener);
    ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &socket), -ECONNREFUSED);
}
SCENARIO(nobody_listens)

/* A listener whose queue is full does not answer. */
static void connect_waits_no_longer_than_it_may(void)
{
    char address[64];
    ks_socket socket;
    (void)listen_with(&(ks_tcp_options){ .backlog = 1 }, address, sizeof address);
    ks_status status = KS_OK;
    ks_ms start = 0;
    for (int i = 0; i < 10 && !status; i++) {
        start = ks_now();
        status = ks_tcp_connect(address, NULL, 50, &socket);
    }
    ck_assert_int_eq(status, KS_TIMEOUT);
    ck_assert_int_ge((int)(ks_now() - start), 50);
}
SCENARIO(connect_waits_no_longer_than_it_may)

/* --- handles ---------------------------------------------------------------------------------- */
static void ck_unusable(ks_socket socket)
{
    ks_text text;
    ks_socket another;
    char name[64];
    ck_assert_int_eq(ks_read(socket, 0, &text), -EBADF);
    ck_assert_int_eq(ks_read_line(socket, 0, &text), -EBADF);
    ck_assert_int_eq(ks_read_exactly(socket, 1, 0, &text), -EBADF);
    ck_assert_int_eq(ks_peek(socket, 0, 0, &text), -EBADF);
    ck_assert_int_eq(ks_write(socket, ks_lit("x")), -EBADF);
    ck_assert_int_eq(ks_writef(socket, "x"), -EBADF);
    ck_assert_int_eq(ks_flush(socket), -EBADF);
    ck_assert_int_eq(ks_shutdown_write(socket), -EBADF);
    ck_assert_int_eq(ks_tcp_accept(socket, 0, &another), -EBADF);
    ck_assert_int_eq(ks_peer_name(socket, name, sizeof name), -EBADF);
    ks_consume(socket, 1);
    ks_close(socket);
}

static void use_of_another(void *arg) { ck_unusable(*(ks_socket *)arg); }

static void only_the_owner_may_use_a_socket(void)
{
    struct pair pair = connected(NULL);
    ks_ref done;
    (void)ks_spawn_monitor(use_of_another, &pair.here, &done);
    ck_assert_ptr_nonnull(ks_receive_ref(done, 1000));
    write_text(pair.here, "still open");
    ks_close(pair.here);
    ck_unusable(pair.here);
    struct pair reused = connected(NULL);
    ck_assert(!ks_same_socket(reused.here, pair.here));
    ck_unusable(pair.here);
    ck_unusable((ks_socket){ 0 });
    ck_unusable((ks_socket){ UINT64_MAX });
}
SCENARIO(only_the_owner_may_use_a_socket)

static void a_listener_is_no_stream(void)
{
    char address[64];
    ks_socket there, listener = listen_with(NULL, address, sizeof address);
    struct pair pair = connected(NULL);
    ks_text text;
    ck_assert_int_eq(ks_read(listener, 0, &text), -ENOTCONN);
    ck_assert_int_eq(ks_write(listener, ks_lit("x")), -ENOTCONN);
    ck_assert_int_eq(ks_shutdown_write(listener), -ENOTCONN);
    ck_assert_int_eq(ks_tcp_accept(pair.here, 0, &there), -EINVAL);
}
SCENARIO(a_listener_is_no_stream)

static void an_idle_connection_has_no_buffers(void)
{
    struct pair pair = connected(NULL);
    ks_text text;
    write_text(pair.here, "request");
    ck_assert_int_eq(ks_read(pair.there, 1000, &text), KS_OK);
    ck_assert_ptr_nonnull(inside(pair.there)->in.ptr);
    ck_assert_int_eq(ks_read(pair.there, 10, &text), KS_TIMEOUT);
    ck_assert_ptr_null(inside(pair.there)->in.ptr);
    ck_assert_ptr_null(inside(pair.here)->out.ptr);
}
SCENARIO(an_idle_connection_has_no_buffers)

START_TEST(outside_of_a_process_nothing_is_allowed)
{
    ks_socket socket = { 1 };
    ks_text text;
    ck_assert_int_eq(ks_tcp_listen("127.0.0.1:0", NULL, &socket), KS_DENIED);
    ck_assert_int_eq(ks_tcp_connect("127.0.0.1:1", NULL, 0, &socket), KS_DENIED);
    ck_assert_int_eq(ks_read(socket, 0, &text), -EBADF);
    ck_assert_int_eq(ks_wait_fd(0, KS_READABLE, 0), KS_DENIED);
    ks_close(socket);
}
END_TEST

RUN_SUITE("tcp", wrong_arguments_are_refused_test, an_address_in_use_is_refused_test,
    every_address_serves_ipv4_too_test, options_are_inherited_test,
    accept_waits_no_longer_than_it_may_test, a_listener_survives_a_lack_of_descriptors_test,
    nobody_listens_test, connect_waits_no_longer_than_it_may_test,
    only_the_owner_may_use_a_socket_test, a_listener_is_no_stream_test,
    an_idle_connection_has_no_buffers_test, outside_of_a_process_nothing_is_allowed)
