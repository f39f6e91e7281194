/* SPDX-License-Identifier: Apache-2.0 */
/* turns.c - memory by turns: endless loops of a plain process, and what they keep.
 *
 *     turns KIND [COUNT]    flat, receive, end_turn, server, never, two, deferred, queue, stacks
 *
 * Prints nanoseconds for each call; resident memory at the start, at its highest and at the end. */
#include <kiosk/kiosk.h>
#include <kiosk/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 20, TEXT_BYTES = 100, LARGE_BYTES = 3000 };

/* --- a server whose replies hold texts -------------------------------------------------------- */
KS_MODULE(book, void);
KS_CALL(book, number, void, ks_int);
KS_CALL(book, line, ks_int, ks_text);
KS_CALL(book, hold, ks_text, void);
KS_CALL(book, count, void, ks_int);

struct book {
    int64_t held;
    char text[TEXT_BYTES + 1];
};

static ks_next book_handle_number(book *self, ks_int *reply)
{
    *reply = 42;
    return ks_reply();
}

static ks_next book_handle_line(book *self, const ks_int *n, ks_text *reply)
{
    memset(self->text, 'a' + (int)(*n % 26), TEXT_BYTES);
    *reply = (ks_text){ self->text, TEXT_BYTES };
    return ks_reply();
}

static ks_next book_handle_hold(book *self, const ks_text *text) /* never answered */
{
    self->held += text->len > 0;
    (void)book_from_hold();
    return ks_noreply();
}

static ks_next book_handle_count(book *self, ks_int *reply)
{
    *reply = self->held;
    return ks_reply();
}
KS_GEN_SERVER(book, .ops = KS_OPS(book, number, line, hold, count));

/* A server in the middle: its handler asks the book for a text; each handler is a turn. */
KS_MODULE(reader, ks_pid);
struct reader {
    ks_pid book;
};
KS_CALL(reader, length, ks_int, ks_int);
static ks_next reader_init(reader *self, const ks_pid *book_pid)
{
    self->book = *book_pid;
    return ks_ok();
}
static ks_next reader_handle_length(reader *self, const ks_int *n, ks_int *reply)
{
    ks_text text;
    KS_TRY(book_call_line(self->book, n, &text, 5000));
    *reply = (ks_int)text.len;
    return ks_reply();
}
KS_GEN_SERVER(reader, .init = reader_init, .ops = KS_OPS(reader, length));

/* --- what is measured ------------------------------------------------------------------------- */
static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static long resident_kib(void)
{
    long pages = 0, all = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2) abort();
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static const char *kind;
static long count;
static ks_pid book_pid, reader_pid;

static void ask_line(long n)
{
    ks_int number = n;
    ks_text text;
    KS_CHECK_OK(book_call_line(book_pid, &number, &text, 5000));
    KS_CHECK(text.len == TEXT_BYTES && text.ptr[TEXT_BYTES - 1] == 'a' + n % 26);
}

static void step_flat(long n)
{
    ks_int value;
    KS_CHECK_OK(book_call_number(book_pid, &value, 5000));
}

static void step_receive(long n)
{
    ks_int value = n;
    ask_line(n);
    KS_CHECK_OK(ks_send(ks_self(), ks_int, &value));
    KS_CHECK(ks_receive(1000) != NULL);
}

static void step_end_turn(long n)
{
    ask_line(n);
    ks_end_turn();
}

static void step_server(long n)
{
    ks_int number = n, length;
    KS_CHECK_OK(reader_call_length(reader_pid, &number, &length, 5000));
    KS_CHECK(length == TEXT_BYTES);
}

/* Two replies and a received message are all readable until the turn ends. */
static void step_two(long n)
{
    ks_int a = n, b = n + 1;
    ks_text first, second;
    KS_CHECK_OK(ks_send(ks_self(), ks_int, &a));
    KS_CHECK_OK(book_call_line(book_pid, &a, &first, 5000));
    const ks_int *got = ks_receive_as(ks_int, 1000);
    KS_CHECK_OK(book_call_line(book_pid, &b, &second, 5000));
    KS_CHECK(got && *got == n);
    KS_CHECK(first.ptr != second.ptr && first.ptr[0] == 'a' + n % 26);
    KS_CHECK(second.ptr[0] == 'a' + (n + 1) % 26);
    ks_end_turn();
}

static const struct step {
    const char *name;
    void (*run)(long n);
} steps[] = { { "flat", step_flat }, { "receive", step_receive }, { "end_turn", step_end_turn },
    { "server", step_server }, { "never", ask_line }, { "two", step_two } };

static void repeat(void (*run)(long n))
{
    long highest = 0, slice = count / SAMPLES;
    for (long n = 0; n < slice / 100; n++) run(n);
    long first = resident_kib();
    double start = now_ns();
    for (long n = 0; n < count; n++) {
        run(n);
        if (n % slice == 0 && resident_kib() > highest) highest = resident_kib();
    }
    double ns = (now_ns() - start) / (double)count;
    printf("  %-9s %10ld calls  %6.1f ns  %6ld KiB, highest %ld, last %ld\n", kind, count, ns,
        first, highest, resident_kib());
}

/* --- what is kept: deferred requests, a long queue, many stacks ------------------------------- */
static char large[LARGE_BYTES + 1];
static size_t request_bytes;

static void hold(void *arg)
{
    ks_text text = { large, request_bytes };
    KS_CHECK(book_call_hold(book_pid, &text, KS_INFINITY) == KS_NOPROC);
}

static long held_kib(size_t bytes)
{
    ks_int held = 0;
    long before = resident_kib();
    request_bytes = bytes;
    for (long n = 0; n < count; n++) {
        ks_spawn(hold, NULL);
        ks_yield();
    }
    KS_CHECK_OK(book_call_count(book_pid, &held, KS_INFINITY));
    return resident_kib() - before;
}

/* Each held request keeps a blocked caller and its stack; texts would come on top of it. */
static void show_deferred(void)
{
    memset(large, 'x', LARGE_BYTES);
    long small = held_kib(1), with_text = held_kib(LARGE_BYTES);
    printf("  deferred  %ld requests of 1 byte %ld KiB, of %d bytes %ld KiB\n", count, small,
        LARGE_BYTES, with_text);
}

static void show_queue(void)
{
    long before = resident_kib();
    for (long n = 0; n < count; n++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &(ks_int){ n }));
    long full = resident_kib();
    while (ks_receive(0)) {}
    ks_sleep(10);
    printf("  queue     %ld messages to itself: %ld KiB, full %ld, empty again %ld\n", count,
        before, full, resident_kib());
}

static void sleep_a_little(void *arg)
{
    volatile char frame[6000];
    frame[0] = 1;
    ks_sleep(1000 + frame[0]);
}

static void show_stacks(void)
{
    long before = resident_kib();
    for (long n = 0; n < count; n++) ks_spawn(sleep_a_little, NULL);
    ks_sleep(500);
    long full = resident_kib();
    ks_sleep(2000);
    KS_CHECK(ks_process_count() < 10);
    printf("  stacks    %ld blocked processes: %ld KiB, highest %ld, all ended %ld\n", count,
        before, full, resident_kib());
}

KS_MODULE(root, void);
static void root_main(const root_args *args)
{
    KS_CHECK_OK(ks_start_link(KS_CHILD(book), &book_pid));
    KS_CHECK_OK(ks_start_link(&(const ks_child){ KS_START_WITH(reader, &book_pid) }, &reader_pid));
    if (strcmp(kind, "deferred") == 0) show_deferred();
    if (strcmp(kind, "queue") == 0) show_queue();
    if (strcmp(kind, "stacks") == 0) show_stacks();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(kind, steps[i].name) == 0) repeat(steps[i].run);
    fflush(stdout);
}
KS_PROCESS(root);

int main(int argc, char **argv)
{
    kind = argc > 1 ? argv[1] : "flat";
    count = argc > 2 ? atol(argv[2]) : 1000000;
    (void)ks_log_set_level(KS_LOG_CRITICAL);
    return ks_run(NULL, KS_CHILD(root)) ? 1 : 0;
}
