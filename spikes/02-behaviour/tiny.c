/* SPDX-License-Identifier: Apache-2.0 */
/* tiny.c - a tree of the behaviours of tiny.h, used through the shared library. Checks that calls,
 * casts, failures, crashes, restarts and the ordered end work. */
#include "tiny.h"

#include <kiosk/test.h>
#include <stdio.h>

KS_MODULE(counter, ks_int);
KS_CALL(counter, add, ks_int, ks_int);
KS_CAST(counter, crash, void);
KS_MODULE(other, void);
KS_CALL(other, ask, void, ks_int);

struct counter {
    int64_t value;
};
static int started, ended;

static ks_next counter_init(void *self, const void *args)
{
    counter *state = self;
    state->value = *(const ks_int *)args;
    started++;
    return ks_ok();
}
static ks_next counter_handle_add(counter *self, const ks_int *n, ks_int *reply)
{
    if (*n < 0) return ks_fail(KS_BADARG);
    *reply = self->value += *n;
    return ks_reply();
}
static ks_next counter_handle_crash(counter *self) { return ks_stop(ks_error("told to")); }
static void counter_terminate(void *self, ks_reason why) { ended++; }
const ks_module counter_module = { .version = KS_MODULE_VERSION,
    .name = "counter",
    .behaviour = &tiny_server,
    .state_size = sizeof(counter),
    .args = counter_args_type_,
    .init = counter_init,
    .terminate = counter_terminate };

static ks_next other_handle_ask(other *self, ks_int *reply) { return ks_reply(); }
const ks_module other_module = {
    .version = KS_MODULE_VERSION, .name = "other", .behaviour = &tiny_server
};

KS_MODULE(tree, void);
static const ks_supervisor_spec tree_spec = {
    .children =
        KS_CHILDREN({ .module = &counter_module, .args = &(const ks_int){ 40 }, .name = "a" },
            { .module = &counter_module, .args = &(const ks_int){ 100 }, .name = "b" })
};
const ks_module tree_module = { .version = KS_MODULE_VERSION,
    .name = "tree",
    .behaviour = &tiny_supervision,
    .state_size = sizeof(struct tiny_supervisor),
    .args = tree_args_type_,
    .supervisor = &tree_spec };

KS_MODULE(user, void);
static void user_main(const void *args)
{
    ks_int two = 2, minus = -1, reply;
    ks_pid a = ks_named("a"), b = ks_named("b"), tree_pid;
    KS_CHECK_OK(ks_start_link(KS_CHILD(tree), &tree_pid));
    KS_CHECK(counter_call_add(a, &two, &reply, 1000) == KS_OK && reply == 42);
    KS_CHECK(counter_call_add(b, &two, &reply, 1000) == KS_OK && reply == 102);
    KS_CHECK(counter_call_add(a, &minus, &reply, 1000) == KS_BADARG);
    KS_CHECK_OK(counter_cast_crash(a));
    ks_sleep(5);
    KS_CHECK(started == 3 && ended == 1);
    KS_CHECK(counter_call_add(a, &two, &reply, 1000) == KS_OK && reply == 42);
    ks_exit_process(ks_whereis("b"), KS_KILL);
    ks_sleep(5);
    KS_CHECK(started == 4 && ended == 1);
    KS_CHECK(other_call_ask(a, &reply, 1000) == KS_UNDEF);
    KS_CHECK(started == 4);
    ks_unlink(tree_pid); /* its end would be ours */
    KS_CHECK_OK(ks_stop_process(tree_pid, KS_SHUTDOWN, 1000));
    KS_CHECK(ks_is_none(ks_whereis("a")) && ks_is_none(ks_whereis("b")));
    printf("  process, server and supervisor on ks_behaviour: ok\n");
}
const ks_module user_module = { .version = KS_MODULE_VERSION,
    .name = "user",
    .behaviour = &tiny_process,
    .args = user_args_type_,
    .main = user_main };

int main(void)
{
    (void)ks_log_set_level(KS_LOG_CRITICAL);
    return ks_run(NULL, KS_CHILD(user)) ? 1 : 0;
}
