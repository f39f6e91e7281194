/* SPDX-License-Identifier: Apache-2.0 */
/* name.h - registered names: a hash table from name to process.
 *
 * A pid that stands for a name holds 92 bits of its keyed hash and no memory, so that names from
 * outside never grow a table. Invariant: an entry exists exactly while its process holds the name.
 * Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_NAME_H
#define KSI_RUNTIME_NAME_H
#include "runtime/process.h"

struct ksi_name {
    struct ksi_name *next; /* in the bucket */
    uint64_t hash[2];      /* as in the pid: id, and the upper bits of kind */
    uint64_t holder;       /* pid id */
    uint8_t size_class;
    char text[];
};
struct ksi_names {
    struct ksi_name **buckets;
    size_t size, count; /* size: a power of two, or 0 */
};

void ksi_names_end(struct ksi_names *names);
ks_status ksi_name_register(struct ksi_scheduler *s, const char *text, struct ksi_process *p);
void ksi_name_release(struct ksi_scheduler *s, struct ksi_process *p);
/* Of a pid that stands for a name. */
struct ksi_name *ksi_name_find(struct ksi_scheduler *s, ks_pid pid);

#endif
