/* SPDX-License-Identifier: Apache-2.0 */
/* open_file.h - an open file, and who shares it: the process whose resource it is, and the job that
 * works on it. The last one that lets go closes it. */
#ifndef KSI_IO_OPEN_FILE_H
#define KSI_IO_OPEN_FILE_H
#include "base/atomic.h"
#include "io/file.h"

struct ksi_file {
    struct ksi_job closing; /* made with it, so that closing needs no memory */
    ks_status status;       /* of close */
    int fd;                 /* -1: closed */
    _Atomic(uint32_t) shares;
};
/* One share less; may close it, so not on the thread of a scheduler unless another share stays, or
 * it is not open. */
void ksi_file_unshare(struct ksi_file *file);

#endif
