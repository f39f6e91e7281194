/* SPDX-License-Identifier: Apache-2.0 */
/* execute_set - SET with its options, and its older relatives. */
#include "execute.h"
#include "reply.h"

/* Words of SET that exclude each other are in one group. */
enum { WHEN = 1, EXPIRY = 2, OLD = 4 };
static const struct option {
    const char *word;
    int group;
    uint8_t flags;
    int64_t unit; /* of the number that follows; 0: none does */
    bool absolute;
} options[] = {
    { "nx", WHEN, DEED_IF_ABSENT, 0, false },
    { "xx", WHEN, DEED_IF_PRESENT, 0, false },
    { "get", OLD, DEED_OLD_VALUE, 0, false },
    { "keepttl", EXPIRY, DEED_KEEP_EXPIRY, 0, false },
    { "ex", EXPIRY, 0, 1000, false },
    { "px", EXPIRY, 0, 1, false },
    { "exat", EXPIRY, 0, 1000, true },
    { "pxat", EXPIRY, 0, 1, true },
};

static const struct option *find(ks_text word)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (command_is_word(word, options[i].word)) return &options[i];
    return NULL;
}

struct parsing {
    int groups; /* that were named */
    const struct option *expiry;
    ks_text number;
};

/* The option at *at, which is passed; false: a syntax error. */
static bool take_option(
    struct parsing *parsing, const struct resp_command *command, uint32_t *at, deed *set)
{
    const struct option *option = find(resp_arg(command, (*at)++));
    if (!option || (parsing->groups & option->group && option->group != OLD)) {
        /* the same condition twice is allowed */
        if (!option || option->group != WHEN || !(set->flags & option->flags)) return false;
    }
    parsing->groups |= option->group;
    set->flags |= option->flags;
    if (!option->unit) return true;
    if (*at == command->count) return false;
    parsing->expiry = option;
    parsing->number = resp_arg(command, (*at)++);
    return true;
}

/* False: what is wrong is answered. */
static bool take_options(struct session *session, const struct resp_command *command, deed *set)
{
    struct parsing parsing = { 0 };
    for (uint32_t at = 3; at < command->count;)
        if (!take_option(&parsing, command, &at, set)) {
            reply_error(session_reply(session), "ERR syntax error");
            return false;
        }
    if (!parsing.expiry) return true;
    const struct moment_words words = { "set", parsing.number, parsing.expiry->unit,
        parsing.expiry->absolute, true };
    return execute_moment(session, &words, &set->number);
}

void execute_set(struct session *session, const struct resp_command *command)
{
    deed set = { .verb = DEED_SET, .key = resp_arg(command, 1), .value = resp_arg(command, 2) };
    if (command->count > 3 && !take_options(session, command, &set)) return;
    batch_command(session->batch, set.flags & DEED_OLD_VALUE ? ANSWER_VALUE : ANSWER_DONE, 1);
    batch_add(session->batch, &set);
}

/* Its answer is a number: whether the key was set. */
void execute_setnx(struct session *session, const struct resp_command *command)
{
    batch_command(session->batch, ANSWER_WHETHER, 1);
    batch_add(session->batch,
        &(deed){ .verb = DEED_SET,
            .flags = DEED_IF_ABSENT,
            .key = resp_arg(command, 1),
            .value = resp_arg(command, 2) });
}

static void set_until(
    struct session *session, const struct resp_command *command, const char *name, int64_t unit)
{
    const struct moment_words words = { name, resp_arg(command, 2), unit, false, true };
    deed set = { .verb = DEED_SET, .key = resp_arg(command, 1), .value = resp_arg(command, 3) };
    if (!execute_moment(session, &words, &set.number)) return;
    batch_command(session->batch, ANSWER_DONE, 1);
    batch_add(session->batch, &set);
}

void execute_setex(struct session *session, const struct resp_command *command)
{
    set_until(session, command, "setex", 1000);
}

void execute_psetex(struct session *session, const struct resp_command *command)
{
    set_until(session, command, "psetex", 1);
}
