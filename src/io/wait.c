/* SPDX-License-Identifier: Apache-2.0 */
/* wait.c - waiting for any descriptor, of which the library knows no more than its number.
 *
 * The descriptor is armed for one event. The wait is a resource of the process, so that its death
 * takes it back; a serial tells late events, and reused numbers, from the wait that is. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "base/base.h"
#include "io/io.h"
#include <errno.h>
#include <kiosk/io.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>

enum { SERIAL_MAX = 0x7fffffff, FIRST_SIZE = KSI_KNOB(64, 1) };

static struct ksi_waiting *waiting_of(struct ksi_io *io, int fd)
{
    uint32_t index = (uint32_t)fd;
    if (index < io->waiting_size) return &io->waiting[index];
    uint32_t size = io->waiting_size ? io->waiting_size : FIRST_SIZE;
    while (size <= index) size *= 2;
    struct ksi_waiting *larger = realloc(io->waiting, size * sizeof *larger);
    if (!larger) return NULL;
    for (uint32_t i = io->waiting_size; i < size; i++) larger[i] = (struct ksi_waiting){ 0 };
    io->waiting = larger;
    io->waiting_size = size;
    return &larger[index];
}

static uint64_t data_of(int fd, uint32_t serial)
{
    return KSI_IO_FOREIGN | (uint64_t)serial << 32 | (uint32_t)fd;
}

/* The wait that data stands for, when it is still going on. */
static struct ksi_waiting *find(struct ksi_io *io, uint64_t data)
{
    uint32_t index = (uint32_t)data;
    if (index >= io->waiting_size) return NULL;
    struct ksi_waiting *waiting = &io->waiting[index];
    return waiting->pid && data == data_of((int)index, waiting->serial) ? waiting : NULL;
}

static void wake(struct ksi_io *io, const struct ksi_waiting *waiting)
{
    struct ksi_process *p = ksi_process_of(io->scheduler, waiting->pid);
    if (p) ksi_wake(io->scheduler, p, KSI_WAIT_EVENT);
}

void ksi_waiting_event(struct ksi_io *io, uint64_t data)
{
    struct ksi_waiting *waiting = find(io, data);
    if (waiting) wake(io, waiting);
}

/* Nobody waits any more, and nothing happened. */
static void disarm(struct ksi_io *io, int fd, struct ksi_waiting *waiting)
{
    waiting->pid = 0;
    waiting->registered = false;
    (void)ksi_poller_set(&io->poller, EPOLL_CTL_DEL, fd, 0, 0); /* closed meanwhile: gone anyway */
}

/* The process that waits ends. */
static void release(void *resource)
{
    struct ksi_io *io = ksi_this_scheduler->io;
    uint64_t data = (uint64_t)(uintptr_t)resource;
    struct ksi_waiting *waiting = find(io, data);
    if (waiting) disarm(io, (int)(uint32_t)data, waiting);
}

static ks_status arm(struct ksi_io *io, int fd, uint32_t events, struct ksi_waiting *waiting)
{
    uint64_t data = data_of(fd, waiting->serial);
    ks_status status = -ENOENT;
    events |= EPOLLONESHOT;
    if (waiting->registered) status = ksi_poller_set(&io->poller, EPOLL_CTL_MOD, fd, events, data);
    if (status == -ENOENT) /* never known, or the number was closed and means something else now */
        status = ksi_poller_set(&io->poller, EPOLL_CTL_ADD, fd, events, data);
    waiting->registered = status == KS_OK;
    return status == -EEXIST ? -EBUSY : status; /* a descriptor of the runtime itself */
}

/* Somebody waits for this number. When it has another meaning meanwhile, he hears of it. */
static bool is_busy(struct ksi_io *io, int fd, struct ksi_waiting *waiting, uint32_t events)
{
    if (!waiting->pid) return false;
    uint64_t data = data_of(fd, waiting->serial);
    ks_status status = ksi_poller_set(&io->poller, EPOLL_CTL_ADD, fd, events | EPOLLONESHOT, data);
    if (status == -EEXIST) return true;
    wake(io, waiting);
    waiting->pid = 0;
    waiting->registered = status == KS_OK;
    return false;
}

/* KS_OK: ready now; KS_TIMEOUT: not yet. */
static ks_status look(int fd, int events)
{
    struct pollfd one = { .fd = fd };
    if (events & KS_READABLE) one.events |= POLLIN | POLLRDHUP;
    if (events & KS_WRITABLE) one.events |= POLLOUT;
    if (poll(&one, 1, 0) <= 0) return KS_TIMEOUT;
    if (one.revents & POLLNVAL) return -EBADF;
    struct stat about;
    if (fstat(fd, &about)) return -errno;
    return S_ISREG(about.st_mode) || S_ISDIR(about.st_mode) ? -EPERM : KS_OK;
}

static ks_status wait_armed(struct ksi_io *io, int fd, uint32_t events, ks_ms timeout)
{
    struct ksi_scheduler *s = io->scheduler;
    struct ksi_process *self = s->current;
    struct ksi_waiting *waiting = &io->waiting[fd];
    struct ksi_record *record = ksi_record_new(s, self, KSI_RECORD_RESOURCE);
    if (!record) return -ENOMEM;
    waiting->serial = waiting->serial < SERIAL_MAX ? waiting->serial + 1 : 1;
    uint64_t data = data_of(fd, waiting->serial);
    self->flags |= KSI_BOUND; /* its poller is that of this scheduler */
    record->own.release = release;
    record->own.resource = (void *)(uintptr_t)data;
    ks_status status = arm(io, fd, events, waiting);
    if (!status) {
        waiting->pid = ksi_process_id(self);
        status = ksi_io_block(io, timeout);
        waiting = find(io, data); /* the table may have grown */
        if (!waiting)
            status = -EBADF;
        else if (status)
            disarm(io, fd, waiting);
        else
            waiting->pid = 0;
    }
    ksi_record_remove(s, self, record);
    ksi_record_free(s, record);
    return status;
}

ks_status ks_wait_fd(int fd, int events, ks_ms timeout)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    if (!io || !ksi_may_block(s)) return KS_DENIED;
    if (!events || (events & ~(KS_READABLE | KS_WRITABLE))) return KS_BADARG;
    if (fd < 0) return -EBADF;
    ks_status status = look(fd, events);
    if (!status) ksi_io_be_fair(io);
    if (status != KS_TIMEOUT || timeout <= 0) return status;
    struct ksi_waiting *waiting = waiting_of(io, fd);
    if (!waiting) return -ENOMEM;
    uint32_t wanted = 0;
    if (events & KS_READABLE) wanted |= EPOLLIN | EPOLLRDHUP;
    if (events & KS_WRITABLE) wanted |= EPOLLOUT;
    if (is_busy(io, fd, waiting, wanted)) return -EBUSY;
    io->unblocked = 0;
    return wait_armed(io, fd, wanted, timeout);
}
