/* SPDX-License-Identifier: Apache-2.0 */
/* settings - what the command line says, as start arguments of the processes it concerns.
 *
 * Read once in main, copied into each process that needs it, never changed: so there is no global
 * variable, and each process can be started by a test with settings of its own. */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H
#include <kiosk/kiosk.h>

#define STORE_VERSION "0.1.0"

typedef struct settings {
    const char *address;  /* "127.0.0.1:6380" */
    const char *data_dir; /* NULL: none */
    ks_ms idle_timeout;   /* KS_INFINITY: none */
    ks_ms send_timeout;   /* for a client that does not read */
    ks_ms started;        /* ks_now() at the start of the tree */
    uint32_t shards;
    uint32_t connections_max;
    uint32_t request_max; /* bytes */
    bool demo;
} settings;
KS_DECLARE_TYPE(settings);

/* Ends the program for --help (0), --version (0) and what it does not understand (2). */
settings settings_from_command_line(int argc, char **argv);
#endif
