/* SPDX-License-Identifier: Apache-2.0 */
/* own_test - what a process owns or defers is released in order, once, however it ends. */
#include "support/scenario.h"

#include <kiosk/timer.h>

static trace seen;

static void release(void *letter) { trace_add(&seen, *(const char *)letter); }
static char *letter(char which)
{
    static char letters[26];
    letters[which - 'a'] = which;
    return &letters[which - 'a'];
}
static void forget(void) { seen = (trace){ .len = 0 }; }

/* --- ks_own ----------------------------------------------------------------------------------- */
enum how { RETURNS, EXITS, FAILS, KILLED, HOW_COUNT };

static void owns(void *arg)
{
    enum how how = *(const enum how *)arg;
    ks_own(release, letter('a'));
    ks_ref b = ks_own(release, letter('b'));
    ks_own(release, letter('c'));
    ks_ref d = ks_own(release, letter('d'));
    ks_disown(b);
    ks_disown(b); /* a second time: nothing */
    ks_disown((ks_ref){ { 0, 0 } });
    ks_own(release, letter('e'));
    ks_disown(d);
    if (how == KILLED) ks_sleep(KS_INFINITY);
    if (how == EXITS) ks_exit(KS_SHUTDOWN);
    if (how == FAILS) ks_exit(ks_error("no"));
}

static void owned_things_go_newest_first(void)
{
    for (enum how how = RETURNS; how < HOW_COUNT; how++) {
        ks_ref monitor;
        forget();
        ks_pid pid = ks_spawn_monitor(owns, &how, &monitor);
        if (how == KILLED) {
            ks_sleep(10);
            ks_exit_process(pid, KS_KILL);
        }
        end_of(monitor);
        KS_CHECK(trace_is(&seen, "eca"));
    }
}

static void disowns(void *arg) { ks_disown(*(const ks_ref *)arg); }

static void only_the_owner_can_disown(void)
{
    ks_ref monitor;
    forget();
    ks_ref owned = ks_own(release, letter('a'));
    ks_spawn_monitor(disowns, &owned, &monitor);
    end_of(monitor);
    ks_disown(monitor); /* of another kind */
    ks_cancel(owned);
    ks_demonitor(owned);
    ks_ref other = ks_own(release, letter('b'));
    ks_disown(other);
    KS_CHECK(trace_is(&seen, ""));
    ks_disown(owned);
}

static void exits_in_hook(void *resource)
{
    release(resource);
    ks_exit(ks_error("from a hook"));
}

static void tries_to_block(void *resource)
{
    ks_ms before = ks_now();
    ks_sleep(100);
    ks_yield();
    KS_CHECK(ks_receive(100) == NULL);
    KS_CHECK(ks_start(&(const ks_child){ .module = NULL }, NULL) == KS_BADARG);
    KS_CHECK(ks_stop_process(ks_parent(), KS_NORMAL, 100) == KS_DENIED);
    KS_CHECK(ks_now() == before);
    release(resource);
}

static void owns_what_misbehaves(void *arg)
{
    ks_own(release, letter('a'));
    ks_own(exits_in_hook, letter('b'));
    ks_own(tries_to_block, letter('c'));
    ks_own(exits_in_hook, letter('d'));
    ks_exit(KS_SHUTDOWN);
}

static void a_hook_that_exits_leaves_the_rest_to_be_released(void)
{
    ks_ref monitor;
    forget();
    ks_spawn_monitor(owns_what_misbehaves, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&seen, "dcba"));
}

static void opens(void *arg)
{
    int *open = arg;
    for (;;) { /* until it is killed */
        ++*open;
        ks_ref owned = ks_own(release, letter('a'));
        ks_yield();
        ks_disown(owned);
        --*open;
    }
}

/* Between "it is open" and ks_own nothing may come: else it would leak. */
static void what_is_handed_over_is_never_lost(void)
{
    int open = 0;
    forget();
    ks_pid pid = ks_spawn(opens, &open);
    for (uint64_t i = ks_random(30); i > 0; i--) ks_yield();
    kill_and_wait(pid);
    KS_CHECK(open == (int)seen.len);
}

/* --- ks_defer --------------------------------------------------------------------------------- */
static void defers_another(void *arg)
{
    release(arg);
    ks_defer(release, letter('x'));
    KS_CHECK(ks_format("%d", 7)[0] == '7');
}

static void a_turn_runs_what_was_deferred_newest_first(void)
{
    forget();
    ks_defer(release, letter('a'));
    ks_defer(release, letter('b'));
    KS_CHECK(trace_is(&seen, ""));
    ks_end_turn();
    KS_CHECK(trace_is(&seen, "ba"));
    ks_end_turn();
    ks_defer(release, letter('c'));
    KS_CHECK(ks_receive(0) == NULL);
    KS_CHECK(trace_is(&seen, "bac"));
}

static void what_is_deferred_may_defer(void)
{
    forget();
    ks_defer(release, letter('a'));
    ks_defer(defers_another, letter('b'));
    ks_end_turn();
    KS_CHECK(trace_is(&seen, "bxa"));
}

static void defers_and_ends(void *arg)
{
    enum how how = *(const enum how *)arg;
    ks_own(release, letter('o'));
    ks_defer(release, letter('a'));
    ks_defer(exits_in_hook, letter('b'));
    ks_defer(defers_another, letter('c'));
    if (how == KILLED) ks_sleep(KS_INFINITY);
    if (how == EXITS) ks_exit(KS_SHUTDOWN);
    if (how == FAILS) ks_exit(ks_error("no"));
}

static void a_process_that_ends_runs_what_was_deferred_once(void)
{
    for (enum how how = RETURNS; how < HOW_COUNT; how++) {
        ks_ref monitor;
        forget();
        ks_pid pid = ks_spawn_monitor(defers_and_ends, &how, &monitor);
        if (how == KILLED) {
            ks_sleep(10);
            ks_exit_process(pid, KS_KILL);
        }
        end_of(monitor);
        KS_CHECK(trace_is(&seen, "cxbao"));
    }
}

int main(void)
{
    return run_scenarios("own", 50,
        SCENARIOS(SCENARIO(owned_things_go_newest_first), SCENARIO(only_the_owner_can_disown),
            SCENARIO(a_hook_that_exits_leaves_the_rest_to_be_released),
            SCENARIO(what_is_handed_over_is_never_lost),
            SCENARIO(a_turn_runs_what_was_deferred_newest_first),
            SCENARIO(what_is_deferred_may_defer),
            SCENARIO(a_process_that_ends_runs_what_was_deferred_once)));
}
