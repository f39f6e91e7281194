/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_form_test - cases of supervisor_SUITE about how the reports of a supervisor are shown:
 * as text, on one line, as JSON, in little room. */
#include "conformance/supervisor.h"
#include "support/reports.h"

KS_SUPERVISOR(my_supervisor,
    .children = KS_CHILDREN({ KS_START(worker, .how = FAULTY_END), .id = "any_id",
        .restart = KS_TRANSIENT, .shutdown = 2 * SECOND }));

static void take(const char *kind)
{
    begin();
    memset(&forms, 0, sizeof forms);
    forms.kind = kind;
    (void)ks_log_set_handler(take_forms, NULL);
    (void)ks_log_set_level(KS_LOG_INFO);
}

static void end_taking(void)
{
    (void)ks_log_set_handler(NULL, NULL);
    (void)ks_log_set_level(KS_LOG_NOTICE);
}

/* The child fails in its terminate: the supervisor reports how it ended. */
static void take_shutdown_error(void)
{
    take("supervisor");
    stop(start(KS_CHILD(my_supervisor)));
    end_taking();
    check_forms("any_id");
}

static void take_progress(void)
{
    take("progress");
    ks_pid sup = start(KS_CHILD(my_supervisor));
    (void)ks_log_set_level(KS_LOG_NONE);
    stop(sup);
    end_taking();
    KS_CHECK(forms.count == 1 && json_is_valid(forms.json, strlen(forms.json)));
}

static void format_log_1(void)
{
    take_shutdown_error();
    KS_CHECK(strstr(forms.usual, "supervisor 'my_supervisor': child 'any_id' <0."));
    KS_CHECK(strstr(forms.usual, "ended: error: failed in terminate\n  shutdown error: module "));
    KS_CHECK(strstr(forms.usual, "'worker', transient, shutdown 2000 ms, worker"));
    KS_CHECK(strstr(forms.json, "\"report\":\"supervisor\""));
    KS_CHECK(
        strstr(forms.json, "\"fields\":{\"supervisor\":\"my_supervisor\",\"child\":\"any_id\""));
    KS_CHECK(strstr(forms.json, "\"context\":\"shutdown_error\",\"child_pid\":\"<0."));
    KS_CHECK(strstr(forms.json, "\"shutdown_error\":\"module 'worker', transient, "));
    take_progress();
    KS_CHECK(strstr(forms.usual, "started\n  progress: module 'worker', transient, "));
    KS_CHECK(strstr(forms.json, "\"report\":\"progress\"") &&
        strstr(forms.json, "\"event\":\"started\""));
}

static void format_log_2(void)
{
    take_shutdown_error(); /* what is brief ends in dots, or says that it is cut */
    KS_CHECK(strstr(forms.line, "failed in terminate shutdown error: module 'worker', transient"));
    KS_CHECK(strstr(forms.brief, "supervisor 'my_supervisor': child 'any_id' <0."));
    KS_CHECK(!strstr(forms.brief, "shutdown 2000 ms, worker"));
    take_progress();
    KS_CHECK(strstr(forms.line, "started progress: module 'worker', transient"));
    KS_CHECK(!strchr(forms.line, '\n'));
}

int main(int argc, char **argv)
{
    return run_cases(
        "supervisor_SUITE", argc, argv, SCENARIOS(SCENARIO(format_log_1), SCENARIO(format_log_2)));
}
