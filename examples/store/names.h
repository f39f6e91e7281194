/* SPDX-License-Identifier: Apache-2.0 */
/* names - what connections call themselves by CLIENT SETNAME, so that others may see it. Most have
 * none, and are not known here. Called by a connection; blocks until the server answers. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H
#include <kiosk/kiosk.h>

KS_MODULE(names, void);

/* Of the calling process, until it ends; empty: none. */
ks_status names_set(ks_text name) KS_MUST_USE;

typedef struct client_name {
    uint64_t id; /* of the connection's pid */
    ks_text name;
} client_name;
typedef struct client_names {
    KS_LIST_OF(client_name) list;
} client_names;
/* By id; borrowed until the caller's turn ends. */
ks_status names_list(client_names *ret_names) KS_MUST_USE;
#endif
