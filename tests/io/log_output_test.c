/* SPDX-License-Identifier: Apache-2.0 */
/* log_output_test - a program whose standard error is slow, full, closed or gone.
 *
 * Each program is a child that the test forked, with a descriptor of the test's choice as its
 * standard error. Its exit status says what it saw. */
#define _GNU_SOURCE /* memmem */
#include "base/base.h"
#include "io/scenario.h"
#include "support/json.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TOLD = 3, GOOD = 7, BAD = 8, MANY = 20000, LONG = 7001, TEXT_MAX = 4 << 20 };

static int program(void (*fn)(void))
{
    scenario = fn;
    ks_child root = { .module = &scenario_module };
    ks_runtime_options options = { .hog_limit = KS_INFINITY }; /* no events but the test's */
    return ks_run(&options, &root) ? BAD : GOOD;
}

/* What a child says on descriptor TOLD beside its log: that it has said all. */
static int told[2] = { -1, -1 };

/* A child whose standard error is fd, or closed when fd is -1. */
static pid_t start(int fd, void (*fn)(void))
{
    pid_t child = fork();
    if (child) return child;
    signal(SIGPIPE, SIG_DFL);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
    else
        close(STDERR_FILENO);
    if (told[1] >= 0) dup2(told[1], TOLD);
    for (int other = TOLD + (told[1] >= 0); other < 64; other++) close(other);
    _exit(program(fn));
}

static int end(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static char text[TEXT_MAX];
static size_t text_size;
static size_t read_all(int fd)
{
    text_size = 0;
    for (ssize_t got; (got = read(fd, text + text_size, sizeof text - 1 - text_size)) > 0;)
        text_size += (size_t)got;
    text[text_size] = 0;
    return text_size;
}

static int count_of(const char *what)
{
    int count = 0;
    size_t size = strlen(what);
    const char *end = text + text_size; /* strstr looks for the end, under AddressSanitizer */
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), what, size)); at++) count++;
    return count;
}

/* --- what programs do ------------------------------------------------------------------------- */
static void say_two(void)
{
    ks_log_error("one");
    ks_log_error("two");
}

static void say_many(void)
{
    for (int i = 0; i < MANY; i++) ks_log_warning("line %d", i);
    ks_log_error("the last error");
    if (told[1] >= 0 && write(TOLD, "!", 1) != 1) _exit(BAD);
}

static int others;
static void count_turns(void *arg)
{
    for (; others < 100; others++) ks_yield();
}

/* A scheduler that waited for the pipe would not come to the end. */
static void say_many_and_go_on(void)
{
    ks_pid other = ks_spawn(count_turns, NULL);
    say_many();
    while (ks_is_alive(other)) ks_yield();
    if (others != 100 || ks_log_dropped() == 0) _exit(BAD);
}

/* Longer than what a pipe takes whole. */
static void say_long(void)
{
    static char letters[LONG];
    memset(letters, 'x', sizeof letters - 1);
    for (int i = 0; i < 100; i++) ks_log_warning("begin%send", letters);
    say_many();
}

static void say_json(void)
{
    if (ks_log_configure("json")) _exit(BAD);
    say_many();
}

static void abort_after_a_word(void)
{
    struct rlimit none = { 0 };
    setrlimit(RLIMIT_CORE, &none);
    ks_log_error("the last word");
    abort();
}

static void break_in_json(void)
{
    struct rlimit none = { 0 };
    setrlimit(RLIMIT_CORE, &none);
    if (ks_log_configure("json")) _exit(BAD);
    ks_log_error("the last word");
    KSI_ASSERT(strcmp("a\\b", "c") == 0);
}

static void exit_after_a_word(void)
{
    ks_log_error("the last word");
    exit(1);
}

/* Its number becomes that of something else. */
static void open_a_file_as_standard_error(void)
{
    char path[] = "/tmp/kiosk-log-XXXXXX";
    int fd = open("/dev/null", O_WRONLY); /* who knows which numbers are free */
    int file = mkstemp(path);
    struct stat stat;
    unlink(path);
    if (file != STDERR_FILENO && dup2(file, STDERR_FILENO) != STDERR_FILENO) _exit(BAD);
    say_two();
    if (fstat(STDERR_FILENO, &stat) != 0 || stat.st_size != 0) _exit(BAD);
    if (ks_log_dropped() < 2) _exit(BAD);
    close(fd);
}

static void change_standard_error(void)
{
    int ends[2];
    char got[200] = "";
    ks_log_error("one");
    if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0) _exit(BAD);
    ks_log_error("two");
    if (read(ends[0], got, sizeof got - 1) <= 0 || !strstr(got, "two")) _exit(BAD);
    close(ends[0]);
    close(ends[1]);
}

static void become_a_connection(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || dup2(ends[1], STDERR_FILENO) < 0) _exit(BAD);
    say_two();
    char byte;
    if (recv(ends[0], &byte, 1, MSG_DONTWAIT) >= 0) _exit(BAD);
    close(ends[0]);
    close(ends[1]);
}

static void flush_inside(void)
{
    if (ks_log_flush(0) != KS_DENIED) _exit(BAD);
}

/* --- a pipe ----------------------------------------------------------------------------------- */
static int pipe_ends[2];
static void make_pipe(void)
{
    ck_assert_int_eq(pipe(pipe_ends), 0);
    (void)fcntl(pipe_ends[0], F_SETFD, FD_CLOEXEC);
}

START_TEST(a_pipe_that_nobody_reads_stops_nobody)
{
    make_pipe();
    ck_assert_int_eq(end(start(pipe_ends[1], say_many_and_go_on)), GOOD);
    ck_assert_int_eq(fcntl(pipe_ends[1], F_GETFL) & O_NONBLOCK, 0); /* it is others' too */
    close(pipe_ends[1]);
    ck_assert_uint_gt(read_all(pipe_ends[0]), 0);
    ck_assert_int_ge(count_of("line 0\n"), 1);
}
END_TEST

/* Reads when the program has filled the pipe and the queue. */
static void read_late(void (*fn)(void))
{
    char byte;
    make_pipe();
    ck_assert_int_eq(pipe(told), 0);
    pid_t child = start(pipe_ends[1], fn);
    close(pipe_ends[1]);
    ck_assert_int_eq(read(told[0], &byte, 1), 1);
    read_all(pipe_ends[0]);
    ck_assert_int_eq(end(child), GOOD);
}

START_TEST(what_was_dropped_is_counted)
{
    read_late(say_many);
    int lines = count_of(" line "), dropped = 0;
    const char *report = strstr(text, " log events were dropped");
    ck_assert_ptr_nonnull(report);
    while (report[-1] != ' ') report--;
    ck_assert_int_eq(sscanf(report, "%d", &dropped), 1);
    ck_assert_int_gt(dropped, 0);
    ck_assert_int_eq(count_of("the last error"), 1); /* room is kept for it */
    ck_assert_int_le(lines + dropped, MANY + 1);     /* beside the last notice of the program */
    ck_assert_int_ge(lines + dropped, MANY);
}
END_TEST

START_TEST(a_long_line_comes_whole)
{
    read_late(say_long);
    int whole = 0;
    for (const char *at = text; (at = strstr(at, "begin")); whole++) {
        at += strlen("begin");
        ck_assert_uint_eq(strspn(at, "x"), LONG - 1);
        ck_assert_int_eq(strncmp(at + LONG - 1, "end\n", 4), 0);
    }
    ck_assert_int_gt(whole, 10);
}
END_TEST

START_TEST(the_count_is_json_where_all_is)
{
    read_late(say_json);
    int lines = 0, reports = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        ck_assert_msg(json_is_valid(line, strlen(line)), "%s", line);
        const char *dropped = json_member(line, "dropped");
        if (dropped && atoi(dropped) > 0) reports++;
    }
    ck_assert_int_gt(lines, 100);
    ck_assert_int_eq(reports, 1);
}
END_TEST

START_TEST(a_pipe_without_a_reader_kills_nobody)
{
    make_pipe();
    close(pipe_ends[0]);
    ck_assert_int_eq(end(start(pipe_ends[1], say_many)), GOOD);
}
END_TEST

/* --- other descriptors ------------------------------------------------------------------------ */
START_TEST(a_full_device_stops_nobody)
{
    int fd = open("/dev/full", O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(end(start(fd, say_many)), GOOD);
}
END_TEST

START_TEST(a_closed_standard_error_is_left_alone)
{
    ck_assert_int_eq(end(start(-1, open_a_file_as_standard_error)), GOOD);
    ck_assert_int_eq(end(start(-1, say_many)), GOOD);
}
END_TEST

START_TEST(a_file_gets_every_line)
{
    char path[] = "/tmp/kiosk-log-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    unlink(path);
    ck_assert_int_eq(end(start(fd, say_many)), GOOD);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    read_all(fd);
    ck_assert_int_eq(count_of(" line "), MANY);
    ck_assert_int_eq(count_of("dropped"), 0);
}
END_TEST

START_TEST(a_socket_from_the_beginning_is_written)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(end(start(ends[1], say_two)), GOOD);
    close(ends[1]);
    read_all(ends[0]);
    ck_assert_int_eq(count_of("two\n"), 1);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[0]);
    ck_assert_int_eq(end(start(ends[1], say_many)), GOOD);
}
END_TEST

START_TEST(another_file_may_take_its_place)
{
    make_pipe();
    ck_assert_int_eq(end(start(pipe_ends[1], change_standard_error)), GOOD);
    ck_assert_int_eq(end(start(pipe_ends[1], become_a_connection)), GOOD);
    close(pipe_ends[1]);
    read_all(pipe_ends[0]);
    ck_assert_int_eq(count_of("one\n"), 1);
}
END_TEST

/* --- the last word ---------------------------------------------------------------------------- */
START_TEST(the_last_word_gets_out)
{
    make_pipe();
    ck_assert_int_eq(end(start(pipe_ends[1], abort_after_a_word)), -SIGABRT);
    ck_assert_int_eq(end(start(pipe_ends[1], exit_after_a_word)), 1);
    ck_assert_int_eq(end(start(pipe_ends[1], say_two)), GOOD);
    close(pipe_ends[1]);
    read_all(pipe_ends[0]);
    ck_assert_int_eq(count_of("the last word\n"), 2);
    ck_assert_int_eq(count_of("ended: normal\n"), 1);
}
END_TEST

/* Also when it is the runtime's own: all lines can be read by the same program. */
START_TEST(the_last_word_has_the_form_of_the_others)
{
    make_pipe();
    ck_assert_int_eq(end(start(pipe_ends[1], break_in_json)), -SIGABRT);
    close(pipe_ends[1]);
    read_all(pipe_ends[0]);
    char *last = strstr(text, "\n{");
    ck_assert_ptr_nonnull(last);
    size_t length = strcspn(++last, "\n");
    ck_assert_uint_eq(strlen(last), length + 1);
    ck_assert(json_is_valid(last, length));
    ck_assert_ptr_nonnull(strstr(last, "\"message\":\"kiosk: broken: strcmp(\\\"a\\\\\\\\b\\\""));
    time_t now = time(NULL);
    struct tm tm;
    char today[32];
    strftime(today, sizeof today, "{\"time\":\"%Y-%m-%dT", gmtime_r(&now, &tm));
    ck_assert(
        strncmp(last, today, strlen(today)) == 0 || tm.tm_hour == 0); /* midnight has passed */
}
END_TEST

START_TEST(a_flush_is_for_those_who_may_wait)
{
    ck_assert_int_eq(run(NULL, flush_inside), KS_OK);
    ck_assert_int_eq(ks_log_flush(0), KS_OK);
}
END_TEST

/* Before a runtime runs and after its end there is no thread: who logs waits, not for ever. */
START_TEST(outside_of_a_runtime_it_waits_a_while)
{
    make_pipe();
    int saved = dup(STDERR_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
    for (int i = 0; i < MANY; i++) ks_log_error("line %d", i);
    ck_assert_int_eq(ks_log_flush(10), KS_TIMEOUT);
    ck_assert_uint_gt(ks_log_dropped(), 0);
    pid_t reader = fork();
    if (reader == 0) {
        close(pipe_ends[1]);
        close(STDERR_FILENO);
        read_all(pipe_ends[0]);
        _exit(count_of("line 0\n") == 1 && count_of("dropped") == 1 ? GOOD : BAD);
    }
    ck_assert_int_eq(ks_log_flush(10000), KS_OK);
    ks_log_error("and on");
    dup2(saved, STDERR_FILENO);
    close(pipe_ends[1]);
    ck_assert_int_eq(end(reader), GOOD);
}
END_TEST

/* A fork leaves the thread and what waits behind; the child has its own standard error. */
static int fork_and_say(void)
{
    int ends[2];
    if (pipe(ends)) return BAD;
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        ks_log_error("from the child");
        _exit(ks_log_dropped() == 0 ? GOOD : BAD);
    }
    close(ends[1]);
    read_all(ends[0]);
    close(ends[0]);
    return count_of("from the child\n") == 1 && count_of(" line ") == 0 ? end(child) : BAD;
}

static void fork_when_stuck(void)
{
    say_many();
    if (fork_and_say() != GOOD) _exit(BAD);
}

START_TEST(a_fork_begins_with_nothing)
{
    make_pipe();
    ck_assert_int_eq(end(start(pipe_ends[1], fork_when_stuck)), GOOD);
}
END_TEST

RUN_SUITE("log output", a_pipe_that_nobody_reads_stops_nobody, what_was_dropped_is_counted,
    a_long_line_comes_whole, the_count_is_json_where_all_is, a_pipe_without_a_reader_kills_nobody,
    a_full_device_stops_nobody, a_closed_standard_error_is_left_alone, a_file_gets_every_line,
    a_socket_from_the_beginning_is_written, another_file_may_take_its_place,
    a_fork_begins_with_nothing, the_last_word_gets_out, the_last_word_has_the_form_of_the_others,
    a_flush_is_for_those_who_may_wait, outside_of_a_runtime_it_waits_a_while)
