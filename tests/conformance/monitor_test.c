/* SPDX-License-Identifier: Apache-2.0 */
/* monitor_test - cases of monitor_SUITE. */
#include "support/scenario.h"
#include <kiosk/timer.h>
#include <string.h>

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

static void waits_for_one(void *arg) { ks_receive(KS_INFINITY); }

static void exits(void *arg) { ks_exit(ks_because(KS_USER + 1)); }

/* --- case_1, case_2 --------------------------------------------------------------------------- */
static void kills_its_watcher(void *arg)
{
    ks_receive_as(ks_int, KS_INFINITY);
    ks_exit_process(*(const ks_pid *)arg, ks_because(KS_USER + 2));
    ks_exit(ks_because(KS_USER + 3));
}

static void watches_its_killer(void *arg)
{
    ks_pid self = ks_self(), killer;
    ks_ref monitor;
    if (*(const bool *)arg) {
        killer = ks_spawn(kills_its_watcher, &self);
        ks_monitor(killer);
    } else {
        killer = ks_spawn_monitor(kills_its_watcher, &self, &monitor);
    }
    ks_send(killer, ks_int, &(ks_int){ 0 });
    ks_sleep(10000);
}

static void watcher_is_killed(bool apart)
{
    ks_ref monitor;
    uint64_t processes = ks_process_count();
    ks_spawn_monitor(watches_its_killer, &apart, &monitor);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_USER + 2);
    ks_sleep(10);
    KS_CHECK(ks_process_count() == processes);
}

static void case_1(void) { watcher_is_killed(true); }

static void case_1a(void) { watcher_is_killed(false); }

struct thief {
    ks_ref stolen;
    bool tried;
};

static void demonitors(void *arg)
{
    struct thief *thief = arg;
    ks_demonitor(thief->stolen);
    thief->tried = true;
}

/* Neither the watched process can end our monitor, nor a third one. */
static void monitor_is_kept(ks_pid watched, ks_ref monitor, struct thief *thief)
{
    struct thief third = { .stolen = monitor };
    ks_ref third_monitor;
    thief->stolen = monitor;
    ks_spawn_monitor(demonitors, &third, &third_monitor);
    KS_CHECK(ended_with(third_monitor, KS_REASON_NORMAL));
    ks_send(watched, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(third.tried && thief->tried);
    KS_CHECK(nothing_comes());
}

static void demonitors_when_told(void *arg)
{
    ks_receive_as(ks_int, KS_INFINITY);
    demonitors(arg);
}

static void case_2(void)
{
    struct thief thief = { .tried = false };
    ks_pid watched = ks_spawn(demonitors_when_told, &thief);
    monitor_is_kept(watched, ks_monitor(watched), &thief);
}

static void case_2a(void)
{
    struct thief thief = { .tried = false };
    ks_ref monitor;
    ks_pid watched = ks_spawn_monitor(demonitors_when_told, &thief, &monitor);
    monitor_is_kept(watched, monitor, &thief);
}

/* --- bad, unknown and fired references -------------------------------------------------------- */
static void mon_e_1(void)
{
    const ks_pid bad[] = { { .id = 0 }, { .id = UINT64_MAX }, ks_named(""), ks_named("nobody") };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ks_ref monitor = ks_monitor(bad[i]);
        KS_CHECK(monitor.id[0] != 0);
        ks_reason end = end_of(monitor);
        KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_NOPROC);
    }
    KS_CHECK(nothing_comes());
}

static void demon_e_1(void)
{
    ks_ref monitor;
    ks_pid watched = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    ks_demonitor((ks_ref){ { 0, 0 } });
    ks_demonitor((ks_ref){ { UINT64_MAX, UINT64_MAX } });
    ks_demonitor((ks_ref){ { monitor.id[0] + 1, monitor.id[1] } });
    ks_demonitor((ks_ref){ { monitor.id[0], monitor.id[1] + 1 } });
    ks_exit_process(watched, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    KS_CHECK(nothing_comes());
}

static void demon_1(void)
{
    ks_ref timer = ks_send_after(50, ks_self(), ks_int, &(ks_int){ 1 });
    ks_demonitor(timer);
    KS_CHECK(ks_receive_ref(timer, 1000) != NULL);
    ks_demonitor(timer);
    KS_CHECK(nothing_comes());
}

/* Of oneself, which makes none; of one that has fired; of one that was ended already. */
static void demon_2(void)
{
    ks_ref fired, ended, alive, own = ks_monitor(ks_self());
    ks_demonitor(own);
    ks_demonitor(own);
    KS_CHECK(nothing_comes());
    ks_spawn_monitor(exits, NULL, &fired);
    KS_CHECK(end_of(fired).code == KS_USER + 1);
    ks_pid second = ks_spawn_monitor(waits_for_ever, NULL, &ended);
    alive = ks_monitor(second);
    ks_demonitor(fired);
    ks_demonitor(ended);
    ks_demonitor(ended);
    ks_exit_process(second, KS_KILL);
    KS_CHECK(ended_with(alive, KS_REASON_KILLED));
    KS_CHECK(nothing_comes());
}

/* --- DOWN ------------------------------------------------------------------------------------- */
static void down_is(ks_ref monitor, ks_pid as_given, ks_reason_kind kind, ks_status code)
{
    const ks_msg *msg = ks_receive_ref(monitor, 1000);
    const ks_down *down = ks_as(ks_down, msg);
    KS_CHECK(down != NULL);
    KS_CHECK(ks_same_ref(down->ref, monitor) && ks_same_pid(down->pid, as_given));
    KS_CHECK(down->reason.kind == kind && down->reason.code == code);
}

static void mon_1(void)
{
    ks_pid pid = ks_spawn(waits_for_one, NULL), name = ks_named("mon_1");
    KS_CHECK_OK(ks_register("mon_1", pid));
    ks_ref by_pid = ks_monitor(pid), by_name = ks_monitor(name), again = ks_monitor(pid);
    ks_send(pid, ks_int, &(ks_int){ 0 });
    down_is(by_pid, pid, KS_REASON_NORMAL, 0);
    down_is(by_name, name, KS_REASON_NORMAL, 0);
    down_is(again, pid, KS_REASON_NORMAL, 0);
    KS_CHECK(nothing_comes());
    down_is(ks_monitor(pid), pid, KS_REASON_STATUS, KS_NOPROC);
    down_is(ks_monitor(name), name, KS_REASON_STATUS, KS_NOPROC);
    KS_CHECK(nothing_comes());
    ks_pid exiting = ks_spawn(exits, NULL);
    ks_ref monitor = ks_monitor(exiting);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.code == KS_USER + 1 || end.code == KS_NOPROC);
    KS_CHECK(nothing_comes());
}

static void demonitor_flush(void)
{
    ks_ref queued, coming, other;
    ks_spawn_monitor(exits, NULL, &queued);
    ks_sleep(100);
    KS_CHECK(ks_mailbox_length(ks_self()) == 1);
    KS_CHECK(!ks_demonitor(queued)); /* the DOWN was there */
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
    ks_pid pid = ks_spawn_monitor(waits_for_ever, NULL, &coming);
    other = ks_monitor(pid);
    KS_CHECK(ks_demonitor(ks_monitor(pid)));
    ks_exit_process(pid, KS_KILL);
    ks_demonitor(coming);
    KS_CHECK(ended_with(other, KS_REASON_KILLED));
    KS_CHECK(nothing_comes());
}

static void exits_with_text(void *arg) { ks_exit(ks_error("%s", (const char *)arg)); }

static void large_exit(void)
{
    char text[KS_REASON_TEXT_MAX];
    ks_ref monitor;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    ks_spawn_monitor(exits_with_text, text, &monitor);
    const ks_msg *msg = ks_receive_ref(monitor, 1000);
    const ks_down *down = ks_as(ks_down, msg);
    KS_CHECK(down && down->reason.kind == KS_REASON_ERROR);
    KS_CHECK(down->reason.text && strcmp(down->reason.text, text) == 0);
    KS_CHECK(nothing_comes());
}

/* The name is free, and can be had, at the moment the DOWN is there. */
static void named_down(void)
{
    for (int i = 0; i < 10; i++) {
        ks_pid pid = ks_spawn(waits_for_one, NULL);
        KS_CHECK_OK(ks_register("named_down", pid));
        ks_ref monitor = ks_monitor(ks_named("named_down"));
        ks_send(ks_named("named_down"), ks_int, &(ks_int){ 0 });
        KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
        KS_CHECK(ks_is_none(ks_whereis("named_down")));
        KS_CHECK_OK(ks_register("named_down", ks_self()));
        ks_unregister("named_down");
    }
}

static void exits_when_told(void *arg)
{
    ks_receive_as(ks_int, KS_INFINITY);
    ks_exit(ks_because(KS_USER + 5));
}

/* Demonitor and exit at about the same time, of many; its answer is whether a DOWN was there, and
 * none comes. */
static void local_remove_monitor(void)
{
    enum { WATCHED = 40 };
    ks_pid pids[WATCHED];
    ks_ref monitors[WATCHED], ends[WATCHED];
    for (int i = 0; i < WATCHED; i++) {
        pids[i] = ks_spawn_monitor(exits_when_told, NULL, &monitors[i]);
        ends[i] = ks_monitor(pids[i]);
        ks_send(pids[i], ks_int, &(ks_int){ 0 });
    }
    for (int i = 0; i < WATCHED; i++) {
        for (uint64_t n = ks_random(3); n > 0; n--) ks_yield();
        if (i % 2) {
            uint64_t queued = ks_mailbox_length(ks_self());
            bool removed = ks_demonitor(monitors[i]);
            KS_CHECK(!removed || ks_mailbox_length(ks_self()) >= queued);
            KS_CHECK(!ks_demonitor(monitors[i]));
        }
    }
    for (int i = 0; i < WATCHED; i++) {
        KS_CHECK(end_of(ends[i]).code == KS_USER + 5);
        if (i % 2)
            KS_CHECK(ks_receive_ref(monitors[i], 0) == NULL);
        else
            KS_CHECK(end_of(monitors[i]).code == KS_USER + 5);
    }
    KS_CHECK(nothing_comes());
}

/* --- lists ------------------------------------------------------------------------------------ */
static size_t watched_by_us(void)
{
    size_t count;
    KS_CHECK_OK(ks_monitors(ks_self(), NULL, 0, &count));
    return count;
}

static size_t watchers_of(ks_pid pid)
{
    size_t count;
    KS_CHECK_OK(ks_monitored_by(pid, NULL, 0, &count));
    return count;
}

static void monitors_the_caller(void *arg)
{
    ks_monitor(*(const ks_pid *)arg);
    ks_receive(KS_INFINITY);
}

/* Either side's lists shrink with the end of a monitor, of the watched and of the watcher. */
static void list_cleanup(void)
{
    ks_ref monitors[3], end;
    ks_pid pid = ks_spawn(waits_for_one, NULL), self = ks_self(), seen[4];
    size_t before = watched_by_us(), watchers = watchers_of(self), count;
    KS_CHECK_OK(ks_register("list_cleanup", pid));
    monitors[0] = ks_monitor(pid);
    monitors[1] = ks_monitor(ks_named("list_cleanup"));
    monitors[2] = ks_monitor(pid);
    KS_CHECK(watched_by_us() == before + 3);
    KS_CHECK_OK(ks_monitors(self, seen, 2, &count));
    KS_CHECK(count == before + 3 && ks_same_pid(seen[0], pid));
    KS_CHECK(ks_same_pid(seen[1], ks_named("list_cleanup")));
    KS_CHECK_OK(ks_monitored_by(pid, seen, 4, &count));
    KS_CHECK(count <= 3); /* the last ones may be under way */
    KS_CHECK(ks_demonitor(monitors[2]));
    KS_CHECK(watched_by_us() == before + 2);
    ks_send(pid, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(monitors[0], KS_REASON_NORMAL));
    KS_CHECK(ended_with(monitors[1], KS_REASON_NORMAL));
    KS_CHECK(watched_by_us() == before);
    KS_CHECK(ks_monitored_by(pid, NULL, 0, &count) == KS_NOPROC);
    ks_pid watcher = ks_spawn_monitor(monitors_the_caller, &self, &end);
    ks_sleep(100);
    KS_CHECK(watchers_of(self) == watchers + 1);
    ks_send(watcher, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    ks_sleep(100);
    KS_CHECK(watchers_of(self) == watchers);
    KS_CHECK(nothing_comes());
}

/* --- aliases and tags ------------------------------------------------------------------------- */
static bool arrives(ks_pid alias)
{
    KS_CHECK_OK(ks_send(alias, ks_int, &(ks_int){ 7 }));
    return ks_receive_as(ks_int, 50) != NULL;
}

static void unexpected_alias_at_demonitor_gh5310(void)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    ks_monitor_options options = { .alias = KS_ALIAS_REPLY_DEMONITOR };
    ks_ref monitor = ks_monitor_with(pid, &options);
    KS_CHECK(ks_demonitor(monitor));
    KS_CHECK(!arrives(ks_monitor_alias(monitor)) && !ks_unalias(ks_monitor_alias(monitor)));
    kill_and_wait(pid);
    KS_CHECK(nothing_comes());
}

/* Demonitor turns the monitor into an explicit alias: no DOWN comes any more. */
static void down_on_alias_gh5310(void)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    ks_monitor_options options = { .alias = KS_ALIAS_EXPLICIT_UNALIAS };
    ks_ref monitor = ks_monitor_with(pid, &options);
    KS_CHECK(ks_demonitor(monitor));
    kill_and_wait(pid);
    KS_CHECK(nothing_comes());
    KS_CHECK(arrives(ks_monitor_alias(monitor)));
    KS_CHECK(ks_unalias(ks_monitor_alias(monitor)));
    KS_CHECK(nothing_comes());
}

static void monitor_3_noproc_gh6185(void)
{
    ks_pid gone = ks_spawn(waits_for_ever, NULL);
    kill_and_wait(gone);
    ks_pid missing[] = { gone, ks_named("monitor_3_noproc") };
    for (int mode = KS_ALIAS_NONE; mode <= KS_ALIAS_REPLY_DEMONITOR; mode++) {
        for (int i = 0; i < 2; i++) {
            ks_monitor_options options = { .alias = (ks_alias_mode)mode, .tag = 42 };
            ks_ref monitor = ks_monitor_with(missing[i], &options);
            const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 1000));
            KS_CHECK(down && down->tag == 42 && ks_same_pid(down->pid, missing[i]));
            KS_CHECK(down->reason.kind == KS_REASON_STATUS && down->reason.code == KS_NOPROC);
            bool stays = mode == KS_ALIAS_EXPLICIT_UNALIAS;
            KS_CHECK(arrives(ks_monitor_alias(monitor)) == stays);
            KS_CHECK(ks_unalias(ks_monitor_alias(monitor)) == stays);
        }
    }
    KS_CHECK(nothing_comes());
}

int main(int argc, char **argv)
{
    return run_cases("monitor_SUITE", argc, argv,
        SCENARIOS(SCENARIO(case_1), SCENARIO(case_1a), SCENARIO(case_2), SCENARIO(case_2a),
            SCENARIO(mon_e_1), SCENARIO(demon_e_1), SCENARIO(demon_1), SCENARIO(demon_2),
            SCENARIO(mon_1), SCENARIO(demonitor_flush), SCENARIO(large_exit), SCENARIO(named_down),
            SCENARIO(local_remove_monitor), SCENARIO(list_cleanup),
            SCENARIO(unexpected_alias_at_demonitor_gh5310), SCENARIO(down_on_alias_gh5310),
            SCENARIO(monitor_3_noproc_gh6185)));
}
