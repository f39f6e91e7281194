/* SPDX-License-Identifier: Apache-2.0 */
/* log_test - events as text and JSON, levels, words, handlers. What becomes of lines on standard
 * error: tests/io/log_output_test.c. */
#include "base/random.h"
#include "support/json.h"
#include "support/suite.h"
#include <errno.h>
#include <kiosk/kiosk.h>
#include <stdio.h>
#include <string.h>

typedef struct account {
    ks_text owner;
    const char *password;
} account;
KS_TYPE(account, owner, (secret, password));

static char shown[4096];
static const ks_log_format bare = { .bare = true };

/* --- what was handled ------------------------------------------------------------------------- */
static int handled;
static ks_level handled_level;
static void keep(const ks_log_event *event, void *arg)
{
    const ks_log_format *format = arg;
    handled++;
    handled_level = event->level;
    ks_log_text(event, format ? format : &bare, shown, sizeof shown);
}

static const char *logged(const char *text)
{
    handled = 0;
    (void)ks_log_set_handler(keep, NULL);
    ks_log_error("%s", text);
    ck_assert_int_eq(handled, 1);
    return shown;
}

static const char *as_text(const ks_log_event *event, const ks_log_format *format, size_t size)
{
    memset(shown, '#', sizeof shown);
    size_t length = ks_log_text(event, format, shown, size);
    ck_assert_uint_eq(strlen(shown), length);
    ck_assert_uint_lt(length, size);
    ck_assert_int_eq(shown[size], '#');
    return shown;
}

/* --- text ------------------------------------------------------------------------------------- */
START_TEST(no_text_can_pass_for_another_event)
{
    ck_assert_str_eq(logged("a\n12:00 [error] b"), "a\n  12:00 [error] b");
    ck_assert_str_eq(
        logged("\x1b[31mred\r\x7f\x9b\xc2\x9b!"), "\\x1b[31mred\\x0d\\x7f\\x9b\\xc2\\x9b!");
    ck_assert_str_eq(
        logged("gr\xc3\xbc\xc3\x9f\t\xe2\x82\xac"), "gr\xc3\xbc\xc3\x9f\t\xe2\x82\xac");
}
END_TEST

START_TEST(fields_keep_their_types)
{
    const account value = { ks_lit("ann"), "sesame" };
    char name[] = "joe";
    const char *nothing = NULL;
    bool yes = true;
    handled = 0;
    (void)ks_log_set_handler(keep, NULL);
    ks_report(KS_LOG_ERROR, "done", KS_WITH("a", yes), KS_WITH("b", -1), KS_WITH("c", UINT64_MAX),
        KS_WITH("d", 0.5), KS_WITH("e", name), KS_WITH("f", "two words"), KS_WITH("g", nothing),
        KS_WITH("h", (ks_reason){ .kind = KS_REASON_KILLED }), KS_WITH("i", (uint8_t)7),
        KS_WITH_TYPE("j", account, &value), KS_WITH("k", ((ks_any){ &account_type, &value })),
        KS_WITH_TYPE("l", account, (const account *)NULL));
    ck_assert_int_eq(handled, 1);
    ck_assert_str_eq(shown,
        "done a=true b=-1 c=18446744073709551615 d=0.5 e=joe f=\"two words\" g=\"\" h=killed i=7 "
        "j=account{owner: \"ann\", password: ***} k=account{owner: \"ann\", password: ***} "
        "l=nil");
}
END_TEST

static int evaluated;
static int evaluate(void) { return ++evaluated; }

START_TEST(what_is_filtered_is_not_evaluated)
{
    (void)ks_log_set_handler(keep, NULL);
    ks_log_debug("%d", evaluate());
    ks_report(KS_LOG_INFO, "text", KS_WITH("n", evaluate()));
    ck_assert_int_eq(evaluated, 0);
    (void)ks_log_set_level(KS_LOG_DEBUG);
    ks_log_debug("%d", evaluate());
    ks_report(KS_LOG_INFO, "text", KS_WITH("n", evaluate()));
    ck_assert_int_eq(evaluated, 2);
}
END_TEST

START_TEST(a_report_has_a_line_for_each_field)
{
    const ks_log_field fields[] = { KS_WITH("reason", "in the message"),
        KS_WITH("last_words", "a\nb"), KS_WITH("queue", 3) };
    const ks_log_event event = { .level = KS_LOG_ERROR,
        .message = ks_lit("crash: x"),
        .report = "crash",
        .fields = fields,
        .field_count = 3,
        .fields_said = 1 };
    ck_assert_str_eq(as_text(&event, &bare, 1000), "crash: x\n  last words: a\n    b\n  queue: 3");
    const ks_log_format line = { .bare = true, .single_line = true };
    ck_assert_str_eq(as_text(&event, &line, 1000), "crash: x last words: a b; queue: 3;");
}
END_TEST

START_TEST(the_head_says_when_and_who)
{
    const ks_log_event event = { .level = KS_LOG_DEBUG,
        .wall_clock_ns = 1000000000123456789,
        .pid = { .id = (uint64_t)3 << 32 | 7 },
        .file = "/somewhere/door.c",
        .line = 12,
        .trace_id = 255,
        .message = ks_lit("open") };
    ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
    ck_assert_str_eq(as_text(&event, NULL, 1000),
        "2001-09-09 01:46:40.123 [debug] <0.7.3> open trace=00000000000000ff (door.c:12)");
    const ks_log_format colours = { .colours = true };
    ck_assert_str_eq(as_text(&event, &colours, 1000),
        "01:46:40.123 \033[36m[debug]\033[0m <0.7.3> open trace=00000000000000ff (door.c:12)");
}
END_TEST

START_TEST(what_is_too_long_ends_in_dots)
{
    const ks_log_event event = { .message = ks_lit("gr\xc3\xbc\xc3\x9f dich") };
    ck_assert_str_eq(as_text(&event, &bare, 13), "gr\xc3\xbc\xc3\x9f dich");
    ck_assert_str_eq(as_text(&event, &bare, 9), "gr\xc3\xbc...");
    ck_assert_str_eq(as_text(&event, &bare, 8), "gr\xc3\xbc...");
    ck_assert_str_eq(as_text(&event, &bare, 7), "gr...");
    ck_assert_uint_eq(ks_log_text(&event, &bare, shown, 0), 0);
    for (size_t size = 1; size < 20; size++) (void)as_text(&event, &bare, size);
}
END_TEST

/* --- JSON ------------------------------------------------------------------------------------- */
static const char *as_json(const ks_log_event *event, size_t size)
{
    memset(shown, '#', sizeof shown);
    size_t length = ks_log_json(event, NULL, shown, size);
    ck_assert_uint_eq(strlen(shown), length);
    ck_assert_uint_lt(length, size);
    ck_assert_int_eq(shown[size], '#');
    ck_assert_msg(json_is_valid(shown, length), "%zu: %s", size, shown);
    ck_assert_ptr_null(strchr(shown, '\n'));
    return shown;
}

START_TEST(json_has_what_the_event_has)
{
    const account value = { ks_lit("ann"), "sesame" };
    const ks_log_field fields[] = { KS_WITH("n", 1), KS_WITH_TYPE("who", account, &value) };
    const ks_log_field metadata[] = { KS_WITH("n", 2), KS_WITH("request", 7) };
    const ks_log_event event = { .level = KS_LOG_ALERT,
        .wall_clock_ns = 1000000000123456789,
        .pid = { .id = (uint64_t)3 << 32 | 7 },
        .file = "door.c",
        .line = 12,
        .message = ks_lit("open\n\"x\""),
        .name = "door",
        .label = "front",
        .module = "doors",
        .operation = "open",
        .trace_id = 255,
        .fields = fields,
        .field_count = 2,
        .metadata = metadata,
        .metadata_count = 2 };
    ck_assert_str_eq(as_json(&event, 2000),
        "{\"time\":\"2001-09-09T01:46:40.123456Z\",\"level\":\"alert\","
        "\"message\":\"open\\n\\\"x\\\"\",\"pid\":\"<0.7.3>\",\"name\":\"door\","
        "\"label\":\"front\",\"module\":\"doors\",\"operation\":\"open\","
        "\"trace\":\"00000000000000ff\",\"file\":\"door.c\",\"line\":12,"
        "\"fields\":{\"n\":1,\"who\":{\"owner\":\"ann\",\"password\":\"***\"}},"
        "\"metadata\":{\"request\":7}}");
}
END_TEST

/* Valid at every size and with any bytes, and it says when something is missing. */
START_TEST(json_is_valid_whatever_comes)
{
    struct ksi_random random;
    ksi_random_seed(&random, 11);
    for (int run = 0; run < 20000; run++) {
        char bytes[3][300];
        for (int i = 0; i < 3; i++)
            for (size_t k = 0; k < sizeof bytes[i]; k++)
                bytes[i][k] = (char)(run % 2 ? ksi_random_next(&random) : 1 + k % 60);
        bytes[1][ksi_random_below(&random, 299)] = 0;
        bytes[1][299] = bytes[2][299] = 0;
        const account value = { { bytes[0], ksi_random_below(&random, 300) }, NULL };
        const ks_log_field fields[] = { KS_WITH(bytes[1], bytes[2]), KS_WITH("n", run),
            KS_WITH_TYPE("who", account, &value), KS_WITH(NULL, 1.5) };
        const ks_log_field metadata[] = { KS_WITH("n", -run), KS_WITH("m", bytes[2]) };
        const ks_log_event event = { .message = { bytes[0], ksi_random_below(&random, 300) },
            .module = run % 3 ? bytes[1] : NULL,
            .file = bytes[2],
            .fields = fields,
            .field_count = ksi_random_below(&random, 5),
            .metadata = metadata,
            .metadata_count = ksi_random_below(&random, 3) };
        size_t size = 256 + ksi_random_below(&random, 1500);
        const char *text = as_json(&event, size);
        if (event.field_count == 4 && !strstr(text, "\"?\":1.5"))
            ck_assert_ptr_nonnull(strstr(text, ",\"cut\":true}"));
    }
    ck_assert_uint_eq(ks_log_json(&(ks_log_event){ 0 }, NULL, shown, 255), 0);
}
END_TEST

/* --- levels ----------------------------------------------------------------------------------- */
START_TEST(the_level_is_a_limit)
{
    ck_assert_int_eq(ks_log_set_level(KS_LOG_ERROR), KS_LOG_NOTICE);
    ck_assert(!ks_log_enabled(KS_LOG_WARNING) && ks_log_enabled(KS_LOG_ERROR));
    ck_assert(ks_log_enabled(KS_LOG_EMERGENCY) && !ks_log_enabled(KS_LOG_NONE));
    ck_assert_int_eq(ks_log_set_level(KS_LOG_NONE), KS_LOG_ERROR);
    ck_assert(!ks_log_enabled(KS_LOG_EMERGENCY));
    ck_assert_str_eq(ks_log_level_text(KS_LOG_CRITICAL), "critical");
    ck_assert_str_eq(ks_log_level_text((ks_level)99), "?");
    ck_assert_str_eq(ks_log_level_text((ks_level)-1), "?");
}
END_TEST

START_TEST(words_configure_all_or_nothing)
{
    ck_assert_int_eq(ks_log_configure("debug,loud"), KS_BADARG);
    ck_assert_int_eq(ks_log_configure("debug,=info"), KS_BADARG);
    ck_assert_int_eq(ks_log_configure("debug,shard=json"), KS_BADARG);
    ck_assert_int_eq(ks_log_configure(NULL), KS_BADARG);
    ck_assert_int_eq(ks_log_set_level(KS_LOG_NOTICE), KS_LOG_NOTICE);
    ck_assert_int_eq(ks_log_configure(",alert,json,shard=debug,text,"), KS_OK);
    ck_assert_int_eq(ks_log_set_level(KS_LOG_NOTICE), KS_LOG_ALERT);
}
END_TEST

START_TEST(modules_have_a_place_each)
{
    char name[64] = "";
    ck_assert_int_eq(ks_log_set_module_level("", KS_LOG_INFO), KS_BADARG);
    ck_assert_int_eq(ks_log_set_module_level(NULL, KS_LOG_INFO), KS_BADARG);
    memset(name, 'x', 48);
    ck_assert_int_eq(ks_log_set_module_level(name, KS_LOG_INFO), KS_BADARG);
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "module%d", i);
        ck_assert_int_eq(ks_log_set_module_level(name, KS_LOG_INFO), KS_OK);
    }
    ck_assert_int_eq(ks_log_set_module_level("one more", KS_LOG_INFO), KS_FULL);
    ck_assert_int_eq(ks_log_set_module_level("module7", KS_LOG_ERROR), KS_OK);
    ks_log_unset_module_level("nobody");
    ck_assert(!ks_log_enabled(KS_LOG_INFO)); /* outside of any process: the general one */
}
END_TEST

/* --- handlers --------------------------------------------------------------------------------- */
static int second;
static void count_second(const ks_log_event *event, void *arg) { second++; }
static void log_again(const ks_log_event *event, void *arg)
{
    handled++;
    ks_log_error("from a handler");
    errno = EBADF;
}

START_TEST(the_old_handler_comes_back)
{
    ks_log_handler old = ks_log_set_handler(keep, &second);
    ck_assert(old.handle == NULL && old.least == KS_LOG_DEBUG);
    old = ks_log_set_handler(NULL, NULL);
    ck_assert(old.handle == keep && old.arg == &second);
}
END_TEST

START_TEST(handlers_have_names_and_levels)
{
    const ks_log_handler row = { .handle = count_second, .least = KS_LOG_ERROR };
    (void)ks_log_set_handler(keep, NULL);
    ck_assert_int_eq(ks_log_add_handler("second", &row), KS_OK);
    ck_assert_int_eq(ks_log_add_handler("second", &row), KS_ALREADY_PRESENT);
    ck_assert_int_eq(ks_log_add_handler("default", &row), KS_ALREADY_PRESENT);
    ck_assert_int_eq(ks_log_add_handler("", &row), KS_BADARG);
    ck_assert_int_eq(ks_log_add_handler("third", &(ks_log_handler){ 0 }), KS_BADARG);
    ks_log_warning("w");
    ks_log_error("e");
    ck_assert(handled == 2 && second == 1);
    ck_assert_int_eq(ks_log_set_handler_level("second", KS_LOG_WARNING), KS_OK);
    ck_assert_int_eq(ks_log_remove_handler("default"), KS_OK);
    ck_assert_int_eq(ks_log_remove_handler("default"), KS_NOT_FOUND);
    ks_log_warning("w");
    ck_assert(handled == 2 && second == 2);
    ck_assert_int_eq(ks_log_remove_handler("second"), KS_OK);
    ck_assert_int_eq(ks_log_remove_handler("second"), KS_NOT_FOUND);
    ck_assert_int_eq(ks_log_set_handler_level("second", KS_LOG_INFO), KS_NOT_FOUND);
    ks_log_warning("w");
    ck_assert(handled == 2 && second == 2);
    ck_assert_int_eq(ks_log_add_handler("default", &row), KS_OK);
    ks_log_error("e");
    ck_assert(handled == 2 && second == 3);
}
END_TEST

START_TEST(a_handler_that_logs_is_not_called_again)
{
    (void)ks_log_set_handler(log_again, NULL);
    errno = 0;
    ks_log_error("e");
    ck_assert_int_eq(handled, 1);
    ck_assert_int_eq(errno, 0); /* who logs a failure may look at it afterwards */
    ks_log_error("e");
    ck_assert_int_eq(handled, 2);
}
END_TEST

/* A row of an older program ends earlier; what is behind it must not be read. */
START_TEST(short_rows_are_filled_up)
{
    ks_log_handler row;
    memset(&row, 0xff, sizeof row);
    row.handle = count_second;
    ck_assert_int_eq(ks_log_add_handler_("short", &row, offsetof(ks_log_handler, arg)), KS_OK);
    (void)ks_log_set_handler(keep, NULL);
    ks_log_notice("n");
    ck_assert_int_eq(second, 1);
    ks_log_event event;
    memset(&event, 0xff, sizeof event);
    event.level = KS_LOG_ERROR;
    ks_log_submit_(&event, offsetof(ks_log_event, wall_clock_ns));
    ck_assert_int_eq(second, 2);
    ck_assert_str_eq(shown, "");
}
END_TEST

int main(void)
{
    return run_suite("log", 60,
        TESTS(no_text_can_pass_for_another_event, fields_keep_their_types,
            what_is_filtered_is_not_evaluated, a_report_has_a_line_for_each_field,
            the_head_says_when_and_who, what_is_too_long_ends_in_dots, json_has_what_the_event_has,
            json_is_valid_whatever_comes, the_level_is_a_limit, words_configure_all_or_nothing,
            modules_have_a_place_each, the_old_handler_comes_back, handlers_have_names_and_levels,
            a_handler_that_logs_is_not_called_again, short_rows_are_filled_up));
}
