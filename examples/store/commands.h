/* SPDX-License-Identifier: Apache-2.0 */
/* commands - what a client may ask: a table, and the way from a name to what does it. Called by a
 * connection, in its process; blocks while others answer. */
#ifndef STORE_COMMANDS_H
#define STORE_COMMANDS_H
#include "session.h"

typedef void command_fn(struct session *session, const struct resp_command *command);
enum { COMMAND_WRITES = 1, COMMAND_DEMO = 2 /* only with --demo */ };
struct command {
    const char *name; /* lower case */
    int arity;        /* with the name; negative: at least */
    int flags;
    int first, last, step; /* arguments that are keys, as COMMAND tells; 0: none */
    command_fn *execute;
    const char *summary;
};
/* Sorted by name. */
const struct command *command_table(size_t *ret_count);
/* In any case; NULL: there is none. */
const struct command *command_find(ks_text name);
/* Answers, or puts deeds into the batch; nothing for a command without arguments. */
void command_execute(struct session *session, const struct resp_command *command);

/* --- for those that execute ------------------------------------------------------------------- */
bool command_is_word(ks_text text, const char *word); /* in any case */
/* Its subcommand, with the right number of arguments; else that is answered, and it is NULL. */
struct subcommand {
    const char *name;
    int arity; /* with both names; negative: at least */
    command_fn *execute;
};
void command_execute_sub(struct session *session, const struct resp_command *command,
    const char *name, const struct subcommand *rows, size_t count);
#endif
