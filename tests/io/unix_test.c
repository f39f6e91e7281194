/* SPDX-License-Identifier: Apache-2.0 */
/* unix_test - streams and datagrams of Unix sockets: paths, abstract names, stale files, who is
 * there. */
#include "io/scenario.h"
#include "io/socket.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/kiosk-unix-XXXXXX";
static const char *path_of(const char *name) { return ks_format("%s/%s", folder, name); }
static const char *address_of(const char *name) { return ks_format("unix:%s/%s", folder, name); }

static void make_folder(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(const char *name)
{
    if (name) ck_assert_int_eq(unlink(path_of(name)), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

static struct pair connected_at(const char *address, const ks_tcp_options *options)
{
    struct pair pair;
    ks_socket listener;
    ck_assert_int_eq(ks_tcp_listen(address, options, &listener), KS_OK);
    ck_assert_int_eq(ks_tcp_connect(address, options, 1000, &pair.here), KS_OK);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &pair.there), KS_OK);
    ks_close(listener);
    return pair;
}

/* --- streams ---------------------------------------------------------------------------------- */
static void ck_talks(struct pair pair)
{
    ks_text text;
    write_text(pair.here, "one\ntwo");
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &text), KS_OK);
    ck_assert_str_eq(text.ptr, "one");
    ck_assert_int_eq(ks_write(pair.there, ks_lit("answer")), KS_OK);
    write_text(pair.here, "three");
    ks_close(pair.there); /* with much unread: the answer arrives, and then the end */
    ck_assert_int_eq(ks_read_exactly(pair.here, 6, 1000, &text), KS_OK);
    ck_assert_str_eq(text.ptr, "answer");
    ck_assert_int_eq(ks_read(pair.here, 1000, &text), KS_CLOSED);
    ks_close(pair.here);
}

static void a_path_is_an_address(void)
{
    char name[KS_ADDRESS_TEXT_MAX];
    ks_socket socket;
    make_folder();
    struct pair pair = connected_at(address_of("stream"), NULL);
    ck_assert_int_eq(ks_local_name(pair.there, name, sizeof name), KS_OK);
    ck_assert_str_eq(name, address_of("stream"));
    ck_assert_int_eq(ks_peer_name(pair.here, name, sizeof name), KS_OK);
    ck_assert_str_eq(name, address_of("stream"));
    ck_assert_int_eq(ks_peer_name(pair.there, name, sizeof name), KS_OK);
    ck_assert_str_eq(name, "unix:");
    ck_talks(pair);
    ck_assert_int_eq(ks_tcp_connect(address_of("stream"), NULL, 1000, &socket), -ECONNREFUSED);
    ck_assert_int_eq(ks_tcp_connect(address_of("none"), NULL, 1000, &socket), -ENOENT);
    ck_assert_int_eq(ks_tcp_listen("unix:/nowhere/at/all", NULL, &socket), -ENOENT);
    remove_folder("stream");
}
SCENARIO(a_path_is_an_address)

static void an_abstract_name_is_no_file(void)
{
    const char *address = ks_format("unix:@kiosk-test-%d", getpid());
    struct pair pair = connected_at(address, NULL);
    char name[KS_ADDRESS_TEXT_MAX];
    ks_socket listener;
    ck_assert_int_eq(ks_peer_name(pair.here, name, sizeof name), KS_OK);
    ck_assert_str_eq(name, address);
    ck_talks(pair);
    ck_assert_int_eq(ks_tcp_listen("unix:@", NULL, &listener), KS_OK);
    ck_assert_int_eq(ks_local_name(listener, name, sizeof name), KS_OK);
    ck_assert_int_eq(strncmp(name, "unix:@", 6), 0);
    ck_assert_uint_gt(strlen(name), 6);
}
SCENARIO(an_abstract_name_is_no_file)

static void the_kernel_says_who_connected(void)
{
    ks_credentials who;
    make_folder();
    struct pair pair = connected_at(address_of("who"), NULL), tcp = connected(NULL);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ks_peer_credentials(i ? pair.here : pair.there, &who), KS_OK);
        ck_assert_int_eq(who.pid, getpid());
        ck_assert_uint_eq(who.user, geteuid());
        ck_assert_uint_eq(who.group, getegid());
    }
    ck_assert_int_eq(ks_peer_credentials(tcp.here, &who), -EOPNOTSUPP);
    ck_assert_int_eq(ks_peer_credentials((ks_socket){ 0 }, &who), -EBADF);
    remove_folder("who");
}
SCENARIO(the_kernel_says_who_connected)

static void a_file_has_the_mode_that_was_said(void)
{
    struct stat about;
    ks_socket listener;
    make_folder();
    mode_t old = umask(0022);
    ck_assert_int_eq(
        ks_tcp_listen(address_of("mode"), &(ks_tcp_options){ .mode = 0620 }, &listener), KS_OK);
    ck_assert_int_eq(stat(path_of("mode"), &about), 0);
    ck_assert_uint_eq(about.st_mode & 07777, 0600);
    umask(old);
    ck_assert_int_eq(
        ks_tcp_listen(address_of("odd"), &(ks_tcp_options){ .mode = 01777 }, &listener), KS_BADARG);
    remove_folder("mode");
}
SCENARIO(a_file_has_the_mode_that_was_said)

/* Only retries find out that there is room in the queue of such a listener. */
static void take_one_later(void *arg)
{
    ks_socket listener = *(const ks_socket *)ks_receive(1000)->body, socket;
    ks_sleep(30);
    ck_assert_int_eq(ks_tcp_accept(listener, 1000, &socket), KS_OK);
    ks_sleep(30);
}

static void a_full_queue_is_waited_for(void)
{
    ks_socket listener, socket;
    ks_status status = KS_OK;
    ks_ref done;
    make_folder();
    const ks_tcp_options options = { .backlog = 1 };
    ck_assert_int_eq(ks_tcp_listen(address_of("full"), &options, &listener), KS_OK);
    ks_ms begin = ks_now();
    for (int i = 0; i < 10 && !status; i++) {
        begin = ks_now();
        status = ks_tcp_connect(address_of("full"), NULL, 20, &socket);
    }
    ck_assert_int_eq(status, KS_TIMEOUT);
    ck_assert_int_ge((int)(ks_now() - begin), 20);
    ks_pid taker = ks_spawn_monitor(take_one_later, NULL, &done);
    ck_assert_int_eq(ks_controlling_process(listener, taker), KS_OK);
    ck_assert_int_eq(ks_tcp_connect(address_of("full"), NULL, 5000, &socket), KS_OK);
    ck_assert(!ksi_socket_mine(ksi_io_of(ksi_this_scheduler), socket)->hung_up);
    ck_assert_ptr_nonnull(ks_receive_ref(done, 1000));
    remove_folder("full");
}
SCENARIO(a_full_queue_is_waited_for)

/* --- stale paths ------------------------------------------------------------------------------ */
static const ks_tcp_options replaces = { .replace_stale = true };

static void a_stale_path_is_replaced_when_asked_for(void)
{
    ks_socket listener, socket;
    make_folder();
    const char *address = address_of("stale");
    ck_assert_int_eq(ks_tcp_listen(address, NULL, &listener), KS_OK);
    ks_close(listener);
    ck_assert_int_eq(ks_tcp_listen(address, NULL, &listener), -EADDRINUSE);
    ck_assert_int_eq(ks_tcp_listen(address, &replaces, &listener), KS_OK);
    ck_assert_int_eq(ks_tcp_connect(address, NULL, 1000, &socket), KS_OK);
    remove_folder("stale");
}
SCENARIO(a_stale_path_is_replaced_when_asked_for)

static void what_is_in_use_is_never_replaced(void)
{
    ks_socket listener, another, datagrams;
    make_folder();
    ck_assert_int_eq(ks_tcp_listen(address_of("used"), NULL, &listener), KS_OK);
    ck_assert_int_eq(ks_tcp_listen(address_of("used"), &replaces, &another), -EADDRINUSE);
    ck_assert_int_eq(ks_tcp_connect(address_of("used"), NULL, 1000, &another), KS_OK);
    unlink(path_of("used"));
    ck_assert_int_eq(ks_udp_open(address_of("used"), NULL, &datagrams), KS_OK);
    ck_assert_int_eq(ks_tcp_listen(address_of("used"), &replaces, &another), -EADDRINUSE);
    unlink(path_of("used"));
    int file = open(path_of("used"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(file);
    ck_assert_int_eq(ks_tcp_listen(address_of("used"), &replaces, &another), -EADDRINUSE);
    unlink(path_of("used"));
    ck_assert_int_eq(symlink("target", path_of("used")), 0);
    ck_assert_int_eq(ks_tcp_listen(address_of("used"), &replaces, &another), -EADDRINUSE);
    remove_folder("used");
}
SCENARIO(what_is_in_use_is_never_replaced)

/* Bound, and not listening yet: it looks stale, but its owner has the folder locked. */
static int bound_under_lock(int *ret_lock)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path_of("bound"));
    *ret_lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(flock(*ret_lock, LOCK_EX), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

struct binding {
    int fd, lock;
};
static void listen_and_unlock(void *arg)
{
    struct binding *binding = arg;
    ks_sleep(20);
    ck_assert_int_eq(listen(binding->fd, 1), 0);
    close(binding->lock);
}

static void who_is_just_binding_is_waited_for(void)
{
    struct binding binding;
    ks_socket listener;
    make_folder();
    binding.fd = bound_under_lock(&binding.lock);
    ks_ref done;
    (void)ks_spawn_monitor(listen_and_unlock, &binding, &done);
    ck_assert_int_eq(ks_tcp_listen(address_of("bound"), &replaces, &listener), -EADDRINUSE);
    ck_assert_ptr_nonnull(ks_receive_ref(done, 1000));
    close(binding.fd);
    ck_assert_int_eq(ks_tcp_listen(address_of("bound"), &replaces, &listener), KS_OK);
    remove_folder("bound");
}
SCENARIO(who_is_just_binding_is_waited_for)

/* --- datagrams -------------------------------------------------------------------------------- */
static void datagrams_have_paths_too(void)
{
    ks_socket server, client, nameless;
    ks_datagram got;
    ks_address to, from;
    char name[KS_ADDRESS_TEXT_MAX];
    make_folder();
    ck_assert_int_eq(ks_udp_open(address_of("server"), NULL, &server), KS_OK);
    ck_assert_int_eq(ks_udp_open("unix:@", NULL, &client), KS_OK);
    ck_assert_int_eq(ks_address_parse(address_of("server"), &to), KS_OK);
    ck_assert_int_eq(ks_udp_send(client, &to, ks_lit("question")), KS_OK);
    ck_assert_int_eq(ks_udp_receive(server, 1000, &got), KS_OK);
    ck_assert_str_eq(got.bytes.ptr, "question");
    ck_assert_int_eq(ks_local_address(client, &from), KS_OK);
    ck_assert(ks_same_address(&from, &got.from));
    ck_assert_str_eq(ks_address_text(&got.from, name, 7), "unix:@");
    ck_assert_int_eq(ks_udp_send(server, &from, ks_lit("answer")), KS_OK);
    ck_assert_int_eq(ks_udp_receive(client, 1000, &got), KS_OK);
    ck_assert_str_eq(got.bytes.ptr, "answer");
    ck_assert(ks_same_address(&to, &got.from));
    ks_close(server);
    ck_assert_int_eq(ks_udp_send(client, &to, ks_lit("?")), -ECONNREFUSED);
    const ks_udp_options options = { .replace_stale = true };
    ck_assert_int_eq(ks_udp_open(address_of("server"), NULL, &nameless), -EADDRINUSE);
    ck_assert_int_eq(ks_udp_open(address_of("server"), &options, &nameless), KS_OK);
    remove_folder("server");
}
SCENARIO(datagrams_have_paths_too)

static void read_some_later(void *arg)
{
    ks_socket socket = *(const ks_socket *)ks_receive(1000)->body;
    ks_datagram got;
    ks_sleep(30);
    while (ks_udp_receive(socket, 200, &got) == KS_OK) {}
}

/* Its queue is short, and what fills it is another's. */
static void a_full_peer_is_waited_for(void)
{
    ks_socket server, client, another;
    ks_address to;
    ks_ref done;
    ks_status status = KS_OK;
    ck_assert_int_eq(ks_udp_open("unix:@", NULL, &server), KS_OK);
    ck_assert_int_eq(
        ks_udp_open("unix:@", &(ks_udp_options){ .send_timeout = 20 }, &another), KS_OK);
    ck_assert_int_eq(ks_udp_open("unix:@", NULL, &client), KS_OK);
    ck_assert_int_eq(ks_local_address(server, &to), KS_OK);
    ks_ms begin = ks_now();
    for (int i = 0; i < 10000 && !status; i++) {
        begin = ks_now();
        status = ks_udp_send(another, &to, ks_lit("more"));
    }
    ck_assert_int_eq(status, KS_TIMEOUT);
    ck_assert_int_ge((int)(ks_now() - begin), 20);
    ck_assert_int_eq(ks_socket_set(client, KS_SOCKET_SEND_TIMEOUT, 3000), KS_OK);
    ks_pid reader = ks_spawn_monitor(read_some_later, NULL, &done);
    ck_assert_int_eq(ks_controlling_process(server, reader), KS_OK);
    ck_assert_int_eq(ks_udp_send(client, &to, ks_lit("waited")), KS_OK);
    ck_assert_ptr_nonnull(ks_receive_ref(done, 5000));
}
SCENARIO(a_full_peer_is_waited_for)

/* --- out of descriptors ----------------------------------------------------------------------- */
static void without_descriptors_nothing_is_left(void)
{
    ks_socket socket;
    struct rlimit old;
    make_folder();
    ck_assert_int_eq(ks_tcp_listen(address_of("old"), NULL, &socket), KS_OK);
    ks_close(socket);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    int next = dup(0), before = open_descriptors() - 1, refused = 0;
    close(next);
    ks_status status = -EMFILE;
    for (int more = 0; status; more++) { /* the socket, the folder, the probe */
        struct rlimit few = { .rlim_cur = (rlim_t)(next + more), .rlim_max = old.rlim_max };
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        status = ks_tcp_listen(address_of("old"), &replaces, &socket);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
        ck_assert(status == KS_OK || status == -EMFILE);
        if (status == KS_OK) ks_close(socket);
        ck_assert_int_eq(open_descriptors(), before);
        refused += status != KS_OK;
    }
    ck_assert_int_ge(refused, 3); /* more when lower numbers are taken */
    struct rlimit none = { .rlim_cur = (rlim_t)next, .rlim_max = old.rlim_max };
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(ks_udp_open("127.0.0.1:0", NULL, &socket), -EMFILE);
    ck_assert_int_eq(ks_tcp_connect("unix:@x", NULL, 1000, &socket), -EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    remove_folder("old");
}
SCENARIO(without_descriptors_nothing_is_left)

RUN_SUITE("unix", without_descriptors_nothing_is_left_test, a_path_is_an_address_test,
    an_abstract_name_is_no_file_test, the_kernel_says_who_connected_test,
    a_file_has_the_mode_that_was_said_test, a_full_queue_is_waited_for_test,
    a_stale_path_is_replaced_when_asked_for_test, what_is_in_use_is_never_replaced_test,
    who_is_just_binding_is_waited_for_test, datagrams_have_paths_too_test,
    a_full_peer_is_waited_for_test)
