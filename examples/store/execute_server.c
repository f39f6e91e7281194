/* SPDX-License-Identifier: Apache-2.0 */
/* execute_server - commands about the server: what it knows, how it is set, what it keeps. */
#include "archive.h"
#include "execute.h"
#include "glob.h"
#include "info.h"
#include "reply.h"
#include <inttypes.h>
#include <string.h>

void execute_info(struct session *session, const struct resp_command *command)
{
    (void)session_reply(session);
    info_answer(session, command->count > 1 ? resp_arg(command, 1) : ks_lit("default"));
}

/* --- snapshots -------------------------------------------------------------------------------- */
/* False: that there are none, or what went wrong, is answered. */
static bool archive_did(struct session *session, ks_status status)
{
    if (status == KS_OK) return true;
    if (status == DEED_BUSY)
        reply_error(session_reply(session), "ERR Background save already in progress");
    else
        reply_error(
            session_reply(session), "ERR no snapshot was made (%s)", ks_status_text(status));
    return false;
}

static bool has_archive(struct session *session)
{
    if (session->settings->snapshot) return true;
    reply_error(session_reply(session), "ERR there are no snapshots without --data-dir");
    return false;
}

void execute_save(struct session *session, const struct resp_command *command)
{
    (void)command;
    (void)session_reply(session);
    if (has_archive(session) && archive_did(session, archive_save()))
        reply_simple(session_reply(session), "OK");
}

void execute_bgsave(struct session *session, const struct resp_command *command)
{
    struct buffer *reply = session_reply(session);
    bool known = command->count == 1 ||
        (command->count == 2 && command_is_word(resp_arg(command, 1), "schedule"));
    if (!known)
        reply_error(reply, "ERR syntax error");
    else if (has_archive(session) && archive_did(session, archive_begin()))
        reply_simple(reply, "Background saving started");
}

void execute_lastsave(struct session *session, const struct resp_command *command)
{
    archive_facts facts = { 0 };
    (void)command;
    struct buffer *reply = session_reply(session);
    ks_status status = session->settings->snapshot ? archive_look(&facts) : KS_OK;
    if (archive_did(session, status)) reply_integer(reply, facts.last_moment);
}

/* --- CONFIG ----------------------------------------------------------------------------------- */
/* Borrowed until the turn ends. */
static const char *number(int64_t value) { return ks_format("%" PRId64, value); }

static const char *port_of(const char *address) { return strrchr(address, ':') + 1; }

static void config_get(struct session *session, const struct resp_command *command)
{
    const settings *s = session->settings;
    struct buffer *reply = session_reply(session), text = { 0 };
    int64_t idle = s->idle_timeout == KS_INFINITY ? 0 : s->idle_timeout / 1000;
    int64_t every = s->snapshot_every == KS_INFINITY ? 0 : s->snapshot_every / 1000;
    const char *address = s->address;
    const char *rows[][2] = { { "appendonly", "no" },
        { "bind", ks_format("%.*s", (int)(strrchr(address, ':') - address), address) },
        { "databases", "1" }, { "dir", s->data_dir ? s->data_dir : "" },
        { "maxclients", number(s->connections_max) }, { "maxmemory", number(s->memory_max) },
        { "maxmemory-policy", "noeviction" }, { "port", port_of(address) },
        { "proto-max-bulk-len", number(s->request_max) },
        { "save", every ? ks_format("%" PRId64 " 1", every) : "" }, { "timeout", number(idle) } };
    size_t count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (uint32_t j = 2; j < command->count; j++) {
            if (!glob_matches_any_case(resp_arg(command, j), ks_str(rows[i][0]))) continue;
            reply_bulk(&text, ks_str(rows[i][0]));
            reply_bulk(&text, ks_str(rows[i][1]));
            count += 2;
            break;
        }
    reply_array(reply, count);
    buffer_append(reply, text.bytes, text.len);
    buffer_free(&text);
    ks_end_turn();
}

void execute_config(struct session *session, const struct resp_command *command)
{
    static const struct subcommand rows[] = { { "get", -3, config_get } };
    command_execute_sub(session, command, "config", rows, 1);
}

/* --- COMMAND ---------------------------------------------------------------------------------- */
static void answer_row(struct buffer *reply, const struct command *row)
{
    bool writes = row->flags & COMMAND_WRITES;
    reply_array(reply, 10);
    reply_bulk(reply, ks_str(row->name));
    reply_integer(reply, row->arity);
    reply_array(reply, row->first ? 1 : 0);
    if (row->first) reply_simple(reply, writes ? "write" : "readonly");
    reply_integer(reply, row->first);
    reply_integer(reply, row->last);
    reply_integer(reply, row->step);
    for (int i = 0; i < 4; i++) reply_array(reply, 0); /* categories, tips, keys, subcommands */
}

static void answer_docs(struct buffer *reply, const struct command *row)
{
    reply_bulk(reply, ks_str(row->name));
    reply_array(reply, 2);
    reply_bulk(reply, ks_lit("summary"));
    reply_bulk(reply, ks_str(row->summary));
}

static void command_count(struct session *session, const struct resp_command *command)
{
    size_t count;
    (void)command;
    (void)command_table(&count);
    reply_integer(session_reply(session), (int64_t)count);
}

static void command_list(struct session *session, const struct resp_command *command)
{
    size_t count;
    const struct command *table = command_table(&count);
    struct buffer *reply = session_reply(session);
    (void)command;
    reply_array(reply, count);
    for (size_t i = 0; i < count; i++) reply_bulk(reply, ks_str(table[i].name));
}

static void command_info(struct session *session, const struct resp_command *command)
{
    size_t count;
    const struct command *table = command_table(&count);
    struct buffer *reply = session_reply(session);
    reply_array(reply, command->count > 2 ? command->count - 2 : count);
    for (size_t i = 0; i < count && command->count <= 2; i++) answer_row(reply, &table[i]);
    for (uint32_t i = 2; i < command->count; i++) {
        const struct command *row = command_find(resp_arg(command, i));
        if (row)
            answer_row(reply, row);
        else
            buffer_append(reply, "*-1\r\n", 5);
    }
}

/* Those that are not known are left out. */
static void command_docs(struct session *session, const struct resp_command *command)
{
    size_t count, found = 0;
    const struct command *table = command_table(&count);
    struct buffer *reply = session_reply(session), text = { 0 };
    for (size_t i = 0; i < count && command->count <= 2; i++, found++)
        answer_docs(&text, &table[i]);
    for (uint32_t i = 2; i < command->count; i++) {
        const struct command *row = command_find(resp_arg(command, i));
        if (!row) continue;
        answer_docs(&text, row);
        found++;
    }
    reply_array(reply, found * 2);
    buffer_append(reply, text.bytes, text.len);
    buffer_free(&text);
}

void execute_command(struct session *session, const struct resp_command *command)
{
    static const struct subcommand rows[] = {
        { "count", 2, command_count },
        { "docs", -2, command_docs },
        { "info", -2, command_info },
        { "list", 2, command_list },
    };
    if (command->count == 1)
        command_info(session, command);
    else
        command_execute_sub(session, command, "command", rows, sizeof rows / sizeof rows[0]);
}

/* --- DEBUG ------------------------------------------------------------------------------------ */
static void debug_crash_shard(struct session *session, const struct resp_command *command)
{
    ks_status status = shard_crash(session->shards, resp_arg(command, 2));
    if (status)
        reply_error(session_reply(session), "ERR %s", ks_status_text(status));
    else
        reply_simple(session_reply(session), "OK");
}

void execute_debug(struct session *session, const struct resp_command *command)
{
    static const struct subcommand rows[] = { { "crash-shard", 3, debug_crash_shard } };
    command_execute_sub(session, command, "debug", rows, 1);
}
