/* SPDX-License-Identifier: Apache-2.0 */
/* active.c - sockets that send their owner messages. See socket.h and kiosk/socket.h.
 *
 * A message is made when the poller reports, or when the scheduler puts a process aside that has
 * made room: by its mode, or by taking a message out of its mailbox. What stands in the mailbox is
 * counted in blocks of 64 bytes, so that packets of a byte are no exception. Without memory for a
 * message its owner ends: it would wait for ever. */
#include "base/base.h"
#include "io/socket.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include <errno.h>

KS_TYPE(ks_received, (local, socket), bytes);
KS_TYPE(ks_datagram, (local, socket), bytes, (record, from, ks_address), truncated);
KS_TYPE(ks_socket_passive, (local, socket));
KS_TYPE(ks_socket_closed, (local, socket), status);
KS_TYPE(ks_socket_writable, (local, socket));
KS_TYPE(ks_socket_error, (local, socket), status);

enum { COUNT_MAX = 32767, UNIT = 64 };

/* --- asking ----------------------------------------------------------------------------------- */
void ksi_active_ask(struct ksi_io *io, struct ksi_socket *socket)
{
    if (socket->asking_link) return;
    socket->asking_link = &io->asking;
    socket->asking_next = io->asking;
    if (io->asking) io->asking->asking_link = &socket->asking_next;
    io->asking = socket;
    io->scheduler->flush = ksi_output_flush;
}

void ksi_active_unask(struct ksi_socket *socket)
{
    if (!socket->asking_link) return;
    *socket->asking_link = socket->asking_next;
    if (socket->asking_next) socket->asking_next->asking_link = socket->asking_link;
    socket->asking_link = NULL;
}

/* --- messages --------------------------------------------------------------------------------- */
static uint32_t units_of(const struct ksi_message *m) { return ksi_weight_units(m->weight) + 1; }

static bool window_is_open(const struct ksi_socket *socket)
{
    return socket->queued <= socket->packet_max / UNIT;
}

static void put(struct ksi_scheduler *s, struct ksi_socket *socket, struct ksi_message *m)
{
    struct ksi_process *owner = ksi_process_of(s, socket->owner);
    KSI_ASSERT(owner);
    socket->queued += units_of(m);
    ksi_message_put(s, owner, m);
}

/* NULL: out of memory. */
static struct ksi_message *message_of(
    struct ksi_scheduler *s, const ks_type *type, const void *value)
{
    struct ksi_message *m = ksi_message_new(s, type, value);
    if (!m) return NULL;
    m->kind = KSI_PACKET;
    if (!m->weight) m->weight = 1;
    return m;
}

static void end_owner(struct ksi_scheduler *s, const struct ksi_socket *socket)
{
    struct ksi_process *owner = ksi_process_of(s, socket->owner);
    static const ks_reason reason = {
        .kind = KS_REASON_STATUS, .code = KS_NOMEM, .text = "no memory for a message of its socket"
    };
    owner->flags |= KSI_OWN_END; /* worth a report */
    ksi_condemn(s, owner, reason);
    ksi_ready(s, owner); /* also when it is just being put aside */
}

/* False: the owner ends. */
static bool tell(
    struct ksi_io *io, struct ksi_socket *socket, const ks_type *type, const void *value)
{
    struct ksi_message *m = message_of(io->scheduler, type, value);
    if (m)
        put(io->scheduler, socket, m);
    else
        end_owner(io->scheduler, socket);
    return m != NULL;
}

void ksi_active_tell_writable(struct ksi_io *io, struct ksi_socket *socket)
{
    const struct ksi_process *owner = ksi_process_of(io->scheduler, socket->owner);
    if (!ksi_output_is_low(socket) || !owner || (owner->flags & KSI_EXITING)) return;
    socket->tells_writable = false;
    (void)tell(
        io, socket, &ks_socket_writable_type, &(ks_socket_writable){ ksi_socket_handle(socket) });
}

/* --- one packet after the other --------------------------------------------------------------- */
/* Nothing more comes. */
static bool close_it(struct ksi_io *io, struct ksi_socket *socket, ks_status status)
{
    socket->active = KS_PASSIVE;
    (void)tell(io, socket, &ks_socket_closed_type,
        &(ks_socket_closed){ ksi_socket_handle(socket), status });
    return false;
}

/* A message was sent. False: no more for now. */
static bool count_one(struct ksi_io *io, struct ksi_socket *socket)
{
    if (socket->active == KS_ACTIVE) return true;
    bool counted = socket->active == KS_ACTIVE_COUNTED;
    if (counted && --socket->active_left > 0) return true;
    socket->active = KS_PASSIVE;
    if (counted)
        (void)tell(
            io, socket, &ks_socket_passive_type, &(ks_socket_passive){ ksi_socket_handle(socket) });
    return false;
}

static bool send_received(
    struct ksi_io *io, struct ksi_socket *socket, const struct ksi_frame *frame)
{
    struct ksi_bytes *in = &socket->in;
    const ks_received received = { ksi_socket_handle(socket),
        { in->ptr + in->start + frame->skip, frame->length } };
    if (!tell(io, socket, &ks_received_type, &received)) return false;
    in->start += frame->skip + frame->length + frame->cut;
    return count_one(io, socket);
}

static bool next_received(struct ksi_io *io, struct ksi_socket *socket)
{
    struct ksi_frame frame;
    ks_status status = ksi_stream_next(io, socket, &frame);
    if (status == KS_OK) return send_received(io, socket, &frame);
    if (status == KS_NOMEM) end_owner(io->scheduler, socket);
    if (status == KS_NOMEM || status == KS_TIMEOUT) return false;
    return close_it(io, socket, status);
}

static bool next_datagram(struct ksi_io *io, struct ksi_socket *socket)
{
    ks_datagram datagram;
    ks_status status = ksi_datagram_next(io, socket, &datagram);
    if (status == KS_OK)
        return tell(io, socket, &ks_datagram_type, &datagram) && count_one(io, socket);
    if (status == KS_NOMEM) end_owner(io->scheduler, socket);
    if (status == KS_NOMEM || status == KS_TIMEOUT) return false;
    if (status == KS_CLOSED) return close_it(io, socket, status);
    const ks_socket_error error = { ksi_socket_handle(socket), status };
    return tell(io, socket, &ks_socket_error_type, &error) && count_one(io, socket);
}

void ksi_active_deliver(struct ksi_io *io, struct ksi_socket *socket)
{
    const struct ksi_process *owner = ksi_process_of(io->scheduler, socket->owner);
    ksi_active_unask(socket);
    if (!owner || (owner->flags & KSI_EXITING)) return;
    ksi_bytes_settle(&socket->in);
    while (socket->active && window_is_open(socket)) {
        bool goes_on = socket->datagrams ? next_datagram(io, socket) : next_received(io, socket);
        if (!goes_on) break;
    }
    if (!ksi_bytes_count(&socket->in)) ksi_bytes_drop(&io->scheduler->pool, &socket->in);
}

/* --- in the mailbox, and on the way ----------------------------------------------------------- */
void ksi_active_taken(struct ksi_scheduler *s, const struct ksi_message *m)
{
    struct ksi_socket *socket = ksi_socket_find(s->io, m->body[0]);
    if (!socket) return;
    socket->queued -= units_of(m);
    if (socket->active) ksi_active_ask(s->io, socket);
}

void ksi_active_pick_up(struct ksi_io *io, struct ksi_socket *socket)
{
    struct ksi_process *owner = ksi_process_of(io->scheduler, socket->owner);
    if (!socket->queued || !owner) return;
    uint64_t handle = ksi_socket_handle(socket).id;
    struct ksi_message **end = &socket->carried;
    for (struct ksi_message **link = &owner->mailbox; *link;) {
        if ((*link)->kind != KSI_PACKET || (*link)->body[0] != handle) {
            link = &(*link)->next;
            continue;
        }
        *end = ksi_mailbox_take(owner, link);
        end = &(*end)->next;
    }
    owner->flags |= KSI_CUT;
}

static struct ksi_message *next_carried(struct ksi_socket *socket)
{
    struct ksi_message *m = socket->carried;
    if (m) socket->carried = m->next;
    return m;
}

void ksi_active_put_down(struct ksi_io *io, struct ksi_socket *socket)
{
    struct ksi_message *m;
    socket->queued = 0;
    while ((m = next_carried(socket))) {
        m->body[0] = ksi_socket_handle(socket).id;
        put(io->scheduler, socket, m);
    }
    if (socket->tells_writable) ksi_active_tell_writable(io, socket);
    if (socket->active) ksi_active_ask(io, socket);
}

void ksi_active_drop(struct ksi_io *io, struct ksi_socket *socket)
{
    struct ksi_message *m;
    while ((m = next_carried(socket))) ksi_message_free(io->scheduler, m);
}

/* --- the calls -------------------------------------------------------------------------------- */
static struct ksi_socket *mine(struct ksi_io *io, ks_socket handle, ks_status *ret_status)
{
    struct ksi_socket *socket = ksi_socket_mine(io, handle);
    *ret_status = !socket ? -EBADF : socket->listens ? -ENOTCONN : KS_OK;
    return *ret_status ? NULL : socket;
}

ks_status ks_set_active(ks_socket handle, ks_active_mode mode)
{
    KSI_ENTER(s);
    ks_status status;
    struct ksi_socket *socket = mine(ksi_io_of(s), handle, &status);
    if (!socket) return status;
    if (mode != KS_PASSIVE && mode != KS_ACTIVE && mode != KS_ACTIVE_ONCE) return KS_BADARG;
    socket->active = (uint8_t)mode;
    socket->active_left = 0;
    if (mode) ksi_active_ask(s->io, socket);
    return KS_OK;
}

ks_status ks_set_active_count(ks_socket handle, int count)
{
    KSI_ENTER(s);
    ks_status status;
    struct ksi_socket *socket = mine(ksi_io_of(s), handle, &status);
    if (!socket) return status;
    if (count < -COUNT_MAX - 1 || count > COUNT_MAX) return -EINVAL;
    int32_t left = (socket->active == KS_ACTIVE_COUNTED ? socket->active_left : 0) + count;
    if (left > COUNT_MAX) return -EINVAL;
    if (left <= 0) {
        const ks_socket_passive passive = { handle };
        struct ksi_message *m = message_of(s, &ks_socket_passive_type, &passive);
        if (!m) return KS_NOMEM;
        put(s, socket, m);
    }
    socket->active = left > 0 ? KS_ACTIVE_COUNTED : KS_PASSIVE;
    socket->active_left = left > 0 ? left : 0;
    if (socket->active) ksi_active_ask(s->io, socket);
    return KS_OK;
}

ks_status ks_controlling_process(ks_socket handle, ks_pid to)
{
    KSI_ENTER(s);
    uint64_t id;
    if (!ksi_socket_mine(ksi_io_of(s), handle)) return -EBADF;
    struct ksi_process *target = ksi_resolve_id(s, to, &id);
    if (!target) return KS_NOPROC;
    if (target == s->current) return KS_OK;
    struct ksi_message *m = ksi_message_new(s, &ks_socket_type, &handle);
    if (!m) return KS_NOMEM;
    return ksi_message_send_as(s, target, id, m, KSI_ALWAYS);
}
