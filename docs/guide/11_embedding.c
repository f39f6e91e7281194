/* SPDX-License-Identifier: Apache-2.0 */
/* 11_embedding.c - In a program that has a loop
 *
 * Many programs wait in one place already: around `poll`, in libuv, in a toolkit. kiosk need not
 * take that place. A *host-driven* runtime has no thread; the loop that is there lends it turns.
 * It gives you one descriptor to wait for, and one function to call when that is readable.
 *
 * All of it is one thread then. So the loop and the handlers may share variables, and there is
 * still nothing to lock. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* ## A server, as always
 *
 * It counts what it is told, and has a rhythm of its own: its timers are kept by the runtime, and
 * wake the loop by the same descriptor. It does not know who drives it. */
KS_MODULE(meter, void);
struct meter {
    int64_t sum, ticks;
};
KS_CAST(meter, count, ks_int);
KS_CALL(meter, sum, void, ks_int);
enum { TICK = 1, TICK_MS = 20, TICKS = 3 };

static bool enough; /* the server says it to the loop */

static ks_next meter_init(meter *self, const ks_none *args)
{
    ks_set_timeout_every(TICK, TICK_MS);
    return ks_ok();
}

static ks_next meter_handle_named_timeout(meter *self, int name)
{
    enough = ++self->ticks == TICKS;
    printf("tick %" PRId64 "\n", self->ticks);
    //=> tick 1
    //=> tick 2
    //=> tick 3
    return ks_noreply();
}

static ks_next meter_handle_count(meter *self, const ks_int *n)
{
    self->sum += *n;
    return ks_noreply();
}

static ks_next meter_handle_sum(meter *self, ks_int *reply)
{
    *reply = self->sum;
    return ks_reply();
}
KS_GEN_SERVER(meter, .init = meter_init, .handle_named_timeout = meter_handle_named_timeout,
    .ops = KS_OPS(meter, count, sum));

/* ## The loop
 *
 * It waits for two things: a pipe of the program's own, and the runtime. `ks_runtime_turn` runs
 * what is ready, for about a millisecond at most, and never waits; when more is ready the
 * descriptor stays readable. Nothing wakes the loop unless there is something to do. */
static void read_pipe(int pipe)
{
    char byte;
    if (read(pipe, &byte, 1) == 1) meter_cast_count(ks_named("meter"), &(ks_int){ byte });
}

static void loop(ks_runtime *runtime, int pipe)
{
    struct pollfd both[] = { { .fd = ks_runtime_fd(runtime), .events = POLLIN },
        { .fd = pipe, .events = POLLIN } };
    while (!enough) {
        if (poll(both, 2, -1) < 0) continue;
        if (both[1].revents) read_pipe(pipe);
        if (both[0].revents) (void)ks_runtime_turn(runtime);
    }
}

/* ## Start and stop
 *
 * `ks_runtime_start` returns when the root has started. `ks_client_open` makes the loop's thread a
 * process, too, so it can cast and call like any other. When it waits for a reply the servers run
 * meanwhile, on this very thread: a call from a loop cannot wait for itself. */
int main(void)
{
    ks_runtime *runtime;
    ks_client *client;
    ks_int sum = 0;
    int ends[2];
    const ks_runtime_options options = { .host_driven = true };
    ks_log_set_level(KS_LOG_WARNING);
    ks_status status =
        ks_runtime_start(&options, &(ks_child){ KS_START(meter), .name = "meter" }, &runtime);
    if (!status) status = ks_client_open(runtime, &client);
    if (status || pipe(ends)) return 1;
    if (write(ends[1], "\x0a\x20", 2) != 2) return 1;
    loop(runtime, ends[0]);
    status = meter_call_sum(ks_named("meter"), &sum, 1000);
    printf("%s, %" PRId64 "\n", ks_status_text(status), sum); //=> ok, 42
    ks_client_close(client);
    return ks_runtime_stop(runtime) ? 1 : 0;
}

/* ## In which loop
 *
 * - `poll`, `select`: as here; longer in [examples/embed_poll.c](../../examples/embed_poll.c).
 * - `epoll`, also edge-triggered: then repeat the turn as long as it returns true.
 * - libuv: a `uv_poll_t` on the descriptor, see
 *   [examples/embed_libuv.c](../../examples/embed_libuv.c).
 *
 * A handler that computes for long keeps the loop, as any callback of the loop would. Blocking
 * work belongs to `ks_blocking`, which has threads here as well. A program that has threads rather
 * than a loop goes on with [the next chapter](12_threads.md). */
