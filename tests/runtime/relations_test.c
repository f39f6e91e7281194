/* SPDX-License-Identifier: Apache-2.0 */
/* relations_test - the lists of links, monitors and watchers against a plain set. */
#include "support/scenario.h"

enum { PEERS = 12, STEPS = 100 };

static void waits_for_ever(void *arg)
{
    ks_trap_exit(true);
    for (;;) ks_receive(KS_INFINITY);
}

struct model {
    ks_pid pids[PEERS];
    bool linked[PEERS];
    ks_ref monitors[PEERS]; /* zero: none */
};

static bool holds(const ks_pid *pids, size_t count, ks_pid pid)
{
    for (size_t i = 0; i < count; i++)
        if (ks_same_pid(pids[i], pid)) return true;
    return false;
}

static void lists_are_right(const struct model *model)
{
    ks_pid links[PEERS + 2], monitors[PEERS + 2];
    size_t link_count, monitor_count, expected_links = 0, expected_monitors = 0;
    KS_CHECK_OK(ks_links(ks_self(), links, PEERS + 2, &link_count));
    KS_CHECK_OK(ks_monitors(ks_self(), monitors, PEERS + 2, &monitor_count));
    for (int i = 0; i < PEERS; i++) {
        expected_links += model->linked[i];
        expected_monitors += model->monitors[i].id[0] != 0;
        KS_CHECK(holds(links, link_count, model->pids[i]) == model->linked[i]);
        KS_CHECK(holds(monitors, monitor_count, model->pids[i]) == !!model->monitors[i].id[0]);
    }
    KS_CHECK(link_count == expected_links && monitor_count == expected_monitors);
    for (size_t i = 1; i < link_count; i++) KS_CHECK(links[i - 1].id < links[i].id);
}

static void change(struct model *model, int i)
{
    switch (ks_random(4)) {
    case 0:
        ks_link(model->pids[i]);
        model->linked[i] = true;
        break;
    case 1:
        ks_unlink(model->pids[i]);
        model->linked[i] = false;
        break;
    case 2:
        if (!model->monitors[i].id[0]) model->monitors[i] = ks_monitor(model->pids[i]);
        break;
    default: ks_demonitor(model->monitors[i]); model->monitors[i] = (ks_ref){ { 0, 0 } };
    }
}

static void random_use_agrees_with_a_set(void)
{
    struct model model = { .linked = { false } };
    ks_pid before[8], self = ks_self(), seen;
    size_t count;
    KS_CHECK_OK(ks_links(self, before, 8, &count));
    for (size_t i = 0; i < count && i < 8; i++) ks_unlink(before[i]);
    for (int i = 0; i < PEERS; i++) model.pids[i] = ks_spawn(waits_for_ever, NULL);
    for (int i = 0; i < STEPS; i++) {
        change(&model, (int)ks_random(PEERS));
        lists_are_right(&model);
    }
    ks_sleep(1000); /* all that was under way has arrived */
    for (int i = 0; i < PEERS; i++) {
        KS_CHECK_OK(ks_links(model.pids[i], &seen, 1, &count));
        KS_CHECK(count == model.linked[i] && (!count || ks_same_pid(seen, self)));
        KS_CHECK_OK(ks_monitored_by(model.pids[i], &seen, 1, &count));
        KS_CHECK(count == !!model.monitors[i].id[0] && (!count || ks_same_pid(seen, self)));
    }
    for (int i = 0; i < PEERS; i++) {
        ks_unlink(model.pids[i]);
        ks_demonitor(model.monitors[i]);
        kill_and_wait(model.pids[i]);
    }
}

static void of_nobody_there_is_no_list(void)
{
    size_t count = 7;
    ks_pid gone = ks_spawn(waits_for_ever, NULL);
    kill_and_wait(gone);
    KS_CHECK(ks_links(gone, NULL, 0, &count) == KS_NOPROC);
    KS_CHECK(ks_monitors(ks_named("nobody"), NULL, 0, &count) == KS_NOPROC);
    KS_CHECK(ks_monitored_by((ks_pid){ 0 }, NULL, 0, &count) == KS_NOPROC);
    KS_CHECK(count == 7);
}

int main(void)
{
    return run_scenarios("relations", 100,
        SCENARIOS(SCENARIO(random_use_agrees_with_a_set), SCENARIO(of_nobody_there_is_no_list)));
}
