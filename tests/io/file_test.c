/* SPDX-License-Identifier: Apache-2.0 */
/* file_test - real files in a temporary folder, on real threads. */
#include "io/scenario.h"
#include "runtime/scheduler.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT = 10000 };

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int names_in_folder(void)
{
    ks_path_names names;
    ck_assert_int_eq(ks_path_list(folder, 100, WAIT, &names), KS_OK);
    int count = (int)names.count;
    ks_free(names.items);
    return count;
}

static void clear(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

#define FILES(name)                                                                                \
    START_TEST(name##_test)                                                                        \
    {                                                                                              \
        strcpy(folder, "/tmp/kiosk-file-XXXXXX");                                                  \
        ck_assert_ptr_nonnull(mkdtemp(folder));                                                    \
        ck_assert_int_eq(run(NULL, name), KS_OK);                                                  \
        clear();                                                                                   \
    }                                                                                              \
    END_TEST

static ks_file opened(const char *name, int flags)
{
    ks_file file = { 0 };
    ck_assert_int_eq(ks_file_open(in_folder(name), flags, WAIT, &file), KS_OK);
    return file;
}

static void holds(const char *name, const char *text)
{
    ks_text found;
    ck_assert_int_eq(ks_read_file(in_folder(name), 1 << 20, WAIT, &found), KS_OK);
    ck_assert_str_eq(found.ptr, text);
    ck_assert_int_eq((int)found.len, (int)strlen(text));
    ks_free((void *)found.ptr);
}

/* --- an open file ----------------------------------------------------------------------------- */
static void what_is_written_is_read(void)
{
    char buffer[32];
    size_t count = 99;
    ks_file file = opened("one", O_RDWR | O_CREAT | O_EXCL);
    ck_assert_int_eq(ks_file_write(file, ks_lit("hello, "), WAIT), KS_OK);
    ck_assert_int_eq(ks_file_write(file, ks_lit("world"), WAIT), KS_OK);
    ck_assert_int_eq(ks_file_write(file, ks_lit(""), WAIT), KS_OK);
    ck_assert_int_eq(ks_file_write_at(file, 0, ks_lit("H"), WAIT), KS_OK);
    ck_assert_int_eq(ks_file_sync(file, WAIT), KS_OK);
    ck_assert_int_eq(ks_file_read(file, buffer, sizeof buffer, WAIT, &count), KS_OK);
    ck_assert_int_eq((int)count, 0); /* the end is here */
    ck_assert_int_eq(ks_file_read_at(file, 7, buffer, 3, WAIT, &count), KS_OK);
    ck_assert_int_eq((int)count, 3);
    ck_assert_int_eq(memcmp(buffer, "wor", 3), 0);
    ck_assert_int_eq(ks_file_read_at(file, 10, buffer, sizeof buffer, WAIT, &count), KS_OK);
    ck_assert_int_eq((int)count, 2);
    ck_assert_int_eq(ks_file_read_at(file, -1, buffer, 1, WAIT, &count), KS_BADARG);
    ck_assert_int_eq(ks_file_write_at(file, -1, ks_lit("x"), WAIT), KS_BADARG);
    ks_stat stat;
    ck_assert_int_eq(ks_file_stat(file, WAIT, &stat), KS_OK);
    ck_assert_int_eq((int)stat.size, 12);
    ck_assert_int_eq(stat.kind, KS_FILE_REGULAR);
    ck_assert_int_eq(ks_file_close(file, WAIT), KS_OK);
    holds("one", "Hello, world");
}
FILES(what_is_written_is_read)

static void large_pieces_are_whole(void)
{
    enum { SIZE = 8 << 20 };
    char *bytes = ks_alloc(SIZE), *back = ks_alloc(SIZE + 100);
    size_t count;
    for (int i = 0; i < SIZE; i++) bytes[i] = (char)(i * 7 + i / 4096);
    ks_file file = opened("large", O_RDWR | O_CREAT);
    ck_assert_int_eq(ks_file_write(file, (ks_text){ bytes, SIZE }, WAIT), KS_OK);
    ck_assert_int_eq(ks_file_read_at(file, 0, back, SIZE + 100, WAIT, &count), KS_OK);
    ck_assert_int_eq((int)count, SIZE);
    ck_assert_int_eq(memcmp(bytes, back, SIZE), 0);
    ks_text whole;
    ck_assert_int_eq(ks_read_file(in_folder("large"), SIZE, WAIT, &whole), KS_OK);
    ck_assert_int_eq(memcmp(bytes, whole.ptr, SIZE), 0);
    ck_assert_int_eq(ks_file_close(file, WAIT), KS_OK);
}
FILES(large_pieces_are_whole)

static void what_fails_says_why(void)
{
    ks_file file;
    size_t count;
    char byte;
    ck_assert_int_eq(ks_file_open(in_folder("none"), O_RDONLY, WAIT, &file), -ENOENT);
    ck_assert_int_eq(ks_file_open(NULL, O_RDONLY, WAIT, &file), KS_BADARG);
    ck_assert_int_eq(ks_file_open(folder, O_WRONLY, WAIT, &file), -EISDIR);
    file = opened("one", O_WRONLY | O_CREAT);
    ck_assert_int_eq(ks_file_read(file, &byte, 1, WAIT, &count), -EBADF);
    ck_assert_int_eq(ks_file_close(file, WAIT), KS_OK);
    ck_assert_int_eq(ks_file_close(file, WAIT), -EBADF);
    ck_assert_int_eq(ks_file_write(file, ks_lit("x"), WAIT), -EBADF);
    ck_assert_int_eq(ks_file_sync((ks_file){ 0 }, WAIT), -EBADF);
    ck_assert_int_eq(ks_file_open("/dev/full", O_WRONLY, WAIT, &file), KS_OK);
    ck_assert_int_eq(ks_file_write(file, ks_lit("x"), WAIT), -ENOSPC);
    ck_assert_int_eq(ks_file_close(file, WAIT), KS_OK);
}
FILES(what_fails_says_why)

static void modes_follow_the_umask(void)
{
    ks_stat stat;
    mode_t old = umask(027);
    ks_file_close(opened("shared", O_WRONLY | O_CREAT), WAIT);
    ks_file_close(opened("private", O_WRONLY | O_CREAT | KS_FILE_PRIVATE), WAIT);
    ck_assert_int_eq(ks_path_stat(in_folder("shared"), WAIT, &stat), KS_OK);
    ck_assert_uint_eq(stat.mode, 0640);
    ck_assert_int_eq(ks_path_stat(in_folder("private"), WAIT, &stat), KS_OK);
    ck_assert_uint_eq(stat.mode, 0600);
    umask(old);
}
FILES(modes_follow_the_umask)

/* When it returns, all that the process owned was released. */
static void kill_and_await(ks_pid pid)
{
    ks_ref monitor = ks_monitor(pid);
    ks_exit_process(pid, KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(monitor, WAIT));
}

/* --- ownership -------------------------------------------------------------------------------- */
static ks_file handed; /* to somebody who must not use it */
static bool handed_over;

static void open_and_wait(void *arg)
{
    handed = opened("owned", O_RDWR | O_CREAT);
    handed_over = true;
    (void)ks_receive(KS_INFINITY);
}
static void a_file_belongs_to_one_process(void)
{
    int before = open_descriptors();
    ks_pid pid = ks_spawn(open_and_wait, NULL);
    AWAIT(handed_over);
    ck_assert_int_eq(open_descriptors(), before + 1);
    ck_assert_int_eq(ks_file_write(handed, ks_lit("x"), WAIT), -EBADF);
    ck_assert_int_eq(ks_file_close(handed, WAIT), -EBADF);
    kill_and_await(pid);
    AWAIT(open_descriptors() == before); /* closed by a thread of the pool */
}
FILES(a_file_belongs_to_one_process)

static bool is_close_on_exec(const char *path)
{
    for (int fd = 0; fd < 64; fd++) {
        char link[64], target[256];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length < 0) continue;
        target[length] = 0;
        if (strcmp(target, path) == 0) return fcntl(fd, F_GETFD) & FD_CLOEXEC;
    }
    return false;
}
static void files_are_close_on_exec(void)
{
    ks_file file = opened("one", O_RDWR | O_CREAT);
    ck_assert(is_close_on_exec(in_folder("one")));
    ck_assert_int_eq(ks_file_close(file, WAIT), KS_OK);
}
FILES(files_are_close_on_exec)

/* A pipe in a file's place: its reader stands in read(2) as long as the test wants. */
struct reader {
    bool opened, timed_out, busy;
    ks_status later;
};
static void read_pipe(void *arg)
{
    struct reader *reader = arg;
    char buffer[4];
    size_t count;
    ks_file file = opened("pipe", O_RDWR);
    reader->opened = true;
    while (ks_blocking_look().left == 0) { /* what had not begun when the time was over is not it */
        ks_status status = ks_file_read(file, buffer, 4, 20, &count);
        reader->timed_out = status == KS_TIMEOUT;
        if (status == -EBUSY) ks_sleep(1);
    }
    reader->busy = ks_file_read(file, buffer, 4, 20, &count) == -EBUSY;
    (void)ks_receive(KS_INFINITY);
    reader->later = ks_file_close(file, WAIT);
}
static void what_was_given_up_keeps_the_file(void)
{
    int before = open_descriptors();
    ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0);
    for (int killed = 0; killed < 2; killed++) {
        struct reader reader = { .later = -1 };
        ks_pid pid = ks_spawn(read_pipe, &reader);
        AWAIT(reader.busy);
        ck_assert(reader.timed_out);
        if (killed)
            kill_and_await(pid);
        else
            ck_assert_int_eq(ks_send(pid, ks_int, &(ks_int){ 1 }), KS_OK);
        AWAIT(!ks_is_alive(pid));
        ck_assert_int_eq(reader.later, killed ? -1 : KS_OK);
        ck_assert_int_eq(open_descriptors(), before + 1); /* its reader has it still */
        int fd = open(in_folder("pipe"), O_RDWR | O_CLOEXEC);
        ck_assert_int_eq((int)write(fd, "four", 4), 4);
        AWAIT(ks_blocking_look().running == 0);
        ck_assert_int_eq(open_descriptors(), before + 1);
        close(fd);
    }
}
FILES(what_was_given_up_keeps_the_file)

/* Nobody opens the other end: open(2) waits. Its process is killed; then the end comes. */
static void open_pipe(void *arg)
{
    ks_file file;
    (void)!ks_file_open(in_folder("pipe"), O_RDONLY, KS_INFINITY, &file);
    *(int *)arg = 1;
}
static void what_is_opened_for_nobody_is_closed(void)
{
    int done = 0, before = open_descriptors();
    ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0);
    ks_pid pid = ks_spawn(open_pipe, &done);
    AWAIT(ks_blocking_look().running == 1);
    kill_and_await(pid);
    int fd;
    AWAIT((fd = open(in_folder("pipe"), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0);
    AWAIT(ks_blocking_look().running == 0);
    close(fd);
    ck_assert_int_eq(open_descriptors(), before);
    ck_assert_int_eq(done, 0);
}
FILES(what_is_opened_for_nobody_is_closed)

/* --- paths ------------------------------------------------------------------------------------ */
static void paths_are_renamed_and_removed(void)
{
    ks_stat stat, other;
    ck_assert_int_eq(ks_write_file(in_folder("a"), ks_lit("A"), WAIT), KS_OK);
    ck_assert_int_eq(ks_write_file(in_folder("b"), ks_lit("B"), WAIT), KS_OK);
    ck_assert_int_eq(ks_path_stat(in_folder("a"), WAIT, &stat), KS_OK);
    ck_assert_int_eq(ks_path_rename(in_folder("a"), in_folder("b"), WAIT), KS_OK);
    ck_assert_int_eq(ks_path_stat(in_folder("a"), WAIT, &other), -ENOENT);
    ck_assert_int_eq(ks_path_stat(in_folder("b"), WAIT, &other), KS_OK);
    ck_assert_uint_eq(stat.inode, other.inode);
    ck_assert_uint_eq(stat.device, other.device);
    holds("b", "A");
    ck_assert_int_eq(ks_path_rename(in_folder("b"), NULL, WAIT), KS_BADARG);
    ck_assert_int_eq(ks_path_unlink(in_folder("b"), WAIT), KS_OK);
    ck_assert_int_eq(ks_path_unlink(in_folder("b"), WAIT), -ENOENT);
    ck_assert_int_eq(ks_path_make_folder(in_folder("sub"), WAIT), KS_OK);
    ck_assert_int_eq(ks_path_make_folder(in_folder("sub"), WAIT), -EEXIST);
    ck_assert_int_eq(ks_path_stat(in_folder("sub"), WAIT, &stat), KS_OK);
    ck_assert_int_eq(stat.kind, KS_FILE_FOLDER);
    ck_assert_int_eq(ks_path_remove_folder(in_folder("sub"), WAIT), KS_OK);
    ck_assert_int_eq(names_in_folder(), 0);
    ck_assert_int_eq(ks_path_stat("/dev/null", WAIT, &stat), KS_OK);
    ck_assert_int_eq(stat.kind, KS_FILE_OTHER);
}
FILES(paths_are_renamed_and_removed)

static void a_folder_is_listed_in_order(void)
{
    enum { FILES = 60 };
    ks_path_names names;
    char name[16];
    ck_assert_int_eq(ks_path_list(folder, 0, WAIT, &names), KS_OK);
    ck_assert_int_eq((int)names.count, 0);
    ks_free(names.items);
    for (int i = FILES; i-- > 0;) {
        snprintf(name, sizeof name, "file-%02d", i);
        ks_file_close(opened(name, O_WRONLY | O_CREAT), WAIT);
    }
    ck_assert_int_eq(ks_path_list(folder, FILES, WAIT, &names), KS_OK);
    ck_assert_int_eq((int)names.count, FILES);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "file-%02d", i);
        ck_assert_str_eq(names.items[i], name);
    }
    ks_free(names.items);
    ck_assert_int_eq(ks_path_list(folder, FILES - 1, WAIT, &names), KS_FULL);
    ck_assert_int_eq(ks_path_list(in_folder("file-00"), 9, WAIT, &names), -ENOTDIR);
}
FILES(a_folder_is_listed_in_order)

/* --- whole files ------------------------------------------------------------------------------ */
static void a_read_is_limited(void)
{
    ks_text text;
    ck_assert_int_eq(ks_write_file(in_folder("ten"), ks_lit("0123456789"), WAIT), KS_OK);
    ck_assert_int_eq(ks_read_file(in_folder("ten"), 9, WAIT, &text), -EFBIG);
    ck_assert_int_eq(ks_read_file(in_folder("ten"), 10, WAIT, &text), KS_OK);
    ck_assert_int_eq((int)text.len, 10);
    ck_assert_int_eq(ks_read_file(in_folder("ten"), SIZE_MAX, WAIT, &text), KS_OK);
    ck_assert_int_eq(ks_write_file(in_folder("empty"), ks_lit(""), WAIT), KS_OK);
    ck_assert_int_eq(ks_read_file(in_folder("empty"), 0, WAIT, &text), KS_OK);
    ck_assert_int_eq((int)text.len, 0);
    ck_assert_str_eq(text.ptr, "");
    /* Its size is not told before. */
    ck_assert_int_eq(ks_read_file("/proc/self/status", 1 << 20, WAIT, &text), KS_OK);
    ck_assert_ptr_nonnull(strstr(text.ptr, "Threads:"));
    ck_assert_int_eq(ks_read_file("/proc/self/status", 16, WAIT, &text), -EFBIG);
    ck_assert_int_eq(ks_read_file(folder, 16, WAIT, &text), -EISDIR);
    ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0);
    ck_assert_int_eq(ks_read_file(in_folder("pipe"), 16, WAIT, &text), -EINVAL);
}
FILES(a_read_is_limited)

static void a_file_is_replaced_whole(void)
{
    ks_stat stat;
    ck_assert_int_eq(ks_write_file(in_folder("conf"), ks_lit("old"), WAIT), KS_OK);
    ck_assert_int_eq(chmod(in_folder("conf"), 0640), 0);
    ck_assert_int_eq(symlink("conf", in_folder("link")), 0);
    int fd = open(in_folder("conf"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(ks_write_file(in_folder("link"), ks_lit("newer"), WAIT), KS_OK);
    char old[8] = "";
    ck_assert_int_eq((int)read(fd, old, 8), 3); /* who has it open sees the old one */
    ck_assert_str_eq(old, "old");
    close(fd);
    holds("conf", "newer");
    holds("link", "newer");
    ck_assert_int_eq(ks_path_stat(in_folder("conf"), WAIT, &stat), KS_OK);
    ck_assert_uint_eq(stat.mode, 0640);
    ck_assert_int_eq(names_in_folder(), 2);
    ck_assert_int_eq(ks_write_file(in_folder("no/conf"), ks_lit("x"), WAIT), -ENOENT);
    ck_assert_int_eq(mkdir(in_folder("sub"), 0700), 0);
    ck_assert_int_eq(ks_write_file(in_folder("sub"), ks_lit("x"), WAIT), -EISDIR);
    ck_assert_int_eq(names_in_folder(), 3); /* nothing was left beside it */
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(ks_write_file("relative", ks_lit("here"), WAIT), KS_OK);
    holds("relative", "here");
    ck_assert_int_eq(chdir("/"), 0);
}
FILES(a_file_is_replaced_whole)

static void replace_again(void *arg)
{
    char text[4096];
    for (int i = 0;; i++) { /* until it is killed */
        memset(text, 'a' + i % 26, sizeof text);
        if (ks_write_file(in_folder("conf"), (ks_text){ text, sizeof text }, WAIT)) return;
    }
}
/* Until the first one was whole there is none; then there always is. */
static void a_kill_leaves_the_old_or_the_new(void)
{
    bool was_there = false;
    for (int i = 0; i < 20 || (!was_there && i < 200); i++) {
        ks_pid pid = ks_spawn(replace_again, NULL);
        ks_sleep(1 + i % 4);
        kill_and_await(pid);
        AWAIT(ks_blocking_look().running == 0);
        ks_text text = { 0 };
        ks_status status = ks_read_file(in_folder("conf"), 4096, WAIT, &text);
        ck_assert(status == KS_OK || (!was_there && status == -ENOENT));
        was_there |= !status;
        for (size_t k = 0; k < text.len; k++) ck_assert_int_eq(text.ptr[k], text.ptr[0]);
        if (!status) ck_assert_int_eq((int)text.len, 4096);
        ck_assert_int_le(names_in_folder(), 1);
    }
    ck_assert(was_there);
}
FILES(a_kill_leaves_the_old_or_the_new)

/* --- memory ----------------------------------------------------------------------------------- */
static void read_what_is_too_large(void *arg)
{
    ks_text text;
    *(ks_status *)arg = ks_read_file(in_folder("large"), 1 << 20, WAIT, &text);
}
static void a_limit_of_memory_counts(void)
{
    static char bytes[200000];
    ks_status status = -1;
    memset(bytes, 'x', sizeof bytes);
    ck_assert_int_eq(ks_write_file(in_folder("large"), (ks_text){ bytes, sizeof bytes }, WAIT), 0);
    const ks_spawn_options options = { .memory_max = 100000 };
    ks_pid pid;
    ck_assert_int_eq(ks_spawn_with(read_what_is_too_large, &status, &options, &pid), KS_OK);
    AWAIT(!ks_is_alive(pid));
    ck_assert_int_eq(status, KS_NOMEM);
}
FILES(a_limit_of_memory_counts)

static int to_fail;
static bool fails(void *arg) { return --to_fail == 0; }

static ks_status use_files(void)
{
    ks_file file;
    char buffer[8];
    size_t count;
    ks_status status = ks_file_open(in_folder("one"), O_RDWR | O_CREAT, WAIT, &file);
    if (status) return status;
    status = ks_file_write(file, ks_lit("text"), WAIT);
    if (!status) status = ks_file_read_at(file, 0, buffer, 4, WAIT, &count);
    ks_status closed = ks_file_close(file, WAIT);
    return status ? status : closed;
}
static void without_memory_it_is_refused(void)
{
    struct ksi_pool *pool = &ksi_this_scheduler->pool;
    ks_status status = KS_NOMEM;
    int refusals = 0, before = open_descriptors();
    for (int n = 1; status; n++) {
        to_fail = n;
        pool->fails = fails;
        status = use_files();
        pool->fails = NULL;
        ck_assert(status == KS_OK || status == KS_NOMEM);
        refusals += status != KS_OK;
    }
    ck_assert_int_ge(refusals, 10);
    AWAIT(open_descriptors() == before);
}
FILES(without_memory_it_is_refused)

RUN_SUITE("file", what_is_written_is_read_test, large_pieces_are_whole_test,
    what_fails_says_why_test, modes_follow_the_umask_test, a_file_belongs_to_one_process_test,
    files_are_close_on_exec_test, what_was_given_up_keeps_the_file_test,
    what_is_opened_for_nobody_is_closed_test, paths_are_renamed_and_removed_test,
    a_folder_is_listed_in_order_test, a_read_is_limited_test, a_file_is_replaced_whole_test,
    a_kill_leaves_the_old_or_the_new_test, a_limit_of_memory_counts_test,
    without_memory_it_is_refused_test)
