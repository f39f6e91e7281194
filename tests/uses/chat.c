/* SPDX-License-Identifier: Apache-2.0 */
/* chat.c - a chat: each client is a server that is sent lines by its socket, one at a time, so that
 * it hears the room, too; who does not read is sent away instead of waited for. Beside it a server
 * that answers datagrams. The program is its own clients. */
#include <errno.h>
#include <kiosk/kiosk.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_MAX = 200, MEMBERS_MAX = 100 };

/* --- the room: who is there, and what is said ------------------------------------------------- */
KS_MODULE(room, void);
KS_CALL(room, join, ks_text, void);
KS_CAST(room, say, ks_text);
KS_INFO(room, down, ks_down);
struct room {
    ks_pid members[MEMBERS_MAX];
    size_t count;
};

KS_MODULE(session, ks_socket);
KS_CAST(session, hear, ks_text);

static ks_next room_handle_say(room *self, const ks_text *line)
{
    (void)session_abcast_hear(self->members, self->count, line);
    return ks_noreply();
}

static ks_next room_handle_join(room *self, const ks_text *name)
{
    if (self->count == MEMBERS_MAX) return ks_fail(KS_FULL);
    ks_text line = ks_str(ks_format("* " KS_TEXT_FMT " is here", KS_TEXT_ARG(*name)));
    self->members[self->count++] = ks_caller();
    ks_monitor(ks_caller());
    (void)room_handle_say(self, &line);
    return ks_reply();
}

static ks_next room_handle_down(room *self, const ks_down *down)
{
    for (size_t i = 0; i < self->count; i++)
        if (ks_same_pid(self->members[i], down->pid))
            self->members[i--] = self->members[--self->count];
    return ks_noreply();
}

KS_GEN_SERVER(room, .ops = KS_OPS(room, join, say, down));

/* --- a client: the first line is its name ----------------------------------------------------- */
KS_INFO(session, received, ks_received);
KS_INFO(session, closed, ks_socket_closed);
struct session {
    ks_socket socket;
    char *name;
};

static ks_next session_init(session *self, const ks_socket *socket)
{
    self->socket = *socket;
    KS_TRY(ks_set_active(self->socket, KS_ACTIVE_ONCE));
    return ks_ok();
}

static ks_status take_line(session *self, ks_text line)
{
    if (!self->name) {
        self->name = ks_strdup(line);
        return room_call_join(ks_named("room"), &line, KS_DEFAULT_TIMEOUT);
    }
    ks_text said = ks_str(ks_format("%s: " KS_TEXT_FMT, self->name, KS_TEXT_ARG(line)));
    return room_cast_say(ks_named("room"), &said);
}

static ks_next session_handle_received(session *self, const ks_received *received)
{
    KS_TRY(take_line(self, received->bytes));
    KS_TRY(ks_set_active(self->socket, KS_ACTIVE_ONCE)); /* the next one, now that it is served */
    return ks_noreply();
}

static ks_next session_handle_hear(session *self, const ks_text *line)
{
    ks_text out = ks_str(ks_format(KS_TEXT_FMT "\n", KS_TEXT_ARG(*line)));
    ks_status status = ks_write_now(self->socket, out);
    if (status) return ks_stop(ks_shutdown("it does not read: %s", ks_status_text(status)));
    return ks_noreply();
}

static ks_next session_handle_closed(session *self, const ks_socket_closed *closed)
{
    ks_text line = ks_str(ks_format("* %s left", self->name ? self->name : "somebody"));
    (void)room_cast_say(ks_named("room"), &line);
    if (closed->status == -EMSGSIZE)
        KS_TRY(ks_write_now(self->socket, ks_lit("* that is too long\n")));
    return ks_stop(KS_NORMAL);
} /* the socket closes with us */

KS_GEN_SERVER(session, .init = session_init, .ops = KS_OPS(session, hear, received, closed));

/* --- who lets them in ------------------------------------------------------------------------- */
typedef struct door_args {
    const char *address; /* "127.0.0.1:7000", or "unix:..." */
} door_args;
KS_TYPE(door_args, address);
KS_MODULE(door, door_args);

static void door_main(const door_args *args)
{
    const ks_tcp_options options = {
        .packet = KS_PACKET_LINE, .packet_max = LINE_MAX, .connections_max = MEMBERS_MAX
    };
    ks_socket listener, socket;
    ks_status status = ks_tcp_listen(args->address, &options, &listener);
    if (status) ks_init_fail(status);
    ks_init_ack();
    while (ks_tcp_accept(listener, KS_INFINITY, &socket) == KS_OK) {
        const ks_child row = { KS_START_WITH(session, &socket) };
        status = ks_start_child(ks_named("sessions"), &row, NULL);
        if (status) ks_log_warning("a client was refused: %s", ks_status_text(status));
    }
}
KS_PROCESS_ACKS(door);

/* --- pings ------------------------------------------------------------------------------------ */
KS_MODULE(pings, door_args);
KS_CALL(pings, address, void, ks_address);
KS_INFO(pings, datagram, ks_datagram);
struct pings {
    ks_socket socket;
    int count;
};

static ks_next pings_init(pings *self, const door_args *args)
{
    KS_TRY(ks_udp_open(args->address, NULL, &self->socket));
    KS_TRY(ks_set_active(self->socket, KS_ACTIVE));
    return ks_ok();
}

static ks_next pings_handle_address(pings *self, ks_address *reply)
{
    ks_status status = ks_local_address(self->socket, reply);
    return status ? ks_fail(status) : ks_reply();
}

static ks_next pings_handle_datagram(pings *self, const ks_datagram *datagram)
{
    ks_text pong =
        ks_str(ks_format("pong %d to " KS_TEXT_FMT, ++self->count, KS_TEXT_ARG(datagram->bytes)));
    ks_status status = ks_udp_send(self->socket, &datagram->from, pong);
    if (status) ks_log_warning("no pong: %s", ks_status_text(status));
    return ks_noreply();
}

KS_GEN_SERVER(pings, .init = pings_init, .ops = KS_OPS(pings, address, datagram));

/* --- a program -------------------------------------------------------------------------------- */
KS_MODULE(program, void);

static void must(ks_status status)
{
    if (status) ks_exit(ks_because(status));
}

static void hear(const char *who, ks_socket socket, int lines)
{
    for (int i = 0; i < lines; i++) {
        ks_text line;
        must(ks_read_line(socket, 5000, &line));
        printf("%s hears: " KS_TEXT_FMT "\n", who, KS_TEXT_ARG(line));
    }
}

static void chat(const char *where)
{
    ks_socket ann, bob;
    must(ks_tcp_connect(where, NULL, 5000, &ann));
    must(ks_tcp_connect(where, NULL, 5000, &bob));
    must(ks_writef(ann, "ann\n"));
    hear("ann", ann, 1);
    must(ks_writef(bob, "bob\r\nhello\nis anybody there?\n"));
    hear("bob", bob, 3);
    must(ks_writef(bob, "%*d\n", 2 * LINE_MAX, 7));
    hear("bob", bob, 1);
    hear("ann", ann, 4);
    ks_close(bob);
    ks_close(ann);
}

static void ping(void)
{
    ks_socket socket;
    ks_address to;
    must(pings_call_address(ks_named("pings"), &to, 5000));
    must(ks_udp_open("127.0.0.1:0", NULL, &socket));
    for (int i = 0; i < 2; i++) {
        ks_datagram pong;
        must(ks_udp_send(socket, &to, ks_lit("ping")));
        must(ks_udp_receive(socket, 5000, &pong));
        printf(KS_TEXT_FMT "\n", KS_TEXT_ARG(pong.bytes));
    }
    ks_close(socket);
}

static char address[64];

static void program_main(const ks_none *args)
{
    chat(address);
    ping();
}
KS_PROCESS(program);

/* clang-format off */
KS_SUPERVISOR(sessions, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY);
KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT, .children = KS_CHILDREN(
    { KS_START(room), .name = "room" },
    { KS_START(sessions), .name = "sessions" },
    { KS_START(door, .address = address) },
    { KS_START(pings, .address = "127.0.0.1:0"), .name = "pings" },
    { KS_START(program), .restart = KS_TEMPORARY, .significant = true }));
/* clang-format on */

int main(int argc, char **argv)
{
    snprintf(address, sizeof address, "unix:@kiosk-chat-%d", (int)getpid());
    return ks_main(argc, argv, KS_CHILD(app));
}
