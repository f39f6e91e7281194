/* SPDX-License-Identifier: Apache-2.0 */
/* process_alias_test - cases of process_SUITE: aliases, monitors that are aliases, tags. */
#include "support/scenario.h"
#include <kiosk/timer.h>

static void waits_for_one(void *arg) { ks_receive(KS_INFINITY); }

static void sends_to_alias(void *arg) { ks_send(*(const ks_pid *)arg, ks_int, &(ks_int){ 1 }); }

static bool arrives_by(ks_pid alias)
{
    ks_ref monitor;
    ks_spawn_monitor(sends_to_alias, &alias, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    return ks_receive_as(ks_int, 100) != NULL;
}

/* --- alias ------------------------------------------------------------------------------------ */
static void alias_bif(void)
{
    ks_pid first = ks_alias(), second = ks_alias(), reply = ks_reply_alias();
    KS_CHECK(!ks_same_pid(first, second) && !ks_same_pid(first, ks_self()));
    KS_CHECK(arrives_by(first) && arrives_by(first) && arrives_by(second));
    KS_CHECK(ks_unalias(first));
    KS_CHECK(!arrives_by(first));
    KS_CHECK(arrives_by(second) && arrives_by(ks_self()));
    KS_CHECK(!ks_unalias(first));
    KS_CHECK(ks_unalias(second));
    KS_CHECK(!arrives_by(second));
    KS_CHECK(arrives_by(reply));
    KS_CHECK(!arrives_by(reply) && !ks_unalias(reply));
    reply = ks_reply_alias();
    KS_CHECK(ks_unalias(reply));
    KS_CHECK(!arrives_by(reply));
    KS_CHECK(nothing_comes());
}

/* --- monitors that are aliases ---------------------------------------------------------------- */
typedef ks_ref start_fn(ks_alias_mode mode, ks_pid *ret_pid);

static ks_ref apart(ks_alias_mode mode, ks_pid *ret_pid)
{
    *ret_pid = ks_spawn(waits_for_one, NULL);
    return ks_monitor_with(*ret_pid, &(ks_monitor_options){ .alias = mode });
}

static ks_ref together(ks_alias_mode mode, ks_pid *ret_pid)
{
    ks_ref monitor;
    ks_monitor_options options = { .alias = mode };
    *ret_pid = ks_spawn_monitor_with(waits_for_one, NULL, &options, &monitor);
    return monitor;
}

static void ends_normally(ks_pid pid, ks_ref monitor)
{
    ks_send(pid, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static void explicit_form(start_fn *start)
{
    ks_pid pid;
    ks_ref monitor = start(KS_ALIAS_EXPLICIT_UNALIAS, &pid);
    ks_pid alias = ks_monitor_alias(monitor);
    KS_CHECK(arrives_by(alias) && arrives_by(alias));
    KS_CHECK(ks_unalias(alias) && !ks_unalias(alias));
    KS_CHECK(!arrives_by(alias));
    ends_normally(pid, monitor);
    KS_CHECK(!arrives_by(alias));
}

static void demonitor_form(start_fn *start)
{
    ks_pid first, second;
    ks_ref ended = start(KS_ALIAS_DEMONITOR, &first), fires = start(KS_ALIAS_DEMONITOR, &second);
    KS_CHECK(arrives_by(ks_monitor_alias(ended)) && arrives_by(ks_monitor_alias(ended)));
    KS_CHECK(ks_demonitor(ended));
    KS_CHECK(!arrives_by(ks_monitor_alias(ended)));
    KS_CHECK(!ks_unalias(ks_monitor_alias(ended)));
    KS_CHECK(arrives_by(ks_monitor_alias(fires)));
    ends_normally(second, fires);
    KS_CHECK(!arrives_by(ks_monitor_alias(fires)));
    ends_normally(first, ks_monitor(first));
}

static void reply_form(start_fn *start)
{
    ks_pid pid[4];
    ks_ref monitor[4];
    for (int i = 0; i < 4; i++) monitor[i] = start(KS_ALIAS_REPLY_DEMONITOR, &pid[i]);
    KS_CHECK(arrives_by(ks_monitor_alias(monitor[0]))); /* the answer */
    KS_CHECK(!arrives_by(ks_monitor_alias(monitor[0])));
    KS_CHECK(!ks_demonitor(monitor[0]));
    KS_CHECK(ks_demonitor(monitor[1]));
    KS_CHECK(!arrives_by(ks_monitor_alias(monitor[1])));
    ends_normally(pid[2], monitor[2]);
    KS_CHECK(!arrives_by(ks_monitor_alias(monitor[2])));
    KS_CHECK(ks_unalias(ks_monitor_alias(monitor[3])));
    KS_CHECK(!arrives_by(ks_monitor_alias(monitor[3])));
    ends_normally(pid[3], monitor[3]);
    for (int i = 0; i < 2; i++) ks_send(pid[i], ks_int, &(ks_int){ 0 });
    KS_CHECK(nothing_comes()); /* no DOWN of the first two */
}

static void all_forms(start_fn *start)
{
    explicit_form(start);
    demonitor_form(start);
    reply_form(start);
    KS_CHECK(nothing_comes());
}

static void monitor_alias(void) { all_forms(apart); }

static void spawn_monitor_alias(void) { all_forms(together); }

static void demonitor_aliasmonitor(void)
{
    ks_pid pid;
    ks_ref monitor = apart(KS_ALIAS_EXPLICIT_UNALIAS, &pid);
    ks_pid alias = ks_monitor_alias(monitor);
    KS_CHECK(arrives_by(alias));
    KS_CHECK(ks_demonitor(monitor));
    KS_CHECK(arrives_by(alias));
    ends_normally(pid, ks_monitor(pid));
    KS_CHECK(arrives_by(alias));
    KS_CHECK(ks_unalias(alias));
    KS_CHECK(!arrives_by(alias));
    KS_CHECK(nothing_comes());
}

static void down_aliasmonitor(void)
{
    ks_pid pid;
    ks_ref monitor = apart(KS_ALIAS_EXPLICIT_UNALIAS, &pid);
    ks_pid alias = ks_monitor_alias(monitor);
    KS_CHECK(arrives_by(alias));
    ends_normally(pid, monitor);
    KS_CHECK(arrives_by(alias) && arrives_by(alias));
    KS_CHECK(ks_unalias(alias));
    KS_CHECK(!arrives_by(alias));
    KS_CHECK(nothing_comes());
}

/* --- tags ------------------------------------------------------------------------------------- */
static void down_has(ks_ref monitor, ks_pid pid, uint64_t tag)
{
    const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 1000));
    KS_CHECK(down && ks_same_pid(down->pid, pid) && down->tag == tag);
}

static void monitor_tag(void)
{
    static const ks_alias_mode modes[] = { KS_ALIAS_NONE, KS_ALIAS_EXPLICIT_UNALIAS,
        KS_ALIAS_DEMONITOR, KS_ALIAS_REPLY_DEMONITOR };
    for (uint64_t i = 0; i < 4; i++) {
        ks_monitor_options options = { .alias = modes[i], .tag = UINT64_MAX - i };
        ks_ref spawned;
        ks_pid pid = ks_spawn_monitor_with(waits_for_one, NULL, &options, &spawned);
        KS_CHECK_OK(ks_register("monitor_tag", pid));
        ks_ref by_pid = ks_monitor_with(pid, &options);
        ks_ref by_name = ks_monitor_with(ks_named("monitor_tag"), &options);
        ks_ref plain = ks_monitor(pid);
        ks_send(pid, ks_int, &(ks_int){ 0 });
        down_has(spawned, pid, options.tag);
        down_has(by_pid, pid, options.tag);
        down_has(by_name, ks_named("monitor_tag"), options.tag);
        down_has(plain, pid, 0);
        down_has(ks_monitor_with(pid, &options), pid, options.tag);
        down_has(ks_monitor_with(ks_named("nobody"), &options), ks_named("nobody"), options.tag);
    }
    KS_CHECK(nothing_comes());
}

int main(int argc, char **argv)
{
    return run_cases("process_SUITE", argc, argv,
        SCENARIOS(SCENARIO(alias_bif), SCENARIO(monitor_alias), SCENARIO(spawn_monitor_alias),
            SCENARIO(demonitor_aliasmonitor), SCENARIO(down_aliasmonitor), SCENARIO(monitor_tag)));
}
