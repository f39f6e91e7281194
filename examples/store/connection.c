/* SPDX-License-Identifier: Apache-2.0 */
/* connection - is sent what its client sends, has the requests in it done, and writes the answers
 * in their order. Idle it is a state and a socket: no stack, no buffers.
 *
 * Memory is bounded. What is received: by the socket's packet_max, and by --max-request for a
 * request that is not whole yet. Answers: by --max-output for one, by ANSWERS_MAX for many;
 * ks_write waits for a client that does not read, and gives up after send_timeout. */
#include "connection.h"

#include "commands.h"
#include "reply.h"

KS_TYPE(connection_args, socket, (record, settings, settings), (record, shards, shard_map));

enum { LINGER = 1, PAUSE }; /* time-outs by name */
enum {
    ANSWERS_MAX = 32 * 1024, /* bytes of answers that are gathered before they are written */
    LINGER_FOR = 1000,       /* ms */
    PAUSE_FOR = 200, /* ms; who is silent for so long while the program ends has his answers */
    MEMORY_SPARE = 32 * 1024 * 1024
};

struct connection {
    ks_socket socket;
    struct session session;
    struct resp_command command;
    struct buffer unfinished; /* a request that is not whole yet */
    bool leaves;              /* what it still sends is not looked at */
};
KS_INFO(connection, received, ks_received);
KS_INFO(connection, closed, ks_socket_closed);
KS_INFO(connection, drain, ks_drain);

size_t connection_memory_max(const settings *s)
{
    return 4 * (size_t)s->request_max + 4 * (size_t)s->output_max + MEMORY_SPARE;
}

static ks_next connection_init(connection *self, const connection_args *args)
{
    char peer[64];
    self->socket = args->socket;
    self->session.settings = &args->settings;
    self->session.shards = &args->shards;
    if (ks_peer_name(args->socket, peer, sizeof peer) == KS_OK) ks_set_label("client %s", peer);
    (void)ks_trap_drain(true);
    ks_status status = ks_set_active(args->socket, KS_ACTIVE);
    return status ? ks_fail(status) : ks_after(ks_ok(), args->settings.idle_timeout);
}

static void send_answers(connection *self)
{
    struct buffer *reply = &self->session.reply;
    if (reply->len && ks_write(self->socket, buffer_text(reply)) != KS_OK) {
        self->session.ended = true;
        self->leaves = true; /* there is nobody to be polite to */
    }
    buffer_clear(reply);
}

static void send_when_much(void *arg)
{
    connection *self = arg;
    if (self->session.reply.len >= ANSWERS_MAX) send_answers(self);
}

/* Puts the next request into the batch; false: there is none that is whole, or it was the last. */
static bool serve_one(connection *self, ks_text bytes, size_t *ret_consumed)
{
    struct session *session = &self->session;
    struct resp_command *command = &self->command;
    const struct resp_limits limits = { RESP_ARGS_MAX, RESP_INLINE_MAX,
        session->settings->request_max };
    resp_result result = resp_parse(bytes.ptr, bytes.len, &limits, command, ret_consumed);
    if (result == RESP_MORE) return false;
    if (result == RESP_ERROR) {
        reply_error(session_reply(session), "%s", command->error);
        session->ended = true;
        return false;
    }
    command_execute(session, command);
    if (command->is_inline) batch_finish(session->batch); /* its words are gone now */
    resp_begin(command);
    return !session->ended;
}

/* Serves the whole requests in bytes; how many bytes they took. */
static size_t serve(connection *self, ks_text bytes)
{
    struct session *session = &self->session;
    struct batch batch;
    size_t done = 0, consumed = 0;
    batch_begin(&batch, session->shards, &session->reply, session->settings->output_max);
    batch_between(&batch, send_when_much, self);
    session->batch = &batch;
    while (serve_one(self, (ks_text){ bytes.ptr + done, bytes.len - done }, &consumed))
        done += consumed;
    batch_finish(&batch);
    session->batch = NULL;
    send_answers(self);
    return done;
}

static void keep_unfinished(struct buffer *unfinished, ks_text rest)
{
    if (rest.len)
        buffer_append(unfinished, rest.ptr, rest.len);
    else
        buffer_free(unfinished);
}

/* Requests are parsed where they lie, unless they come in pieces. */
static void take(connection *self, ks_text bytes)
{
    struct buffer *unfinished = &self->unfinished;
    if (!unfinished->len) {
        size_t done = serve(self, bytes);
        keep_unfinished(unfinished, (ks_text){ bytes.ptr + done, bytes.len - done });
        return;
    }
    buffer_append(unfinished, bytes.ptr, bytes.len);
    if (unfinished->len < self->command.need) return;
    struct buffer whole = *unfinished;
    *unfinished = (struct buffer){ 0 };
    size_t done = serve(self, buffer_text(&whole));
    if (done == 0) {
        *unfinished = whole;
        return;
    }
    keep_unfinished(unfinished, (ks_text){ whole.bytes + done, whole.len - done });
    buffer_free(&whole);
}

/* The last answer is lost when a socket is closed while bytes of the client are unread: the kernel
 * resets it. So a client that is sent away may go first, but not take for ever. */
static ks_next leave(connection *self)
{
    bool gone = self->leaves;
    ks_status status = gone ? KS_CLOSED : ks_flush(self->socket);
    if (status == KS_OK) status = ks_shutdown_write(self->socket);
    if (status) return ks_stop(KS_NORMAL);
    self->leaves = true;
    buffer_free(&self->unfinished);
    ks_set_timeout(LINGER, LINGER_FOR);
    return ks_noreply();
}

static ks_next connection_handle_received(connection *self, const ks_received *received)
{
    if (self->leaves) return ks_noreply();
    take(self, received->bytes);
    if (self->session.ended) return leave(self);
    if (ks_draining()) ks_set_timeout(PAUSE, PAUSE_FOR);
    return ks_after(ks_noreply(), self->session.settings->idle_timeout);
}

static ks_next connection_handle_closed(connection *self, const ks_socket_closed *closed)
{
    (void)self, (void)closed;
    return ks_stop(KS_NORMAL);
} /* the socket closes with us */

/* What is under way may still come. */
static ks_next connection_handle_drain(connection *self, const ks_drain *drain)
{
    (void)drain;
    ks_set_timeout(PAUSE, PAUSE_FOR);
    return ks_after(ks_noreply(), self->session.settings->idle_timeout);
}

/* LINGER: it had its time. PAUSE: nothing of it is unread, so its answers are safe. */
static ks_next connection_handle_named_timeout(connection *self, int name)
{
    if (name == PAUSE && self->leaves) return ks_noreply();
    if (name == PAUSE && ks_flush(self->socket) != KS_OK)
        ks_log_debug("a client did not take its last answers");
    return ks_stop(KS_NORMAL);
}

static ks_next connection_handle_timeout(connection *self) /* idle */
{
    (void)self;
    return ks_stop(KS_NORMAL);
}

KS_GEN_SERVER(connection, .init = connection_init, .handle_timeout = connection_handle_timeout,
    .handle_named_timeout = connection_handle_named_timeout,
    .ops = KS_OPS(connection, received, closed, drain));
