/* SPDX-License-Identifier: Apache-2.0 */
/* log_remote_test - standard error is a file on another machine, which does not answer for a while:
 * the log's thread waits for it, no scheduler does. Two calls of the system's are the test's own:
 * the program is linked with the static library, so these are found first. */
#define _GNU_SOURCE
#include "io/scenario.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GOOD = 7, BAD = 8 };

static bool remote;         /* what the file says it is */
static pthread_t scheduler; /* whose writes are counted */
static atomic_int by_scheduler, by_others;
static sem_t answer; /* of the other machine */

int fstatfs(int fd, struct statfs *about)
{
    int result = (int)syscall(SYS_fstatfs, fd, about);
    if (remote) about->f_type = NFS_SUPER_MAGIC;
    return result;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (fd == STDERR_FILENO && pthread_equal(pthread_self(), scheduler)) {
        by_scheduler++;
    } else if (fd == STDERR_FILENO) {
        if (by_others++ == 0 && remote)
            while (sem_wait(&answer) != 0) {}
    }
    return syscall(SYS_write, fd, bytes, size);
}

static off_t size_of_file(void) { return lseek(STDERR_FILENO, 0, SEEK_END); }

static void log_into_file(void)
{
    scheduler = pthread_self();
    by_scheduler = 0;
    for (int i = 0; i < 100; i++) ks_log_error("line %d", i);
}

static void log_remotely(void)
{
    log_into_file();
    AWAIT(by_others == 1);
    if (by_scheduler || size_of_file() != 0) _exit(BAD); /* we are here, and it has none yet */
    sem_post(&answer);
    AWAIT(by_others >= 100);
    if (by_scheduler) _exit(BAD);
}

static void log_locally(void)
{
    log_into_file();
    if (by_scheduler != 100 || size_of_file() == 0) _exit(BAD); /* before the next statement */
}

/* How many lines the file has in the end. */
static int lines_of(void (*fn)(void), bool is_remote)
{
    char path[] = "/tmp/kiosk-log-XXXXXX";
    int file = mkostemp(path, O_CLOEXEC | O_APPEND), status, lines = 0;
    unlink(path);
    pid_t child = fork();
    if (!child) {
        dup2(file, STDERR_FILENO);
        remote = is_remote;
        sem_init(&answer, 0, 0);
        scenario = fn;
        ks_child root = { .module = &scenario_module };
        _exit(ks_run(NULL, &root) ? BAD : GOOD);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), GOOD);
    static char text[1 << 16];
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    close(file);
    for (ssize_t i = 0; i < length; i++) lines += text[i] == '\n';
    return lines;
}

/* 100, and the notice of the end. */
START_TEST(a_remote_file_stops_no_scheduler)
{
    ck_assert_int_eq(lines_of(log_remotely, true), 101);
}
END_TEST
START_TEST(a_local_file_has_the_line_at_once)
{
    ck_assert_int_eq(lines_of(log_locally, false), 101);
}
END_TEST

RUN_SUITE("log_remote", a_remote_file_stops_no_scheduler, a_local_file_has_the_line_at_once)
