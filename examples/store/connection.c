/* SPDX-License-Identifier: Apache-2.0 */
/* connection - reads requests, has them executed one after the other, writes the answers in order.
 *
 * Memory is bounded: what is received by the socket's packet_max, what is not yet sent by the
 * buffer below and the socket's high-water mark, where ks_write waits for a client that does not
 * read, and gives up after send_timeout. */
#include "connection.h"

#include "commands.h"

KS_TYPE(connection_args, socket, (record, settings, settings), (record, shards, shard_map));

enum {
    ANSWERS_MAX = 32 * 1024, /* bytes of answers that are gathered before they are written */
    LINGER = 1000,           /* ms */
    PAUSE = 200 /* ms; who sends nothing for so long while the program ends, has his answers */
};

static void send_answers(struct session *session, ks_socket socket)
{
    struct reply *reply = &session->reply;
    if (reply->len && ks_write(socket, (ks_text){ reply->bytes, reply->len }) != KS_OK)
        session->ended = true;
    reply_clear(reply);
}

/* Serves the whole requests in bytes; how many bytes they took. */
static size_t serve(
    struct session *session, struct resp_command *command, ks_socket socket, ks_text bytes)
{
    const struct resp_limits limits = { RESP_ARGS_MAX, RESP_INLINE_MAX,
        session->settings->request_max };
    size_t done = 0;
    while (!session->ended) {
        size_t consumed;
        resp_result result =
            resp_parse(bytes.ptr + done, bytes.len - done, &limits, command, &consumed);
        if (result == RESP_MORE) break;
        if (result == RESP_ERROR) {
            reply_error(&session->reply, "%s", command->error);
            session->ended = true;
            break;
        }
        command_execute(session, command);
        ks_end_turn(); /* what the shards answered is in the buffer now */
        resp_begin(command);
        done += consumed;
        if (session->reply.len >= ANSWERS_MAX) send_answers(session, socket);
    }
    send_answers(session, socket);
    return done;
}

/* The last answer is lost when a socket is closed while bytes of the client are unread: the kernel
 * resets it. So a client that is sent away may go first, but not take for ever. */
static void end_politely(ks_socket socket)
{
    ks_text bytes;
    ks_ms until = ks_now() + LINGER;
    ks_status status = ks_flush(socket);
    if (status == KS_OK) status = ks_shutdown_write(socket);
    while (status == KS_OK && ks_now() < until) status = ks_read(socket, ks_until(until), &bytes);
    if (status != KS_OK && status != KS_CLOSED)
        ks_log_debug("a client did not take its leave: %s", ks_status_text(status));
}

static void connection_main(const connection_args *args)
{
    struct session session = { .settings = &args->settings, .shards = &args->shards };
    struct resp_command command;
    size_t have = 0; /* bytes of an unfinished request */
    ks_text bytes;
    ks_ms timeout = args->settings.idle_timeout;
    char peer[64];
    (void)ks_trap_drain(true);
    if (ks_peer_name(args->socket, peer, sizeof peer) == KS_OK) ks_set_label("client %s", peer);
    resp_begin(&command);
    while (!session.ended) {
        ks_status status = ks_peek(args->socket, have, timeout, &bytes);
        if (status == KS_DRAINING) { /* what is under way may still come */
            timeout = PAUSE;
            continue;
        }
        if (status == KS_TIMEOUT && ks_draining()) session.ended = true;
        if (status) break;
        ks_consume(args->socket, serve(&session, &command, args->socket, bytes));
        /* To look again is worth it when the parser can go on. */
        have = command.need - 1;
    }
    if (session.ended) end_politely(args->socket);
} /* the socket closes with us */
KS_PROCESS(connection);
