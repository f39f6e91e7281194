/* SPDX-License-Identifier: Apache-2.0 */
/* logger_test - cases of logger_SUITE: handlers, levels, and what events carry. */
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

int main(int argc, char **argv)
{
    return run_cases("logger_SUITE", argc, argv,
        SCENARIOS(SCENARIO(add_remove_handler), SCENARIO(multiple_handlers),
            SCENARIO(log_no_levels), SCENARIO(log_all_levels_api), SCENARIO(macros),
            SCENARIO(set_level), SCENARIO(set_module_level), SCENARIO(compare_levels),
            SCENARIO(config_sanity_check)));
}
