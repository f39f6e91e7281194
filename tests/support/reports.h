/* SPDX-License-Identifier: Apache-2.0 */
/* reports.h - for cases about the form of reports: the latest one of a kind, in several forms. */
#ifndef REPORTS_H
#define REPORTS_H
#include "support/json.h"
#include "support/scenario.h"
#include <string.h>

static struct {
    char usual[8000], line[8000], shallow[8000], json[8000], shallow_json[8000];
    char brief[200], brief_json[300];
    const char *kind; /* of the reports that are taken; NULL: crash reports */
    int count;
} forms;

/* A handler. */
__attribute__((unused)) static void take_forms(const ks_log_event *event, void *unused)
{
    const ks_log_format line = { .single_line = true }, shallow = { .depth = 1 };
    if (!event->report || strcmp(event->report, forms.kind ? forms.kind : "crash") != 0) return;
    ks_log_text(event, NULL, forms.usual, sizeof forms.usual);
    ks_log_text(event, &line, forms.line, sizeof forms.line);
    ks_log_text(event, &shallow, forms.shallow, sizeof forms.shallow);
    ks_log_text(event, NULL, forms.brief, sizeof forms.brief);
    ks_log_json(event, NULL, forms.json, sizeof forms.json);
    ks_log_json(event, &shallow, forms.shallow_json, sizeof forms.shallow_json);
    ks_log_json(event, NULL, forms.brief_json, sizeof forms.brief_json);
    forms.count++;
}

/* What holds for every report, whoever crashed: has stands in each form that is not brief. */
__attribute__((unused)) static void check_forms(const char *has)
{
    const char *const texts[] = { forms.usual, forms.line, forms.shallow, forms.json,
        forms.shallow_json };
    const char *const jsons[] = { forms.json, forms.shallow_json, forms.brief_json };
    KS_CHECK(forms.count == 1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) KS_CHECK(strstr(texts[i], has));
    for (size_t i = 0; i < sizeof jsons / sizeof jsons[0]; i++)
        KS_CHECK(json_is_valid(jsons[i], strlen(jsons[i])));
    KS_CHECK(strchr(forms.usual, '\n') && !strchr(forms.line, '\n'));
    KS_CHECK(strlen(forms.brief) == sizeof forms.brief - 1);
    KS_CHECK(strcmp(forms.brief + strlen(forms.brief) - 3, "...") == 0);
    KS_CHECK(strstr(forms.brief_json, "\"cut\":true"));
    KS_CHECK(!strstr(forms.json, "\"cut\""));
}
#endif
