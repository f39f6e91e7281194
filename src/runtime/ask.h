/* SPDX-License-Identifier: Apache-2.0 */
/* ask.h - a question about a process, answered by its home.
 *
 * Only the home of a process may look into it. Who is elsewhere sends a function with a copy of its
 * argument; the home calls it when it applies the inbox of that process, so after all that the
 * asker sent before, and sends the same block back, whether or not the process lives. The asker
 * waits as in a call, but nobody has to claim the answer: it is looked for by the asker's own home,
 * and dropped when the asker waits no more. So an answer is never written where nobody is, and
 * needs no memory that might be missing. Called from inside a process. */
#ifndef KSI_RUNTIME_ASK_H
#define KSI_RUNTIME_ASK_H
#include "runtime/signal.h"

struct ksi_question {
    /* By the home of p, which may be s->current, and is never blocked in here. */
    void (*look)(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out);
    void *arg; /* in and out */
    void *out; /* out only; NULL: nothing */
    size_t arg_size, out_size;
};
/* KS_OK: it was looked at; KS_NOPROC: id is of nobody any more; KS_TIMEOUT: its scheduler did not
 * come to it in time; KS_DENIED: it lives elsewhere, and the caller may not block; KS_NOMEM. Only
 * after KS_OK arg and out have changed. */
ks_status ksi_ask(struct ksi_scheduler *s, uint64_t id, const struct ksi_question *question);
/* A KSI_ASK or KSI_TOLD that has arrived at p, or, if that is NULL, at nobody; consumed. */
void ksi_ask_apply(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m);

#endif
