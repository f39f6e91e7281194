/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - see client.h. */
#include "runtime/client.h"
#include "base/base.h"
#include "runtime/signal.h"
#include <kiosk/behaviour.h>
#include <kiosk/log.h>
#include <stdlib.h>
#include <string.h>

const ks_module ksi_client_module = {
    .version = KS_MODULE_VERSION, .name = "client", .behaviour = &ks_process_behaviour
};

/* --- their schedulers ------------------------------------------------------------------------- */
void ksi_clients_init(struct ksi_clients *clients)
{
    int error = pthread_mutex_init(&clients->lock, NULL);
    KSI_ASSERT(error == 0); /* glibc's never fails */
}

void ksi_clients_end(struct ksi_clients *clients)
{
    uint32_t count = ksi_load_relaxed(&clients->count); /* nobody else is there */
    for (uint32_t i = 0; i < count; i++) {
        ksi_scheduler_end(clients->of[i]);
        free(clients->of[i]);
    }
    pthread_mutex_destroy(&clients->lock);
}

struct ksi_scheduler *ksi_client_new(struct ksi_runtime *runtime, const struct ksi_seams *seams)
{
    struct ksi_clients *clients = &runtime->clients;
    uint32_t index = ksi_load_relaxed(&clients->count); /* one at a time */
    struct ksi_scheduler *s = NULL;
    if (index < KSI_CLIENTS_MAX) s = aligned_alloc(_Alignof(struct ksi_scheduler), sizeof *s);
    if (!s) return NULL;
    memset(s, 0, sizeof *s);
    s->client = s->parallel = true;
    if (!ksi_scheduler_init(runtime, s, seams, KSI_SCHEDULERS_MAX + index)) {
        ksi_scheduler_end(s);
        free(s);
        return NULL;
    }
    clients->of[index] = s;
    ksi_store_release(&clients->count, index + 1); /* the client; pairs with who counts them */
    return s;
}

/* --- a client --------------------------------------------------------------------------------- */
bool ksi_client_begin(struct ksi_scheduler *s)
{
    struct ksi_process *p = ksi_signals_reserve(s) ? ksi_process_new(s) : NULL;
    if (!p) return false;
    ksi_store_relaxed(&s->stopping, false); /* ours */
    s->cut = s->heard_drain = false;
    p->module = &ksi_client_module;
    s->current = s->guest = p;
    ksi_runner_begin(&s->first);
    struct ksi_stack *own = &s->first.end;
    ksi_stack_of_thread(own);
    own->runner = &s->first;
    s->stack = own;
    ksi_go_out();
    return true;
}

/* The loop is left where it is, and another thread may be the next to come. */
void ksi_client_end(struct ksi_scheduler *s)
{
    struct ksi_process *p = s->current;
    ks_reason reason = { .kind = KS_REASON_NORMAL };
    if (s->cut) reason = (ks_reason){ .kind = (ks_reason_kind)s->cut_kind, .code = s->cut_code };
    p->flags |= KSI_EXITING;
    ksi_set_reason(s, p, reason);
    s->current = s->guest = NULL;
    ksi_ready(s, p);
    ksi_scheduler_finish(s);
    ksi_this_scheduler = NULL;
    ksi_this_thread.runner = NULL;
    ksi_stacks_renew(&s->first.stacks);
    ksi_pool_end(&s->pool); /* it may be long until somebody needs it */
}

void ksi_client_cut(struct ksi_scheduler *s, ks_reason reason)
{
    if (s->cut) return; /* the first one wins */
    s->cut = true;
    s->cut_kind = (int32_t)reason.kind;
    s->cut_code = reason.code;
}

void ksi_client_exit(struct ksi_scheduler *s, ks_reason reason)
{
    char text[KS_REASON_TEXT_MAX + 64];
    ksi_client_cut(s, reason);
    if (!ks_is_clean(reason))
        ks_log_error("kiosk: a client ends, and its thread with it: %s",
            ks_reason_text(reason, text, sizeof text));
    ksi_go_out();
    pthread_exit(NULL);
}

void ksi_client_give_up(struct ksi_scheduler *s)
{
    struct ksi_process *p = s->guest;
    if (!p) return;
    p->flags &= ~(uint32_t)KSI_SUSPENDED; /* nobody is there to resume it */
    if (p->wait == KSI_WAIT_NOTHING) {
        ksi_ready(s, p);
        return;
    }
    ksi_cancel_timer(s, p);
    ksi_time_out(s, p);
}

/* --- whom clients start ----------------------------------------------------------------------- */
/* Who has nothing to do, else one after the other. */
static struct ksi_scheduler *choose_home(struct ksi_scheduler *s)
{
    struct ksi_runtime *runtime = s->runtime;
    uint32_t count = runtime->scheduler_count, first = s->others_waited++ % count;
    for (uint32_t i = 0; i < count; i++) {
        struct ksi_scheduler *other = runtime->schedulers[(first + i) % count];
        if (ksi_load_relaxed(&other->hungry)) return other; /* a hint */
    }
    return runtime->schedulers[first];
}

/* Under the lock, so that who closes the runtime to us sees all that were let in before. */
bool ksi_launch_elsewhere(struct ksi_scheduler *s, struct ksi_process *p, uint32_t held_on)
{
    struct ksi_clients *clients = &s->runtime->clients;
    struct ksi_scheduler *home = held_on ? s->runtime->schedulers[held_on - 1] : choose_home(s);
    p->flags &= ~(uint32_t)KSI_QUEUED; /* who is held was kept out of our queue by it */
    pthread_mutex_lock(&clients->lock);
    bool open = !clients->closed;
    if (open) ksi_send_off(s, p, home);
    pthread_mutex_unlock(&clients->lock);
    return open;
}

/* --- the end of a runtime --------------------------------------------------------------------- */
void ksi_clients_close(struct ksi_clients *clients)
{
    pthread_mutex_lock(&clients->lock);
    clients->closed = true;
    pthread_mutex_unlock(&clients->lock);
}

void ksi_clients_over(struct ksi_clients *clients)
{
    ksi_store_release(&clients->over, true); /* pairs with the acquire in ksi_client_is_cut() */
    /* acquire: they are there; pairs with the release in ksi_client_new() */
    uint32_t count = ksi_load_acquire(&clients->count);
    for (uint32_t i = 0; i < count; i++) clients->of[i]->seams.unpark(clients->of[i]->seams.arg);
}
