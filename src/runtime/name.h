/* SPDX-License-Identifier: Apache-2.0 */
/* name.h - registered names: a hash table from name to process.
 *
 * A pid that stands for a name holds 92 bits of its keyed hash and no memory, so that names from
 * outside never grow a table. Invariant: an entry exists exactly while its process holds the name,
 * or its parent has the id bound (child_of.c).
 * Used by the owning scheduler only. */
#ifndef KSI_RUNTIME_NAME_H
#define KSI_RUNTIME_NAME_H
#include "runtime/process.h"

struct ksi_name {
    struct ksi_name *next; /* in the bucket */
    uint64_t hash[2];      /* as in the pid: id, and the upper bits of kind */
    uint64_t holder;       /* pid id */
    uint8_t size_class;
}; /* the text stands behind */
static inline const char *ksi_name_text(const struct ksi_name *name)
{
    return (const char *)(name + 1);
}
struct ksi_names {
    struct ksi_name **buckets;
    size_t size, count; /* size: a power of two, or 0 */
};

/* Which process a parent's id stands for: an entry of the same table, whose hash no name has. It is
 * the parent's, and goes with it. */
struct ksi_bound {
    struct ksi_bound *owner_next, **owner_link;
    struct ksi_name name; /* text: none */
};

void ksi_names_end(struct ksi_names *names);
/* Into the table, whose hash it does not have yet. False: out of memory. */
bool ksi_name_insert(struct ksi_scheduler *s, struct ksi_name *name);
void ksi_name_remove(struct ksi_scheduler *s, struct ksi_name *name);
/* All that p has bound. */
void ksi_bound_release(struct ksi_scheduler *s, struct ksi_process *p);
ks_status ksi_name_register(struct ksi_scheduler *s, const char *text, struct ksi_process *p);
void ksi_name_release(struct ksi_scheduler *s, struct ksi_process *p);
/* Of a pid that stands for a name. */
struct ksi_name *ksi_name_find(struct ksi_scheduler *s, ks_pid pid);

#endif
