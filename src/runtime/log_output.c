/* SPDX-License-Identifier: Apache-2.0 */
/* log_output.c - see log_output.h.
 *
 * Invariants: everything in `out` is used under its lock; lines leave in the order they came, all
 * by way of the queue; while `waiting` is set the thread is in charge of it. With the lock held
 * nothing waits but a write to a local file, and who may. The descriptor is looked at before
 * each line: a program may put another file into its place. */
#define _GNU_SOURCE /* statx */
#include "runtime/log_output.h"

#include "base/atomic.h"
#include "base/label.h"
#include "runtime/log.h"
#include "runtime/log_queue.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum how {
    CLOSED,   /* nothing is there, or what nobody meant to log into */
    FILE_,    /* a local file: takes everything */
    REOPENED, /* a pipe or terminal, by a description of our own that does not block */
    SOCKET,
    SHY /* it blocks, and cannot be reopened, or is a remote file: written by who may wait */
};
enum { PATIENCE_MS = 1000, LOOK_MS = 500, PIECE_BYTES = 4096 /* what a pipe takes whole */ };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t work, drained; /* by the monotonic clock */
    _Atomic pid_t owner;          /* a fork leaves the thread behind */
    int runtimes;
    enum how how;
    bool known; /* how is right for this device and inode: */
    dev_t device, special;
    ino_t inode;
    int fd; /* REOPENED: our own; else STDERR_FILENO */
    bool colours;
    bool shut;      /* was closed when the runtimes began: the number may be anybody's now */
    bool patient;   /* whoever holds the lock may wait */
    bool impatient; /* waited in vain, and nothing was written since */
    bool failing;   /* the latest write was refused for good */
    bool json;      /* the form of the latest line */
    bool thread_exists, waiting, stop;
    uintptr_t generation;   /* of the thread; one of an earlier one touches nothing any more */
    size_t sent;            /* bytes of the first line that are written */
    uint64_t dropped_since; /* the latest report */
    uint64_t dropped;       /* in all */
    struct ksi_log_queue queue;
} out = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* --- the descriptor --------------------------------------------------------------------------- */
static void close_own(void)
{
    if (out.known && out.how == REOPENED) close(out.fd);
    out.known = false;
    out.fd = STDERR_FILENO;
}

/* As it is known here: no server is asked, which may not answer. */
static bool find(struct statx *found)
{
    return statx(STDERR_FILENO, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, found) ==
        0;
}

/* On another machine, or in the hands of another process: a write takes as long as that likes. */
static bool is_remote(void)
{
    static const uint32_t kinds[] = { NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC,
        SMB2_SUPER_MAGIC, FUSE_SUPER_MAGIC, AFS_SUPER_MAGIC, AFS_FS_MAGIC, CEPH_SUPER_MAGIC,
        CODA_SUPER_MAGIC, V9FS_MAGIC, OCFS2_SUPER_MAGIC };
    struct statfs about;
    if (fstatfs(STDERR_FILENO, &about) != 0) return false;
    for (size_t i = 0; i < KSI_COUNT_OF(kinds); i++)
        if ((uint32_t)about.f_type == kinds[i]) return true;
    return false;
}

static enum how how_of(mode_t mode, bool changed)
{
    if (S_ISREG(mode)) return out.runtimes && is_remote() ? SHY : FILE_;
    /* A socket that turns up while a runtime runs is a connection with our old number. */
    if (S_ISSOCK(mode)) return changed && out.runtimes ? CLOSED : SOCKET;
    if (!S_ISFIFO(mode) && !S_ISCHR(mode)) return CLOSED;
    if (out.runtimes == 0) return SHY; /* who logs may wait */
    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return SHY;
    out.fd = fd;
    return REOPENED;
}

static bool shows_colours(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (!isatty(STDERR_FILENO) || (no && no[0])) return false;
    return term && strcmp(term, "dumb") != 0;
}

static void look(void)
{
    struct statx found;
    if (out.shut || !find(&found)) {
        close_own();
        out.how = CLOSED;
        out.known = out.runtimes > 0; /* as device 0, inode 0 */
        out.device = out.special = 0;
        out.inode = 0;
        return;
    }
    dev_t device = makedev(found.stx_dev_major, found.stx_dev_minor);
    dev_t special = makedev(found.stx_rdev_major, found.stx_rdev_minor);
    bool same = device == out.device && found.stx_ino == out.inode && special == out.special;
    if (out.known && same) return;
    bool changed = out.known;
    close_own();
    out.how = how_of(found.stx_mode, changed);
    out.known = true;
    out.device = device;
    out.inode = found.stx_ino;
    out.special = special;
    out.colours = shows_colours();
    out.impatient = false;
}

/* --- one write -------------------------------------------------------------------------------- */
/* write() to a pipe that nobody reads any more, without the death by SIGPIPE: no handler and no
 * disposition is touched, and a SIGPIPE that was pending before stays so. */
static ssize_t write_quietly(int fd, const char *bytes, size_t size)
{
    sigset_t pipe, old, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (pthread_sigmask(SIG_BLOCK, &pipe, &old) != 0) return -1;
    bool blocked = sigismember(&old, SIGPIPE) == 1;
    bool was_pending = blocked && !sigpending(&pending) && sigismember(&pending, SIGPIPE) == 1;
    ssize_t written = write(fd, bytes, size);
    int error = errno;
    if (written < 0 && error == EPIPE && !was_pending)
        while (sigtimedwait(&pipe, NULL, &(struct timespec){ 0 }) < 0 && errno == EINTR) {}
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = error;
    return written;
}

static bool has_room(int timeout_ms)
{
    struct pollfd poller = { .fd = out.fd, .events = POLLOUT };
    return poll(&poller, 1, timeout_ms) > 0;
}

/* What is taken now; -1 and EAGAIN: nothing. */
static ssize_t write_now(const char *bytes, size_t size)
{
    switch (out.how) {
    case FILE_: return write(STDERR_FILENO, bytes, size);
    case REOPENED: return write_quietly(out.fd, bytes, size);
    case SOCKET: return send(STDERR_FILENO, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    case SHY:
        errno = EAGAIN;
        if ((out.runtimes && !out.patient) || !has_room(0)) return -1;
        return write_quietly(STDERR_FILENO, bytes, size < PIECE_BYTES ? size : PIECE_BYTES);
    default: errno = EBADF; return -1;
    }
}

/* --- the queue -------------------------------------------------------------------------------- */
static void count_dropped(uint64_t events)
{
    out.dropped += events;
    out.dropped_since += events;
}

/* What waits will not be written: neither will what comes behind it. */
static void drop_all(void)
{
    const char *bytes;
    out.failing = true;
    for (const struct ksi_log_line *line; (line = ksi_log_queue_first(&out.queue, &bytes));) {
        count_dropped(line->stands_for);
        ksi_log_queue_take(&out.queue);
    }
    out.sent = 0;
}

static void sent(size_t size, const struct ksi_log_line *line)
{
    out.impatient = out.failing = false;
    out.sent += size;
    if (out.sent < line->size) return;
    out.sent = 0;
    ksi_log_queue_take(&out.queue);
}

/* True: the queue is empty. False: there is no room now. */
static bool drain(void)
{
    const char *bytes;
    for (const struct ksi_log_line *line; (line = ksi_log_queue_first(&out.queue, &bytes));) {
        ssize_t written = write_now(bytes + out.sent, line->size - out.sent);
        if (written >= 0)
            sent((size_t)written, line);
        else if (errno == EAGAIN)
            return false;
        else if (errno != EINTR)
            drop_all();
    }
    return true;
}

/* How many did not get here, in their place. Nothing when there is still no room for it. */
static void report_dropped(void)
{
    char text[96], line[512];
    if (!out.dropped_since) return;
    uint64_t count = out.dropped_since < UINT32_MAX ? out.dropped_since : UINT32_MAX;
    const ks_log_field fields[] = { KS_WITH("dropped", count) };
    snprintf(text, sizeof text, "kiosk: %llu log event%s dropped: standard error took no more",
        (unsigned long long)count, count == 1 ? " was" : "s were");
    ks_log_event event = ksi_log_event_of(NULL, KS_LOG_WARNING);
    event.message = ks_str(text);
    event.fields = fields;
    event.field_count = 1;
    event.fields_said = 1;
    const ks_log_format format = { .colours = out.colours };
    size_t size = out.json ? ks_log_json(&event, &format, line, sizeof line - 1)
                           : ks_log_text(&event, &format, line, sizeof line - 1);
    line[size++] = '\n';
    if (!ksi_log_queue_put(&out.queue, KS_LOG_ERROR, line, size, (uint32_t)count)) return;
    out.dropped_since -= count;
    out.dropped -= count; /* counted again if this line fails, too */
}

/* --- the thread that waits -------------------------------------------------------------------- */
/* Without the lock. Bytes of the first line that it wrote itself, or 0. */
static ssize_t wait_for_room(const char *bytes, size_t size)
{
    struct pollfd poller = { .fd = out.fd, .events = POLLOUT };
    bool shy = out.how == SHY;
    ssize_t written = 0;
    pthread_mutex_unlock(&out.mutex);
    /* Again after a while: another file may have taken the place of this one. */
    if (poll(&poller, 1, LOOK_MS) > 0 && shy)
        written = write(STDERR_FILENO, bytes, size < PIECE_BYTES ? size : PIECE_BYTES);
    int error = errno;
    pthread_mutex_lock(&out.mutex);
    errno = error;
    return written;
}

static void *keep_writing(void *arg)
{
    const uintptr_t generation = (uintptr_t)arg;
    ksi_label_thread("kiosk-log");
    pthread_mutex_lock(&out.mutex);
    while (!out.stop && out.generation == generation) {
        const char *bytes;
        look();
        if (drain() && !out.failing) report_dropped();
        (void)drain();
        const struct ksi_log_line *line = ksi_log_queue_first(&out.queue, &bytes);
        if (!line) {
            out.waiting = false;
            pthread_cond_broadcast(&out.drained);
            while (!out.waiting && !out.stop) pthread_cond_wait(&out.work, &out.mutex);
            continue;
        }
        ssize_t written = wait_for_room(bytes + out.sent, line->size - out.sent);
        if (out.generation != generation) break;
        if (written > 0)
            sent((size_t)written, line);
        else if (written < 0 && errno != EINTR && errno != EAGAIN)
            drop_all();
    }
    if (out.generation == generation) {
        out.thread_exists = out.waiting = false;
        pthread_cond_broadcast(&out.drained);
    }
    pthread_mutex_unlock(&out.mutex);
    return NULL;
}

/* Every signal is somebody else's. */
static bool make_thread(void)
{
    sigset_t all, old;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    out.stop = false;
    out.thread_exists = pthread_create(&thread, NULL, keep_writing, (void *)++out.generation) == 0;
    if (out.thread_exists) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return out.thread_exists;
}

/* Without a thread the next line tries again. */
static void hand_over(void)
{
    if (out.waiting || (!out.thread_exists && !make_thread())) return;
    out.waiting = true;
    pthread_cond_signal(&out.work);
}

/* --- whoever may wait ------------------------------------------------------------------------- */
static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True: the queue is empty. Keeps the lock, but while the thread is in charge. */
static bool drain_until(int64_t until_ms)
{
    out.patient = true;
    while (out.waiting) {
        struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
        if (pthread_cond_timedwait(&out.drained, &out.mutex, &until) == ETIMEDOUT) break;
    }
    while (!out.waiting && !drain()) {
        int64_t left = until_ms - monotonic_ms();
        if (left <= 0 || !has_room((int)(left < LOOK_MS ? left : LOOK_MS))) {
            if (left <= LOOK_MS) break;
        }
    }
    out.patient = false;
    return out.queue.count == 0;
}

static int64_t moment_after(ks_ms timeout)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    if (timeout < 0) timeout = 0;
    return monotonic_ms() + (timeout < DAY_MS ? timeout : DAY_MS);
}

/* --- entry ------------------------------------------------------------------------------------ */
static void make_conditions(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&out.work, &attributes);
    pthread_cond_init(&out.drained, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* In a child after fork: no thread, no runtime, and what waited is the parent's to write. */
static void begin_again(void)
{
    pthread_mutex_init(&out.mutex, NULL);
    make_conditions();
    close_own();
    out.thread_exists = out.waiting = out.stop = false;
    out.runtimes = 0;
    out.shut = false;
    out.queue.count = 0;
    out.sent = 0;
    out.dropped = out.dropped_since = 0;
}

static void lock(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_conditions);
    pid_t self = getpid(), owner = ksi_load_relaxed(&out.owner); /* changes by a fork only */
    if (owner && owner != self) begin_again();
    pthread_mutex_lock(&out.mutex);
    ksi_store_relaxed(&out.owner, self); /* a number by itself */
}

void ksi_log_output_write(ks_level level, bool json, const char *line, size_t size)
{
    lock();
    look();
    out.json = json;
    if (out.how != CLOSED && out.queue.count == 0) report_dropped();
    if (out.how == CLOSED || !ksi_log_queue_put(&out.queue, level, line, size, 1)) count_dropped(1);
    if (!out.waiting && !drain()) {
        if (out.runtimes)
            hand_over();
        else if (!out.impatient)
            out.impatient = !drain_until(moment_after(PATIENCE_MS));
    }
    pthread_mutex_unlock(&out.mutex);
}

bool ksi_log_output_colours(void)
{
    lock();
    look();
    bool colours = out.colours;
    pthread_mutex_unlock(&out.mutex);
    return colours;
}

void ksi_log_output_open(void)
{
    lock();
    if (out.runtimes++ == 0) {
        struct statx found;
        out.shut = !find(&found);
        close_own();
        look();
    }
    pthread_mutex_unlock(&out.mutex);
}

/* It hears of it at its next look. One that stands in a write which nobody reads is left there: it
 * finds another generation when it comes back. */
static void end_thread(void)
{
    int64_t until_ms = moment_after(PATIENCE_MS);
    struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
    out.stop = true;
    pthread_cond_signal(&out.work);
    while (out.thread_exists)
        if (pthread_cond_timedwait(&out.drained, &out.mutex, &until) == ETIMEDOUT) break;
    out.generation++;
    out.thread_exists = out.waiting = false;
}

void ksi_log_output_close(ks_ms timeout)
{
    lock();
    (void)drain_until(moment_after(timeout));
    if (--out.runtimes == 0) {
        end_thread();
        if (out.queue.count) drop_all();
        out.shut = false;
        close_own();
    }
    pthread_mutex_unlock(&out.mutex);
}

ks_status ks_log_flush(ks_ms timeout)
{
    KSI_INSIDE(s);
    if (ksi_may_block(s)) return KS_DENIED;
    lock();
    look();
    bool empty = drain_until(moment_after(timeout));
    pthread_mutex_unlock(&out.mutex);
    return empty ? KS_OK : KS_TIMEOUT;
}

uint64_t ks_log_dropped(void)
{
    lock();
    uint64_t dropped = out.dropped;
    pthread_mutex_unlock(&out.mutex);
    return dropped;
}

/* --- handlers --------------------------------------------------------------------------------- */
void ks_log_to_text(const ks_log_event *event, void *unused)
{
    char line[KSI_LOG_LINE_BYTES];
    const ks_log_format format = { .colours = ksi_log_output_colours() };
    size_t size = ks_log_text(event, &format, line, sizeof line - 1);
    line[size++] = '\n';
    ksi_log_output_write(event->level, false, line, size);
}

void ks_log_to_json(const ks_log_event *event, void *unused)
{
    char line[KSI_LOG_LINE_BYTES];
    size_t size = ks_log_json(event, NULL, line, sizeof line - 1);
    line[size++] = '\n';
    ksi_log_output_write(event->level, true, line, size);
}
