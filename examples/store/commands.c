/* SPDX-License-Identifier: Apache-2.0 */
/* commands - a table of names, and a function for each. Texts of errors are those of Redis where
 * clients may look at them. */
#include "commands.h"

#include "clients.h"
#include "info.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef void command_fn(struct session *session, const struct resp_command *command);
struct row {
    const char *name;
    uint32_t args_min, args_max; /* with the name */
    command_fn *execute;
};

/* Names of commands are ASCII in any case. */
static bool is_word(ks_text text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

static void answer_failure(struct session *session, uint32_t index, ks_status status)
{
    switch (status) {
    case SHARD_NOT_AN_INTEGER:
        reply_error(&session->reply, "value is not an integer or out of range");
        break;
    case SHARD_OVERFLOW:
        reply_error(&session->reply, "increment or decrement would overflow");
        break;
    default:
        reply_error(
            &session->reply, "shard %u is not available (%s)", index, ks_status_text(status));
    }
}

static void answer_key_failure(struct session *session, ks_text key, ks_status status)
{
    answer_failure(session, shard_of(session->shards, key), status);
}

/* --- keys --------------------------------------------------------------------------------- */
static void execute_get(struct session *session, const struct resp_command *command)
{
    ks_text key = resp_arg(command, 1), value;
    ks_status status = shard_get(session->shards, key, &value);
    if (status == KS_OK)
        reply_bulk(&session->reply, value);
    else if (status == KS_NOT_FOUND)
        reply_nil(&session->reply);
    else
        answer_key_failure(session, key, status);
}

static void execute_set(struct session *session, const struct resp_command *command)
{
    ks_text key = resp_arg(command, 1);
    if (command->count > 3) {
        reply_error(&session->reply, "syntax error");
        return;
    }
    ks_status status = shard_set(session->shards, key, resp_arg(command, 2));
    if (status == KS_OK)
        reply_simple(&session->reply, "OK");
    else
        answer_key_failure(session, key, status);
}

static void execute_incr(struct session *session, const struct resp_command *command)
{
    ks_text key = resp_arg(command, 1);
    int64_t value;
    ks_status status = shard_increment(session->shards, key, &value);
    if (status == KS_OK)
        reply_integer(&session->reply, value);
    else
        answer_key_failure(session, key, status);
}

/* How many of the keys it is true for. Key by key: others may see some done and some not. */
static void count_keys(struct session *session, const struct resp_command *command,
    ks_status (*ask)(const shard_map *, ks_text, bool *))
{
    int64_t count = 0;
    for (uint32_t i = 1; i < command->count; i++) {
        bool yes;
        ks_text key = resp_arg(command, i);
        ks_status status = ask(session->shards, key, &yes);
        if (status) {
            answer_key_failure(session, key, status);
            return;
        }
        count += yes;
    }
    reply_integer(&session->reply, count);
}

static void execute_del(struct session *session, const struct resp_command *command)
{
    count_keys(session, command, shard_delete);
}

static void execute_exists(struct session *session, const struct resp_command *command)
{
    count_keys(session, command, shard_exists);
}

static void execute_dbsize(struct session *session, const struct resp_command *command)
{
    int64_t sum = 0, count;
    for (uint32_t i = 0; i < session->shards->shards.count; i++) {
        ks_status status = shard_size(session->shards, i, &count);
        if (status) {
            answer_failure(session, i, status);
            return;
        }
        sum += count;
    }
    reply_integer(&session->reply, sum);
}

/* --- the connection ----------------------------------------------------------------------- */
static void execute_ping(struct session *session, const struct resp_command *command)
{
    if (command->count > 1)
        reply_bulk(&session->reply, resp_arg(command, 1));
    else
        reply_simple(&session->reply, "PONG");
}

static void execute_echo(struct session *session, const struct resp_command *command)
{
    reply_bulk(&session->reply, resp_arg(command, 1));
}

static void execute_quit(struct session *session, const struct resp_command *command)
{
    reply_simple(&session->reply, "OK");
    session->ended = true;
}

/* A browser that a hostile page made talk to us: its form must not become commands. */
static void execute_http(struct session *session, const struct resp_command *command)
{
    reply_error(&session->reply, "Protocol error: this is not an HTTP server");
    session->ended = true;
}

static void execute_select(struct session *session, const struct resp_command *command)
{
    int64_t index;
    if (!resp_integer(resp_arg(command, 1), &index))
        reply_error(&session->reply, "value is not an integer or out of range");
    else if (index != 0)
        reply_error(&session->reply, "DB index is out of range");
    else
        reply_simple(&session->reply, "OK");
}

static void unknown_subcommand(struct session *session, const struct resp_command *command)
{
    ks_text word = resp_arg(command, 1);
    int shown = word.len < 128 ? (int)word.len : 128;
    reply_error(&session->reply, "unknown subcommand '%.*s'", shown, word.ptr);
}

static void kill_client(struct session *session, const struct resp_command *command)
{
    int64_t id;
    if (command->count != 4 || !is_word(resp_arg(command, 2), "id"))
        reply_error(&session->reply, "syntax error");
    else if (!resp_integer(resp_arg(command, 3), &id) || id <= 0)
        reply_error(&session->reply, "client-id should be greater than 0");
    else
        clients_kill(&session->reply, id);
}

static void execute_client(struct session *session, const struct resp_command *command)
{
    ks_text word = resp_arg(command, 1);
    if (is_word(word, "id"))
        reply_integer(&session->reply, client_id(ks_self()));
    else if (is_word(word, "list"))
        clients_list(&session->reply);
    else if (is_word(word, "kill"))
        kill_client(session, command);
    else if (is_word(word, "setname") || is_word(word, "setinfo"))
        reply_simple(&session->reply, "OK");
    else if (is_word(word, "getname"))
        reply_nil(&session->reply);
    else
        unknown_subcommand(session, command);
}

/* --- the server ----------------------------------------------------------------------------- */
static void execute_info(struct session *session, const struct resp_command *command)
{
    ks_text section = command->count > 1 ? resp_arg(command, 1) : ks_lit("default");
    info_answer(session, section);
}

static void execute_command(struct session *session, const struct resp_command *command)
{
    reply_array(&session->reply, 0);
}

/* redis-benchmark asks for these two before it starts. */
static void execute_config(struct session *session, const struct resp_command *command)
{
    if (!is_word(resp_arg(command, 1), "get")) {
        unknown_subcommand(session, command);
        return;
    }
    bool save = command->count == 3 && is_word(resp_arg(command, 2), "save");
    bool append_only = command->count == 3 && is_word(resp_arg(command, 2), "appendonly");
    reply_array(&session->reply, save || append_only ? 2 : 0);
    if (!save && !append_only) return;
    reply_bulk(&session->reply, save ? ks_lit("save") : ks_lit("appendonly"));
    reply_bulk(&session->reply, save ? ks_lit("") : ks_lit("no"));
}

static void execute_debug(struct session *session, const struct resp_command *command)
{
    if (!session->settings->demo) {
        reply_error(&session->reply, "DEBUG needs a server started with --demo");
    } else if (command->count == 3 && is_word(resp_arg(command, 1), "crash-shard")) {
        ks_status status = shard_crash(session->shards, resp_arg(command, 2));
        if (status == KS_OK)
            reply_simple(&session->reply, "OK");
        else
            answer_key_failure(session, resp_arg(command, 2), status);
    } else {
        unknown_subcommand(session, command);
    }
}

static const struct row rows[] = {
    { "get", 2, 2, execute_get },
    { "set", 3, RESP_ARGS_MAX, execute_set },
    { "incr", 2, 2, execute_incr },
    { "del", 2, RESP_ARGS_MAX, execute_del },
    { "exists", 2, RESP_ARGS_MAX, execute_exists },
    { "ping", 1, 2, execute_ping },
    { "echo", 2, 2, execute_echo },
    { "dbsize", 1, 1, execute_dbsize },
    { "info", 1, 2, execute_info },
    { "quit", 1, RESP_ARGS_MAX, execute_quit },
    { "select", 2, 2, execute_select },
    { "client", 2, RESP_ARGS_MAX, execute_client },
    { "command", 1, RESP_ARGS_MAX, execute_command },
    { "config", 2, RESP_ARGS_MAX, execute_config },
    { "debug", 2, RESP_ARGS_MAX, execute_debug },
    { "post", 1, RESP_ARGS_MAX, execute_http },
    { "host:", 1, RESP_ARGS_MAX, execute_http },
};

static void answer_unknown(struct session *session, const struct resp_command *command)
{
    enum { SHOWN_MAX = 128 };
    char shown[2 * SHOWN_MAX + 8] = "";
    size_t len = 0;
    ks_text name = resp_arg(command, 0);
    for (uint32_t i = 1; i < command->count && len < SHOWN_MAX; i++) {
        ks_text arg = resp_arg(command, i);
        size_t part = arg.len < SHOWN_MAX - len ? arg.len : SHOWN_MAX - len;
        len += (size_t)snprintf(shown + len, sizeof shown - len, "'%.*s' ", (int)part, arg.ptr);
    }
    reply_error(&session->reply, "unknown command '%.*s', with args beginning with: %s",
        name.len < SHOWN_MAX ? (int)name.len : SHOWN_MAX, name.ptr, shown);
}

void command_execute(struct session *session, const struct resp_command *command)
{
    if (!command->count) return;
    ks_text name = resp_arg(command, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!is_word(name, rows[i].name)) continue;
        if (command->count < rows[i].args_min || command->count > rows[i].args_max)
            reply_error(
                &session->reply, "wrong number of arguments for '%s' command", rows[i].name);
        else
            rows[i].execute(session, command);
        return;
    }
    answer_unknown(session, command);
}
