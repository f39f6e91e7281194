/* SPDX-License-Identifier: Apache-2.0 */
/* execute_connection - commands about the connection itself, and about others. */
#include "clients.h"
#include "execute.h"
#include "names.h"
#include "reply.h"
#include <string.h>

void execute_ping(struct session *session, const struct resp_command *command)
{
    struct buffer *reply = session_reply(session);
    if (command->count == 1)
        reply_simple(reply, "PONG");
    else if (command->count == 2)
        reply_bulk(reply, resp_arg(command, 1));
    else
        reply_error(reply, "ERR wrong number of arguments for 'ping' command");
}

void execute_echo(struct session *session, const struct resp_command *command)
{
    reply_bulk(session_reply(session), resp_arg(command, 1));
}

void execute_quit(struct session *session, const struct resp_command *command)
{
    (void)command;
    reply_simple(session_reply(session), "OK");
    session->ended = true;
}

void execute_select(struct session *session, const struct resp_command *command)
{
    int64_t index;
    struct buffer *reply = session_reply(session);
    if (!resp_integer(resp_arg(command, 1), &index))
        reply_error(reply, "ERR value is not an integer or out of range");
    else if (index != 0)
        reply_error(reply, "ERR DB index is out of range");
    else
        reply_simple(reply, "OK");
}

/* A page of a browser may be made to send us something: its next lines shall not be commands. */
void execute_http(struct session *session, const struct resp_command *command)
{
    (void)command;
    reply_error(session_reply(session), "ERR Protocol error: this is not an HTTP server");
    session->ended = true;
}

/* --- HELLO ------------------------------------------------------------------------------------ */
static void text_field(struct buffer *reply, const char *name, const char *value)
{
    reply_bulk(reply, ks_str(name));
    reply_bulk(reply, ks_str(value));
}

static void number_field(struct buffer *reply, const char *name, int64_t value)
{
    reply_bulk(reply, ks_str(name));
    reply_integer(reply, value);
}

void execute_hello(struct session *session, const struct resp_command *command)
{
    int64_t version = 2;
    struct buffer *reply = session_reply(session);
    if (command->count > 1 && !resp_integer(resp_arg(command, 1), &version)) {
        reply_error(reply, "ERR Protocol version is not an integer or out of range");
        return;
    }
    if (version != 2) {
        reply_error(reply, "NOPROTO unsupported protocol version");
        return;
    }
    if (command->count > 2) {
        reply_error(reply, "ERR Syntax error in HELLO");
        return;
    }
    reply_array(reply, 14);
    text_field(reply, "server", "store");
    text_field(reply, "version", STORE_VERSION);
    number_field(reply, "proto", 2);
    number_field(reply, "id", client_id(ks_self()));
    text_field(reply, "mode", "standalone");
    text_field(reply, "role", "master");
    reply_bulk(reply, ks_lit("modules"));
    reply_array(reply, 0);
}

/* --- CLIENT ----------------------------------------------------------------------------------- */
static void client_id_(struct session *session, const struct resp_command *command)
{
    (void)command;
    reply_integer(session_reply(session), client_id(ks_self()));
}

static void client_getname(struct session *session, const struct resp_command *command)
{
    (void)command;
    if (session->name)
        reply_bulk(session_reply(session), ks_str(session->name));
    else
        reply_nil(session_reply(session));
}

static bool is_name(ks_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '!' || text.ptr[i] > '~') return false;
    return true;
}

static void client_setname(struct session *session, const struct resp_command *command)
{
    ks_text name = resp_arg(command, 2);
    struct buffer *reply = session_reply(session);
    if (!is_name(name)) {
        reply_error(
            reply, "ERR Client names cannot contain spaces, newlines or special characters.");
        return;
    }
    ks_status status = names_set(name);
    if (status) {
        reply_error(reply, "ERR names cannot be set now (%s)", ks_status_text(status));
        return;
    }
    ks_free(session->name);
    session->name = name.len ? ks_strdup(name) : NULL;
    reply_simple(reply, "OK");
}

/* What libraries say about themselves: nobody here looks at it. */
static void client_setinfo(struct session *session, const struct resp_command *command)
{
    (void)command;
    reply_simple(session_reply(session), "OK");
}

static void client_list(struct session *session, const struct resp_command *command)
{
    struct buffer *reply = session_reply(session);
    if (command->count == 2)
        clients_list(reply);
    else
        reply_error(reply, "ERR syntax error");
}

static void client_kill_where(
    struct session *session, const struct resp_command *command, struct client_filter *filter)
{
    struct buffer *reply = session_reply(session);
    for (uint32_t i = 2; i < command->count; i += 2) {
        ks_text word = resp_arg(command, i);
        ks_text value = i + 1 < command->count ? resp_arg(command, i + 1) : ks_lit("");
        if (command_is_word(word, "id")) {
            if (resp_integer(value, &filter->id) && filter->id > 0) continue;
            reply_error(reply, "ERR client-id should be greater than 0");
            return;
        }
        if (command_is_word(word, "addr") && value.len) {
            filter->address = value;
            continue;
        }
        bool yes = command_is_word(value, "yes");
        if (command_is_word(word, "skipme") && (yes || command_is_word(value, "no"))) {
            filter->also_me = !yes;
            continue;
        }
        reply_error(reply, "ERR syntax error");
        return;
    }
    clients_kill(reply, filter);
}

/* With one argument only, the old form: an address, and an answer of its own. */
static void client_kill(struct session *session, const struct resp_command *command)
{
    struct client_filter filter = { 0 };
    if (command->count > 3) {
        client_kill_where(session, command, &filter);
        return;
    }
    struct buffer *reply = session_reply(session);
    filter.address = resp_arg(command, 2);
    filter.also_me = true;
    if (!memchr(filter.address.ptr, ':', filter.address.len)) {
        reply_error(reply, "ERR syntax error");
        return;
    }
    size_t start = reply->len;
    clients_kill(reply, &filter);
    if (reply->bytes[start] != ':') return;
    bool found = reply->bytes[start + 1] != '0';
    reply->len = start;
    if (found)
        reply_simple(reply, "OK");
    else
        reply_error(reply, "ERR No such client");
}

void execute_client(struct session *session, const struct resp_command *command)
{
    static const struct subcommand rows[] = {
        { "id", 2, client_id_ },
        { "getname", 2, client_getname },
        { "kill", -3, client_kill },
        { "list", -2, client_list },
        { "setinfo", 4, client_setinfo },
        { "setname", 3, client_setname },
    };
    command_execute_sub(session, command, "client", rows, sizeof rows / sizeof rows[0]);
}
