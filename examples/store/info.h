/* SPDX-License-Identifier: Apache-2.0 */
/* info - the answer to INFO: the program about itself, in the form of Redis. */
#ifndef STORE_INFO_H
#define STORE_INFO_H
#include "session.h"

/* section: "server", "clients", "memory", "persistence", "stats", "keyspace", "kiosk"; "default",
 * "all", "everything" are all of them; others are empty. Blocks while the others answer. */
void info_answer(struct session *session, ks_text section);
#endif
