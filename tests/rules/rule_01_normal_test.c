/* SPDX-License-Identifier: Apache-2.0 */
/* rule_01_normal_test - exit(other, normal) does nothing unless the receiver traps; exit(self,
 * normal) ends a non-trapper. */
#include "support/scenario.h"

struct context {
    ks_pid scenario;
    trace trace;
};

/* Answers each int with its double, for ever. */
static void doubler(void *arg)
{
    const struct context *context = arg;
    for (;;) {
        const ks_int *n = ks_receive_as(ks_int, KS_INFINITY);
        ks_send(context->scenario, ks_int, &(ks_int){ *n * 2 });
        ks_end_turn();
    }
}

static void normal_to_another_is_ignored(void)
{
    struct context context = { .scenario = ks_self() };
    ks_ref monitor;
    ks_pid other = ks_spawn_monitor(doubler, &context, &monitor);
    for (ks_int n = 1; n <= 3; n++) {
        ks_exit_process(other, KS_NORMAL);
        ks_send(other, ks_int, &n);
        const ks_int *twice = ks_receive_as(ks_int, 1000);
        KS_CHECK(twice && *twice == 2 * n);
    }
    KS_CHECK(ks_is_alive(other));
    ks_exit_process(other, ks_error("enough"));
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
}

static void trapper(void *arg)
{
    struct context *context = arg;
    ks_trap_exit(true);
    ks_send(context->scenario, ks_int, &(ks_int){ 0 }); /* it traps now */
    KS_CHECK(exit_came(context->scenario, KS_REASON_NORMAL, 1000));
    trace_add(&context->trace, 'n');
}

static void normal_to_a_trapper_is_a_message(void)
{
    struct context context = { .scenario = ks_self() };
    ks_ref monitor;
    ks_pid other = ks_spawn_monitor(trapper, &context, &monitor);
    KS_CHECK(ks_receive_as(ks_int, 1000) != NULL);
    ks_exit_process(other, KS_NORMAL);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&context.trace, "n"));
}

static void ends_itself(void *arg)
{
    struct context *context = arg;
    trace_add(&context->trace, 'b');
    ks_exit_process(ks_self(), KS_NORMAL);
    ks_sleep(10);
    trace_add(&context->trace, 'a');
}

static void normal_to_oneself_ends_a_non_trapper(void)
{
    struct context context = { .scenario = ks_self() };
    ks_ref monitor;
    ks_spawn_monitor(ends_itself, &context, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    ks_sleep(100);
    KS_CHECK(trace_is(&context.trace, "b"));
}

static void ends_itself_trapping(void *arg)
{
    struct context *context = arg;
    ks_trap_exit(true);
    ks_exit_process(ks_self(), KS_NORMAL);
    KS_CHECK(exit_came(ks_self(), KS_REASON_NORMAL, 1000));
    trace_add(&context->trace, 'm');
    ks_exit(ks_error("by its own word"));
}

static void normal_to_oneself_is_a_message_for_a_trapper(void)
{
    struct context context = { .scenario = ks_self() };
    ks_ref monitor;
    ks_spawn_monitor(ends_itself_trapping, &context, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(trace_is(&context.trace, "m"));
}

static void returns(void *arg) { ks_yield(); }

static void waits_for_a_linked_one(void *arg)
{
    struct context *context = arg;
    ks_ref monitor;
    ks_pid peer = ks_spawn_monitor(returns, NULL, &monitor);
    ks_link(peer);
    KS_CHECK(ks_receive_ref(monitor, 1000) != NULL);
    ks_sleep(100);
    trace_add(&context->trace, 's');
}

/* A link may come too late: then it is no normal end, but a missing process. */
static void links_early(void *arg)
{
    struct context *context = arg;
    ks_spawn_link(returns, NULL);
    ks_sleep(100);
    trace_add(&context->trace, 's');
}

static void normal_through_a_link_leaves_a_non_trapper_alone(void)
{
    struct context context = { .scenario = ks_self() };
    ks_ref monitor;
    ks_spawn_monitor(links_early, &context, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&context.trace, "s"));
}

static void a_link_to_the_gone_is_no_normal_end(void)
{
    struct context context = { .scenario = ks_self() };
    ks_ref monitor;
    ks_spawn_monitor(waits_for_a_linked_one, &context, &monitor);
    ks_reason end = end_of(monitor);
    if (end.kind == KS_REASON_STATUS)
        KS_CHECK(end.code == KS_NOPROC);
    else
        KS_CHECK(end.kind == KS_REASON_NORMAL && trace_is(&context.trace, "s"));
}

int main(void)
{
    return run_scenarios("rule 1", 100,
        SCENARIOS(SCENARIO(normal_to_another_is_ignored),
            SCENARIO(normal_to_a_trapper_is_a_message),
            SCENARIO(normal_to_oneself_ends_a_non_trapper),
            SCENARIO(normal_to_oneself_is_a_message_for_a_trapper),
            SCENARIO(normal_through_a_link_leaves_a_non_trapper_alone),
            SCENARIO(a_link_to_the_gone_is_no_normal_end)));
}
