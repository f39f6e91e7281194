/* SPDX-License-Identifier: Apache-2.0 */
/* archive - the server that has snapshots made: now and then, when it is asked, and at the end of
 * the program. It answers while one is made, which is another process's work.
 *
 * The functions block the calling process until it has answered; besides what is named here they
 * give what a call gives. */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H
#include "settings.h"
#include "shard.h"

typedef struct archive_args {
    const char *path;
    ks_ms every; /* KS_INFINITY: only when asked, and at the end */
    shard_map shards;
} archive_args;
KS_MODULE(archive, archive_args);

/* DEED_BUSY: one is being made. */
ks_status archive_begin(void) KS_MUST_USE;
/* Waits until it is made. DEED_BUSY; what writer_write gives. */
ks_status archive_save(void) KS_MUST_USE;

typedef struct archive_facts {
    int64_t last_moment; /* s since 1970: when the last one was made; 0: none yet */
    int64_t made, failed, keys, bytes;
    bool busy, last_failed;
} archive_facts;
ks_status archive_look(archive_facts *ret_facts) KS_MUST_USE;
#endif
