/* SPDX-License-Identifier: Apache-2.0 */
/* watch_test - descriptors of others, many at once, and as messages to a server. */
#define _GNU_SOURCE /* pipe2 */
#include "io/io.h"
#include "io/scenario.h"
#include <errno.h>
#include <fcntl.h>
#include <kiosk/io.h>
#include <unistd.h>

enum { PIPES = 5 };
struct pipes {
    int out[PIPES], in[PIPES];
    ks_fd fds[PIPES];
};

static struct pipes make_pipes(void)
{
    struct pipes pipes;
    for (int i = 0; i < PIPES; i++) {
        int ends[2];
        ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        pipes.out[i] = ends[0];
        pipes.in[i] = ends[1];
        pipes.fds[i] = (ks_fd){ .fd = ends[0], .events = KS_READABLE };
    }
    return pipes;
}

static void close_pipes(struct pipes *pipes)
{
    for (int i = 0; i < PIPES; i++) {
        close(pipes->out[i]);
        close(pipes->in[i]);
    }
}

static void fill(int fd) { ck_assert_int_eq(write(fd, "x", 1), 1); }
static void drain(int fd)
{
    char byte;
    ck_assert_int_eq(read(fd, &byte, 1), 1);
}

static void ck_nobody_waits(void)
{
    const struct ksi_io *io = ksi_this_scheduler->io;
    for (uint32_t i = 0; i < io->waiting_size; i++) {
        ck_assert_uint_eq(io->waiting[i].pid, 0);
        ck_assert_ptr_null(io->waiting[i].message);
    }
}

static bool somebody_waits(int fd)
{
    const struct ksi_io *io = ksi_this_scheduler->io;
    return (uint32_t)fd < io->waiting_size && io->waiting[fd].pid;
}

/* --- many ------------------------------------------------------------------------------------- */
struct later {
    int fd[2];
};
static void fill_later(void *arg)
{
    const struct later *later = arg;
    ks_sleep(10);
    for (int i = 0; i < 2; i++)
        if (later->fd[i]) fill(later->fd[i]);
}

static void any_of_many_ends_the_wait(void)
{
    struct pipes pipes = make_pipes();
    for (int i = 0; i < PIPES; i++) {
        struct later later = { { pipes.in[i] } };
        (void)ks_spawn(fill_later, &later);
        ck_assert_int_eq(ks_wait_fds(pipes.fds, PIPES, 5000), KS_OK);
        for (int k = 0; k < PIPES; k++)
            ck_assert_int_eq(pipes.fds[k].ready, k == i ? KS_READABLE : 0);
        ck_nobody_waits();
        drain(pipes.out[i]);
    }
    fill(pipes.in[1]);
    fill(pipes.in[3]);
    pipes.fds[3].events = 0; /* passed over */
    pipes.fds[2] = (ks_fd){ .fd = pipes.in[2], .events = KS_READABLE | KS_WRITABLE };
    ck_assert_int_eq(ks_wait_fds(pipes.fds, PIPES, 0), KS_OK);
    ck_assert_int_eq(pipes.fds[1].ready, KS_READABLE);
    ck_assert_int_eq(pipes.fds[2].ready, KS_WRITABLE);
    ck_assert_int_eq(pipes.fds[3].ready, 0);
    close_pipes(&pipes);
}
SCENARIO(any_of_many_ends_the_wait)

static void many_have_limits(void)
{
    struct pipes pipes = make_pipes();
    static ks_fd too_many[KS_WAIT_FDS_MAX + 1];
    ck_assert_int_eq(ks_wait_fds(pipes.fds, PIPES, 0), KS_TIMEOUT);
    ks_ms begin = ks_now();
    ck_assert_int_eq(ks_wait_fds(pipes.fds, PIPES, 20), KS_TIMEOUT);
    ck_assert_int_ge((int)(ks_now() - begin), 20);
    ck_assert_int_eq(ks_wait_fds(NULL, 0, 5), KS_TIMEOUT);
    ck_assert_int_eq(ks_wait_fds(too_many, KS_WAIT_FDS_MAX + 1, 5), KS_BADARG);
    pipes.fds[4] = pipes.fds[0];
    ck_assert_int_eq(ks_wait_fds(pipes.fds, PIPES, 5), -EBUSY);
    ck_nobody_waits();
    pipes.fds[4].events = 4;
    ck_assert_int_eq(ks_wait_fds(pipes.fds, PIPES, 5), KS_BADARG);
    pipes.fds[4] = (ks_fd){ .fd = 1000000, .events = KS_READABLE };
    ck_assert_int_eq(ks_wait_fds(pipes.fds, PIPES, 5), -EBADF);
    ck_nobody_waits();
    close_pipes(&pipes);
}
SCENARIO(many_have_limits)

static void wait_for_many(void *arg)
{
    struct pipes *pipes = arg;
    (void)(ks_wait_fds(pipes->fds, PIPES, KS_INFINITY) == KS_OK);
}

static void who_waits_for_many_may_be_killed(void)
{
    struct pipes pipes = make_pipes();
    ks_ref gone;
    ks_pid pid = ks_spawn_monitor(wait_for_many, &pipes, &gone);
    AWAIT(somebody_waits(pipes.out[4]));
    ks_exit_process(pid, KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(gone, 1000));
    ck_nobody_waits();
    close_pipes(&pipes);
}
SCENARIO(who_waits_for_many_may_be_killed)

/* --- watching --------------------------------------------------------------------------------- */
static void ck_ready(int fd, int events)
{
    const ks_fd_ready *ready = ks_receive_as(ks_fd_ready, 1000);
    ck_assert_ptr_nonnull(ready);
    ck_assert_int_eq(ready->fd, fd);
    ck_assert_int_eq(ready->events, events);
}

static void a_watch_is_one_message(void)
{
    struct pipes pipes = make_pipes();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ks_watch_fd(pipes.out[0], KS_READABLE), KS_OK);
        ck_assert_ptr_null(ks_receive(5));
        fill(pipes.in[0]);
        ck_ready(pipes.out[0], KS_READABLE);
        ck_assert_ptr_null(ks_receive(5));
        drain(pipes.out[0]);
    }
    fill(pipes.in[0]);
    ck_assert_int_eq(ks_watch_fd(pipes.out[0], KS_READABLE), KS_OK); /* it is ready already */
    ck_ready(pipes.out[0], KS_READABLE);
    ck_assert_int_eq(ks_watch_fd(pipes.in[1], KS_READABLE), KS_OK);
    ck_assert_int_eq(ks_watch_fd(pipes.in[1], KS_READABLE | KS_WRITABLE), KS_OK); /* replaced */
    ck_ready(pipes.in[1], KS_WRITABLE);
    ck_assert_int_eq(ks_watch_fd(pipes.out[2], KS_READABLE), KS_OK);
    close(pipes.in[2]);
    ck_ready(pipes.out[2], KS_READABLE); /* hung up */
    pipes.in[2] = dup(pipes.in[1]);
    ck_nobody_waits();
    close_pipes(&pipes);
}
SCENARIO(a_watch_is_one_message)

static void after_unwatch_nothing_comes(void)
{
    struct pipes pipes = make_pipes();
    fill(pipes.in[0]);
    ck_assert_int_eq(ks_watch_fd(pipes.out[0], KS_READABLE), KS_OK);
    AWAIT(ks_mailbox_length(ks_self()) == 1);
    ks_unwatch_fd(pipes.out[0]);
    ck_assert_ptr_null(ks_receive(5));
    ck_assert_int_eq(ks_watch_fd(pipes.out[0], KS_READABLE), KS_OK);
    ks_unwatch_fd(pipes.out[0]);
    ck_assert_ptr_null(ks_receive(5));
    ks_unwatch_fd(pipes.out[0]);
    ks_unwatch_fd(-1);
    ks_unwatch_fd(1000000);
    ck_nobody_waits();
    close_pipes(&pipes);
}
SCENARIO(after_unwatch_nothing_comes)

static void watch_and_end(void *arg)
{
    ck_assert_int_eq(ks_watch_fd(*(int *)arg, KS_READABLE), KS_OK);
    (void)ks_receive(KS_INFINITY);
    (void)ks_receive(KS_INFINITY);
}

static void one_process_watches_a_descriptor(void)
{
    struct pipes pipes = make_pipes();
    ks_ref gone;
    ks_pid pid = ks_spawn_monitor(watch_and_end, &pipes.out[0], &gone);
    AWAIT(somebody_waits(pipes.out[0]));
    ck_assert_int_eq(ks_watch_fd(pipes.out[0], KS_READABLE), -EBUSY);
    ck_assert_int_eq(ks_wait_fd(pipes.out[0], KS_READABLE, 5), -EBUSY);
    ks_unwatch_fd(pipes.out[0]); /* not ours */
    ck_assert_int_eq(ks_wait_fd(pipes.out[0], KS_READABLE, 5), -EBUSY);
    ks_exit_process(pid, KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(gone, 1000));
    ck_nobody_waits();
    ck_assert_int_eq(ks_watch_fd(pipes.out[0], 0), KS_BADARG);
    ck_assert_int_eq(ks_watch_fd(-1, KS_READABLE), -EBADF);
    ck_assert_int_eq(ks_watch_fd(1000000, KS_READABLE), -EBADF);
    close_pipes(&pipes);
}
SCENARIO(one_process_watches_a_descriptor)

/* A number that was closed under a watch comes to mean something else, for somebody else. */
static void use_the_number(void *arg)
{
    ck_assert_int_eq(ks_wait_fd(*(int *)arg, KS_READABLE, 20), KS_TIMEOUT);
}

static void a_number_that_changed_is_told(void)
{
    struct pipes pipes = make_pipes();
    ks_ref done;
    ck_assert_int_eq(ks_watch_fd(pipes.out[0], KS_READABLE), KS_OK);
    ck_assert_int_eq(dup2(pipes.out[1], pipes.out[0]), pipes.out[0]);
    (void)ks_spawn_monitor(use_the_number, &pipes.out[0], &done);
    ck_ready(pipes.out[0], KS_READABLE); /* look, and find out */
    ck_assert_ptr_nonnull(ks_receive_ref(done, 1000));
    ck_nobody_waits();
    close_pipes(&pipes);
}
SCENARIO(a_number_that_changed_is_told)

static int to_fail;
static bool fails(void *arg) { return --to_fail == 0; }

static void without_memory_nothing_is_watched(void)
{
    struct ksi_pool *pool = &ksi_this_scheduler->pool;
    struct pipes pipes = make_pipes();
    ks_status status = -ENOMEM;
    int refusals = 0;
    for (int n = 1; status; n++) {
        to_fail = n;
        pool->fails = fails;
        status = ks_watch_fd(pipes.out[0], KS_READABLE);
        pool->fails = NULL;
        ck_assert(status == KS_OK || status == -ENOMEM);
        refusals += status != KS_OK;
        if (status) ck_nobody_waits();
    }
    ck_assert_int_ge(refusals, 1);
    fill(pipes.in[0]);
    ck_ready(pipes.out[0], KS_READABLE);
    close_pipes(&pipes);
}
SCENARIO(without_memory_nothing_is_watched)

RUN_SUITE("watch", any_of_many_ends_the_wait_test, many_have_limits_test,
    who_waits_for_many_may_be_killed_test, a_watch_is_one_message_test,
    after_unwatch_nothing_comes_test, one_process_watches_a_descriptor_test,
    a_number_that_changed_is_told_test, without_memory_nothing_is_watched_test)
