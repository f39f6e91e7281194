/* SPDX-License-Identifier: Apache-2.0 */
/* socket.c - the table of sockets, ownership, waiting. See socket.h. */
#include "io/socket.h"
#include "base/base.h"
#include "io/limit.h"
#include "runtime/drain.h"
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GENERATION_MAX = 0x7fffffff, NS_PER_MS = 1000000 };
enum { DISCARDED = 1 << 20, SCRATCH = 1 << 16 };

/* --- the table -------------------------------------------------------------------------------- */
static struct ksi_socket_slot *slot_at(const struct ksi_io *io, uint32_t index)
{
    return ksi_slot_at(io->sockets, index);
}

/* Nobody's yet. False: out of memory. */
static bool take_slot(struct ksi_io *io, struct ksi_socket *socket)
{
    socket->index = ksi_slot_take(io->sockets, &io->free_sockets);
    if (!socket->index) return false;
    struct ksi_socket_slot *slot = slot_at(io, socket->index);
    if (!slot->generation) slot->generation = 1; /* its first tenant */
    socket->generation = slot->generation;
    return true;
}

/* Of a socket that is here, or in flight and given up here. */
static void give_slot(struct ksi_io *io, struct ksi_socket *socket)
{
    uint32_t index = socket->index;
    struct ksi_socket_slot *slot = slot_at(io, index);
    socket->index = 0;
    slot->socket = NULL;
    ksi_store_relaxed(&slot->io, NULL); /* it was ours, or nobody's: others see no change */
    if (slot->generation++ == GENERATION_MAX) return; /* used up */
    ksi_slot_give_any(io->sockets, &io->free_sockets, index);
}

static bool is_here(const struct ksi_io *io, const struct ksi_socket *socket)
{
    return ksi_load_relaxed(&slot_at(io, socket->index)->io) == io; /* only we make it so */
}

struct ksi_socket *ksi_socket_find(struct ksi_io *io, uint64_t handle)
{
    uint32_t index = (uint32_t)handle;
    /* acquire: the slot is there; pairs with the release in slots.c */
    if (index == 0 || index >= ksi_load_acquire(&io->sockets->used)) return NULL;
    const struct ksi_socket_slot *slot = slot_at(io, index);
    /* relaxed: only we make it ours, and what it holds is ours then */
    if (ksi_load_relaxed(&slot->io) != io) return NULL;
    return slot->generation == handle >> 32 ? slot->socket : NULL;
}

struct ksi_socket *ksi_socket_mine(struct ksi_io *io, ks_socket handle)
{
    struct ksi_socket *socket = io ? ksi_socket_find(io, handle.id) : NULL;
    if (!socket || socket->owner != ksi_process_id(io->scheduler->current)) return NULL;
    return socket;
}

/* --- the end ---------------------------------------------------------------------------------- */
/* What was received and never read would make the kernel reset the stream, and with it what was
 * just sent. */
static void discard_received(struct ksi_io *io, struct ksi_socket *socket)
{
    if (socket->listens || socket->datagrams || socket->ended || socket->receive_error) return;
    if (!socket->local) {
        (void)recv(socket->fd, NULL, DISCARDED, MSG_TRUNC | MSG_DONTWAIT);
        return;
    }
    char *scratch = ksi_io_scratch(io, SCRATCH); /* such a stream cannot be cut off */
    for (int i = 0; scratch && i < DISCARDED / SCRATCH; i++)
        if (recv(socket->fd, scratch, SCRATCH, MSG_DONTWAIT) <= 0) break;
}

void ksi_socket_destroy(struct ksi_io *io, struct ksi_socket *socket)
{
    struct ksi_pool *pool = &io->scheduler->pool;
    socket->tells_writable = false;
    ksi_active_unask(socket);
    ksi_active_drop(io, socket);
    ksi_output_unmark(socket);
    ksi_output_send(io, socket);
    discard_received(io, socket);
    close(socket->fd); /* epoll forgets it, too */
    ksi_bytes_drop(pool, &socket->in);
    ksi_bytes_drop(pool, &socket->out);
    if (socket->index) give_slot(io, socket);
    ksi_limit_leave(socket->limit, socket->listens);
    ksi_pool_give(pool, socket, socket->size_class);
}

/* The owner ends. */
static void release(void *resource) { ksi_socket_destroy(ksi_this_scheduler->io, resource); }

/* --- ownership -------------------------------------------------------------------------------- */
static bool give_to(struct ksi_scheduler *s, struct ksi_socket *socket, struct ksi_process *owner)
{
    struct ksi_record *record = ksi_record_new(s, owner, KSI_RECORD_RESOURCE);
    if (!record) return false;
    owner->flags |= KSI_BOUND;
    record->own.release = release;
    record->own.resource = socket;
    socket->record = ksi_record_index(s, record);
    socket->owner = ksi_process_id(owner);
    socket->waits = 0; /* a former owner may have ended while it waited */
    return true;
}

static void take_away(struct ksi_scheduler *s, struct ksi_socket *socket)
{
    struct ksi_process *owner = ksi_process_of(s, socket->owner);
    struct ksi_record *record = ksi_record_at(s, socket->record);
    ksi_record_remove(s, owner, record);
    ksi_record_free(s, record);
    socket->record = 0;
    socket->owner = 0;
}

void ksi_socket_close(struct ksi_io *io, struct ksi_socket *socket)
{
    ksi_active_pick_up(io, socket); /* to be dropped */
    take_away(io->scheduler, socket);
    ksi_socket_destroy(io, socket);
}

/* --- in flight: with several schedulers a socket leaves the poller of its owner, its slot is
 * nobody's, and its handle is its address; with one it stays where it is */
#define IN_FLIGHT (UINT64_C(1) << 63)

static bool wanders(const struct ksi_scheduler *s) { return s->parallel; }

static struct ksi_socket *in_flight(struct ksi_scheduler *s, ks_socket handle)
{
    if (handle.id & IN_FLIGHT) return (struct ksi_socket *)(uintptr_t)(handle.id & ~IN_FLIGHT);
    struct ksi_socket *socket = ksi_socket_find(s->io, handle.id);
    return socket && socket->owner == 0 ? socket : NULL;
}

static void leave(struct ksi_io *io, struct ksi_socket *socket)
{
    ksi_active_unask(socket);
    ksi_output_unmark(socket);
    ksi_output_send(io, socket);
    (void)ksi_poller_set(&io->poller, EPOLL_CTL_DEL, socket->fd, 0, 0);
    slot_at(io, socket->index)->socket = NULL;
    /* relaxed: whoever enters it has it from us, by a message */
    ksi_store_relaxed(&slot_at(io, socket->index)->io, NULL);
}

/* A new one, or one that left. */
static ks_status enter(struct ksi_io *io, struct ksi_socket *socket)
{
    if (!socket->index && !take_slot(io, socket)) return KS_NOMEM;
    slot_at(io, socket->index)->socket = socket;
    ksi_store_relaxed(&slot_at(io, socket->index)->io, io); /* only we look for it by this */
    ks_status status = ksi_poller_set(&io->poller, EPOLL_CTL_ADD, socket->fd,
        EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, ksi_socket_handle(socket).id);
    if (status) give_slot(io, socket);
    return status;
}

static bool detach(struct ksi_scheduler *s, ks_socket *handle)
{
    struct ksi_socket *socket = s->current ? ksi_socket_mine(s->io, *handle) : NULL;
    if (!socket) return false;
    ksi_active_pick_up(s->io, socket);
    take_away(s, socket);
    if (!wanders(s)) return true;
    leave(s->io, socket);
    handle->id = IN_FLIGHT | (uintptr_t)socket;
    return true;
}

static void close_in_flight(struct ksi_scheduler *s, ks_socket handle)
{
    struct ksi_socket *socket = in_flight(s, handle);
    if (socket) ksi_socket_destroy(s->io, socket);
}

/* Without memory for the record it is closed, so that nothing outlives its owner. */
static void attach(struct ksi_scheduler *s, ks_socket *handle, struct ksi_process *to)
{
    struct ksi_socket *socket = in_flight(s, *handle);
    bool good = socket && (is_here(s->io, socket) || enter(s->io, socket) == KS_OK);
    good = good && give_to(s, socket, to);
    if (!good && socket) ksi_socket_destroy(s->io, socket);
    *handle = good ? ksi_socket_handle(socket) : (ks_socket){ 0 };
    if (!good) return;
    if (ksi_bytes_count(&socket->out)) ksi_output_mark(s->io, socket);
    ksi_active_put_down(s->io, socket);
}

static void drain(struct ksi_scheduler *s)
{
    const struct ksi_socket *socket;
    uint32_t number = 0;
    while ((socket = ksi_io_next_socket(s->io, &number))) {
        if (!(socket->waits & KS_READABLE)) continue;
        struct ksi_process *owner = ksi_process_of(s, socket->owner);
        if (owner && (socket->listens || (owner->flags & KSI_TRAPS_DRAIN)))
            ksi_wake(s, owner, KSI_WAIT_EVENT);
    }
}

const struct ksi_socket_hooks ksi_socket_hooks = { .detach = detach,
    .attach = attach,
    .close = close_in_flight,
    .drain = drain,
    .taken = ksi_active_taken };

/* --- a new one -------------------------------------------------------------------------------- */
static ks_status add(struct ksi_io *io, struct ksi_socket *socket)
{
    ks_status status = enter(io, socket);
    if (status || give_to(io->scheduler, socket, io->scheduler->current)) return status;
    leave(io, socket);
    give_slot(io, socket);
    return KS_NOMEM;
}

ks_status ksi_socket_new(
    struct ksi_io *io, int take_fd, const struct ksi_socket *like, struct ksi_socket **ret_socket)
{
    struct ksi_pool *pool = &io->scheduler->pool;
    uint8_t size_class;
    struct ksi_socket *socket = ksi_pool_get(pool, sizeof *socket, &size_class);
    ks_status status = KS_NOMEM;
    if (socket) {
        *socket = (struct ksi_socket){ .fd = take_fd,
            .readable = true,
            .writable = true,
            .size_class = size_class,
            .datagrams = like->datagrams,
            .local = like->local,
            .packet = like->packet,
            .packet_max = like->packet_max,
            .high_watermark = like->high_watermark,
            .low_watermark = like->low_watermark,
            .send_timeout = like->send_timeout };
        status = add(io, socket);
    }
    if (!status) {
        socket->limit = ksi_limit_share(like->limit);
        *ret_socket = socket;
        return KS_OK;
    }
    if (socket) ksi_pool_give(pool, socket, size_class);
    close(take_fd);
    return status;
}

/* --- waiting ---------------------------------------------------------------------------------- */
/* The first wait gets the time-out as it is, later ones what is left; never early. */
ks_ms ksi_patience_left(struct ksi_scheduler *s, struct ksi_patience *patience)
{
    if (patience->timeout >= KS_INFINITY) return KS_INFINITY;
    if (patience->timeout <= 0) return 0;
    ks_ms now = ksi_fresh_ns(s) / NS_PER_MS;
    if (patience->until) return patience->until > now ? patience->until - now : 0;
    patience->until = now + 1 + patience->timeout;
    return patience->timeout;
}

ks_status ksi_socket_wait(
    struct ksi_io *io, struct ksi_socket *socket, int what, struct ksi_patience *patience)
{
    struct ksi_scheduler *s = io->scheduler;
    if (!ksi_may_block(s)) return KS_DENIED;
    ks_ms left = ksi_patience_left(s, patience);
    if (left <= 0) return KS_TIMEOUT;
    if (what == KS_READABLE && ksi_drain_interrupts(s, s->current)) return KS_DRAINING;
    io->unblocked = 0;
    socket->waits = (uint8_t)what;
    ks_status status = ksi_io_block(io, left);
    socket->waits = 0;
    return status;
}

void ksi_socket_event(struct ksi_io *io, uint64_t data, uint32_t events)
{
    struct ksi_socket *socket = ksi_socket_find(io, data);
    if (!socket) return;
    if (!socket->datagrams && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) socket->hung_up = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) socket->readable = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        socket->writable = true;
        ksi_output_send(io, socket);
    }
    if (socket->active) ksi_active_deliver(io, socket);
    bool wakes = ((socket->waits & KS_READABLE) && socket->readable) ||
        ((socket->waits & KS_WRITABLE) && ksi_output_is_low(socket));
    struct ksi_process *owner = wakes ? ksi_process_of(io->scheduler, socket->owner) : NULL;
    if (owner) ksi_wake(io->scheduler, owner, KSI_WAIT_EVENT);
}
