/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - memory that a process owns: a list, given back when it ends. */
#ifndef KSI_RUNTIME_MEMORY_H
#define KSI_RUNTIME_MEMORY_H
#include "runtime/process.h"

struct ksi_allocation {
    struct ksi_allocation *next, **link;
    uint64_t size;  /* as asked for */
    uint32_t owner; /* slot of the process: what ks_free checks */
    uint8_t size_class;
    bool typed; /* a struct ksi_typed stands before this: what is in it must be released */
};
_Static_assert(sizeof(struct ksi_allocation) == 32, "keeps what follows aligned to 16");

struct ksi_typed {
    const ks_type *type;
    uint64_t unused;
};
_Static_assert(sizeof(struct ksi_typed) == 16, "keeps the allocation aligned to 16");

/* A block of malloc's that begins with room for a struct ksi_allocation becomes memory of p, as if
 * ks_alloc had made it; size is that of the rest. False: more than p may have; it is not taken. */
bool ksi_memory_adopt(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_allocation *block, size_t size);
void ksi_allocations_free(struct ksi_scheduler *s, struct ksi_process *p);

#endif
