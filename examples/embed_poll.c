/* SPDX-License-Identifier: Apache-2.0 */
/* embed_poll.c - a program that has a loop of its own, around poll(), and servers in it.
 *
 *     printf 'one\ntwo\n' | build/examples/embed_poll
 *
 * The loop reads standard input and casts what it reads to a server; the server also has a rhythm
 * of its own. All of it is one thread, so the two may share variables; and nothing wakes up unless
 * there is something to do. */
#include <kiosk/kiosk.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static bool enough; /* said by the server, read by the loop */

/* --- a server --------------------------------------------------------------------------------- */
KS_MODULE(tally, void);
struct tally {
    int64_t bytes, ticks;
};
KS_CAST(tally, take, ks_text);
KS_CALL(tally, bytes, void, ks_int);
enum { TICK = 1, TICK_MS = 50, TICKS = 3 };

static ks_next tally_init(tally *self, const ks_none *args)
{
    ks_set_timeout(TICK, TICK_MS);
    return ks_ok();
}
static ks_next tally_handle_named_timeout(tally *self, int name)
{
    printf("tick %lld\n", (long long)++self->ticks);
    enough = self->ticks >= TICKS;
    if (!enough) ks_set_timeout(TICK, TICK_MS);
    return ks_noreply();
}
static ks_next tally_handle_take(tally *self, const ks_text *text)
{
    self->bytes += (int64_t)text->len;
    return ks_noreply();
}
static ks_next tally_handle_bytes(tally *self, ks_int *reply)
{
    *reply = self->bytes;
    return ks_reply();
}
KS_GEN_SERVER(tally, .init = tally_init, .handle_named_timeout = tally_handle_named_timeout,
    .ops = KS_OPS(tally, take, bytes));

/* --- the program ------------------------------------------------------------------------------ */
/* False: the input has ended. */
static bool read_input(void)
{
    char bytes[4096];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count <= 0) return false;
    tally_cast_take(ks_named("tally"), &(ks_text){ bytes, (size_t)count });
    return true;
}

static void loop(ks_runtime *runtime)
{
    struct pollfd both[] = { { .fd = ks_runtime_fd(runtime), .events = POLLIN },
        { .fd = STDIN_FILENO, .events = POLLIN } };
    while (!enough || both[1].fd >= 0) {
        if (poll(both, 2, -1) < 0) continue;
        if (both[1].revents && !read_input()) both[1].fd = -1;
        if (both[0].revents) (void)ks_runtime_turn(runtime);
    }
}

int main(void)
{
    ks_runtime *runtime;
    ks_client *client;
    ks_int bytes;
    ks_runtime_options options = { .host_driven = true };
    ks_log_set_level(KS_LOG_WARNING);
    ks_status status =
        ks_runtime_start(&options, &(ks_child){ KS_START(tally), .name = "tally" }, &runtime);
    if (!status)
        status = ks_client_open(runtime, &client); /* the loop's thread is a process, too */
    if (status) {
        fprintf(stderr, "embed_poll: %s\n", ks_status_text(status));
        return 1;
    }
    loop(runtime);
    if (tally_call_bytes(ks_named("tally"), &bytes, KS_DEFAULT_TIMEOUT) == KS_OK)
        printf("%lld bytes\n", (long long)bytes);
    ks_client_close(client);
    return ks_runtime_stop(runtime) ? 1 : 0;
}
