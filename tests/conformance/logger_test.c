/* SPDX-License-Identifier: Apache-2.0 */
/* logger_test - cases of logger_SUITE: handlers, levels, filters, and what events carry. */
#include "support/scenario.h"
#include <stdio.h>
#include <string.h>

enum { HANDLERS = 2 };
static struct {
    int count;
    ks_level level;
    char text[200], file[100];
    int line;
    ks_pid pid;
} seen[HANDLERS];

static void see(const ks_log_event *event, void *arg)
{
    const ks_log_format bare = { .bare = true };
    int i = *(const int *)arg;
    seen[i].count++;
    seen[i].level = event->level;
    seen[i].line = event->line;
    seen[i].pid = event->pid;
    ks_log_text(event, &bare, seen[i].text, sizeof seen[i].text);
    snprintf(seen[i].file, sizeof seen[i].file, "%s", event->file ? event->file : "");
}

static const int numbers[HANDLERS] = { 0, 1 };
static ks_log_handler row(int number, ks_level least)
{
    return (ks_log_handler){ .handle = see, .arg = (void *)&numbers[number], .least = least };
}

/* Since the last look; and the look. */
static bool logged(int handler, int count, ks_level level, const char *text)
{
    bool good = seen[handler].count == count;
    if (count > 0)
        good = good && seen[handler].level == level && strcmp(seen[handler].text, text) == 0;
    seen[handler].count = 0;
    return good;
}

static bool nothing_logged(void) { return logged(0, 0, KS_LOG_DEBUG, "") && logged(1, 0, 0, ""); }

static void begin(ks_level least)
{
    const ks_log_handler first = row(0, least);
    memset(seen, 0, sizeof seen);
    KS_CHECK_OK(ks_log_add_handler("h1", &first));
}

static void end(void)
{
    (void)ks_log_set_level(KS_LOG_NOTICE);
    (void)ks_log_remove_handler("h1");
    (void)ks_log_remove_handler("h2");
}

static void log_all_levels(void)
{
    for (int level = KS_LOG_DEBUG; level < KS_LOG_NONE; level++)
        ks_log((ks_level)level, "%s", ks_log_level_text((ks_level)level));
}

static void add_remove_handler(void)
{
    KS_CHECK(ks_log_remove_handler("h1") == KS_NOT_FOUND);
    begin(KS_LOG_DEBUG);
    KS_CHECK(ks_log_add_handler("h1", &(ks_log_handler){ .handle = see }) == KS_ALREADY_PRESENT);
    KS_CHECK_OK(ks_log_set_handler_level("h1", KS_LOG_NONE));
    ks_log_notice("hello");
    KS_CHECK(nothing_logged());
    KS_CHECK_OK(ks_log_set_handler_level("h1", KS_LOG_DEBUG));
    ks_log_notice("hello");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "hello"));
    KS_CHECK_OK(ks_log_remove_handler("h1"));
    KS_CHECK(ks_log_remove_handler("h1") == KS_NOT_FOUND);
    KS_CHECK(ks_log_set_handler_level("h1", KS_LOG_DEBUG) == KS_NOT_FOUND);
    ks_log_notice("hello");
    KS_CHECK(nothing_logged());
}

static void multiple_handlers(void)
{
    const ks_log_handler second = row(1, KS_LOG_ERROR);
    begin(KS_LOG_NOTICE);
    KS_CHECK_OK(ks_log_add_handler("h2", &second));
    ks_log_error("hello");
    KS_CHECK(logged(0, 1, KS_LOG_ERROR, "hello") && logged(1, 1, KS_LOG_ERROR, "hello"));
    ks_log_notice("hello");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "hello") && nothing_logged());
    end();
}

static void log_no_levels(void)
{
    begin(KS_LOG_DEBUG);
    (void)ks_log_set_level(KS_LOG_NONE);
    log_all_levels();
    KS_CHECK(nothing_logged());
    (void)ks_log_set_level(KS_LOG_DEBUG);
    KS_CHECK_OK(ks_log_set_module_level("process", KS_LOG_NONE)); /* that of this scenario */
    log_all_levels();
    KS_CHECK(nothing_logged());
    ks_log_unset_module_level("process");
    ks_log_notice("again");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "again"));
    KS_CHECK_OK(ks_log_set_handler_level("h1", KS_LOG_NONE));
    log_all_levels();
    KS_CHECK(nothing_logged());
    end();
}

static void log_all_levels_api(void)
{
    begin(KS_LOG_DEBUG);
    (void)ks_log_set_level(KS_LOG_DEBUG);
    for (int level = KS_LOG_DEBUG; level < KS_LOG_NONE; level++) {
        ks_log((ks_level)level, "%d and %s", level, "text");
        char expected[40];
        snprintf(expected, sizeof expected, "%d and text", level);
        KS_CHECK(logged(0, 1, (ks_level)level, expected));
        ks_report((ks_level)level, "report", KS_WITH("level", level));
        snprintf(expected, sizeof expected, "report level=%d", level);
        KS_CHECK(logged(0, 1, (ks_level)level, expected));
        ks_log_submit(&(ks_log_event){ .level = (ks_level)level, .message = ks_lit("made") });
        KS_CHECK(logged(0, 1, (ks_level)level, "made"));
        KS_CHECK(ks_same_pid(seen[0].pid, ks_self()));
    }
    end();
}

static void macros(void)
{
    begin(KS_LOG_DEBUG);
    (void)ks_log_set_level(KS_LOG_DEBUG);
    ks_log_debug("a"), KS_CHECK(logged(0, 1, KS_LOG_DEBUG, "a"));
    ks_log_info("b"), KS_CHECK(logged(0, 1, KS_LOG_INFO, "b"));
    ks_log_notice("c"), KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "c"));
    ks_log_warning("d"), KS_CHECK(logged(0, 1, KS_LOG_WARNING, "d"));
    ks_log_error("e");
    int line = __LINE__ - 1;
    KS_CHECK(seen[0].line == line && strcmp(seen[0].file, __FILE__) == 0);
    KS_CHECK(ks_same_pid(seen[0].pid, ks_self()));
    KS_CHECK(logged(0, 1, KS_LOG_ERROR, "e"));
    end();
}

static void set_level(void)
{
    begin(KS_LOG_DEBUG);
    ks_log_debug("one");
    KS_CHECK(nothing_logged());
    ks_log_notice("two");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "two"));
    KS_CHECK(ks_log_set_level(KS_LOG_DEBUG) == KS_LOG_NOTICE);
    ks_log_debug("three");
    KS_CHECK(logged(0, 1, KS_LOG_DEBUG, "three"));
    end();
}

/* The module is that of the process. */
KS_MODULE(talker, void);
KS_CALL(talker, talk, ks_int, void);
struct talker {
    int unused;
};

static ks_next talker_handle_talk(talker *self, const ks_int *level)
{
    ks_log((ks_level)*level, "talk");
    return ks_reply();
}

KS_GEN_SERVER(talker, .ops = KS_OPS(talker, talk));

static bool talks(ks_pid pid, ks_int level)
{
    KS_CHECK_OK(talker_call_talk(pid, &level, 1000));
    bool one = seen[0].count == 1;
    seen[0].count = 0;
    return one;
}

static void set_module_level(void)
{
    ks_pid pid;
    begin(KS_LOG_DEBUG);
    KS_CHECK_OK(ks_start(KS_CHILD(talker), &pid));
    KS_CHECK(ks_log_set_module_level("talker", (ks_level)99) == KS_BADARG);
    KS_CHECK(ks_log_set_module_level("", KS_LOG_INFO) == KS_BADARG);
    KS_CHECK_OK(ks_log_set_module_level("talker", KS_LOG_WARNING));
    KS_CHECK(!talks(pid, KS_LOG_NOTICE) && talks(pid, KS_LOG_WARNING));
    ks_log_notice("another module");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "another module"));
    KS_CHECK_OK(ks_log_set_module_level("talker", KS_LOG_DEBUG));
    KS_CHECK(talks(pid, KS_LOG_DEBUG));
    ks_log_info("another module");
    KS_CHECK(nothing_logged());
    ks_log_unset_module_level("talker");
    KS_CHECK(!talks(pid, KS_LOG_INFO) && talks(pid, KS_LOG_NOTICE));
    KS_CHECK_OK(ks_stop_process(pid, KS_NORMAL, 1000));
    end();
}

static void compare_levels(void)
{
    for (int least = KS_LOG_DEBUG; least <= KS_LOG_NONE; least++) {
        (void)ks_log_set_level((ks_level)least);
        for (int level = KS_LOG_DEBUG; level < KS_LOG_NONE; level++)
            KS_CHECK(ks_log_enabled((ks_level)level) == (level >= least));
    }
    end();
}

static void config_sanity_check(void)
{
    const ks_log_handler good = row(0, KS_LOG_DEBUG);
    KS_CHECK(ks_log_configure("bad") == KS_BADARG);
    KS_CHECK(ks_log_configure("info,bad") == KS_BADARG);
    KS_CHECK(ks_log_configure("info,talker=bad") == KS_BADARG);
    KS_CHECK(ks_log_set_level(KS_LOG_NOTICE) == KS_LOG_NOTICE); /* nothing was changed */
    KS_CHECK(ks_log_add_handler("", &good) == KS_BADARG);
    KS_CHECK(ks_log_add_handler("h1", NULL) == KS_BADARG);
    KS_CHECK(ks_log_add_handler("h1", &(ks_log_handler){ 0 }) == KS_BADARG);
    begin(KS_LOG_DEBUG);
    KS_CHECK(ks_log_set_handler_level("h1", (ks_level)99) == KS_BADARG);
    end();
}

/* --- filters ---------------------------------------------------------------------------------- */
static ks_filter_verdict make_error(ks_log_event *event, void *unused)
{
    event->level = KS_LOG_ERROR;
    return KS_FILTER_LOG;
}

static ks_filter_verdict raise_errors(ks_log_event *event, void *unused)
{
    if (event->level != KS_LOG_ERROR) return KS_FILTER_IGNORE;
    event->level = KS_LOG_ALERT;
    return KS_FILTER_LOG;
}

static void add_remove_filter(void)
{
    const ks_log_handler second = row(1, KS_LOG_NOTICE);
    begin(KS_LOG_NOTICE);
    KS_CHECK_OK(ks_log_add_filter(NULL, "lf", make_error, NULL));
    KS_CHECK(ks_log_add_filter(NULL, "lf", make_error, NULL) == KS_ALREADY_PRESENT);
    KS_CHECK(ks_log_add_filter(NULL, "lf", raise_errors, NULL) == KS_ALREADY_PRESENT);
    ks_log_notice("hello");
    KS_CHECK(logged(0, 1, KS_LOG_ERROR, "hello") && nothing_logged());
    KS_CHECK_OK(ks_log_add_handler("h2", &second));
    KS_CHECK_OK(ks_log_add_filter("h1", "hf", raise_errors, NULL));
    KS_CHECK(ks_log_add_filter("h1", "hf", raise_errors, NULL) == KS_ALREADY_PRESENT);
    ks_log_notice("hello");
    KS_CHECK(logged(0, 1, KS_LOG_ALERT, "hello") && logged(1, 1, KS_LOG_ERROR, "hello"));
    KS_CHECK_OK(ks_log_remove_filter(NULL, "lf"));
    KS_CHECK(ks_log_remove_filter(NULL, "lf") == KS_NOT_FOUND);
    ks_log_notice("hello");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "hello") && logged(1, 1, KS_LOG_NOTICE, "hello"));
    ks_log_error("hello");
    KS_CHECK(logged(0, 1, KS_LOG_ALERT, "hello") && logged(1, 1, KS_LOG_ERROR, "hello"));
    KS_CHECK_OK(ks_log_remove_filter("h1", "hf"));
    KS_CHECK(ks_log_remove_filter("h1", "hf") == KS_NOT_FOUND);
    ks_log_error("hello");
    KS_CHECK(logged(0, 1, KS_LOG_ERROR, "hello") && logged(1, 1, KS_LOG_ERROR, "hello"));
    end();
}

static ks_filter_verdict fails(ks_log_event *event, void *unused)
{
    event->level = KS_LOG_ALERT; /* is undone */
    ks_exit(ks_error("badmatch"));
}

static ks_filter_verdict faulty(ks_log_event *event, void *unused) { return (ks_filter_verdict)77; }

/* It is removed, which is an event of its own, and what it failed with is logged. */
static void one_fails(const char *handler, ks_log_filter *filter)
{
    KS_CHECK_OK(ks_log_add_filter(handler, "f", filter, NULL));
    ks_log_notice("first");
    KS_CHECK(seen[0].count == 2 && strcmp(seen[0].text, "first") == 0);
    KS_CHECK(logged(0, 2, KS_LOG_NOTICE, "first"));
    KS_CHECK(ks_log_remove_filter(handler, "f") == KS_NOT_FOUND);
    ks_log_notice("second");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "second"));
}

static void filter_failed(void)
{
    begin(KS_LOG_NOTICE);
    KS_CHECK(ks_log_add_filter(NULL, "f", NULL, NULL) == KS_BADARG);
    one_fails(NULL, fails);
    one_fails(NULL, faulty);
    KS_CHECK(ks_log_add_filter("h0", "f", fails, NULL) == KS_NOT_FOUND);
    KS_CHECK(ks_log_remove_filter("h0", "f") == KS_NOT_FOUND);
    KS_CHECK(ks_log_add_filter("h1", "f", NULL, NULL) == KS_BADARG);
    one_fails("h1", fails);
    one_fails("h1", faulty);
    end();
}

/* --- handlers that fail, and that are changed ------------------------------------------------- */
static void break_down(const ks_log_event *event, void *calls)
{
    (*(int *)calls)++;
    ks_exit(ks_error("badmatch"));
}

static void handler_failed(void)
{
    int calls = 0;
    const ks_log_handler bad = { .handle = break_down, .arg = &calls };
    begin(KS_LOG_NOTICE); /* h1, which is well */
    KS_CHECK(ks_log_add_handler("", &bad) == KS_BADARG);
    KS_CHECK(ks_log_add_handler("h2", &(ks_log_handler){ 0 }) == KS_BADARG);
    KS_CHECK(ks_log_add_handler("h2",
                 &(ks_log_handler){ .handle = break_down, .least = (ks_level)99 }) == KS_BADARG);
    KS_CHECK(ks_log_remove_handler("h2") == KS_NOT_FOUND);
    KS_CHECK_OK(ks_log_add_handler("h2", &bad));
    KS_CHECK(ks_log_add_handler("h2", &bad) == KS_ALREADY_PRESENT);
    ks_log_notice("one");
    KS_CHECK(calls == 1 && seen[0].count == 2);
    KS_CHECK(logged(0, 2, KS_LOG_ERROR,
        "kiosk: the log handler 'h2' has failed and was removed: error: badmatch"));
    KS_CHECK(ks_log_remove_handler("h2") == KS_NOT_FOUND);
    ks_log_notice("two");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "two") && calls == 1);
    KS_CHECK_OK(ks_log_add_handler("h2", &bad)); /* its place is free */
    ks_log_error("three");
    KS_CHECK(calls == 2 && ks_log_remove_handler("h2") == KS_NOT_FOUND);
    end();
}

static void change_config(void)
{
    const ks_log_handler second = row(1, KS_LOG_NOTICE);
    ks_log_handler read;
    KS_CHECK(ks_log_change_handler("h1", &second) == KS_NOT_FOUND);
    KS_CHECK(ks_log_get_handler("h1", &read) == KS_NOT_FOUND);
    begin(KS_LOG_NOTICE);
    KS_CHECK_OK(ks_log_get_handler("h1", &read));
    KS_CHECK(read.handle == see && read.arg == &numbers[0] && read.least == KS_LOG_NOTICE);
    KS_CHECK(!read.only_filtered);
    KS_CHECK_OK(ks_log_change_handler(
        "h1", &(ks_log_handler){ .handle = see, .arg = (void *)&numbers[1] }));
    KS_CHECK_OK(ks_log_get_handler("h1", &read)); /* what is not said has its default */
    KS_CHECK(read.arg == &numbers[1] && read.least == KS_LOG_DEBUG);
    ks_log_notice("changed");
    KS_CHECK(logged(1, 1, KS_LOG_NOTICE, "changed") && nothing_logged());
    read.only_filtered = true;
    KS_CHECK_OK(ks_log_change_handler("h1", &read));
    ks_log_notice("stopped");
    KS_CHECK(nothing_logged());
    KS_CHECK_OK(ks_log_add_filter("h1", "lf", make_error, NULL));
    ks_log_notice("admitted");
    KS_CHECK(logged(1, 1, KS_LOG_ERROR, "admitted"));
    KS_CHECK(ks_log_change_handler("h1", &(ks_log_handler){ 0 }) == KS_BADARG);
    KS_CHECK(ks_log_change_handler(
                 "h1", &(ks_log_handler){ .handle = see, .least = (ks_level)99 }) == KS_BADARG);
    ks_log_notice("the same"); /* nothing has changed */
    KS_CHECK(logged(1, 1, KS_LOG_ERROR, "the same"));
    end();
    begin(KS_LOG_NOTICE); /* its filter went with it */
    ks_log_notice("new");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "new"));
    end();
}

static char formatted[200];
static void format_as_told(const ks_log_event *event, void *format)
{
    ks_log_text(event, format, formatted, sizeof formatted);
}

static void set_formatter(void)
{
    ks_log_format bare = { .bare = true }, line = { .bare = true, .single_line = true };
    ks_log_handler changed = { .handle = format_as_told, .arg = &line };
    KS_CHECK(ks_log_change_handler("h1", &changed) == KS_NOT_FOUND);
    KS_CHECK_OK(
        ks_log_add_handler("h1", &(ks_log_handler){ .handle = format_as_told, .arg = &bare }));
    ks_log_notice("two\nlines");
    KS_CHECK(strcmp(formatted, "two\n  lines") == 0);
    KS_CHECK_OK(ks_log_change_handler("h1", &changed));
    ks_log_notice("two\nlines");
    KS_CHECK(strcmp(formatted, "two lines") == 0);
    end();
}

/* --- what all events of a process carry ------------------------------------------------------- */
static ks_int custom_of(const ks_log_field *fields, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].key, key) == 0) return *(const ks_int *)ks_log_value(&fields[i]);
    return 0;
}

static bool metadata_is(size_t count, ks_int custom, ks_int custom2)
{
    ks_log_field fields[4];
    return ks_log_get_process_metadata(fields, 4) == count &&
        custom_of(fields, count, "custom") == custom &&
        custom_of(fields, count, "custom2") == custom2;
}

static void logs_one(void *arg) { ks_log_notice("other"); }

static void process_metadata(void)
{
    ks_ref monitor;
    begin(KS_LOG_NOTICE);
    KS_CHECK(metadata_is(0, 0, 0));
    KS_CHECK_OK(ks_log_set_process_metadata(KS_WITH("line", 0), KS_WITH("custom", 1)));
    ks_report(KS_LOG_NOTICE, "one", KS_WITH("custom", 2)); /* that of the event counts */
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "one custom=2 line=0"));
    ks_report(KS_LOG_NOTICE, "two", KS_WITH("line", 5), KS_WITH("custom", 2));
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "two line=5 custom=2"));
    ks_log_notice("three");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "three line=0 custom=1"));
    ks_spawn_monitor(logs_one, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "other")); /* of nobody else */
    KS_CHECK(metadata_is(2, 1, 0));
    KS_CHECK_OK(ks_log_update_process_metadata(KS_WITH("custom", 3), KS_WITH("custom2", 4)));
    KS_CHECK(metadata_is(3, 3, 4));
    ks_log_unset_process_metadata();
    KS_CHECK(metadata_is(0, 0, 0));
    ks_log_notice("four");
    KS_CHECK(logged(0, 1, KS_LOG_NOTICE, "four"));
    KS_CHECK_OK(ks_log_update_process_metadata(KS_WITH("custom", 5)));
    KS_CHECK(metadata_is(1, 5, 0));
    end();
}

int main(int argc, char **argv)
{
    return run_cases("logger_SUITE", argc, argv,
        SCENARIOS(SCENARIO(add_remove_handler), SCENARIO(multiple_handlers),
            SCENARIO(log_no_levels), SCENARIO(log_all_levels_api), SCENARIO(macros),
            SCENARIO(set_level), SCENARIO(set_module_level), SCENARIO(compare_levels),
            SCENARIO(config_sanity_check), SCENARIO(add_remove_filter), SCENARIO(filter_failed),
            SCENARIO(handler_failed), SCENARIO(change_config), SCENARIO(set_formatter),
            SCENARIO(process_metadata)));
}
