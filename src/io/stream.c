/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - reading and writing sockets. The process waits, the thread does not.
 *
 * Reading asks the kernel first, unless it is known to be empty: a read that got less than there
 * was room for has emptied it. A socket that waits with nothing received has no buffer.
 * Called from inside the process that owns the socket. */
#include "base/base.h"
#include "io/socket.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { FORMATTED = KSI_KNOB(512, 8) };

/* --- packets ---------------------------------------------------------------------------------- */
static uint32_t header_size(uint8_t packet)
{
    static const uint8_t sizes[] = { [KS_PACKET_1] = 1, [KS_PACKET_2] = 2, [KS_PACKET_4] = 4 };
    return packet <= KS_PACKET_4 ? sizes[packet] : 0;
}

static ks_status find_line(
    const char *first, uint32_t count, uint32_t searched, struct ksi_frame *ret_frame)
{
    const char *end = memchr(first + searched, '\n', count - searched);
    if (!end) return KS_TIMEOUT;
    uint32_t length = (uint32_t)(end - first);
    uint32_t cut = length && first[length - 1] == '\r' ? 2 : 1;
    *ret_frame = (struct ksi_frame){ 0, length + 1 - cut, cut };
    return KS_OK;
}

static ks_status find_counted(
    const struct ksi_socket *socket, const char *first, uint32_t count, struct ksi_frame *ret_frame)
{
    uint32_t header = header_size(socket->packet), length = 0;
    if (count < header) return KS_TIMEOUT;
    for (uint32_t i = 0; i < header; i++) length = length << 8 | (uint8_t)first[i];
    if (length > socket->packet_max) return -EMSGSIZE;
    if (count - header < length) return KS_TIMEOUT;
    *ret_frame = (struct ksi_frame){ header, length, 0 };
    return KS_OK;
}

/* In what has been received, of which so many bytes hold no end of a line. KS_OK; KS_TIMEOUT: it is
 * not whole; -EMSGSIZE. */
static ks_status find_packet(
    const struct ksi_socket *socket, uint8_t packet, uint32_t searched, struct ksi_frame *ret_frame)
{
    const struct ksi_bytes *in = &socket->in;
    const char *first = in->ptr ? in->ptr + in->start : "";
    uint32_t count = ksi_bytes_count(in);
    if (packet == KS_PACKET_LINE) return find_line(first, count, searched, ret_frame);
    if (packet != KS_PACKET_RAW) return find_counted(socket, first, count, ret_frame);
    *ret_frame = (struct ksi_frame){ 0, count, 0 };
    return count ? KS_OK : KS_TIMEOUT;
}

/* --- reading ---------------------------------------------------------------------------------- */
static ks_status receive(struct ksi_io *io, struct ksi_socket *socket)
{
    struct ksi_bytes *in = &socket->in;
    uint32_t most = socket->packet_max + header_size(socket->packet);
    ks_status status = ksi_bytes_make_room(&io->scheduler->pool, in, most);
    if (status) return status == KS_FULL ? -EMSGSIZE : status;
    uint32_t room = ksi_bytes_room(in);
    uint32_t allowed = most - ksi_bytes_count(in);
    if (room > allowed) room = allowed;
    ssize_t got;
    do got = recv(socket->fd, in->ptr + in->end, room, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR); /* ends: nothing here waits to be interrupted */
    if (got > 0) {
        in->end += (uint32_t)got;
        in->filled = (uint32_t)got == room;
        socket->received += (uint64_t)got;
        socket->readable = in->filled || socket->hung_up;
        return KS_OK;
    }
    if (got == 0) {
        socket->ended = true;
        return KS_CLOSED;
    }
    if (errno == EAGAIN) {
        socket->readable = false;
        return KS_TIMEOUT;
    }
    return socket->receive_error = -errno;
}

static ks_status read_status(const struct ksi_socket *socket)
{
    if (socket->receive_error) return socket->receive_error;
    return socket->ended || socket->deaf ? KS_CLOSED : KS_OK;
}

ks_status ksi_stream_next(struct ksi_io *io, struct ksi_socket *socket, struct ksi_frame *ret_frame)
{
    uint32_t searched = 0;
    for (;;) { /* ends: each round receives, and the buffer is bounded */
        ks_status status = find_packet(socket, socket->packet, searched, ret_frame);
        if (status != KS_TIMEOUT) return status;
        searched = ksi_bytes_count(&socket->in);
        status = read_status(socket);
        if (!status) status = socket->readable ? receive(io, socket) : KS_TIMEOUT;
        if (status) return status;
    }
}

/* Some bytes more than there are. */
static ks_status fill(struct ksi_io *io, struct ksi_socket *socket, struct ksi_patience *patience)
{
    ks_status status = read_status(socket);
    if (status) return status;
    /* One that may not wait asks the kernel even so: an event may be there, not yet fetched. */
    if (patience->timeout <= 0) socket->readable = true;
    for (;;) { /* until there is something, or the patience is over */
        if (socket->readable) {
            status = receive(io, socket);
            if (status != KS_TIMEOUT) return status;
        }
        if (!ksi_bytes_count(&socket->in)) ksi_bytes_drop(&io->scheduler->pool, &socket->in);
        status = ksi_socket_wait(io, socket, KS_READABLE, patience);
        if (status) return status;
    }
}

static ks_status stream_status(const struct ksi_socket *socket)
{
    if (!socket) return -EBADF;
    if (socket->listens) return -ENOTCONN;
    return socket->datagrams ? -EPROTOTYPE : KS_OK;
}

/* The stream to be read; what was lent before is taken back. NULL: *ret_status says why. */
static struct ksi_socket *begin_read(struct ksi_io *io, ks_socket handle, ks_status *ret_status)
{
    struct ksi_socket *socket = ksi_socket_mine(io, handle);
    *ret_status = stream_status(socket);
    if (!*ret_status && socket->active) *ret_status = -EINVAL;
    if (*ret_status) return NULL;
    ksi_bytes_settle(&socket->in);
    ksi_io_be_fair(io);
    return socket;
}

ks_status ks_read(ks_socket handle, ks_ms timeout, ks_text *ret_bytes)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_patience patience = { .timeout = timeout };
    ks_status status;
    struct ksi_socket *socket = begin_read(io, handle, &status);
    if (!socket) return status;
    if (!ksi_bytes_count(&socket->in)) status = fill(io, socket, &patience);
    if (!status) *ret_bytes = ksi_bytes_take(&socket->in, ksi_bytes_count(&socket->in), 0);
    return status;
}

ks_status ks_peek(ks_socket handle, size_t have, ks_ms timeout, ks_text *ret_bytes)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_patience patience = { .timeout = timeout };
    ks_status status;
    struct ksi_socket *socket = begin_read(io, handle, &status);
    if (!socket) return status;
    while (!status && ksi_bytes_count(&socket->in) <= have) status = fill(io, socket, &patience);
    if (status) return status;
    struct ksi_bytes *in = &socket->in;
    in->ptr[in->end] = '\0';
    *ret_bytes = (ks_text){ in->ptr + in->start, ksi_bytes_count(in) };
    return KS_OK;
}

void ks_consume(ks_socket handle, size_t size)
{
    KSI_ENTER(s);
    struct ksi_socket *socket = ksi_socket_mine(ksi_io_of(s), handle);
    if (stream_status(socket)) return;
    ksi_bytes_settle(&socket->in);
    uint32_t count = ksi_bytes_count(&socket->in);
    socket->in.start += size < count ? (uint32_t)size : count;
}

ks_status ks_read_exactly(ks_socket handle, size_t size, ks_ms timeout, ks_text *ret_bytes)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_patience patience = { .timeout = timeout };
    ks_status status;
    struct ksi_socket *socket = begin_read(io, handle, &status);
    if (!socket) return status;
    if (size > socket->packet_max) return -EMSGSIZE;
    while (!status && ksi_bytes_count(&socket->in) < size) status = fill(io, socket, &patience);
    if (!status) *ret_bytes = ksi_bytes_take(&socket->in, (uint32_t)size, 0);
    return status;
}

static ks_status read_packet(
    struct ksi_io *io, struct ksi_socket *socket, uint8_t packet, ks_ms timeout, ks_text *ret_bytes)
{
    struct ksi_patience patience = { .timeout = timeout };
    struct ksi_frame frame;
    uint32_t searched = 0;
    ks_status status;
    while ((status = find_packet(socket, packet, searched, &frame)) == KS_TIMEOUT) {
        searched = ksi_bytes_count(&socket->in);
        status = fill(io, socket, &patience);
        if (status) return status;
    }
    if (status) return status;
    socket->in.start += frame.skip;
    *ret_bytes = ksi_bytes_take(&socket->in, frame.length, frame.cut);
    return KS_OK;
}

ks_status ks_read_packet(ks_socket handle, ks_ms timeout, ks_text *ret_bytes)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    ks_status status;
    struct ksi_socket *socket = begin_read(io, handle, &status);
    return socket ? read_packet(io, socket, socket->packet, timeout, ret_bytes) : status;
}

ks_status ks_read_line(ks_socket handle, ks_ms timeout, ks_text *ret_line)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    ks_status status;
    struct ksi_socket *socket = begin_read(io, handle, &status);
    return socket ? read_packet(io, socket, KS_PACKET_LINE, timeout, ret_line) : status;
}

/* --- writing ---------------------------------------------------------------------------------- */
static ks_status send_status(const struct ksi_socket *socket)
{
    if (!socket->send_error) return KS_OK;
    bool gone = socket->send_error == -EPIPE || socket->send_error == -ECONNRESET;
    return gone ? KS_CLOSED : socket->send_error;
}

/* Until no more than `most` bytes are left. Who waits too long loses the socket. */
static ks_status drain(
    struct ksi_io *io, struct ksi_socket *socket, uint32_t most, struct ksi_patience *patience)
{
    ksi_output_unmark(socket);
    ksi_output_send(io, socket);
    while (!socket->send_error && ksi_bytes_count(&socket->out) > most) {
        ks_status status = ksi_socket_wait(io, socket, KS_WRITABLE, patience);
        if (status == KS_TIMEOUT) ksi_socket_close(io, socket);
        if (status) return status;
    }
    return send_status(socket);
}

/* With nothing before it, much at once need not be copied. What the kernel takes is cut off. */
static ks_status send_directly(struct ksi_socket *socket, ks_text *bytes)
{
    ssize_t sent = send(socket->fd, bytes->ptr, bytes->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        socket->send_error = -errno;
        return send_status(socket);
    }
    size_t taken = sent > 0 ? (size_t)sent : 0;
    socket->sent += taken;
    if (taken < bytes->len && !(sent < 0 && errno == EINTR)) socket->writable = false;
    *bytes = (ks_text){ bytes->ptr + taken, bytes->len - taken };
    return KS_OK;
}

/* As much as the mark allows. */
static ks_status append(struct ksi_io *io, struct ksi_socket *socket, ks_text *bytes)
{
    uint32_t count = ksi_bytes_count(&socket->out);
    uint32_t room = count < socket->high_watermark ? socket->high_watermark - count : 0;
    size_t length = bytes->len < room ? bytes->len : room;
    ks_text part = { bytes->ptr, length };
    ks_status status = ksi_bytes_append(&io->scheduler->pool, &socket->out, part);
    if (status) return status;
    ksi_output_mark(io, socket);
    *bytes = (ks_text){ bytes->ptr + length, bytes->len - length };
    return KS_OK;
}

/* NULL: *ret_status says why. */
static struct ksi_socket *begin_write(struct ksi_io *io, ks_socket handle, ks_status *ret_status)
{
    struct ksi_socket *socket = ksi_socket_mine(io, handle);
    *ret_status = stream_status(socket);
    if (!*ret_status) *ret_status = send_status(socket);
    return *ret_status ? NULL : socket;
}

static ks_status write_all(struct ksi_io *io, struct ksi_socket *socket, ks_text bytes)
{
    struct ksi_patience patience = { .timeout = socket->send_timeout };
    ks_status status = KS_OK;
    while (!status && bytes.len) {
        bool alone = !ksi_bytes_count(&socket->out) && socket->writable;
        if (alone && bytes.len >= socket->high_watermark) {
            status = send_directly(socket, &bytes);
            ksi_io_be_fair(io);
            continue;
        }
        status = append(io, socket, &bytes);
        if (!status && bytes.len) status = drain(io, socket, socket->low_watermark, &patience);
    }
    return status;
}

ks_status ks_write(ks_socket handle, ks_text bytes)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    ks_status status;
    struct ksi_socket *socket = begin_write(io, handle, &status);
    if (!socket) return status;
    if (socket->shut) return -EPIPE;
    return write_all(io, socket, bytes);
}

ks_status ks_write_packet(ks_socket handle, ks_text bytes)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    ks_status status;
    struct ksi_socket *socket = begin_write(io, handle, &status);
    if (!socket) return status;
    if (socket->shut) return -EPIPE;
    uint32_t size = header_size(socket->packet);
    char header[4];
    if (size && (uint64_t)bytes.len >> (8 * size)) return -EMSGSIZE;
    for (uint32_t i = 0; i < size; i++) header[i] = (char)(bytes.len >> (8 * (size - 1 - i)));
    status = write_all(io, socket, (ks_text){ header, size });
    return status ? status : write_all(io, socket, bytes);
}

ks_status ks_write_now(ks_socket handle, ks_text bytes)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    ks_status status;
    struct ksi_socket *socket = begin_write(io, handle, &status);
    if (!socket) return status;
    if (socket->shut) return -EPIPE;
    if (bytes.len > socket->high_watermark) return -EMSGSIZE;
    if (ksi_bytes_count(&socket->out) + bytes.len > socket->high_watermark) {
        ksi_output_unmark(socket);
        ksi_output_send(io, socket); /* there may be room that nobody has told of yet */
        status = send_status(socket);
        if (status) return status;
    }
    if (ksi_bytes_count(&socket->out) + bytes.len <= socket->high_watermark)
        return append(io, socket, &bytes);
    socket->tells_writable = true;
    return KS_FULL;
}

ks_status ks_writef(ks_socket handle, const char *format, ...)
{
    char small[FORMATTED];
    char *text = small;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0) return KS_BADARG;
    if ((size_t)length >= sizeof small) {
        text = ks_alloc((size_t)length + 1); /* the process's: it may end in the middle of this */
        va_start(arguments, format);
        (void)vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    ks_status status = ks_write(handle, (ks_text){ text, (size_t)length });
    if (text != small) ks_free(text);
    return status;
}

ks_status ks_flush(ks_socket handle)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    ks_status status;
    struct ksi_socket *socket = begin_write(io, handle, &status);
    if (!socket) return status;
    struct ksi_patience patience = { .timeout = socket->send_timeout };
    return drain(io, socket, 0, &patience);
}
