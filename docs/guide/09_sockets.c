/* SPDX-License-Identifier: Apache-2.0 */
/* 09_sockets.c - Sockets
 *
 * One process for each connection, and calls that look blocking: read a line, answer it, read the
 * next. The process waits, the thread does not; ten thousand connections are ten thousand processes
 * that wait. There are no callbacks, and the state of a connection is where its function stands.
 *
 * This program is a service that turns words round, and a client of it. */
#include <kiosk/kiosk.h>
#include <stdio.h>

/* ## A connection
 *
 * The socket comes as an argument. A socket belongs to one process; an argument or a message that
 * holds it moves it. When the process ends, however it ends, the socket is closed: nothing to clean
 * up below.
 *
 * A read has a time-out: who says nothing for a minute is let go. */
typedef struct connection_args {
    ks_socket socket;
} connection_args;
KS_TYPE(connection_args, socket);
KS_MODULE(connection, connection_args);

static const char *turned(ks_text word)
{
    char *text = ks_strdup(word);
    for (size_t i = 0; i < word.len; i++) text[i] = word.ptr[word.len - 1 - i];
    return text;
}

static void connection_main(const connection_args *args)
{
    ks_text line;
    while (ks_read_line(args->socket, 60000, &line) == KS_OK) {
        if (line.len > 40) ks_exit(ks_error("who says such words?"));
        if (ks_writef(args->socket, "%s\n", turned(line))) return;
        ks_end_turn();
    }
}
KS_PROCESS(connection);

/* A word that is too long ends this connection, with a crash report, and no other. `line` is
 * borrowed until the next read of the socket; it is a `ks_text`, a pointer and a length. `ks_str`
 * makes one of a C string, `ks_text_eq` compares two.
 *
 * ## Accepting
 *
 * Connections are children of a dynamic supervisor, which limits how many there may be. A refused
 * one is closed: its socket was given away, and nobody took it. */
KS_SUPERVISOR(connections, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY, .max_children = 1000);

typedef struct acceptor_args {
    ks_socket listener;
} acceptor_args;
KS_TYPE(acceptor_args, listener);
KS_MODULE(acceptor, acceptor_args);

static void acceptor_main(const acceptor_args *args)
{
    ks_socket socket;
    while (ks_tcp_accept(args->listener, KS_INFINITY, &socket) == KS_OK) {
        ks_status status =
            ks_start_child(ks_named("connections"), KS_CHILD(connection, .socket = socket), NULL);
        if (status) {
            ks_log_warning("no room for a connection: %s", ks_status_text(status));
            ks_close(socket); /* the start has failed, so it is ours again */
        }
    }
}
KS_PROCESS(acceptor);

/* ## A client
 *
 * Port 0 lets the kernel choose one. A program of yours would have the acceptor listen by itself,
 * at an address from its configuration. */
static void must(ks_status status)
{
    if (status) ks_exit(ks_because(status));
}

static void ask(ks_socket socket, const char *word)
{
    ks_text line;
    must(ks_writef(socket, "%s\n", word));
    ks_status status = ks_read_line(socket, 5000, &line);
    if (status)
        printf("%s\n", ks_status_text(status));
    else
        printf(KS_TEXT_FMT "\n", KS_TEXT_ARG(line));
}

KS_MODULE(client, void);
static void client_main(const ks_none *args)
{
    ks_socket listener, first, second;
    char address[64];
    must(ks_tcp_listen("127.0.0.1:0", NULL, &listener));
    must(ks_local_name(listener, address, sizeof address));
    must(ks_start_link(KS_CHILD(acceptor, .listener = listener), NULL));

    must(ks_tcp_connect(address, NULL, 5000, &first));
    must(ks_tcp_connect(address, NULL, 5000, &second));
    ask(first, "kiosk");                                              //=> ksoik
    ask(second, "step on no pets");                                   //=> step on no pets
    ask(first, "a word that is much longer than any word should be"); //=> closed
    ask(second, "stressed");                                          //=> desserts
}
KS_PROCESS(client);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(connections), .name = "connections" },
        { KS_START(client), .restart = KS_TEMPORARY, .significant = true }));
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* ## Writing
 *
 * `ks_write` takes everything, and the bytes leave when the process blocks or its turn ends, so
 * small writes travel together. It blocks only when the other side does not read: above
 * `send_buffer`, and for `send_timeout` at most; then the connection is closed. A slow reader
 * costs its own process.
 *
 * ## Ending in order
 *
 * The first SIGTERM lets accepts end with `KS_DRAINING`, and children whose row says `.drain =
 * 10000` have ten seconds to finish their work. See `man kiosk_drain`.
 *
 * ## Other descriptors
 *
 * `ks_wait_fd` waits for any of them: a pipe, a serial line, the socket of another library. Files,
 * and calls that block their thread, go to a pool of threads: `man kiosk_file`, `man
 * kiosk_blocking`. A larger program with sockets is
 * [examples/store](../../examples/store/README.md). */
