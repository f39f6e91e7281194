/* SPDX-License-Identifier: Apache-2.0 */
/* output.c - what was written and not yet sent, and when. See socket.h.
 *
 * A socket that was written to is in the list of its scheduler until that flushes it; what the
 * kernel does not take then is sent as it reports room. */
#include "base/base.h"
#include "io/socket.h"
#include <errno.h>
#include <sys/socket.h>

/* Nothing will be sent any more. */
static void give_up(struct ksi_io *io, struct ksi_socket *socket, int error)
{
    socket->send_error = -error;
    ksi_bytes_drop(&io->scheduler->pool, &socket->out);
}

static void send_out(struct ksi_io *io, struct ksi_socket *socket)
{
    struct ksi_bytes *out = &socket->out;
    while (ksi_bytes_count(out) && socket->writable) {
        uint32_t count = ksi_bytes_count(out);
        ssize_t sent = send(socket->fd, out->ptr + out->start, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            out->start += (uint32_t)sent;
            socket->sent += (uint64_t)sent;
            socket->writable = (uint32_t)sent == count; /* less: full; room is an event */
        } else if (errno == EAGAIN) {
            socket->writable = false;
        } else if (errno != EINTR) {
            give_up(io, socket, errno);
        }
    }
    if (ksi_bytes_count(out)) return;
    ksi_bytes_drop(&io->scheduler->pool, out);
    if (!socket->shut || socket->end_told || socket->send_error) return;
    socket->end_told = true;
    (void)shutdown(socket->fd, SHUT_WR);
}

void ksi_output_send(struct ksi_io *io, struct ksi_socket *socket)
{
    send_out(io, socket);
    if (KSI_UNLIKELY(socket->tells_writable)) ksi_active_tell_writable(io, socket);
}

void ksi_output_unmark(struct ksi_socket *socket)
{
    if (!socket->unsent_link) return;
    *socket->unsent_link = socket->unsent_next;
    if (socket->unsent_next) socket->unsent_next->unsent_link = socket->unsent_link;
    socket->unsent_link = NULL;
}

/* What is sent comes first: who is answered need not wait for what is read. */
void ksi_output_flush(struct ksi_scheduler *s)
{
    struct ksi_io *io = s->io;
    s->flush = NULL;
    while (io->unsent) {
        struct ksi_socket *socket = io->unsent;
        ksi_output_unmark(socket);
        ksi_output_send(io, socket);
    }
    while (io->asking) ksi_active_deliver(io, io->asking); /* takes it out */
}

void ksi_output_mark(struct ksi_io *io, struct ksi_socket *socket)
{
    if (socket->unsent_link || !socket->writable) return;
    socket->unsent_link = &io->unsent;
    socket->unsent_next = io->unsent;
    if (io->unsent) io->unsent->unsent_link = &socket->unsent_next;
    io->unsent = socket;
    io->scheduler->flush = ksi_output_flush;
}
