/* SPDX-License-Identifier: Apache-2.0 */
/* embed_libuv.c - servers in a program whose loop is libuv's. Built where libuv is installed.
 *
 * libuv watches the descriptor of the runtime, and gives it a turn when that is readable. Callbacks
 * of libuv call servers as any process does; while one waits for its answer the processes run, and
 * libuv's loop stands still. */
#include <kiosk/kiosk.h>
#include <stdio.h>
#include <uv.h>

/* --- a server that takes its time ------------------------------------------------------------- */
KS_MODULE(worker, void);
struct worker {
    int64_t done;
};
KS_CAST(worker, work, void);
KS_CALL(worker, done, void, ks_int);

static ks_next worker_handle_work(worker *self)
{
    ks_sleep(5); /* a process may block anywhere: the loop does not */
    self->done++;
    return ks_noreply();
}
static ks_next worker_handle_done(worker *self, ks_int *reply)
{
    *reply = self->done;
    return ks_reply();
}
KS_GEN_SERVER(worker, .ops = KS_OPS(worker, work, done));

/* --- the program ------------------------------------------------------------------------------ */
enum { BEATS = 5, BEAT_MS = 20 };
struct program {
    ks_runtime *runtime;
    uv_poll_t watcher;
    uv_timer_t timer;
    int beats;
};

static void on_readable(uv_poll_t *watcher, int status, int events)
{
    struct program *program = watcher->data;
    (void)ks_runtime_turn(program->runtime);
}

static void on_beat(uv_timer_t *timer)
{
    struct program *program = timer->data;
    ks_int done = 0;
    worker_cast_work(ks_named("worker"));
    printf("beat %d\n", ++program->beats);
    if (program->beats < BEATS) return;
    if (worker_call_done(ks_named("worker"), &done, KS_DEFAULT_TIMEOUT) == KS_OK)
        printf("%lld pieces of work are done\n", (long long)done);
    uv_close((uv_handle_t *)timer, NULL);
    uv_close((uv_handle_t *)&program->watcher, NULL);
}

static void run(struct program *program)
{
    uv_loop_t *loop = uv_default_loop();
    uv_poll_init(loop, &program->watcher, ks_runtime_fd(program->runtime));
    uv_timer_init(loop, &program->timer);
    program->watcher.data = program->timer.data = program;
    uv_poll_start(&program->watcher, UV_READABLE, on_readable);
    uv_timer_start(&program->timer, on_beat, BEAT_MS, BEAT_MS);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
}

int main(void)
{
    struct program program = { .beats = 0 };
    ks_client *client;
    ks_runtime_options options = { .host_driven = true };
    const ks_child root = { KS_START(worker), .name = "worker" };
    ks_log_set_level(KS_LOG_WARNING);
    ks_status status = ks_runtime_start(&options, &root, &program.runtime);
    if (!status) status = ks_client_open(program.runtime, &client);
    if (status) {
        fprintf(stderr, "embed_libuv: %s\n", ks_status_text(status));
        return 1;
    }
    run(&program);
    ks_client_close(client);
    return ks_runtime_stop(program.runtime) ? 1 : 0;
}
