/* SPDX-License-Identifier: Apache-2.0 */
/* execute - the functions behind the table of commands, by the files that they stand in. */
#ifndef STORE_EXECUTE_H
#define STORE_EXECUTE_H
#include "commands.h"

/* execute_keys.c: values of keys, which become deeds */
command_fn execute_get, execute_getdel, execute_mget, execute_mset, execute_append, execute_strlen,
    execute_del, execute_exists, execute_type;
command_fn execute_incr, execute_decr, execute_incrby, execute_decrby;
/* execute_set.c */
command_fn execute_set, execute_setnx, execute_setex, execute_psetex;
/* execute_expire.c */
command_fn execute_expire, execute_pexpire, execute_expireat, execute_pexpireat, execute_persist,
    execute_ttl, execute_pttl;
/* execute_all.c: all keys */
command_fn execute_keys, execute_scan, execute_dbsize, execute_flush;
/* execute_connection.c */
command_fn execute_ping, execute_echo, execute_quit, execute_select, execute_hello, execute_client,
    execute_http;
/* execute_server.c */
command_fn execute_info, execute_command, execute_config, execute_save, execute_bgsave,
    execute_lastsave, execute_debug;

/* --- what several of them need ---------------------------------------------------------------- */
/* A moment, ms since 1970, from a number in units of so many ms, of now or of 1970. False: that it
 * is none is answered. */
struct moment_words {
    const char *command; /* whose argument it is */
    ks_text number;
    int64_t unit;
    bool absolute, positive; /* it must be */
};
bool execute_moment(struct session *session, const struct moment_words *words, int64_t *ret_moment);
#endif
