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
    const char *snapshot; /* the file in it; NULL likewise */
    ks_ms idle_timeout;   /* KS_INFINITY: none */
    ks_ms send_timeout;   /* for a client that does not read */
    ks_ms started;        /* ks_now() at the start of the tree */
    ks_ms snapshot_every; /* KS_INFINITY: only when asked, and at the end */
    int64_t memory_max;   /* bytes, of all keys together; 0: no limit */
    uint32_t shards;
    uint32_t connections_max;
    uint32_t request_max; /* bytes */
    uint32_t output_max;  /* bytes of one answer */
    bool demo;
} settings;
KS_DECLARE_TYPE(settings);

/* Ends the program for --help (0), --version (0) and what it does not understand (2). */
settings settings_from_command_line(int argc, char **argv);
#endif
