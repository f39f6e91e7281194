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

enum { GENERATION_MAX = 0x7fffffff, FIRST_SLOTS = KSI_KNOB(64, 2), NS_PER_MS = 1000000 };
enum { DISCARDED = 1 << 20, SCRATCH = 1 << 16 };

/* --- the table -------------------------------------------------------------------------------- */
static uint32_t take_slot(struct ksi_io *io)
{
    uint32_t index = io->slots_free;
    if (index) {
        io->slots_free = io->slots[index].next;
        return index;
    }
    if (io->slots_used >= io->slots_size) {
        uint32_t size = io->slots_size ? io->slots_size * 2 : FIRST_SLOTS;
        struct ksi_socket_slot *larger = realloc(io->slots, size * sizeof *larger);
        if (!larger) return 0;
        io->slots = larger;
        io->slots_size = size;
    }
    io->slots[io->slots_used] = (struct ksi_socket_slot){ .generation = 1 };
    return io->slots_used++;
}

static void give_slot(struct ksi_io *io, uint32_t index)
{
    struct ksi_socket_slot *slot = &io->slots[index];
    slot->socket = NULL;
    if (slot->generation++ == GENERATION_MAX) return; /* used up */
    slot->next = io->slots_free;
    io->slots_free = index;
}

struct ksi_socket *ksi_socket_find(struct ksi_io *io, uint64_t handle)
{
    uint32_t index = (uint32_t)handle;
    if (index == 0 || index >= io->slots_used) return NULL;
    struct ksi_socket_slot *slot = &io->slots[index];
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
    if (socket->index) give_slot(io, socket->index);
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

/* --- in flight: with several schedulers a socket leaves the table and the poller of its owner, and
 * its handle is its address; with one it stays where it is */
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
    give_slot(io, socket->index);
    socket->index = 0;
}

static ks_status enter(struct ksi_io *io, struct ksi_socket *socket)
{
    socket->index = take_slot(io);
    if (!socket->index) return KS_NOMEM;
    socket->generation = io->slots[socket->index].generation;
    io->slots[socket->index].socket = socket;
    ks_status status = ksi_poller_set(&io->poller, EPOLL_CTL_ADD, socket->fd,
        EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, ksi_socket_handle(socket).id);
    if (!status) return KS_OK;
    give_slot(io, socket->index);
    socket->index = 0;
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
    bool good = socket && (socket->index || enter(s->io, socket) == KS_OK);
    good = good && give_to(s, socket, to);
    if (!good && socket) ksi_socket_destroy(s->io, socket);
    *handle = good ? ksi_socket_handle(socket) : (ks_socket){ 0 };
    if (!good) return;
    if (ksi_bytes_count(&socket->out)) ksi_output_mark(s->io, socket);
    ksi_active_put_down(s->io, socket);
}

static void drain(struct ksi_scheduler *s)
{
    struct ksi_io *io = s->io;
    for (uint32_t i = 1; i < io->slots_used; i++) {
        const struct ksi_socket *socket = io->slots[i].socket;
        if (!socket || !(socket->waits & KS_READABLE)) continue;
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
