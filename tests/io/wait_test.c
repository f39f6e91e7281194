/* SPDX-License-Identifier: Apache-2.0 */
/* wait_test - ks_wait_fd on pipes and on what cannot be waited for. */
#define _GNU_SOURCE /* pipe2 */
#include "io/io.h"
#include "io/scenario.h"
#include <errno.h>
#include <fcntl.h>
#include <kiosk/io.h>
#include <unistd.h>

static void make_pipe(int ends[2]) { ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0); }

static void close_pipe(int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

struct waiting {
    int fd, events;
    ks_ms timeout;
    ks_status status;
    bool ended;
};

static void wait_in_process(void *arg)
{
    struct waiting *waiting = arg;
    waiting->status = ks_wait_fd(waiting->fd, waiting->events, waiting->timeout);
    waiting->ended = true;
}

static bool somebody_waits(int fd)
{
    const struct ksi_io *io = ksi_this_scheduler->io;
    return (uint32_t)fd < io->waiting_size && io->waiting[fd].pid;
}

static void a_pipe_wakes_who_waits(void)
{
    int ends[2];
    make_pipe(ends);
    for (int i = 0; i < 3; i++) {
        struct waiting waiting = { .fd = ends[0], .events = KS_READABLE, .timeout = 5000 };
        (void)ks_spawn(wait_in_process, &waiting);
        AWAIT(somebody_waits(ends[0]));
        ck_assert(!waiting.ended);
        ck_assert_int_eq(write(ends[1], "x", 1), 1);
        AWAIT(waiting.ended);
        ck_assert_int_eq(waiting.status, KS_OK);
        ck_assert(!somebody_waits(ends[0]));
        char byte;
        ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    }
    close_pipe(ends);
}
SCENARIO(a_pipe_wakes_who_waits)

static void a_full_pipe_is_waited_for(void)
{
    int ends[2];
    static char bytes[1 << 20];
    make_pipe(ends);
    ck_assert_int_eq(ks_wait_fd(ends[1], KS_WRITABLE, 0), KS_OK);
    ck_assert_int_gt(write(ends[1], bytes, sizeof bytes), 0);
    struct waiting waiting = { .fd = ends[1], .events = KS_WRITABLE, .timeout = 5000 };
    (void)ks_spawn(wait_in_process, &waiting);
    AWAIT(somebody_waits(ends[1]));
    ck_assert_int_gt(read(ends[0], bytes, sizeof bytes), 0);
    AWAIT(waiting.ended);
    ck_assert_int_eq(waiting.status, KS_OK);
    close_pipe(ends);
}
SCENARIO(a_full_pipe_is_waited_for)

static void a_hang_up_wakes(void)
{
    int ends[2];
    make_pipe(ends);
    struct waiting waiting = { .fd = ends[0], .events = KS_READABLE, .timeout = 5000 };
    (void)ks_spawn(wait_in_process, &waiting);
    AWAIT(somebody_waits(ends[0]));
    close(ends[1]);
    AWAIT(waiting.ended);
    ck_assert_int_eq(waiting.status, KS_OK);
    close(ends[0]);
}
SCENARIO(a_hang_up_wakes)

static void wrong_descriptors_are_refused(void)
{
    char name[] = "/tmp/kiosk-wait-XXXXXX";
    int file = mkostemp(name, O_CLOEXEC), ends[2];
    unlink(name);
    ck_assert_int_eq(ks_wait_fd(file, KS_READABLE, 1000), -EPERM);
    ck_assert_int_eq(ks_wait_fd(file, KS_WRITABLE, 0), -EPERM);
    close(file);
    ck_assert_int_eq(ks_wait_fd(file, KS_READABLE, 1000), -EBADF);
    ck_assert_int_eq(ks_wait_fd(-1, KS_READABLE, 1000), -EBADF);
    make_pipe(ends);
    ck_assert_int_eq(ks_wait_fd(ends[0], 0, 1000), KS_BADARG);
    ck_assert_int_eq(ks_wait_fd(ends[0], 4, 1000), KS_BADARG);
    ck_assert_int_eq(ks_wait_fd(ends[0], KS_READABLE, 0), KS_TIMEOUT);
    ks_ms start = ks_now();
    ck_assert_int_eq(ks_wait_fd(ends[0], KS_READABLE, 20), KS_TIMEOUT);
    ck_assert_int_ge((int)(ks_now() - start), 20);
    ck_assert(!somebody_waits(ends[0]));
    close_pipe(ends);
}
SCENARIO(wrong_descriptors_are_refused)

static void one_process_waits_for_a_descriptor(void)
{
    int ends[2];
    make_pipe(ends);
    struct waiting waiting = { .fd = ends[0], .events = KS_READABLE, .timeout = 5000 };
    (void)ks_spawn(wait_in_process, &waiting);
    AWAIT(somebody_waits(ends[0]));
    ck_assert_int_eq(ks_wait_fd(ends[0], KS_READABLE, 1000), -EBUSY);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    AWAIT(waiting.ended);
    ck_assert_int_eq(waiting.status, KS_OK);
    close_pipe(ends);
}
SCENARIO(one_process_waits_for_a_descriptor)

static void a_killed_process_waits_no_more(void)
{
    int ends[2];
    make_pipe(ends);
    struct waiting waiting = { .fd = ends[0], .events = KS_READABLE, .timeout = KS_INFINITY };
    ks_ref gone;
    ks_pid pid = ks_spawn_monitor(wait_in_process, &waiting, &gone);
    AWAIT(somebody_waits(ends[0]));
    ks_exit_process(pid, KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(gone, 1000));
    ck_assert(!somebody_waits(ends[0]) && !waiting.ended);
    ck_assert_int_eq(ks_wait_fd(ends[0], KS_READABLE, 5), KS_TIMEOUT); /* free for others */
    close_pipe(ends);
}
SCENARIO(a_killed_process_waits_no_more)

/* The pipe is closed under a waiting process, and its number comes to mean another one. */
static void a_reused_number_is_another_descriptor(void)
{
    int first[2], second[2];
    make_pipe(first);
    struct waiting old = { .fd = first[0], .events = KS_READABLE, .timeout = 5000 };
    (void)ks_spawn(wait_in_process, &old);
    AWAIT(somebody_waits(first[0]));
    close_pipe(first);
    make_pipe(second);
    ck_assert_int_eq(second[0], first[0]);
    struct waiting new = { .fd = second[0], .events = KS_READABLE, .timeout = 5000 };
    (void)ks_spawn(wait_in_process, &new);
    AWAIT(old.ended);
    ck_assert_int_eq(old.status, -EBADF);
    ck_assert(!new.ended &&somebody_waits(second[0]));
    ck_assert_int_eq(write(second[1], "x", 1), 1);
    AWAIT(new.ended);
    ck_assert_int_eq(new.status, KS_OK);
    close_pipe(second);
}
SCENARIO(a_reused_number_is_another_descriptor)

RUN_SUITE("wait", a_pipe_wakes_who_waits_test, a_full_pipe_is_waited_for_test, a_hang_up_wakes_test,
    wrong_descriptors_are_refused_test, one_process_waits_for_a_descriptor_test,
    a_killed_process_waits_no_more_test, a_reused_number_is_another_descriptor_test)
