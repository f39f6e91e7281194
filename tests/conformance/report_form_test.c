/* SPDX-License-Identifier: Apache-2.0 */
/* report_form_test - cases of gen_server_SUITE about how a crash report is shown: depth, size, one
 * line. Those of proc_lib_SUITE: proc_lib_form_test.c. */
#include "support/reports.h"
#include <stdio.h>

typedef struct leaf {
    ks_int number;
    const char *password;
} leaf;
KS_TYPE(leaf, number, (secret, password));
typedef struct tree {
    leaf left;
    KS_LIST_OF(leaf) others;
} tree;
KS_TYPE(tree, (record, left, leaf), (list, others, leaf));
KS_MODULE(doomed, void);
KS_CALL(doomed, crash, tree, void);
struct doomed {
    int unused;
};

static ks_next doomed_handle_crash(doomed *self, const tree *request)
{
    return ks_stop(ks_error("the reason"));
}

static void doomed_format_status(const doomed *self, char *buffer, size_t size)
{
    snprintf(buffer, size, "first line\nsecond line");
}

KS_GEN_SERVER(doomed, .format_status = doomed_format_status, .ops = KS_OPS(doomed, crash));

static void crash_one(void)
{
    static const leaf leaves[] = { { 4711, "sesame" }, { 4712, "open" } };
    const tree request = { .left = leaves[0], .others = { leaves, 2 } };
    ks_ref monitor;
    ks_pid server;
    memset(&forms, 0, sizeof forms);
    (void)ks_log_set_handler(take_forms, NULL);
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(doomed), &server, &monitor));
    KS_CHECK(doomed_call_crash(server, &request, 1000) == KS_NOPROC);
    end_of(monitor);
}

static void format_log_1(void)
{
    crash_one();
    check_forms("the reason");
    KS_CHECK(strstr(forms.usual, "\n  while handling: call crash\n  message: tree{left: leaf{"));
    KS_CHECK(strstr(forms.usual, "\n  state: first line\n    second line\n"));
    KS_CHECK(strstr(forms.json, "\"message\":{\"left\":{\"number\":4711,\"password\":\"***\"},"));
    KS_CHECK(strstr(forms.json, "\"state\":\"first line\\nsecond line\""));
    KS_CHECK(strstr(forms.json, "\"reason\":\"error: the reason\""));
    KS_CHECK(strstr(forms.json, "\"report\":\"crash\""));
    KS_CHECK(strcmp(json_member(forms.json, "operation"), "\"crash\"") == 0);
}

static void format_log_2(void)
{
    crash_one();
    KS_CHECK(strstr(forms.line, "while handling: call crash; message: tree{left: leaf{"));
    KS_CHECK(strstr(forms.line, "state: first line second line;"));
    KS_CHECK(strstr(forms.shallow, "message: tree{left: ..., others: [..., ...]}"));
    KS_CHECK(!strstr(forms.shallow, "4711"));
    KS_CHECK(
        strstr(forms.shallow_json, "\"message\":{\"left\":\"...\",\"others\":[\"...\",\"...\"]}"));
    const char *all[] = { forms.usual, forms.line, forms.json, forms.brief, forms.brief_json };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) KS_CHECK(!strstr(all[i], "sesame"));
}

int main(int argc, char **argv)
{
    return run_cases(
        "gen_server_SUITE", argc, argv, SCENARIOS(SCENARIO(format_log_1), SCENARIO(format_log_2)));
}
