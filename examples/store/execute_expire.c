/* SPDX-License-Identifier: Apache-2.0 */
/* execute_expire - when keys expire. */
#include "execute.h"
#include "reply.h"
#include <string.h>

bool execute_moment(struct session *session, const struct moment_words *words, int64_t *ret_moment)
{
    int64_t moment, now = words->absolute ? 0 : ks_wall_clock_ns() / 1000000;
    if (!resp_integer(words->number, &moment)) {
        reply_error(session_reply(session), "ERR value is not an integer or out of range");
        return false;
    }
    bool wrong = words->positive && moment <= 0;
    wrong |= __builtin_mul_overflow(moment, words->unit, &moment);
    wrong |= __builtin_add_overflow(moment, now, &moment);
    if (wrong)
        reply_error(
            session_reply(session), "ERR invalid expire time in '%s' command", words->command);
    else
        *ret_moment = moment;
    return !wrong;
}

static uint8_t condition(ks_text word)
{
    static const struct {
        const char *word;
        uint8_t flag;
    } words[] = { { "nx", DEED_IF_ABSENT }, { "xx", DEED_IF_PRESENT }, { "gt", DEED_IF_LATER },
        { "lt", DEED_IF_SOONER } };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (command_is_word(word, words[i].word)) return words[i].flag;
    return 0;
}

/* False: what is wrong is answered. */
static bool take_conditions(struct session *session, const struct resp_command *command, deed *to)
{
    for (uint32_t i = 3; i < command->count; i++) {
        ks_text word = resp_arg(command, i);
        uint8_t flag = condition(word);
        to->flags |= flag;
        if (flag) continue;
        reply_error(session_reply(session), "ERR Unsupported option %.*s",
            word.len < 128 ? (int)word.len : 128, word.ptr);
        return false;
    }
    uint8_t both = DEED_IF_LATER | DEED_IF_SOONER;
    bool absent = to->flags & DEED_IF_ABSENT;
    if (absent && to->flags & (both | DEED_IF_PRESENT))
        reply_error(session_reply(session),
            "ERR NX and XX, GT or LT options at the same time are not compatible");
    else if ((to->flags & both) == both)
        reply_error(
            session_reply(session), "ERR GT and LT options at the same time are not compatible");
    else
        return true;
    return false;
}

static void expire(
    struct session *session, const struct resp_command *command, const struct moment_words *words)
{
    deed what = { .verb = DEED_EXPIRE, .key = resp_arg(command, 1) };
    struct moment_words whole = *words;
    whole.number = resp_arg(command, 2);
    if (!take_conditions(session, command, &what)) return;
    if (!execute_moment(session, &whole, &what.number)) return;
    batch_command(session->batch, ANSWER_SUM, 1);
    batch_add(session->batch, &what);
}

void execute_expire(struct session *session, const struct resp_command *command)
{
    expire(session, command, &(struct moment_words){ .command = "expire", .unit = 1000 });
}

void execute_pexpire(struct session *session, const struct resp_command *command)
{
    expire(session, command, &(struct moment_words){ .command = "pexpire", .unit = 1 });
}

void execute_expireat(struct session *session, const struct resp_command *command)
{
    expire(session, command,
        &(struct moment_words){ .command = "expireat", .unit = 1000, .absolute = true });
}

void execute_pexpireat(struct session *session, const struct resp_command *command)
{
    expire(session, command,
        &(struct moment_words){ .command = "pexpireat", .unit = 1, .absolute = true });
}

static void ask(struct session *session, const struct resp_command *command, enum answer_kind kind,
    enum deed_verb verb)
{
    batch_command(session->batch, kind, 1);
    batch_add(session->batch, &(deed){ .verb = (uint8_t)verb, .key = resp_arg(command, 1) });
}

void execute_persist(struct session *session, const struct resp_command *command)
{
    ask(session, command, ANSWER_SUM, DEED_PERSIST);
}

void execute_ttl(struct session *session, const struct resp_command *command)
{
    ask(session, command, ANSWER_SECONDS, DEED_LEFT);
}

void execute_pttl(struct session *session, const struct resp_command *command)
{
    ask(session, command, ANSWER_SUM, DEED_LEFT);
}
