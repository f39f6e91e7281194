/* SPDX-License-Identifier: Apache-2.0 */
/* scenario - runs scenarios as Check tests, and the few helpers that most of them need.
 *
 * The log belongs to ks_simulate, which shows it when a run fails. A scenario that looks at reports
 * takes it over by forget_reports(), until its end. */
#include "support/scenario.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the log ---------------------------------------------------------------------------------- */
enum { REPORTS = 64, REPORT_SIZE = 2000 };
struct report {
    ks_level level;
    char text[REPORT_SIZE];
};
static struct report reports[REPORTS];
static int reports_seen;

static void take_report(const ks_log_event *event, void *arg)
{
    if (event->level < KS_LOG_WARNING) return;
    struct report *report = &reports[reports_seen++ % REPORTS];
    report->level = event->level;
    const ks_log_format bare = { .bare = true };
    ks_log_text(event, &bare, report->text, sizeof report->text);
}

static int reports_kept(void) { return reports_seen < REPORTS ? reports_seen : REPORTS; }

void forget_reports(void)
{
    reports_seen = 0;
    ks_log_set_handler(take_report, NULL);
}

int report_count(ks_level level)
{
    int count = 0;
    for (int i = 0; i < reports_kept(); i++) count += reports[i].level >= level;
    return count;
}

bool reported(const char *text, const char *and_text)
{
    for (int i = 0; i < reports_kept(); i++)
        if (strstr(reports[i].text, text) && strstr(reports[i].text, and_text)) return true;
    return false;
}

/* --- what happened ---------------------------------------------------------------------------- */
void trace_add(trace *t, char event)
{
    KS_CHECK(t->len + 1 < sizeof t->text);
    t->text[t->len++] = event;
    t->text[t->len] = 0;
}

bool trace_is(const trace *t, const char *events)
{
    if (strcmp(t->text, events) == 0) return true;
    fprintf(stderr, "happened: \"%s\", expected: \"%s\"\n", t->text, events);
    return false;
}

/* --- signals ---------------------------------------------------------------------------------- */
static const ks_ms a_while = 1000, an_hour = 3600000;

ks_reason end_of(ks_ref monitor)
{
    const ks_msg *msg = ks_receive_ref(monitor, an_hour / 2);
    KS_CHECK(msg != NULL);
    const ks_down *down = ks_as(ks_down, msg);
    KS_CHECK(down != NULL);
    KS_CHECK(ks_same_ref(down->ref, monitor));
    return (ks_reason){ .kind = down->reason.kind, .code = down->reason.code };
}

bool ended_with(ks_ref monitor, ks_reason_kind kind)
{
    ks_reason_kind seen = end_of(monitor).kind;
    if (seen == kind) return true;
    fprintf(stderr, "ended with reason kind %d, expected %d\n", (int)seen, (int)kind);
    return false;
}

static bool is_exit_of(const ks_msg *msg, void *arg)
{
    const ks_exited *exited = ks_as(ks_exited, msg);
    return exited && ks_same_pid(exited->pid, *(const ks_pid *)arg);
}

bool exit_came(ks_pid pid, ks_reason_kind kind, ks_ms timeout)
{
    const ks_msg *msg = ks_receive_if(is_exit_of, &pid, timeout);
    return msg && ks_as(ks_exited, msg)->reason.kind == kind;
}

void kill_and_wait(ks_pid pid)
{
    ks_ref monitor = ks_monitor(pid);
    ks_exit_process(pid, KS_KILL);
    end_of(monitor);
}

bool nothing_comes(void)
{
    const ks_msg *msg = ks_receive(a_while);
    if (msg) fprintf(stderr, "a message of type %s came\n", msg->type->name);
    return !msg;
}

/* --- main: each scenario in a calm world, and in one where every second signal is late -------- */
static const struct scenario *all;
static int seeds;
static uint32_t schedulers; /* 0: as the environment says */

START_TEST(one)
{
    const struct scenario *scenario = &all[_i];
    int runs = scenario->measures ? 1 : seeds;
    const ks_simulation usual = { .runs = runs, .schedulers = schedulers },
                        rough = {
                            .runs = runs, .schedulers = schedulers, .yield = 0.5, .delay = 0.5
                        };
    ck_assert_msg(ks_simulate(&usual, scenario->run) == 0, "%s", scenario->name);
    ck_assert_msg(ks_simulate(&rough, scenario->run) == 0, "%s, roughly", scenario->name);
}
END_TEST

/* A case for each, so that a result bears the name of its scenario. */
static SRunner *run_all(
    const char *suite_name, int runs, const struct scenario *scenarios, size_t scenario_count)
{
    all = scenarios;
    seeds = runs;
    Suite *suite = suite_create(suite_name);
    for (int i = 0; i < (int)scenario_count; i++) {
        TCase *tcase = tcase_create(scenarios[i].name);
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, one, i, i + 1);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    return runner;
}

static int end(SRunner *runner)
{
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_scenarios(
    const char *suite_name, int runs, const struct scenario *scenarios, size_t scenario_count)
{
    return end(run_all(suite_name, runs, scenarios, scenario_count));
}

int run_scenarios_on_one(
    const char *suite_name, int runs, const struct scenario *scenarios, size_t scenario_count)
{
    schedulers = 1;
    return run_scenarios(suite_name, runs, scenarios, scenario_count);
}

/* --- main of a conformance suite -------------------------------------------------------------- */
enum { CASE_RUNS = 20 };

static bool write_results(const char *path, const char *suite_name, SRunner *runner)
{
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        return false;
    }
    TestResult **results = srunner_results(runner);
    for (int i = 0; i < srunner_ntests_run(runner); i++)
        fprintf(file, "%s|%s|%s\n", suite_name, tr_tcname(results[i]),
            tr_rtype(results[i]) == CK_PASS ? "passed" : "failed");
    free(results);
    return fclose(file) == 0;
}

int run_cases(const char *suite_name, int argc, char **argv, const struct scenario *scenarios,
    size_t scenario_count)
{
    SRunner *runner = run_all(suite_name, CASE_RUNS, scenarios, scenario_count);
    bool written = argc < 2 || write_results(argv[1], suite_name, runner);
    int result = end(runner);
    return written ? result : EXIT_FAILURE;
}
