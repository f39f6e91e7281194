/* SPDX-License-Identifier: Apache-2.0 */
/* owner_test - whose a socket is: it moves in messages and arguments, and dies with its owner. */
#include "io/scenario.h"
#include "io/socket.h"
#include <errno.h>
#include <kiosk/io.h>
#include <unistd.h>

typedef struct handed {
    ks_socket socket;
} handed;
KS_TYPE(handed, socket);

static void ck_closed_for(ks_socket peer)
{
    ks_text text;
    ck_assert_int_eq(ks_read(peer, 1000, &text), KS_CLOSED);
}

/* --- moving ----------------------------------------------------------------------------------- */
static void answer_one_line(void *arg)
{
    const handed *message = ks_receive_as(handed, 1000);
    ck_assert_ptr_nonnull(message);
    ks_socket socket = message->socket;
    ks_text line;
    ck_assert_int_eq(ks_read_line(socket, 1000, &line), KS_OK);
    ck_assert_str_eq(line.ptr, "second");
    ck_assert_int_eq(ks_writef(socket, "answer"), KS_OK);
}

/* With what was received and not read, and with what was written and not sent. */
static void a_message_moves_a_socket(void)
{
    struct pair pair = connected(NULL);
    ks_text text;
    write_text(pair.here, "first\nsecond\n");
    ck_assert_int_eq(ks_read_line(pair.there, 1000, &text), KS_OK);
    ck_assert_int_eq(ks_write(pair.there, ks_lit("early ")), KS_OK);
    ks_pid pid = ks_spawn(answer_one_line, NULL);
    ck_assert_int_eq(ks_send(pid, handed, &(handed){ pair.there }), KS_OK);
    ck_assert_int_eq(ks_write(pair.there, ks_lit("x")), -EBADF);
    ck_assert_int_eq(ks_read_exactly(pair.here, 12, 1000, &text), KS_OK);
    ck_assert_str_eq(text.ptr, "early answer");
    ck_closed_for(pair.here); /* it died with its new owner */
}
SCENARIO(a_message_moves_a_socket)

static void never_looks(void *arg) { ks_sleep(20); }

static void a_socket_that_nobody_took_is_closed(void)
{
    struct pair pair = connected(NULL), another = connected(NULL);
    ks_pid pid = ks_spawn(never_looks, NULL);
    ck_assert_int_eq(ks_send(pid, handed, &(handed){ pair.there }), KS_OK);
    ck_closed_for(pair.here);
    ck_assert(!ks_is_alive(pid));
    (void)ks_send(pid, handed, &(handed){ another.there });
    ck_closed_for(another.here);
}
SCENARIO(a_socket_that_nobody_took_is_closed)

static void forward_what_is_not_mine(void *arg)
{
    ks_socket foreign = *(ks_socket *)arg;
    ck_assert_int_eq(ks_send(ks_parent(), handed, &(handed){ foreign }), KS_OK);
}

static void a_foreign_socket_is_not_moved(void)
{
    struct pair pair = connected(NULL);
    (void)ks_spawn(forward_what_is_not_mine, &pair.there);
    const handed *message = ks_receive_as(handed, 1000);
    ck_assert_ptr_nonnull(message);
    ck_assert_uint_eq(message->socket.id, 0);
    write_text(pair.there, "mine");
}
SCENARIO(a_foreign_socket_is_not_moved)

typedef struct greeter_args {
    ks_socket socket;
    ks_text word;
} greeter_args;
KS_TYPE(greeter_args, socket, word);
KS_MODULE(greeter, greeter_args);
static void greeter_main(const greeter_args *args)
{
    ck_assert_int_eq(ks_write(args->socket, args->word), KS_OK);
}
KS_PROCESS(greeter);

static void start_arguments_move_a_socket(void)
{
    struct pair pair = connected(NULL);
    ks_text text;
    ck_assert_int_eq(
        ks_start(KS_CHILD(greeter, .socket = pair.there, .word = ks_lit("hello")), NULL), KS_OK);
    ck_assert_int_eq(ks_write(pair.there, ks_lit("x")), -EBADF);
    ck_assert_int_eq(ks_read_exactly(pair.here, 5, 1000, &text), KS_OK);
    ck_assert_str_eq(text.ptr, "hello");
    ck_closed_for(pair.here);
}
SCENARIO(start_arguments_move_a_socket)

/* --- a start that fails gives back ------------------------------------------------------------ */
enum { FAILS, STOPS, DIES_READING, IGNORES, CLOSES };
typedef struct taker_args {
    ks_socket socket;
    int32_t how;
} taker_args;
KS_TYPE(taker_args, socket, how);
KS_MODULE(taker, taker_args);
struct taker {
    ks_socket socket;
};
static ks_next taker_init(taker *self, const taker_args *args)
{
    ks_text text;
    self->socket = args->socket;
    ck_assert_int_eq(ks_write(self->socket, ks_lit("i")), KS_OK);
    if (args->how == STOPS) return ks_stop(ks_error("on purpose"));
    if (args->how == DIES_READING)
        ck_assert_int_ne(ks_read(self->socket, KS_INFINITY, &text), KS_OK);
    if (args->how == CLOSES) (void)ks_close(self->socket);
    return args->how == IGNORES ? ks_ignore() : ks_fail(KS_DENIED);
}
KS_GEN_SERVER(taker, .init = taker_init);
KS_SUPERVISOR(crowd, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY);
KS_SUPERVISOR(keeper, .max_children = 1);

static void ck_still_mine(struct pair pair, const char *sent)
{
    ks_text text;
    ck_assert_int_eq(ks_write(pair.there, ks_lit("mine")), KS_OK);
    ck_assert_int_eq(ks_read_exactly(pair.here, strlen(sent), 1000, &text), KS_OK);
    ck_assert_str_eq(text.ptr, sent);
    (void)ks_close(pair.there);
    ck_closed_for(pair.here);
}

static void a_start_that_fails_gives_the_socket_back(void)
{
    static const ks_status statuses[] = { KS_DENIED, KS_EXITED, KS_TIMEOUT, KS_IGNORE };
    for (int how = FAILS; how <= IGNORES; how++) {
        struct pair pair = connected(NULL);
        ks_child row = { KS_START(taker, .socket = pair.there, .how = how), .start_timeout = 50 };
        ck_assert_int_eq(ks_start_link(&row, NULL), statuses[how]);
        ck_still_mine(pair, "imine");
    }
    struct pair pair = connected(NULL);
    ck_assert_int_eq(
        ks_start(KS_CHILD(taker, .socket = pair.there, .how = CLOSES), NULL), KS_DENIED);
    ck_assert_int_eq(ks_write(pair.there, ks_lit("x")), -EBADF);
}
SCENARIO(a_start_that_fails_gives_the_socket_back)

static void a_supervisor_that_refuses_gives_the_socket_back(void)
{
    ks_pid many, one;
    struct pair pair = connected(NULL);
    ck_assert_int_eq(ks_start_link(KS_CHILD(crowd), &many), KS_OK);
    ck_assert_int_eq(ks_start_link(KS_CHILD(keeper), &one), KS_OK);
    ks_child row = { KS_START(taker, .socket = pair.there, .how = FAILS), .id = "taker" };
    ck_assert_int_eq(ks_start_child(many, &row, NULL), KS_DENIED);
    ck_assert_int_eq(ks_start_or_get(many, &row, NULL), KS_DENIED);
    row.restart = KS_PERMANENT;
    ck_assert_int_eq(ks_start_child(one, &row, NULL), KS_DENIED);
    row.shutdown = -7;
    ck_assert_int_eq(ks_start_child(one, &row, NULL), KS_BADARG);
    row.shutdown = 0;
    ck_assert_int_eq(ks_start_child(one, KS_CHILD(crowd), NULL), KS_OK);
    ck_assert_int_eq(ks_start_child(one, &row, NULL), KS_FULL);
    ck_still_mine(pair, "iiimine");
}
SCENARIO(a_supervisor_that_refuses_gives_the_socket_back)

/* Who asked is gone: nobody may keep the socket. */
static void ask_and_die(void *arg)
{
    ks_socket socket = ks_receive_as(handed, 1000)->socket;
    ks_child row = { KS_START(taker, .socket = socket, .how = DIES_READING), .start_timeout = 100 };
    ck_assert_int_ne(ks_start_child(ks_named("crowd"), &row, NULL), KS_OK);
}

static void a_socket_that_cannot_be_given_back_is_closed(void)
{
    struct pair pair = connected(NULL);
    ks_text text;
    ck_assert_int_eq(ks_start_link(&(ks_child){ KS_START(crowd), .name = "crowd" }, NULL), KS_OK);
    ks_pid pid = ks_spawn(ask_and_die, NULL);
    ck_assert_int_eq(ks_send(pid, handed, &(handed){ pair.there }), KS_OK);
    ck_assert_int_eq(ks_read_exactly(pair.here, 1, 1000, &text), KS_OK);
    ks_exit_process(pid, KS_KILL);
    ck_closed_for(pair.here);
}
SCENARIO(a_socket_that_cannot_be_given_back_is_closed)

/* --- death: in each call that waits ----------------------------------------------------------- */
enum waiting_call {
    READ,
    READ_LINE,
    READ_EXACTLY,
    PEEK,
    WRITE,
    FLUSH,
    ACCEPT,
    CONNECT,
    WAIT,
    CALLS
};
struct victim {
    enum waiting_call call;
    int pipe;
    bool blocked, returned;
};

static void connect_to_a_full_queue(void)
{
    char address[64];
    ks_socket socket;
    (void)listen_with(&(ks_tcp_options){ .backlog = 1 }, address, sizeof address);
    while (ks_tcp_connect(address, NULL, KS_INFINITY, &socket) == KS_OK) {}
}

static void wait_in_call(void *arg)
{
    struct victim *victim = arg;
    const ks_tcp_options options = { .send_timeout = KS_INFINITY };
    struct pair pair = connected(&options);
    char address[64];
    static char bytes[1 << 24];
    ks_socket socket, listener = listen_with(NULL, address, sizeof address);
    ks_text text;
    ks_status status = KS_OK;
    victim->blocked = true;
    switch (victim->call) {
    case READ: status = ks_read(pair.here, KS_INFINITY, &text); break;
    case READ_LINE: status = ks_read_line(pair.here, KS_INFINITY, &text); break;
    case READ_EXACTLY: status = ks_read_exactly(pair.here, 9, KS_INFINITY, &text); break;
    case PEEK: status = ks_peek(pair.here, 0, KS_INFINITY, &text); break;
    case WRITE: status = ks_write(pair.here, (ks_text){ bytes, sizeof bytes }); break;
    case FLUSH:
        while (!status) {
            status = ks_write(pair.here, (ks_text){ bytes, 1000 });
            if (!status) status = ks_flush(pair.here);
        }
        break;
    case ACCEPT: status = ks_tcp_accept(listener, KS_INFINITY, &socket); break;
    case CONNECT: connect_to_a_full_queue(); break;
    case WAIT: status = ks_wait_fd(victim->pipe, KS_READABLE, KS_INFINITY); break;
    case CALLS: break;
    }
    victim->returned = true;
    (void)status;
}

static void a_killed_process_leaves_no_descriptor(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    for (int call = 0; call < CALLS; call++) {
        int before = open_descriptors();
        struct victim victim = { .call = (enum waiting_call)call, .pipe = ends[0] };
        ks_ref gone;
        ks_pid pid = ks_spawn_monitor(wait_in_call, &victim, &gone);
        AWAIT(victim.blocked);
        ks_sleep(5);
        ck_assert(!victim.returned && open_descriptors() > before);
        ks_exit_process(pid, KS_KILL);
        ck_assert_ptr_nonnull(ks_receive_ref(gone, 1000));
        ck_assert_int_eq(open_descriptors(), before);
        const struct ksi_io *io = ksi_this_scheduler->io;
        for (uint32_t i = 0; i < io->waiting_size; i++) ck_assert_uint_eq(io->waiting[i].pid, 0);
        ck_assert_ptr_null(ksi_io_next_socket(io, &(uint32_t){ 0 }));
        ck_assert_ptr_null(io->unsent);
    }
    close(ends[0]);
    close(ends[1]);
}
SCENARIO(a_killed_process_leaves_no_descriptor)

static void hold_many(void *arg)
{
    for (int i = 0; i < 100; i++) (void)connected(NULL);
    ks_exit(ks_error("with 200 sockets"));
}

static void many_sockets_die_with_their_owner(void)
{
    int before = open_descriptors();
    ks_ref gone;
    ks_log_set_level(KS_LOG_CRITICAL);
    (void)ks_spawn_monitor(hold_many, NULL, &gone);
    ck_assert_ptr_nonnull(ks_receive_ref(gone, 5000));
    ck_assert_int_eq(open_descriptors(), before);
}
SCENARIO(many_sockets_die_with_their_owner)

RUN_SUITE("owner", a_message_moves_a_socket_test, a_socket_that_nobody_took_is_closed_test,
    a_foreign_socket_is_not_moved_test, start_arguments_move_a_socket_test,
    a_start_that_fails_gives_the_socket_back_test,
    a_supervisor_that_refuses_gives_the_socket_back_test,
    a_socket_that_cannot_be_given_back_is_closed_test, a_killed_process_leaves_no_descriptor_test,
    many_sockets_die_with_their_owner_test)
