/* SPDX-License-Identifier: Apache-2.0 */
/* inherited.h - the context that a process gets from the one that spawns it.
 *
 * Counted, never changed once it is shared: a process that sets something gets a copy of its own.
 * Any scheduler may hold it. */
#ifndef KSI_RUNTIME_INHERITED_H
#define KSI_RUNTIME_INHERITED_H
#include "runtime/scheduler.h"

struct ksi_context {
    _Atomic(uint32_t) count;
    uint8_t size_class;
    uint64_t trace_id;
    uint64_t caller; /* pid id: on whose behalf */
};

static inline struct ksi_context *ksi_context_ref(struct ksi_context *context)
{
    ksi_add_relaxed(&context->count, 1); /* whoever adds has a reference */
    return context;
}
static inline void ksi_context_unref(struct ksi_scheduler *s, struct ksi_context *context)
{
    /* acq_rel: the last one sees all uses of the others behind it */
    if (context && ksi_sub_acq_rel(&context->count, 1) == 1)
        ksi_pool_give(&s->pool, context, context->size_class);
}

#endif
