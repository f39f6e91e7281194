/* SPDX-License-Identifier: Apache-2.0 */
/* supervisors.c - supervisor_many: a supervisor with 100,000 children, dynamic and one for one. A
 * line each for starting them, listing them, ending a tenth of them one by one, and ending it.
 * supervisor_restart: children that are killed, and come up again. */
#include "bench.h"

#include <stdio.h>

KS_MODULE(leaf, void);
struct leaf {
    int unused;
};
static ks_next leaf_init(leaf *self, const leaf_args *args) { return ks_ok(); }
KS_GEN_SERVER(leaf, .init = leaf_init);
KS_SUPERVISOR(crowd, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY);
KS_SUPERVISOR(row, .restart = KS_TEMPORARY);

static void say(int64_t n, double start, const char *kind, const char *phase)
{
    struct fields fields = { .len = 0 };
    double seconds = now_seconds() - start;
    char part[64];
    snprintf(part, sizeof part, "%s: %s", kind, phase);
    add_text(&fields, "part", part);
    report(&(struct result){ n, seconds, &fields });
}

static void start_all(ks_pid supervisor, int64_t n, bool with_ids)
{
    char id[32];
    for (int64_t i = 0; i < n; i++) {
        snprintf(id, sizeof id, "leaf %lld", (long long)i);
        ks_child child = { KS_START(leaf), .id = with_ids ? id : NULL };
        must(ks_start_child(supervisor, &child, NULL), "a child did not start");
        ks_end_turn();
    }
}

static void end_some(
    ks_pid supervisor, const ks_child_info *infos, int64_t n, int64_t step, bool by_id)
{
    for (int64_t i = 0; i < n; i += step) {
        ks_status status = by_id ? ks_terminate_child(supervisor, infos[i].id.ptr)
                                 : ks_terminate_child_pid(supervisor, infos[i].pid);
        must(status, "a child was not there");
    }
}

static void measure(const ks_child *how, const char *kind, int64_t n, bool with_ids)
{
    enum { ONE_IN = 10 };
    ks_pid supervisor;
    size_t count;
    ks_child_info *infos = ks_alloc((size_t)n * sizeof *infos);
    must(ks_start_link(how, &supervisor), "the supervisor did not start");
    double start = now_seconds();
    start_all(supervisor, n, with_ids);
    say(n, start, kind, "start");
    start = now_seconds();
    must(ks_which_children(supervisor, infos, (size_t)n, &count), "no list");
    if (count != (size_t)n) wrong("children are missing");
    say(n, start, kind, "which_children");
    start = now_seconds();
    end_some(supervisor, infos, n, ONE_IN, with_ids);
    say((n + ONE_IN - 1) / ONE_IN, start, kind, with_ids ? "end_by_id" : "end_by_pid");
    start = now_seconds();
    must(ks_stop_process(supervisor, KS_SHUTDOWN, KS_INFINITY), "it did not stop");
    say(n - (n + ONE_IN - 1) / ONE_IN, start, kind, "stop");
    ks_free(infos);
    ks_end_turn();
}

void supervisor_many(void)
{
    int64_t n = scaled(100000);
    (void)ks_trap_exit(true);
    measure(KS_CHILD(crowd), "dynamic", n, false);
    measure(KS_CHILD(crowd), "dynamic_with_ids", n, true);
    measure(KS_CHILD(row), "one_for_one", n, true);
}

/* --- supervisor_restart ----------------------------------------------------------------------- */
enum { SUPERVISORS = 1000, UP_WAIT = 60000 };
typedef struct bulb_args {
    ks_pid keeper; /* who is told of each of its lives */
    int32_t number;
} bulb_args;
KS_TYPE(bulb_args, keeper, number);
typedef struct bulb_up {
    ks_pid pid;
    int32_t number;
} bulb_up;
KS_TYPE(bulb_up, pid, number);
KS_MODULE(bulb, bulb_args);
struct bulb {
    int64_t words[8];
};
KS_CALL(bulb, light, ks_int, ks_int);

static ks_next bulb_init(bulb *self, const bulb_args *args)
{
    must(ks_send(args->keeper, bulb_up, &(bulb_up){ ks_self(), args->number }), "no message");
    return ks_ok();
}

static ks_next bulb_handle_light(bulb *self, const ks_int *value, ks_int *reply)
{
    self->words[0]++;
    *reply = *value + self->words[0]; /* + 1: it is new */
    return ks_reply();
}
KS_GEN_SERVER(bulb, .init = bulb_init, .ops = KS_OPS(bulb, light));

KS_MODULE(lamp, bulb_args);
KS_SUPERVISOR_INIT(lamp, .max_restarts = 1000000);
static ks_status lamp_init(const bulb_args *args)
{
    return ks_add_child(&(ks_child){ KS_START_WITH(bulb, args) });
}

static ks_pid await_bulb(int32_t number)
{
    const bulb_up *up = ks_as(bulb_up, ks_receive(UP_WAIT));
    if (!up || up->number != number) wrong("the child did not come up again");
    return up->pid;
}

void supervisor_restart(void)
{
    int64_t n = scaled(100000);
    static ks_pid lamps[SUPERVISORS], bulbs[SUPERVISORS];
    for (int32_t i = 0; i < SUPERVISORS; i++) {
        must(ks_start(KS_CHILD(lamp, ks_self(), i), &lamps[i]), "a supervisor did not start");
        bulbs[i] = await_bulb(i);
    }
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) {
        int32_t at = (int32_t)(i % SUPERVISORS);
        ks_int reply;
        ks_exit_process(bulbs[at], KS_KILL);
        bulbs[at] = await_bulb(at);
        if (bulb_call_light(bulbs[at], &i, &reply, UP_WAIT) || reply != i + 1) wrong("not new");
    }
    report(&(struct result){ n, now_seconds() - start, NULL });
    for (int i = 0; i < SUPERVISORS; i++) ks_exit_process(lamps[i], KS_KILL);
}
