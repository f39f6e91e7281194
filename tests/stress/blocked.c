/* SPDX-License-Identifier: Apache-2.0 */
/* blocked.c - `blocked HANDLERS SCHEDULERS`: so many handlers are blocked at once, in a call that
 * is answered later; others are called meanwhile, and must not notice. Prints times and memory. */
#include <kiosk/kiosk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 20000, PATIENCE = 120000 };
static int64_t handlers;

/* --- who is asked, and answers all at once ---------------------------------------------------- */
KS_MODULE(oracle, void);
KS_CALL(oracle, ask, ks_int, ks_int);
KS_CALL(oracle, waiting, void, ks_int);
KS_CALL(oracle, answer, void, void);
struct oracle {
    oracle_ask_from *waiting;
    ks_int *numbers;
    int64_t count;
};
static ks_next oracle_init(oracle *self, const ks_none *args)
{
    self->waiting = ks_alloc((size_t)handlers * sizeof *self->waiting);
    self->numbers = ks_alloc((size_t)handlers * sizeof *self->numbers);
    return ks_ok();
}
static ks_next oracle_handle_ask(oracle *self, const ks_int *number, ks_int *reply)
{
    self->waiting[self->count] = oracle_from_ask();
    self->numbers[self->count++] = *number;
    return ks_noreply();
}
static ks_next oracle_handle_waiting(oracle *self, ks_int *reply)
{
    *reply = self->count;
    return ks_reply();
}
static ks_next oracle_handle_answer(oracle *self)
{
    for (int64_t i = 0; i < self->count; i++) {
        ks_int twice = 2 * self->numbers[i];
        (void)oracle_reply_ask(self->waiting[i], &twice);
    }
    self->count = 0;
    return ks_reply();
}
KS_GEN_SERVER(oracle, .init = oracle_init, .ops = KS_OPS(oracle, ask, waiting, answer));

/* --- who asks it in a handler ----------------------------------------------------------------- */
KS_MODULE(seeker, void);
KS_CALL(seeker, seek, ks_int, ks_int);
struct seeker {
    int64_t sought;
};
static ks_next seeker_handle_seek(seeker *self, const ks_int *number, ks_int *reply)
{
    KS_TRY(oracle_call_ask(ks_named("oracle"), number, reply, KS_INFINITY));
    self->sought++;
    return ks_reply();
}
KS_GEN_SERVER(seeker, .ops = KS_OPS(seeker, seek));

/* --- who must not notice ---------------------------------------------------------------------- */
KS_MODULE(bystander, void);
KS_CALL(bystander, add, ks_int, ks_int);
struct bystander {
    int64_t sum;
};
static ks_next bystander_handle_add(bystander *self, const ks_int *number, ks_int *reply)
{
    *reply = self->sum += *number;
    return ks_reply();
}
KS_GEN_SERVER(bystander, .ops = KS_OPS(bystander, add));

/* --- the whole -------------------------------------------------------------------------------- */
static void must(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "blocked: %s\n", what);
    exit(1);
}

static int64_t resident_kib(void)
{
    char line[256];
    long long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0) kib = strtoll(line + 6, NULL, 10);
    if (file) fclose(file);
    return kib;
}

/* ns for one call. */
static double measure(ks_pid pid)
{
    ks_int one = 1, sum;
    int64_t start = ks_wall_clock_ns();
    for (int i = 0; i < CALLS; i++) must(!bystander_call_add(pid, &one, &sum, 5000), "no answer");
    return (double)(ks_wall_clock_ns() - start) / CALLS;
}

KS_MODULE(root, void);
static void root_main(const root_args *args)
{
    ks_pid sage, other, *seekers = ks_alloc((size_t)handlers * sizeof *seekers);
    ks_requests asked = { 0 };
    must(!ks_start(&(ks_child){ KS_START(oracle), .name = "oracle" }, &sage), "no oracle");
    must(!ks_start(KS_CHILD(bystander), &other), "no bystander");
    double before = measure(other);
    int64_t kib = resident_kib(), waiting = 0;
    for (int64_t i = 0; i < handlers; i++) {
        must(!ks_start(KS_CHILD(seeker), &seekers[i]), "no seeker");
        must(!seeker_collect_seek(&asked, (uint64_t)i, seekers[i], &i), "not asked");
    }
    while (waiting < handlers) {
        ks_sleep(1);
        must(!oracle_call_waiting(sage, &waiting, PATIENCE), "the oracle is gone");
    }
    double during = measure(other);
    printf("blocked: %lld handlers, %.1f KiB each; a call takes %.0f ns before, %.0f meanwhile",
        (long long)handlers, (double)(resident_kib() - kib) / (double)handlers, before, during);
    must(!oracle_call_answer(sage, PATIENCE), "no answer to all");
    for (int64_t i = 0; i < handlers; i++) {
        ks_int twice = -1;
        ks_any_response response;
        must(!ks_wait_any(&asked, &response, PATIENCE) && !response.status, "no answer of one");
        must(!seeker_response_seek(&response, &twice), "an answer without a value");
        must(twice == 2 * (int64_t)response.label, "a wrong answer");
    }
    printf(", %.0f after\n", measure(other));
    for (int64_t i = 0; i < handlers; i++) ks_exit_process(seekers[i], KS_KILL);
    must(!ks_stop_process(sage, KS_SHUTDOWN, PATIENCE), "the oracle did not stop");
    must(!ks_stop_process(other, KS_SHUTDOWN, PATIENCE), "the bystander did not stop");
}
KS_PROCESS(root);

int main(int argc, char **argv)
{
    handlers = argc > 1 ? strtoll(argv[1], NULL, 10) : 65536;
    ks_runtime_options options = { .schedulers = argc > 2 ? (uint32_t)atoi(argv[2]) : 2 };
    (void)ks_log_set_level(KS_LOG_ERROR);
    return ks_run(&options, KS_CHILD(root)) != KS_OK;
}
