/* SPDX-License-Identifier: Apache-2.0 */
/* proc_lib_form_test - cases of proc_lib_SUITE about how the crash report of a plain process is
 * shown. The others: proc_lib_test.c. */
#include "support/reports.h"
#include <stdio.h>

static void crashes(void *text)
{
    ks_set_label("%s", (const char *)text);
    ks_exit(ks_error("%s", (const char *)text));
}

static void crash_one(const char *text, void (*handle)(const ks_log_event *event, void *arg))
{
    char name[100];
    ks_ref monitor;
    memset(&forms, 0, sizeof forms);
    (void)ks_log_set_handler(handle, NULL);
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    KS_CHECK_OK(ks_register(name, ks_self())); /* the ancestor has a long name */
    ks_spawn_monitor(crashes, (void *)text, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
}

static void t_format(void)
{
    crash_one("fetched nothing", take_forms);
    check_forms("fetched nothing");
    KS_CHECK(strstr(forms.usual, "fetched nothing ended: error: fetched nothing\n  ancestors: <"));
    KS_CHECK(strstr(forms.json, "\"ancestors\":[\"<"));
    KS_CHECK(strstr(forms.json, "\"label\":\"fetched nothing\""));
}

/* Whatever stands in a reason or a label, a report can be shown. */
static void t_format_arbitrary(void)
{
    crash_one("\xff\xfe \x1b[2J\n\"\\ \xed\xa0\x80 \xe2\x82\xac", take_forms);
    check_forms("\xe2\x82\xac");
    KS_CHECK(strstr(forms.usual, "\\xff\\xfe \\x1b[2J\n  \"\\ \\xed\\xa0\\x80 \xe2\x82\xac"));
    KS_CHECK(strstr(forms.json, "\xef\xbf\xbd \\u001b[2J\\n\\\"\\\\ "));
}

/* A program that shows reports in its own way has the parts of them. */
static char own_report[400];
static void show_own(const ks_log_event *event, void *unused)
{
    if (!event->report || strcmp(event->report, "crash") != 0) return;
    size_t length = (size_t)snprintf(own_report, sizeof own_report, "%s:", event->label);
    for (size_t i = 0; i < event->field_count; i++) {
        const ks_log_field *field = &event->fields[i];
        const ks_reason *reason = ks_log_value(field);
        length += (size_t)snprintf(own_report + length, sizeof own_report - length, " %s",
            field->type == &ks_reason_type ? reason->text : field->key);
    }
}

static void report_cb(void)
{
    own_report[0] = 0;
    crash_one("mine", show_own);
    KS_CHECK(strstr(own_report, "mine: mine ancestors"));
}

int main(int argc, char **argv)
{
    return run_cases("proc_lib_SUITE", argc, argv,
        SCENARIOS(SCENARIO(t_format), SCENARIO(t_format_arbitrary), SCENARIO(report_cb)));
}
