/* SPDX-License-Identifier: Apache-2.0 */
/* name.h - registered names: a hash table from name to process.
 *
 * A pid that stands for a name holds 92 bits of its keyed hash and no memory, so that names from
 * outside never grow a table. Invariant: an entry exists exactly while its process holds the name,
 * or its parent has the id bound (child_of.c).
 * One lock is taken by whoever looks, when there is more than one scheduler. */
#ifndef KSI_RUNTIME_NAME_H
#define KSI_RUNTIME_NAME_H
#include "runtime/process.h"
#include <pthread.h>

struct ksi_name {
    struct ksi_name *next; /* in the bucket */
    uint64_t hash[2];      /* as in the pid: id, and the upper bits of kind */
    uint64_t holder;       /* pid id */
    uint8_t size_class;
    bool has_text; /* behind it */
};
/* Under the lock. */
static inline const char *ksi_name_chars(const struct ksi_name *name)
{
    return (const char *)(name + 1);
}
enum { KSI_NAME_BYTES = 256 }; /* with the NUL */
struct ksi_names {
    pthread_mutex_t lock;
    struct ksi_name **buckets;
    size_t size, count; /* size: a power of two, or 0 */
};

/* Which process a parent's id stands for: an entry of the same table, whose hash no name has. It is
 * the parent's, and goes with it. */
struct ksi_bound {
    struct ksi_bound *owner_next, **owner_link;
    struct ksi_name name; /* text: none */
};

void ksi_names_init(struct ksi_names *names);
void ksi_names_end(struct ksi_names *names);
/* Of a runtime with one scheduler, nothing. */
void ksi_names_lock(struct ksi_scheduler *s);
void ksi_names_unlock(struct ksi_scheduler *s);
/* --- under the lock --- */
/* NULL: nobody has it. */
struct ksi_name *ksi_name_find(struct ksi_scheduler *s, ks_pid pid);
/* Into the table, whose hash it does not have yet. False: out of memory. */
bool ksi_name_insert(struct ksi_scheduler *s, struct ksi_name *name);
void ksi_name_remove(struct ksi_scheduler *s, struct ksi_name *name);
/* --- by anybody --- */
/* All that p has bound. */
void ksi_bound_release(struct ksi_scheduler *s, struct ksi_process *p);
ks_status ksi_name_register(struct ksi_scheduler *s, const char *text, uint64_t holder);
/* Who holds the name that a pid stands for: its pid id; 0: nobody. */
uint64_t ksi_name_holder(struct ksi_scheduler *s, ks_pid pid);
/* The name of p, or NULL; good until this thread asks again. */
const char *ksi_name_here(const struct ksi_process *p);
/* Takes the name of a process away, if it has one. */
void ksi_name_release(struct ksi_scheduler *s, struct ksi_process *p);
/* Nobody may register a name for p any more. */
void ksi_name_forbid(struct ksi_scheduler *s, struct ksi_process *p);
/* For ksi_name_known(): by whoever makes a pid of a name. */
void ksi_name_remember(ks_pid pid, const char *text, size_t length);
/* The name that a pid stands for, cut to size; false: nobody has it, and this thread has not made
 * the pid lately. */
bool ksi_name_known(struct ksi_scheduler *s, ks_pid pid, char *buffer, size_t size);
/* The name of a process, cut to size; false: it has none. */
bool ksi_name_text(struct ksi_scheduler *s, const struct ksi_process *p, char *buffer, size_t size);

#endif
