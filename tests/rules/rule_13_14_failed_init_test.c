/* SPDX-License-Identifier: Apache-2.0 */
/* rule_13_14_failed_init_test - 13: on ignore, stop or error from init the name is released before
 * the starter hears of it. 14: an error from init makes no crash report, a stop makes one. */
#include "support/scenario.h"

enum how { HOW_OK, HOW_FAIL, HOW_STOP, HOW_STOP_SHUTDOWN, HOW_IGNORE, HOW_EXIT, HOW_SLEEP };
typedef struct picky_args {
    int32_t how;
} picky_args;
KS_TYPE(picky_args, how);
KS_MODULE(picky, picky_args);
struct picky {
    int unused;
};

static ks_next picky_init(picky *self, const picky_args *args)
{
    KS_CHECK(ks_same_pid(ks_whereis("picky"), ks_self())); /* registered before init runs */
    ks_yield();
    switch (args->how) {
    case HOW_FAIL: return ks_fail(KS_NOT_FOUND);
    case HOW_STOP: return ks_stop(ks_error("disk full"));
    case HOW_STOP_SHUTDOWN: return ks_stop(KS_SHUTDOWN);
    case HOW_IGNORE: return ks_ignore();
    case HOW_EXIT: ks_exit(ks_error("disk full"));
    case HOW_SLEEP: ks_sleep(KS_INFINITY); break;
    default: break;
    }
    return ks_ok();
}

KS_GEN_SERVER(picky, .init = picky_init);

static ks_status start(enum how how)
{
    return ks_start(&(const ks_child){ KS_START(picky, .how = (int32_t)how), .name = "picky",
                        .start_timeout = 20 },
        NULL);
}

/* --- rule 13 ---------------------------------------------------------------------------------- */
/* The next start uses the name at once: were it still held, it would be KS_ALREADY_STARTED. */
static void the_name_is_free_after(enum how how, ks_status expected)
{
    for (int i = 0; i < 5; i++) {
        KS_CHECK(start(how) == expected);
        KS_CHECK(ks_is_none(ks_whereis("picky")));
    }
    KS_CHECK_OK(start(HOW_OK));
    kill_and_wait(ks_named("picky"));
}

static void the_name_is_free_after_an_error(void)
{
    the_name_is_free_after(HOW_FAIL, KS_NOT_FOUND);
}

static void the_name_is_free_after_a_stop(void) { the_name_is_free_after(HOW_STOP, KS_EXITED); }

static void the_name_is_free_after_ignore(void) { the_name_is_free_after(HOW_IGNORE, KS_IGNORE); }

static void the_name_is_free_after_an_exit(void) { the_name_is_free_after(HOW_EXIT, KS_EXITED); }

static void the_name_is_free_after_a_time_out(void)
{
    the_name_is_free_after(HOW_SLEEP, KS_TIMEOUT);
}

static void tries(void *arg)
{
    for (int i = 0; i < 5; i++) {
        ks_status status = start(HOW_FAIL);
        KS_CHECK(status == KS_NOT_FOUND || status == KS_ALREADY_STARTED);
        if (status == KS_NOT_FOUND) ++*(int *)arg;
        ks_yield();
    }
}

/* Two starters of one name: each attempt fails by its own init, or by the other's. */
static void two_starters_share_the_name(void)
{
    int failed = 0;
    ks_ref first, second;
    ks_spawn_monitor(tries, &failed, &first);
    ks_spawn_monitor(tries, &failed, &second);
    KS_CHECK(ended_with(first, KS_REASON_NORMAL));
    KS_CHECK(ended_with(second, KS_REASON_NORMAL));
    KS_CHECK(failed > 0);
    KS_CHECK(ks_is_none(ks_whereis("picky")));
}

/* --- rule 14 ---------------------------------------------------------------------------------- */
static int reports_after(enum how how)
{
    forget_reports();
    KS_CHECK(start(how) != KS_OK);
    ks_sleep(10);
    return report_count(KS_LOG_WARNING);
}

static void an_error_makes_no_report(void) { KS_CHECK(reports_after(HOW_FAIL) == 0); }

static void ignore_makes_no_report(void) { KS_CHECK(reports_after(HOW_IGNORE) == 0); }

static void a_stop_makes_one_report(void)
{
    KS_CHECK(reports_after(HOW_STOP) == 1);
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("picky", "disk full"));
}

static void an_exit_makes_one_report(void)
{
    KS_CHECK(reports_after(HOW_EXIT) == 1);
    KS_CHECK(reported("picky", "disk full"));
}

static void a_clean_stop_makes_no_report(void) { KS_CHECK(reports_after(HOW_STOP_SHUTDOWN) == 0); }

int main(void)
{
    return run_scenarios("rules 13 and 14", 100,
        SCENARIOS(SCENARIO(the_name_is_free_after_an_error),
            SCENARIO(the_name_is_free_after_a_stop), SCENARIO(the_name_is_free_after_ignore),
            SCENARIO(the_name_is_free_after_an_exit), SCENARIO(the_name_is_free_after_a_time_out),
            SCENARIO(two_starters_share_the_name), SCENARIO(an_error_makes_no_report),
            SCENARIO(ignore_makes_no_report), SCENARIO(a_stop_makes_one_report),
            SCENARIO(an_exit_makes_one_report), SCENARIO(a_clean_stop_makes_no_report)));
}
