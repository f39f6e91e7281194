/* SPDX-License-Identifier: Apache-2.0 */
/* hibernate.c - processes that sleep, and plain processes that become something else.
 *
 * A server that waits owns no stack anyway: hibernating it lets its callback give caches back, and
 * frees what the runtime keeps for it without need. A plain process owns a stack while it waits; it
 * can give it up, and go on as a server, or as a function that a message wakes. Used by the owning
 * scheduler only. */
#include "base/base.h"
#include "runtime/ask.h"
#include "runtime/client.h"
#include "runtime/start.h"
#include <string.h>

void ksi_fall_asleep(struct ksi_scheduler *s, struct ksi_process *p)
{
    const ks_behaviour *behaviour = p->module->behaviour;
    p->flags |= KSI_ASLEEP; /* before: what comes in while the callback blocks wakes it */
    ksi_go_out();
    if (behaviour->on_hibernate) behaviour->on_hibernate(p->module, p->state);
    ksi_come_in();
    ksi_turn_end(s, p);
}

void ksi_trim(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_cold *cold = p->cold;
    if (!cold) return;
    while (cold->stop_texts) { /* of a ks_stop that was not returned */
        struct ksi_block *block = cold->stop_texts;
        cold->stop_texts = block->next;
        ksi_pool_give(&s->pool, block, block->size_class);
    }
    if (cold->start || cold->last_reply || cold->label || cold->reason_text) return;
    if (cold->memory_max || cold->timeouts || cold->marks) return;
    if (cold->bound || cold->suspensions) return;
    p->cold = NULL;
    ksi_pool_give(&s->pool, cold, ksi_pool_class_of(sizeof *cold));
}

static void look_whether_asleep(
    struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out)
{
    *(bool *)arg = (p->flags & KSI_ASLEEP) && !p->mailbox && !p->stack && p != s->current &&
        !(p->flags & KSI_EXITING);
}

bool ks_is_hibernating(ks_pid pid)
{
    KSI_ENTER(s);
    uint64_t id;
    bool sleeps = false;
    if (!s || !ksi_resolve_id(s, pid, &id)) return false;
    const struct ksi_question question = {
        .look = look_whether_asleep, .arg = &sleeps, .arg_size = sizeof sleeps
    };
    return ksi_ask(s, id, &question) == KS_OK && sleeps;
}

/* --- what a plain process may become ---------------------------------------------------------- */
/* The caller; ends it when it is not a plain process. */
static struct ksi_process *plain_self(struct ksi_scheduler *s, const char *what)
{
    KSI_ASSERT(s && s->current); /* there is nobody to go on */
    if ((s->current->flags & KSI_IN_HOOK) || !ksi_is_plain(s->current) || ksi_is_client(s->current))
        ks_exit(ks_error("%s is for plain processes", what));
    return s->current;
}

/* Not zeroed; without memory the process ends. */
static void *state_new(struct ksi_scheduler *s, size_t size)
{
    uint8_t size_class;
    void *state = ksi_pool_get(&s->pool, size, &size_class);
    if (!state) ks_exit(ksi_because(KS_NOMEM));
    return state;
}

void ks_enter_loop_(const ks_module *module, const void *state, ks_next next)
{
    KSI_ENTER(s);
    struct ksi_process *self = plain_self(s, "enter_loop");
    void *copy = module->state_size ? state_new(s, module->state_size) : NULL;
    if (copy && state) memcpy(copy, state, module->state_size);
    if (copy && !state) memset(copy, 0, module->state_size);
    ksi_started(s, self);
    self->state = copy;
    self->module = module;
    self->flags |= ksi_rests(module);
    ksi_turn_end(s, self);
    ksi_go_on(s, self, next);
    ksi_leave(s);
}

struct wake {
    void (*fn)(void *arg);
    void *arg;
};
_Static_assert(sizeof(struct wake) <= KSI_POOL_SMALLEST, "freed as the state of no size");

void ks_hibernate_then(void (*fn)(void *arg), void *arg)
{
    KSI_ENTER(s);
    struct ksi_process *self = plain_self(s, "ks_hibernate_then");
    struct wake *wake = state_new(s, sizeof *wake);
    *wake = (struct wake){ fn, arg };
    ksi_started(s, self);
    self->state = wake;
    self->flags |= KSI_WAKES | KSI_ASLEEP;
    ksi_turn_end(s, self);
    ksi_trim(s, self);
    ksi_leave(s);
}

void ksi_wake_up(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct wake wake = *(const struct wake *)p->state;
    ksi_pool_give(&s->pool, p->state, ksi_pool_class_of(0));
    p->state = NULL;
    p->flags &= ~(uint32_t)(KSI_WAKES | KSI_ASLEEP);
    ksi_go_out();
    wake.fn(wake.arg);
    ksi_come_in();
    ksi_go_on(s, p, ks_stop(KS_NORMAL));
    ksi_turn_end(s, p);
}
