/* SPDX-License-Identifier: Apache-2.0 */
/* commands - see commands.h. Texts of errors are those of Redis, since clients look at them. */
#include "commands.h"

#include "execute.h"
#include "reply.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WRITES = COMMAND_WRITES, DEMO = COMMAND_DEMO, SHOWN_MAX = 128 };

/* clang-format off */
static const struct command table[] = {
    { "append", 3, WRITES, 1, 1, 1, execute_append, "Appends to a value" },
    { "bgsave", -1, 0, 0, 0, 0, execute_bgsave, "Begins a snapshot" },
    { "client", -2, 0, 0, 0, 0, execute_client, "About connections: ID, LIST, KILL, names" },
    { "command", -1, 0, 0, 0, 0, execute_command, "About commands: COUNT, DOCS, INFO" },
    { "config", -2, 0, 0, 0, 0, execute_config, "Settings: GET" },
    { "dbsize", 1, 0, 0, 0, 0, execute_dbsize, "How many keys there are" },
    { "debug", -2, DEMO, 0, 0, 0, execute_debug, "CRASH-SHARD key" },
    { "decr", 2, WRITES, 1, 1, 1, execute_decr, "Subtracts one" },
    { "decrby", 3, WRITES, 1, 1, 1, execute_decrby, "Subtracts a number" },
    { "del", -2, WRITES, 1, -1, 1, execute_del, "Deletes keys" },
    { "echo", 2, 0, 0, 0, 0, execute_echo, "Says what it is told" },
    { "exists", -2, 0, 1, -1, 1, execute_exists, "How many of the keys there are" },
    { "expire", -3, WRITES, 1, 1, 1, execute_expire, "A key expires in so many seconds" },
    { "expireat", -3, WRITES, 1, 1, 1, execute_expireat, "A key expires at a second" },
    { "flushall", -1, WRITES, 0, 0, 0, execute_flush, "Deletes all keys" },
    { "flushdb", -1, WRITES, 0, 0, 0, execute_flush, "Deletes all keys" },
    { "get", 2, 0, 1, 1, 1, execute_get, "The value of a key" },
    { "getdel", 2, WRITES, 1, 1, 1, execute_getdel, "The value of a key, which is deleted" },
    { "hello", -1, 0, 0, 0, 0, execute_hello, "Agrees on a version of the protocol" },
    { "host:", -1, 0, 0, 0, 0, execute_http, "Ends a browser's attempt" },
    { "incr", 2, WRITES, 1, 1, 1, execute_incr, "Adds one" },
    { "incrby", 3, WRITES, 1, 1, 1, execute_incrby, "Adds a number" },
    { "info", -1, 0, 0, 0, 0, execute_info, "The server about itself" },
    { "keys", 2, 0, 0, 0, 0, execute_keys, "All keys that match a pattern" },
    { "lastsave", 1, 0, 0, 0, 0, execute_lastsave, "When the last snapshot was made" },
    { "mget", -2, 0, 1, -1, 1, execute_mget, "The values of keys" },
    { "mset", -3, WRITES, 1, -1, 2, execute_mset, "Sets keys" },
    { "persist", 2, WRITES, 1, 1, 1, execute_persist, "A key does not expire" },
    { "pexpire", -3, WRITES, 1, 1, 1, execute_pexpire, "A key expires in so many ms" },
    { "pexpireat", -3, WRITES, 1, 1, 1, execute_pexpireat, "A key expires at a ms" },
    { "ping", -1, 0, 0, 0, 0, execute_ping, "Whether the server is there" },
    { "post", -1, 0, 0, 0, 0, execute_http, "Ends a browser's attempt" },
    { "psetex", 4, WRITES, 1, 1, 1, execute_psetex, "Sets a key that expires in so many ms" },
    { "pttl", 2, 0, 1, 1, 1, execute_pttl, "ms until a key expires" },
    { "quit", -1, 0, 0, 0, 0, execute_quit, "Closes the connection" },
    { "save", 1, 0, 0, 0, 0, execute_save, "Makes a snapshot, and says when it is done" },
    { "scan", -2, 0, 0, 0, 0, execute_scan, "Some keys, and where to go on" },
    { "select", 2, 0, 0, 0, 0, execute_select, "There is 0 only" },
    { "set", -3, WRITES, 1, 1, 1, execute_set, "Sets a key" },
    { "setex", 4, WRITES, 1, 1, 1, execute_setex, "Sets a key that expires in so many s" },
    { "setnx", 3, WRITES, 1, 1, 1, execute_setnx, "Sets a key unless it is there" },
    { "strlen", 2, 0, 1, 1, 1, execute_strlen, "The length of a value" },
    { "touch", -2, 0, 1, -1, 1, execute_exists, "As EXISTS" },
    { "ttl", 2, 0, 1, 1, 1, execute_ttl, "Seconds until a key expires" },
    { "type", 2, 0, 1, 1, 1, execute_type, "string, or none" },
    { "unlink", -2, WRITES, 1, -1, 1, execute_del, "Deletes keys" },
};
/* clang-format on */
enum { COMMANDS = sizeof table / sizeof table[0] };

const struct command *command_table(size_t *ret_count)
{
    *ret_count = COMMANDS;
    return table;
}

bool command_is_word(ks_text text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

static int compare(const void *name, const void *row)
{
    const ks_text *text = name;
    const char *other = ((const struct command *)row)->name;
    size_t len = strlen(other);
    int order = strncasecmp(text->ptr, other, text->len < len ? text->len : len);
    return order ? order : (text->len > len) - (text->len < len);
}

const struct command *command_find(ks_text name)
{
    if (!name.len) return NULL;
    return bsearch(&name, table, COMMANDS, sizeof table[0], compare);
}

static bool has_arity(const struct resp_command *command, int arity)
{
    return arity < 0 ? command->count >= (uint32_t)-arity : command->count == (uint32_t)arity;
}

static void answer_unknown(struct session *session, const struct resp_command *command)
{
    char shown[2 * SHOWN_MAX + 8] = "";
    size_t len = 0;
    ks_text name = resp_arg(command, 0);
    for (uint32_t i = 1; i < command->count && len < SHOWN_MAX; i++) {
        ks_text arg = resp_arg(command, i);
        size_t part = arg.len < SHOWN_MAX - len ? arg.len : SHOWN_MAX - len;
        len += (size_t)snprintf(shown + len, sizeof shown - len, "'%.*s' ", (int)part, arg.ptr);
    }
    reply_error(session_reply(session), "ERR unknown command '%.*s', with args beginning with: %s",
        name.len < SHOWN_MAX ? (int)name.len : SHOWN_MAX, name.ptr, shown);
}

void command_execute(struct session *session, const struct resp_command *command)
{
    if (!command->count) return;
    const struct command *row = command_find(resp_arg(command, 0));
    if (!row || (row->flags & COMMAND_DEMO && !session->settings->demo))
        answer_unknown(session, command);
    else if (!has_arity(command, row->arity))
        reply_error(
            session_reply(session), "ERR wrong number of arguments for '%s' command", row->name);
    else
        row->execute(session, command);
}

static void answer_unknown_sub(
    struct session *session, const struct resp_command *command, const char *name)
{
    char upper[16];
    ks_text word = resp_arg(command, 1);
    size_t len = strlen(name);
    for (size_t i = 0; i <= len; i++)
        upper[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    reply_error(session_reply(session), "ERR unknown subcommand '%.*s'. Try %s HELP.",
        word.len < SHOWN_MAX ? (int)word.len : SHOWN_MAX, word.ptr, upper);
}

void command_execute_sub(struct session *session, const struct resp_command *command,
    const char *name, const struct subcommand *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!command_is_word(resp_arg(command, 1), rows[i].name)) continue;
        if (has_arity(command, rows[i].arity))
            rows[i].execute(session, command);
        else
            reply_error(session_reply(session), "ERR wrong number of arguments for '%s|%s' command",
                name, rows[i].name);
        return;
    }
    answer_unknown_sub(session, command, name);
}
