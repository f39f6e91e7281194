/* SPDX-License-Identifier: Apache-2.0 */
/* execute_keys - commands about the values of keys they name. */
#include "execute.h"
#include "reply.h"

static void one(struct session *session, enum answer_kind kind, const deed *what)
{
    batch_command(session->batch, kind, 1);
    batch_add(session->batch, what);
}

static void each_key(struct session *session, const struct resp_command *command,
    enum answer_kind kind, enum deed_verb verb)
{
    batch_command(session->batch, kind, command->count - 1);
    for (uint32_t i = 1; i < command->count; i++)
        batch_add(session->batch, &(deed){ .verb = (uint8_t)verb, .key = resp_arg(command, i) });
}

void execute_get(struct session *session, const struct resp_command *command)
{
    each_key(session, command, ANSWER_VALUE, DEED_GET);
}

void execute_getdel(struct session *session, const struct resp_command *command)
{
    each_key(session, command, ANSWER_VALUE, DEED_GET_DELETE);
}

void execute_mget(struct session *session, const struct resp_command *command)
{
    each_key(session, command, ANSWER_VALUES, DEED_GET);
}

void execute_del(struct session *session, const struct resp_command *command)
{
    each_key(session, command, ANSWER_SUM, DEED_DELETE);
}

void execute_exists(struct session *session, const struct resp_command *command)
{
    each_key(session, command, ANSWER_SUM, DEED_EXISTS);
}

void execute_type(struct session *session, const struct resp_command *command)
{
    each_key(session, command, ANSWER_TYPE, DEED_EXISTS);
}

void execute_strlen(struct session *session, const struct resp_command *command)
{
    each_key(session, command, ANSWER_SUM, DEED_LENGTH);
}

void execute_mset(struct session *session, const struct resp_command *command)
{
    if (command->count % 2 == 0) {
        reply_error(session_reply(session), "ERR wrong number of arguments for 'mset' command");
        return;
    }
    batch_command(session->batch, ANSWER_OK, 1);
    for (uint32_t i = 1; i < command->count; i += 2)
        batch_add(session->batch,
            &(deed){
                .verb = DEED_SET, .key = resp_arg(command, i), .value = resp_arg(command, i + 1) });
}

void execute_append(struct session *session, const struct resp_command *command)
{
    one(session, ANSWER_SUM,
        &(deed){ .verb = DEED_APPEND, .key = resp_arg(command, 1), .value = resp_arg(command, 2) });
}

/* --- numbers ---------------------------------------------------------------------------------- */
static void add(struct session *session, ks_text key, int64_t number)
{
    one(session, ANSWER_SUM, &(deed){ .verb = DEED_ADD, .key = key, .number = number });
}

/* False: that it is none is answered. */
static bool second_number(
    struct session *session, const struct resp_command *command, int64_t *ret_number)
{
    if (resp_integer(resp_arg(command, 2), ret_number)) return true;
    reply_error(session_reply(session), "ERR value is not an integer or out of range");
    return false;
}

void execute_incr(struct session *session, const struct resp_command *command)
{
    add(session, resp_arg(command, 1), 1);
}

void execute_decr(struct session *session, const struct resp_command *command)
{
    add(session, resp_arg(command, 1), -1);
}

void execute_incrby(struct session *session, const struct resp_command *command)
{
    int64_t number;
    if (second_number(session, command, &number)) add(session, resp_arg(command, 1), number);
}

void execute_decrby(struct session *session, const struct resp_command *command)
{
    int64_t number;
    if (!second_number(session, command, &number)) return;
    if (number == INT64_MIN)
        reply_error(session_reply(session), "ERR decrement would overflow");
    else
        add(session, resp_arg(command, 1), -number);
}
