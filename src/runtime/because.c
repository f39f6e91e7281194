/* SPDX-License-Identifier: Apache-2.0 */
/* because.c - a failed call as the reason of an end: which one it was.
 *
 * The latest call of a process that failed is noted in a block of its turn, and gone with it; so
 * that who fails often and goes on keeps one block only, it is used again while it is among the
 * newest. ks_because reads it when no call was made since. Used by the process itself. */
#include "base/base.h"
#include "runtime/request.h"
#include "runtime/scheduler.h"
#include <stdio.h>

enum { LOOKED_AT = 16, CALLEE_BYTES = KS_PID_TEXT_MAX };

struct failure {
    ks_pid to;
    const ks_op *op;
    ks_ms timeout;
    ks_status status;
    uint32_t serial; /* of the process, when it had failed */
};

/* NULL: none among the newest blocks. */
static struct failure *find(const struct ksi_process *p)
{
    struct ksi_block *block = p->turn;
    for (int i = 0; block && i < LOOKED_AT; i++, block = block->next)
        if (block->is_failure) return (struct failure *)(void *)(block + 1);
    return NULL;
}

static uint32_t serial_of(const struct ksi_process *p)
{
    return ksi_load_relaxed(&p->call_serial) | 1; /* relaxed: its own; odd: whether open or not */
}

void ksi_call_failed(
    struct ksi_scheduler *s, ks_pid to, const ks_op *op, ks_ms timeout, ks_status status)
{
    struct ksi_process *self = s->current;
    struct failure *failure = find(self);
    if (!failure) {
        failure = ksi_turn_alloc(s, self, sizeof *failure);
        if (!failure) return;
        self->turn->is_failure = true;
    }
    *failure = (struct failure){
        .to = to, .op = op, .timeout = timeout, .status = status, .serial = serial_of(self)
    };
}

/* "'shop'", or what a pid looks like. */
static const char *callee_text(struct ksi_scheduler *s, ks_pid to, char *buffer, size_t size)
{
    char name[CALLEE_BYTES - 2];
    if (!ksi_is_name(to) || !ksi_name_known(s, to, name, sizeof name))
        return ks_pid_text(to, buffer, size);
    snprintf(buffer, size, "'%s'", name);
    return buffer;
}

static const char *text_of(
    struct ksi_scheduler *s, struct ksi_process *self, const struct failure *failure)
{
    char callee[CALLEE_BYTES], more[40] = "";
    const struct failure f = *failure;
    char *text = ksi_turn_alloc(s, self, KS_REASON_TEXT_MAX + 1);
    if (!text) return NULL;
    if (f.status == KS_CALLING_SELF)
        snprintf(more, sizeof more, ", which is, or waits for, the caller");
    else if (f.timeout < KS_INFINITY)
        snprintf(more, sizeof more, " within %lld ms", (long long)f.timeout);
    snprintf(text, KS_REASON_TEXT_MAX + 1, "call %.30s %.30s to %s%s", f.op->module->name,
        f.op->name, callee_text(s, f.to, callee, sizeof callee), more);
    return text;
}

ks_reason ks_because(ks_status status)
{
    KSI_INSIDE(s);
    struct ksi_process *self = s ? s->current : NULL;
    const struct failure *failure = self && status ? find(self) : NULL;
    ks_reason reason = ksi_because(status);
    if (failure && failure->status == status && failure->serial == serial_of(self))
        reason.text = text_of(s, self, failure);
    return reason;
}
