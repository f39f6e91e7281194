/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - see ask.h. */
#include "runtime/ask.h"
#include "base/base.h"

enum { ANSWER_MS = 1000 };

/* The body of a question under way; arg and out stand behind, each at a multiple of 8. */
struct asked {
    void (*look)(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out);
    size_t arg_size, out_size;
};
/* What the asker keeps on its stack while it waits. */
struct asking {
    struct ksi_call call;
    const struct ksi_question *question;
    ks_status status;
};

static struct asked *asked_in(struct ksi_message *m) { return (struct asked *)m->body; }

static size_t aligned(size_t size) { return (size + 7) & ~(size_t)7; }

static void *arg_of(struct asked *asked) { return asked + 1; }

static void *out_of(struct asked *asked)
{
    return asked->out_size ? (char *)(asked + 1) + aligned(asked->arg_size) : NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */
/* NULL: out of memory. */
static struct ksi_message *block_new(
    struct ksi_scheduler *s, const struct ksi_question *question, uint32_t serial)
{
    size_t size = sizeof(struct asked) + aligned(question->arg_size) + question->out_size;
    uint8_t size_class;
    if (question->out_size > UINT32_MAX) return NULL;
    struct ksi_message *m = ksi_pool_get(&s->pool, sizeof *m + size, &size_class);
    if (!m) return NULL;
    *m = (struct ksi_message){ .kind = KSI_ASK,
        .size_class = size_class,
        .from = ksi_process_id(s->current),
        .serial = serial };
    m->public.body = m->body;
    struct asked *asked = asked_in(m);
    *asked = (struct asked){ question->look, question->arg_size, question->out_size };
    memcpy(arg_of(asked), question->arg, question->arg_size);
    return m;
}

/* Even: no call is open, and no answer to a call is taken for this one. */
static uint32_t next_serial(struct ksi_process *self)
{
    ksi_add_owned(&self->call_serial, 2);
    return ksi_load_relaxed(&self->call_serial);
}

static ks_status ask_elsewhere(
    struct ksi_scheduler *s, uint64_t id, const struct ksi_question *question)
{
    struct ksi_process *self = s->current;
    struct asking asking = { .call = { .target = id }, .question = question };
    ks_ms left = ksi_time_left(s);
    struct ksi_message *m = block_new(s, question, next_serial(self));
    if (!m) return KS_NOMEM;
    self->request = NULL;
    self->call = &asking.call;
    ksi_block_push(ksi_slot_of(s, id), id, m);
    ks_status status = ksi_block(s, KSI_WAIT_REPLY, left < ANSWER_MS ? left : ANSWER_MS);
    self->call = NULL;
    return status ? KS_TIMEOUT : asking.status; /* KS_NOMEM for a stack: it was asked, in vain */
}

ks_status ksi_ask(struct ksi_scheduler *s, uint64_t id, const struct ksi_question *question)
{
    struct ksi_process *p = ksi_process_of(s, id);
    if (!p) return KS_NOPROC;
    if (!ksi_is_home(s, p)) return ksi_may_block(s) ? ask_elsewhere(s, id, question) : KS_DENIED;
    ksi_inbox_drain(s, p);
    if (!ksi_is_here(s, p, id)) return KS_NOPROC;
    question->look(s, p, question->arg, question->out);
    return KS_OK;
}

/* --- answering -------------------------------------------------------------------------------- */
static void answer(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    struct asked *asked = asked_in(m);
    m->code = p ? KS_OK : KS_NOPROC;
    if (p) asked->look(s, p, arg_of(asked), out_of(asked));
    m->kind = KSI_TOLD;
    ksi_block_push(ksi_slot_of(s, m->from), m->from, m);
}

static void take_answer(struct ksi_scheduler *s, struct ksi_process *self, struct ksi_message *m)
{
    struct asked *asked = asked_in(m);
    struct asking *asking = KSI_CONTAINER_OF(self->call, struct asking, call);
    asking->status = (ks_status)m->code;
    if (!asking->status) {
        memcpy(asking->question->arg, arg_of(asked), asked->arg_size);
        if (asked->out_size) memcpy(asking->question->out, out_of(asked), asked->out_size);
    }
    ksi_wake(s, self, KSI_WAIT_REPLY);
}

void ksi_ask_apply(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    if (m->kind == KSI_ASK) {
        answer(s, p, m);
        return;
    }
    /* relaxed: our own */
    if (p && p->wait == KSI_WAIT_REPLY && ksi_load_relaxed(&p->call_serial) == m->serial)
        take_answer(s, p, m);
    ksi_message_free(s, m);
}
