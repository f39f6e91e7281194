/* SPDX-License-Identifier: Apache-2.0 */
/* io.c - see io.h. */
#include "io/io.h"
#include "base/base.h"
#include "io/socket.h"
#include <stdlib.h>

enum { SUCCESSES = KSI_KNOB(64, 1), SOCKETS_MAX = 1 << 22 };

static void on_event(void *arg, uint64_t data, uint32_t events)
{
    struct ksi_io *io = arg;
    if (KSI_UNLIKELY(data == KSI_IO_SIGNALS))
        io->on_signals(io->signals_arg);
    else if (data & KSI_IO_FOREIGN)
        ksi_waiting_event(io, data, events);
    else
        ksi_socket_event(io, data, events);
}

void ksi_io_be_fair(struct ksi_io *io)
{
    if (++io->unblocked < SUCCESSES || !ksi_may_block(io->scheduler)) return;
    io->unblocked = 0;
    ks_yield();
}

bool ksi_sockets_init(struct ksi_slots *sockets)
{
    return ksi_slots_init(sockets, sizeof(struct ksi_socket_slot),
        offsetof(struct ksi_socket_slot, next), SOCKETS_MAX, "kiosk sockets");
}

struct ksi_socket *ksi_io_next_socket(const struct ksi_io *io, uint32_t *number)
{
    /* acquire: the slots are there; pairs with the release in slots.c */
    uint32_t used = ksi_load_acquire(&io->sockets->used);
    for (uint32_t i = *number ? *number : 1; i < used; i++) {
        const struct ksi_socket_slot *slot = ksi_slot_at(io->sockets, i);
        if (ksi_load_relaxed(&slot->io) != io) continue; /* as in ksi_socket_find() */
        *number = i + 1;
        return slot->socket;
    }
    return NULL;
}

ks_status ksi_io_new(struct ksi_slots *sockets, struct ksi_io **ret_io)
{
    struct ksi_io *io = aligned_alloc(_Alignof(struct ksi_io), sizeof *io);
    if (!io) return KS_NOMEM;
    *io = (struct ksi_io){ .sockets = sockets };
    ks_status status = ksi_poller_init(&io->poller);
    if (status) {
        free(io);
        return status;
    }
    io->poller.on_event = on_event;
    io->poller.arg = io;
    *ret_io = io;
    return KS_OK;
}

void ksi_io_attach(struct ksi_io *io, struct ksi_scheduler *scheduler)
{
    io->scheduler = scheduler;
    io->poller.scheduler = scheduler;
    scheduler->io = io;
    scheduler->runtime->sockets = &ksi_socket_hooks;
}

void ksi_io_close_all(struct ksi_io *io)
{
    struct ksi_socket *socket;
    uint32_t number = 0;
    while ((socket = ksi_io_next_socket(io, &number))) ksi_socket_destroy(io, socket);
}

void ksi_io_free(struct ksi_io *io)
{
    if (!io) return;
    ksi_poller_end(&io->poller);
    free(io->waiting);
    free(io->scratch);
    free(io);
}

char *ksi_io_scratch(struct ksi_io *io, size_t size)
{
    if (io->scratch_size >= size) return io->scratch;
    free(io->scratch);
    io->scratch = malloc(size);
    io->scratch_size = io->scratch ? size : 0;
    return io->scratch;
}

ks_status ksi_io_block(struct ksi_io *io, ks_ms timeout)
{
    ks_ms left = ks_time_left();
    ks_status status = KS_TIMEOUT;
    if (left > 0)
        status = ksi_block(io->scheduler, KSI_WAIT_EVENT, left < timeout ? left : timeout);
    return status == KS_TIMEOUT && left < timeout ? KS_DEADLINE : status;
}
