/* SPDX-License-Identifier: Apache-2.0 */
/* loader - reads a snapshot. Blocks the calling process; the disk is the pool's matter. */
#ifndef STORE_LOADER_H
#define STORE_LOADER_H
#include "snapshot.h"

enum { LOADER_DAMAGED = KS_USER + 100 }; /* the log says where and why */

/* take is called for each key; when it says false, reading ends with KS_FULL. A file that is not
 * there has no keys. */
ks_status loader_read(const char *path, bool (*take)(const struct snapshot_row *row, void *arg),
    void *arg) KS_MUST_USE;
#endif
