/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - foreign threads that are processes.
 *
 * A client is a scheduler with one process, whose stack is the thread's own. While the thread is
 * outside of the library, or on its way through it, that process is the running one; when it
 * blocks, the loop runs on a pooled stack of the thread's, and its seam `poll` waits. Nobody gives
 * a client work, and whom it starts is moved to another scheduler before it runs. Slots that it
 * took come home to it, so its scheduler stays with the runtime, and serves the next client. Its
 * stack is the program's and cannot be left, so its process ends by ksi_client_end() only: who is
 * condemned is cut, and waits for nothing any more. Used by the client's thread, but for what says
 * otherwise. */
#ifndef KSI_RUNTIME_CLIENT_H
#define KSI_RUNTIME_CLIENT_H
#include "runtime/scheduler.h"

extern const ks_module ksi_client_module;
static inline bool ksi_is_client(const struct ksi_process *p)
{
    return p->module == &ksi_client_module;
}
/* p belongs to a client: it is one, or was started by one and is not on its way yet. Any thread. */
static inline bool ksi_is_at_client(struct ksi_process *p)
{
    /* acquire: its scheduler is there; pairs with the release of who made, or moved, it */
    const struct ksi_scheduler *home = ksi_load_acquire(&p->scheduler);
    return home && home->client;
}

void ksi_clients_init(struct ksi_clients *clients);
/* All are closed. */
void ksi_clients_end(struct ksi_clients *clients);
/* A further scheduler for clients; seams are copied. NULL: out of memory, or there are
 * KSI_CLIENTS_MAX. Any thread; one at a time. */
struct ksi_scheduler *ksi_client_new(struct ksi_runtime *runtime, const struct ksi_seams *seams);
/* The calling thread is a process of s from now on. False: out of memory. */
bool ksi_client_begin(struct ksi_scheduler *s);
/* And no more: its end is told. On the thread's own stack, outside of any function of s. */
void ksi_client_end(struct ksi_scheduler *s);

/* Its process is condemned. Its waits end, as all to come. */
void ksi_client_cut(struct ksi_scheduler *s, ks_reason reason);
/* ks_exit: ends the thread; who closes clients of threads that end tells the reason. */
_Noreturn void ksi_client_exit(struct ksi_scheduler *s, ks_reason reason);
static inline bool ksi_client_is_cut(const struct ksi_scheduler *s)
{
    /* acquire: all that the schedulers did before; pairs with the release in ksi_clients_over() */
    return s->client && (s->cut || ksi_load_acquire(&s->runtime->clients.over));
}
/* What the process waits for will not come any more. */
void ksi_client_give_up(struct ksi_scheduler *s);

/* Nobody is started by a client any more. Any thread. */
void ksi_clients_close(struct ksi_clients *clients);
/* No scheduler runs any more: all clients stop waiting. Any thread. */
void ksi_clients_over(struct ksi_clients *clients);

#endif
