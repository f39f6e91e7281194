/* SPDX-License-Identifier: Apache-2.0 */
/* wait.c - waiting for any descriptors, of which the library knows no more than their numbers.
 *
 * A descriptor is armed for one event. A wait, and a watch, is a resource of the process, so that
 * its death takes it back; a serial tells late events, and reused numbers, from the one that is. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "base/base.h"
#include "io/io.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include <errno.h>
#include <kiosk/io.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>

KS_TYPE(ks_fd_ready, fd, events);

enum { SERIAL_MAX = 0x7fffffff, FIRST_SIZE = KSI_KNOB(64, 1), EITHER = KS_READABLE | KS_WRITABLE };

/* --- the table -------------------------------------------------------------------------------- */
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

/* --- events ----------------------------------------------------------------------------------- */
static uint32_t to_epoll(int events)
{
    uint32_t wanted = EPOLLONESHOT;
    if (events & KS_READABLE) wanted |= EPOLLIN | EPOLLRDHUP;
    if (events & KS_WRITABLE) wanted |= EPOLLOUT;
    return wanted;
}

static int ready_of(uint32_t happened, int events)
{
    int ready = 0;
    if (happened & (EPOLLERR | EPOLLHUP)) ready = EITHER;
    if (happened & (EPOLLIN | EPOLLRDHUP)) ready |= KS_READABLE;
    if (happened & EPOLLOUT) ready |= KS_WRITABLE;
    return ready & events;
}

/* The watch is over, and its message the caller's. */
static struct ksi_message *take_watch(struct ksi_io *io, struct ksi_waiting *waiting)
{
    struct ksi_process *p = ksi_process_of(io->scheduler, waiting->pid);
    struct ksi_record *record = ksi_record_at(io->scheduler, waiting->record);
    struct ksi_message *m = waiting->message;
    waiting->message = NULL;
    waiting->pid = 0;
    ksi_record_remove(io->scheduler, p, record);
    ksi_record_free(io->scheduler, record);
    return m;
}

/* Who waits goes on; who watches is sent its message. */
static void tell(struct ksi_io *io, struct ksi_waiting *waiting, uint32_t happened)
{
    struct ksi_scheduler *s = io->scheduler;
    struct ksi_process *p = ksi_process_of(s, waiting->pid);
    if (!p) return;
    if (!waiting->message) {
        ksi_wake(s, p, KSI_WAIT_EVENT);
        return;
    }
    struct ksi_message *m = take_watch(io, waiting);
    ks_fd_ready *ready = (ks_fd_ready *)m->body;
    ready->events = ready_of(happened, waiting->events);
    waiting->told = true;
    ksi_message_put(s, p, m);
}

void ksi_waiting_event(struct ksi_io *io, uint64_t data, uint32_t events)
{
    struct ksi_waiting *waiting = find(io, data);
    if (waiting) tell(io, waiting, events);
}

/* --- arming ----------------------------------------------------------------------------------- */
/* Nobody waits any more, and nothing happened. */
static void disarm(struct ksi_io *io, int fd, struct ksi_waiting *waiting)
{
    waiting->pid = 0;
    waiting->registered = false;
    (void)ksi_poller_set(&io->poller, EPOLL_CTL_DEL, fd, 0, 0); /* closed meanwhile: gone anyway */
}

/* The process that waits, or watches, ends. */
static void release(void *resource)
{
    struct ksi_io *io = ksi_this_scheduler->io;
    uint64_t data = (uint64_t)(uintptr_t)resource;
    struct ksi_waiting *waiting = find(io, data);
    if (!waiting) return;
    if (waiting->message) ksi_message_free(io->scheduler, waiting->message);
    waiting->message = NULL;
    disarm(io, (int)(uint32_t)data, waiting);
}

static ks_status arm(struct ksi_io *io, int fd, uint32_t events, struct ksi_waiting *waiting)
{
    uint64_t data = data_of(fd, waiting->serial);
    ks_status status = -ENOENT;
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
    ks_status status = ksi_poller_set(&io->poller, EPOLL_CTL_ADD, fd, events, data);
    if (status == -EEXIST) return true;
    tell(io, waiting, EPOLLERR);
    waiting->pid = 0;
    waiting->registered = status == KS_OK;
    return false;
}

/* From now on the running process waits for fd; what it owns of that. KS_OK, -EBUSY, -EBADF,
 * -EPERM, -ENOMEM. */
struct armed {
    struct ksi_record *record;
    uint64_t data;
};
static ks_status begin(struct ksi_io *io, int fd, int events, struct armed *ret_armed)
{
    struct ksi_scheduler *s = io->scheduler;
    struct ksi_process *self = s->current;
    struct ksi_waiting *waiting = waiting_of(io, fd);
    if (!waiting) return -ENOMEM;
    if (is_busy(io, fd, waiting, to_epoll(events))) return -EBUSY;
    struct ksi_record *record = ksi_record_new(s, self, KSI_RECORD_RESOURCE);
    if (!record) return -ENOMEM;
    waiting->serial = waiting->serial < SERIAL_MAX ? waiting->serial + 1 : 1;
    *ret_armed = (struct armed){ record, data_of(fd, waiting->serial) };
    self->flags |= KSI_BOUND; /* its poller is that of this scheduler */
    record->own.release = release;
    record->own.resource = (void *)(uintptr_t)ret_armed->data;
    ks_status status = arm(io, fd, to_epoll(events), waiting);
    if (!status) waiting->pid = ksi_process_id(self);
    if (!status) return KS_OK;
    ksi_record_remove(s, self, record);
    ksi_record_free(s, record);
    return status;
}

/* False: the number has another meaning now. */
static bool end(struct ksi_io *io, struct armed *armed, bool happened)
{
    struct ksi_waiting *waiting = find(io, armed->data);
    if (waiting && happened)
        waiting->pid = 0;
    else if (waiting)
        disarm(io, (int)(uint32_t)armed->data, waiting);
    ksi_record_remove(io->scheduler, io->scheduler->current, armed->record);
    ksi_record_free(io->scheduler, armed->record);
    return waiting != NULL;
}

/* --- looking ---------------------------------------------------------------------------------- */
/* KS_OK: *ret_ready says for what, 0: for nothing. */
static ks_status look(int fd, int events, int *ret_ready)
{
    struct pollfd one = { .fd = fd };
    struct stat about;
    if (events & KS_READABLE) one.events |= POLLIN | POLLRDHUP;
    if (events & KS_WRITABLE) one.events |= POLLOUT;
    *ret_ready = 0;
    if (poll(&one, 1, 0) <= 0) return KS_OK;
    if (one.revents & POLLNVAL) return -EBADF;
    if (fstat(fd, &about)) return -errno;
    if (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) return -EPERM;
    *ret_ready = ready_of((uint32_t)one.revents, events); /* the same bits as those of epoll */
    return KS_OK;
}
_Static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLERR == EPOLLERR, "see look()");
_Static_assert(POLLHUP == EPOLLHUP && POLLRDHUP == EPOLLRDHUP, "see look()");

static ks_status check(const struct ksi_scheduler *s, int fd, int events)
{
    if (!ksi_io_of((struct ksi_scheduler *)(uintptr_t)s)) return KS_DENIED;
    if (!events || (events & ~EITHER)) return KS_BADARG;
    return fd < 0 ? -EBADF : KS_OK;
}

/* --- waiting for one -------------------------------------------------------------------------- */
ks_status ks_wait_fd(int fd, int events, ks_ms timeout)
{
    KSI_ENTER(s);
    int ready;
    ks_status status = ksi_may_block(s) ? check(s, fd, events) : KS_DENIED;
    if (!status) status = look(fd, events, &ready);
    if (status) return status;
    struct ksi_io *io = s->io;
    if (ready) ksi_io_be_fair(io);
    if (ready || timeout <= 0) return ready ? KS_OK : KS_TIMEOUT;
    struct armed armed;
    status = begin(io, fd, events, &armed);
    if (status) return status;
    io->unblocked = 0;
    status = ksi_io_block(io, timeout);
    return end(io, &armed, status == KS_OK) ? status : -EBADF;
}

/* --- waiting for many ------------------------------------------------------------------------- */
static bool counts(const ks_fd *one) { return one->fd >= 0 && one->events; }

/* How many are ready. */
static ks_status look_at_all(ks_fd *fds, size_t count, size_t *ret_ready)
{
    *ret_ready = 0;
    for (size_t i = 0; i < count; i++) {
        fds[i].ready = 0;
        ks_status status = counts(&fds[i]) ? look(fds[i].fd, fds[i].events, &fds[i].ready) : KS_OK;
        if (status) return status;
        *ret_ready += fds[i].ready != 0;
    }
    return KS_OK;
}

static ks_status wait_for_all(struct ksi_io *io, const ks_fd *fds, size_t count, ks_ms timeout)
{
    struct armed armed[KS_WAIT_FDS_MAX];
    ks_status status = KS_OK;
    size_t begun = 0;
    for (size_t i = 0; i < count && !status; i++) {
        if (!counts(&fds[i])) continue;
        status = begin(io, fds[i].fd, fds[i].events, &armed[begun]);
        begun += status == KS_OK;
    }
    io->unblocked = 0;
    if (!status) status = ksi_io_block(io, timeout);
    while (begun > 0) (void)end(io, &armed[--begun], false);
    return status;
}

ks_status ks_wait_fds(ks_fd *fds, size_t count, ks_ms timeout)
{
    KSI_ENTER(s);
    if (!ksi_may_block(s) || !ksi_io_of(s)) return KS_DENIED;
    if (count > KS_WAIT_FDS_MAX) return KS_BADARG;
    for (size_t i = 0; i < count; i++)
        if (fds[i].events & ~EITHER) return KS_BADARG;
    size_t ready;
    ks_status status = look_at_all(fds, count, &ready);
    if (!status && ready) ksi_io_be_fair(s->io);
    if (status || ready) return status;
    status = timeout > 0 ? wait_for_all(s->io, fds, count, timeout) : KS_TIMEOUT;
    if (status) return status;
    status = look_at_all(fds, count, &ready);
    return status || ready ? status : -EAGAIN;
}

/* --- watching --------------------------------------------------------------------------------- */
static struct ksi_waiting *watch_of(struct ksi_io *io, int fd)
{
    if (!io || fd < 0 || (uint32_t)fd >= io->waiting_size) return NULL;
    struct ksi_waiting *waiting = &io->waiting[fd];
    bool mine = waiting->message && waiting->pid == ksi_process_id(io->scheduler->current);
    return mine ? waiting : NULL;
}

static void end_watch(struct ksi_io *io, int fd, struct ksi_waiting *waiting)
{
    ksi_message_free(io->scheduler, take_watch(io, waiting));
    disarm(io, fd, waiting);
}

ks_status ks_watch_fd(int fd, int events)
{
    KSI_ENTER(s);
    int ready;
    ks_status status = check(s, fd, events);
    if (!status) status = look(fd, events, &ready);
    if (status) return status;
    struct ksi_io *io = s->io;
    struct ksi_message *m = ksi_message_new(s, &ks_fd_ready_type, &(ks_fd_ready){ .fd = fd });
    if (!m) return -ENOMEM;
    struct ksi_waiting *waiting = watch_of(io, fd);
    if (waiting) end_watch(io, fd, waiting);
    struct armed armed;
    status = begin(io, fd, events, &armed);
    if (status) {
        ksi_message_free(s, m);
        return status;
    }
    waiting = &io->waiting[fd];
    waiting->message = m;
    waiting->record = ksi_record_index(s, armed.record);
    waiting->events = (uint8_t)events;
    waiting->told = false;
    return KS_OK;
}

static bool is_about(const struct ksi_message *m, int fd)
{
    if (m->kind != KSI_MESSAGE || m->public.type != &ks_fd_ready_type || m->from) return false;
    const ks_fd_ready *ready = m->public.body;
    return ready->fd == fd;
}

void ks_unwatch_fd(int fd)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_waiting *waiting = watch_of(io, fd);
    if (waiting) end_watch(io, fd, waiting);
    if (waiting || !io || fd < 0 || (uint32_t)fd >= io->waiting_size || !io->waiting[fd].told)
        return;
    struct ksi_process *self = s->current;
    for (struct ksi_message **link = &self->mailbox; *link;) {
        if (is_about(*link, fd))
            ksi_message_free(s, ksi_mailbox_take(self, link));
        else
            link = &(*link)->next;
    }
    self->flags |= KSI_CUT;
}
