/* SPDX-License-Identifier: Apache-2.0 */
/* deadline_test - I/O in a handler ends with the request that it is for. */
#include "io/scenario.h"
#include <errno.h>
#include <unistd.h>

typedef struct reader_args {
    ks_socket socket;
    int32_t fd;
} reader_args;
KS_TYPE(reader_args, socket, fd);
KS_MODULE(reader, reader_args);
KS_CALL(reader, read, void, ks_text);
KS_CALL(reader, wait, void, void);
KS_CALL(reader, latest, void, ks_int);
struct reader {
    ks_socket socket;
    int fd;
    ks_status latest;
};

static ks_next reader_init(reader *self, const reader_args *args)
{
    self->socket = args->socket;
    self->fd = args->fd;
    return ks_ok();
}

static ks_next reader_handle_read(reader *self, ks_text *reply)
{
    self->latest = ks_read(self->socket, KS_INFINITY, reply);
    return self->latest ? ks_fail(self->latest) : ks_reply();
}

static ks_next reader_handle_wait(reader *self)
{
    self->latest = ks_wait_fd(self->fd, KS_READABLE, 60000);
    return self->latest ? ks_fail(self->latest) : ks_reply();
}

static ks_next reader_handle_latest(reader *self, ks_int *reply)
{
    *reply = self->latest;
    return ks_reply();
}

KS_GEN_SERVER(reader, .init = reader_init, .ops = KS_OPS(reader, read, wait, latest));

static void latest_is(ks_pid server, ks_status expected)
{
    ks_int latest;
    ck_assert_int_eq(reader_call_latest(server, &latest, 5000), KS_OK);
    ck_assert_int_eq(latest, expected);
}

static void io_ends_with_its_request(void)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    struct pair pair = connected(NULL);
    ks_pid server;
    ks_text text;
    ck_assert_int_eq(
        ks_start_link(KS_CHILD(reader, .socket = pair.there, .fd = fds[0]), &server), KS_OK);
    ck_assert_int_eq(reader_call_read(server, &text, 30), KS_TIMEOUT);
    latest_is(server, KS_DEADLINE);
    ck_assert_int_eq(reader_call_wait(server, 30), KS_TIMEOUT);
    latest_is(server, KS_DEADLINE);
    ck_assert_int_eq(ks_write(pair.here, ks_lit("late")), KS_OK);
    ck_assert_int_eq(reader_call_read(server, &text, 5000), KS_OK); /* the socket is as it was */
    ck_assert(ks_text_eq(text, ks_lit("late")));
    ck_assert_int_eq(ks_stop_process(server, KS_NORMAL, 5000), KS_OK);
    close(fds[0]);
    close(fds[1]);
}

SCENARIO(io_ends_with_its_request)

int main(void)
{
    Suite *suite = suite_create("deadline");
    TCase *tcase = tcase_create("deadline");
    tcase_add_test(tcase, io_ends_with_its_request_test);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
