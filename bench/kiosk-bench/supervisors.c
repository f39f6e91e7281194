/* SPDX-License-Identifier: Apache-2.0 */
/* supervisors.c - supervisor_many: a supervisor with 100,000 children, dynamic and one for one. A
 * line each for starting them, listing them, ending a tenth of them one by one, and ending it. */
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
    char extra[80];
    snprintf(extra, sizeof extra, ",\"children\":\"%s\",\"phase\":\"%s\"", kind, phase);
    report(&(struct result){ n, now_seconds() - start, extra });
}

static void must(ks_status status, const char *what)
{
    if (status) wrong(what);
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
