/* SPDX-License-Identifier: Apache-2.0 */
/* resp_test - requests of RESP2: what is understood, what is refused with which words, and that
 * neither depends on the pieces in which the bytes come. */
#include "../../examples/store/resp.h"
#include "parts/check.h"

static const struct resp_limits usual = { RESP_ARGS_MAX, RESP_INLINE_MAX, 512 * 1024 };
static const struct resp_limits tight = { 4, 16, 20 };

/* Input, and what becomes of it: commands as "[a|b]", then "more" or the error. */
struct row {
    const char *input;
    size_t len;
    const char *answer;
};
#define ROW(input, answer)                                                                         \
    {                                                                                              \
        input, sizeof(input) - 1, answer                                                           \
    }
#define ERROR(text) "ERR Protocol error: " text

static const struct row rows[] = {
    /* arrays */
    ROW("*1\r\n$4\r\nPING\r\n", "[PING]more"),
    ROW("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "[GET|k]more"),
    ROW("*1\r\n$0\r\n\r\n", "[]more"),
    ROW("*2\r\n$0\r\n\r\n$0\r\n\r\n", "[|]more"),
    ROW("*1\r\n$2\r\n\r\n\r\n", "[\r\n]more"),
    ROW("*1\r\n$3\r\na\0b\r\n", "[a.b]more"),
    ROW("*1\r\n$4\r\n*1\r\n\r\n", "[*1\r\n]more"),
    ROW("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n", "[a][b]more"),
    ROW("*0\r\n*1\r\n$1\r\na\r\n", "-[a]more"),
    ROW("*-1\r\n*1\r\n$1\r\na\r\n", "-[a]more"),
    ROW("*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n", "[a|b|c|d]more"),
    /* not yet whole */
    ROW("", "more"),
    ROW("*", "more"),
    ROW("*1", "more"),
    ROW("*1\r", "more"),
    ROW("*1\r\n", "more"),
    ROW("*1\r\n$", "more"),
    ROW("*1\r\n$4\r", "more"),
    ROW("*1\r\n$4\r\n", "more"),
    ROW("*1\r\n$4\r\nPING", "more"),
    ROW("*1\r\n$4\r\nPING\r", "more"),
    ROW("*2\r\n$4\r\nPING\r\n", "more"),
    ROW("*1\r\n$0\r\n", "more"),
    ROW("PING", "more"),
    ROW("PING\r", "more"),
    /* bad array headers */
    ROW("*\r\n", ERROR("invalid multibulk length")),
    ROW("*x\r\n", ERROR("invalid multibulk length")),
    ROW("*1x\r\n", ERROR("invalid multibulk length")),
    ROW("* 1\r\n", ERROR("invalid multibulk length")),
    ROW("*1 \r\n", ERROR("invalid multibulk length")),
    ROW("*+1\r\n", ERROR("invalid multibulk length")),
    ROW("*01\r\n", ERROR("invalid multibulk length")),
    ROW("*-0\r\n", ERROR("invalid multibulk length")),
    ROW("*-2\r\n", "-more"),
    ROW("*-\r\n", ERROR("invalid multibulk length")),
    ROW("*1.0\r\n", ERROR("invalid multibulk length")),
    ROW("*0x1\r\n", ERROR("invalid multibulk length")),
    ROW("*1\0\r\n", ERROR("invalid multibulk length")),
    ROW("*1\rX$4\r\n", ERROR("invalid multibulk length")),
    ROW("*1\n$1\r\na\r\n", ERROR("invalid multibulk length")),
    ROW("*1048577\r\n", ERROR("invalid multibulk length")),
    ROW("*2147483648\r\n", ERROR("invalid multibulk length")),
    ROW("*9223372036854775807\r\n", ERROR("invalid multibulk length")),
    ROW("*9223372036854775808\r\n", ERROR("invalid multibulk length")),
    ROW("*99999999999999999999\r\n", ERROR("invalid multibulk length")),
    ROW("*11111111111111111111111111111111", ERROR("too big mbulk count string")),
    ROW("*1\r\n$1\r\na\r\n*x\r\n", "[a]" ERROR("invalid multibulk length")),
    /* bad bulk headers */
    ROW("*1\r\n:1\r\n", ERROR("expected '$', got ':'")),
    ROW("*1\r\nPING\r\n", ERROR("expected '$', got 'P'")),
    ROW("*1\r\n*1\r\n", ERROR("expected '$', got '*'")),
    ROW("*1\r\n\r\n", ERROR("expected '$', got ' '")),
    ROW("*1\r\n\0", ERROR("expected '$', got ' '")),
    ROW("*1\r\n\xff", ERROR("expected '$', got '\xff'")),
    ROW("*2\r\n$1\r\na\r\nb", ERROR("expected '$', got 'b'")),
    ROW("*1\r\n$\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$x\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$-1\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$-0\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$+4\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$04\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$4 \r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$4\rXPING\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$4\nPING\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$524289\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$4294967297\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$18446744073709551617\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$9999999999999999999999999999999", ERROR("too big bulk count string")),
    ROW("*2\r\n$524288\r\n", "more"),
    /* bad ends of bulks */
    ROW("*1\r\n$4\r\nPINGxx", ERROR("expected CR LF after a bulk string")),
    ROW("*1\r\n$4\r\nPING\n\n", ERROR("expected CR LF after a bulk string")),
    ROW("*1\r\n$4\r\nPING\rx", ERROR("expected CR LF after a bulk string")),
    ROW("*1\r\n$3\r\nPING\r\n", ERROR("expected CR LF after a bulk string")),
    ROW("*1\r\n$0\r\nab", ERROR("expected CR LF after a bulk string")),
    /* inline */
    ROW("PING\r\n", "[PING]more"),
    ROW("PING\n", "[PING]more"),
    ROW("\r\n", "-more"),
    ROW("\n", "-more"),
    ROW("  \t \r\n", "-more"),
    ROW("  SET  k\tv \r\n", "[SET|k|v]more"),
    ROW("\r\nPING\r\n", "-[PING]more"),
    ROW("$4\r\nPING\r\n", "[$4][PING]more"),
    ROW("SET k \"a b\"\r\n", "[SET|k|a b]more"),
    ROW("SET k 'a b'\r\n", "[SET|k|a b]more"),
    ROW("SET k \"\"\r\n", "[SET|k|]more"),
    ROW("SET k ''\r\n", "[SET|k|]more"),
    ROW("SET k \"\\x41\\n\\\"\\q\"\r\n", "[SET|k|A\n\"q]more"),
    ROW("SET k '\\'\\n'\r\n", "[SET|k|'\\n]more"),
    ROW("SET k a\"b c\"\r\n", "[SET|k|ab c]more"),
    ROW("SET k \"\\x4g\"\r\n", "[SET|k|x4g]more"),
    ROW("SET k \"a\r\n", ERROR("unbalanced quotes in request")),
    ROW("SET k 'a\r\n", ERROR("unbalanced quotes in request")),
    ROW("SET k \"a\"b\r\n", ERROR("unbalanced quotes in request")),
    ROW("SET k 'a\\'\r\n", ERROR("unbalanced quotes in request")),
    ROW("SET k \"a\\\r\n", ERROR("unbalanced quotes in request")),
    ROW("a\rb\r\n", "[a|b]more"),
    ROW("a\r\r\n", "[a]more"),
    ROW("GET \0\r\n", "[GET|.]more"),
    ROW(" *1\r\n", "[*1]more"),
    ROW("PING\r\n*1\r\n$4\r\nPING\r\nPING\n", "[PING][PING][PING]more"),
};

/* With small limits: 4 arguments, lines of 16 bytes, 20 bytes in all. */
static const struct row tight_rows[] = {
    ROW("*5\r\n", ERROR("invalid multibulk length")),
    ROW("*1\r\n$21\r\n", ERROR("invalid bulk length")),
    ROW("*1\r\n$20\r\n01234567890123456789\r\n", "[01234567890123456789]more"),
    ROW("*2\r\n$19\r\n0123456789012345678\r\n$1\r\na\r\n", "[0123456789012345678|a]more"),
    ROW("*2\r\n$19\r\n0123456789012345678\r\n$2\r\n", ERROR("too big request")),
    ROW("a b c d\r\n", "[a|b|c|d]more"),
    ROW("a b c d e\r\n", ERROR("too many arguments")),
    ROW("0123456789012345\n", "[0123456789012345]more"),
    ROW("012345678901234\r\n", "[012345678901234]more"),
    ROW("0123456789012345\r\n", ERROR("too big inline request")),
    ROW("01234567890123456", ERROR("too big inline request")),
    ROW("0123456789012345", "more"),
    ROW("a\n01234567890123456", "[a]" ERROR("too big inline request")),
};

/* What was parsed, in the words of the tables; a NUL inside is a dot. */
static void note_command(const struct resp_command *command, char *said, size_t room)
{
    size_t len = strlen(said);
    if (!command->count) {
        snprintf(said + len, room - len, "-");
        return;
    }
    for (uint32_t i = 0; i < command->count; i++) {
        ks_text arg = resp_arg(command, i);
        len += (size_t)snprintf(said + len, room - len, "%c", i ? '|' : '[');
        for (size_t at = 0; at < arg.len && len + 2 < room; at++)
            said[len++] = arg.ptr[at] ? arg.ptr[at] : '.';
        said[len] = 0;
    }
    snprintf(said + len, room - len, "]");
}

/* Parses what stands in bytes[*begin..len), as a connection does. True: it may go on. */
static bool parse_some(struct resp_command *command, const struct resp_limits *limits,
    const char *bytes, size_t len, size_t *begin, char *said, size_t room)
{
    for (;;) {
        size_t consumed = 0;
        resp_result result = resp_parse(bytes + *begin, len - *begin, limits, command, &consumed);
        if (result == RESP_MORE) return true;
        if (result == RESP_ERROR) {
            size_t used = strlen(said);
            snprintf(said + used, room - used, "%s", command->error);
            return false;
        }
        ck_assert_uint_gt(consumed, 0);
        note_command(command, said, room);
        resp_begin(command);
        *begin += consumed;
    }
}

static void give_back(struct resp_command *command)
{
    resp_begin(command);
    ks_free(command->args);
}

/* The pieces end at cuts[0..count) and at len; each is parsed in memory of its own, and moved, so
 * that a parser that reads too far, or keeps a pointer, is caught by a sanitizer. */
static void parse_in_pieces(const struct resp_limits *limits, const char *bytes, size_t len,
    const size_t *cuts, size_t count, char *said, size_t room)
{
    struct resp_command *command = malloc(sizeof *command);
    ck_assert_ptr_nonnull(command);
    memset(command, 0, sizeof *command);
    size_t begin = 0;
    bool go_on = true;
    said[0] = 0;
    resp_begin(command);
    for (size_t i = 0; i <= count && go_on; i++) {
        size_t end = i < count ? cuts[i] : len;
        char *piece = malloc(end + !end);
        ck_assert_ptr_nonnull(piece);
        memcpy(piece, bytes, end);
        go_on = parse_some(command, limits, piece, end, &begin, said, room);
        if (go_on) ck_assert_uint_gt(command->need, end - begin);
        free(piece);
    }
    if (go_on) strncat(said, "more", room - strlen(said) - 1);
    give_back(command);
    free(command);
    ck_assert_uint_eq(parts_blocks, 0);
}

static void check_row(const struct row *row, const struct resp_limits *limits)
{
    char said[512];
    size_t each[256];
    parse_in_pieces(limits, row->input, row->len, NULL, 0, said, sizeof said);
    ck_assert_str_eq(said, row->answer);
    for (size_t cut = 0; cut <= row->len; cut++) {
        parse_in_pieces(limits, row->input, row->len, &cut, 1, said, sizeof said);
        ck_assert_str_eq(said, row->answer);
    }
    for (size_t i = 0; i < row->len; i++) each[i] = i;
    parse_in_pieces(limits, row->input, row->len, each, row->len, said, sizeof said);
    ck_assert_str_eq(said, row->answer);
}

START_TEST(each_input_has_its_answer_in_any_pieces) { check_row(&rows[_i], &usual); }
END_TEST

START_TEST(limits_are_kept) { check_row(&tight_rows[_i], &tight); }
END_TEST

START_TEST(a_pipeline_is_the_same_at_every_two_cuts)
{
    static const char pipeline[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nwith\r\nbreaks\r\n"
                                   "PING\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*0\r\n"
                                   "*1\r\n$6\r\nDBSIZE\r\nECHO  hi\n";
    static const char answer[] = "[SET|k|with\r\nbreaks][PING]-[GET|k]-[DBSIZE][ECHO|hi]more";
    size_t len = sizeof pipeline - 1;
    char said[512];
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            const size_t cuts[] = { first, second };
            parse_in_pieces(&usual, pipeline, len, cuts, 2, said, sizeof said);
            ck_assert_str_eq(said, answer);
        }
    }
}
END_TEST

START_TEST(the_most_arguments_are_taken)
{
    static char input[16 + RESP_ARGS_MAX * 7];
    static struct resp_command command;
    static const struct resp_limits large = { RESP_ARGS_MAX, RESP_INLINE_MAX, 2 * RESP_ARGS_MAX };
    size_t len = (size_t)sprintf(input, "*%d\r\n", RESP_ARGS_MAX), consumed = 0;
    for (int i = 0; i < RESP_ARGS_MAX; i++) len += (size_t)sprintf(input + len, "$1\r\nx\r\n");
    resp_begin(&command);
    ck_assert_int_eq(resp_parse(input, len, &large, &command, &consumed), RESP_COMMAND);
    ck_assert_uint_eq(command.count, RESP_ARGS_MAX);
    ck_assert_uint_eq(consumed, len);
    ck_assert_uint_eq(resp_arg(&command, RESP_ARGS_MAX - 1).len, 1);
}
END_TEST

START_TEST(a_big_bulk_is_waited_for_as_a_whole)
{
    static struct resp_command command;
    static const char head[] = "*1\r\n$500000\r\n";
    size_t consumed = 0;
    resp_begin(&command);
    ck_assert_int_eq(resp_parse(head, sizeof head - 1, &usual, &command, &consumed), RESP_MORE);
    ck_assert_uint_eq(command.need, sizeof head - 1 + 500000 + 2);
}
END_TEST

/* The parser goes on where it stopped: the start of the request is overwritten, nothing changes. */
START_TEST(what_was_parsed_is_not_read_again)
{
    char input[] = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
    static struct resp_command command;
    size_t consumed = 0, len = sizeof input - 1;
    resp_begin(&command);
    ck_assert_int_eq(resp_parse(input, 13, &usual, &command, &consumed), RESP_MORE);
    memset(input, '#', 8);
    ck_assert_int_eq(resp_parse(input, len, &usual, &command, &consumed), RESP_COMMAND);
    ck_assert_uint_eq(consumed, len);
    ck_assert(memcmp(resp_arg(&command, 0).ptr, "GET", 3) == 0);
}
END_TEST

START_TEST(integers_are_plain)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = { { "0", true, 0 }, { "7", true, 7 }, { "-1", true, -1 },
        { "9223372036854775807", true, INT64_MAX }, { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 }, { "-9223372036854775809", false, 0 },
        { "10000000000000000000", false, 0 }, { "", false, 0 }, { "-", false, 0 },
        { "-0", false, 0 }, { "01", false, 0 }, { "+1", false, 0 }, { " 1", false, 0 },
        { "1 ", false, 0 }, { "1e3", false, 0 }, { "--1", false, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 0;
        ks_text text = { cases[i].text, strlen(cases[i].text) };
        ck_assert_msg(resp_integer(text, &value) == cases[i].ok, "%s", cases[i].text);
        ck_assert_int_eq(value, cases[i].value);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resp");
    TCase *tcase = tcase_create("resp");
    tcase_add_loop_test(
        tcase, each_input_has_its_answer_in_any_pieces, 0, (int)(sizeof rows / sizeof rows[0]));
    tcase_add_loop_test(tcase, limits_are_kept, 0, (int)(sizeof tight_rows / sizeof tight_rows[0]));
    tcase_add_test(tcase, a_pipeline_is_the_same_at_every_two_cuts);
    tcase_add_test(tcase, the_most_arguments_are_taken);
    tcase_add_test(tcase, a_big_bulk_is_waited_for_as_a_whole);
    tcase_add_test(tcase, what_was_parsed_is_not_read_again);
    tcase_add_test(tcase, integers_are_plain);
    suite_add_tcase(suite, tcase);
    return run_all(suite);
}
