/* SPDX-License-Identifier: Apache-2.0 */
/* resp - a state machine with a phase for each thing that a request consists of.
 *
 * Invariant: the answer depends on the bytes alone, never on the pieces they came in. So each phase
 * either sees all that it judges, or asks for more. */
#include "resp.h"

#include "words.h"
#include <kiosk/process.h>
#include <stdio.h>
#include <string.h>

enum phase { PHASE_TYPE, PHASE_INLINE, PHASE_COUNT, PHASE_HEADER, PHASE_BODY };
enum { GO_ON = -1 }; /* beside resp_result: the next phase may run */
enum { ARGS_ROOM = 8 };

struct input {
    const char *bytes;
    size_t len;
    const struct resp_limits *limits;
};

static int more(struct resp_command *command, size_t need)
{
    command->need = need;
    return RESP_MORE;
}

static int wrong(struct resp_command *command, const char *what)
{
    snprintf(command->error, sizeof command->error, "ERR Protocol error: %s", what);
    return RESP_ERROR;
}

bool resp_integer(ks_text text, int64_t *ret_value)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t digits = text.len - negative;
    const char *first = text.ptr + negative;
    if (digits < 1 || digits > 19 || (first[0] == '0' && (digits > 1 || negative))) return false;
    uint64_t value = 0; /* 19 digits fit */
    for (size_t i = 0; i < digits; i++) {
        if (first[i] < '0' || first[i] > '9') return false;
        value = value * 10 + (uint64_t)(first[i] - '0');
    }
    if (value > (uint64_t)INT64_MAX + negative) return false;
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static void add_arg(struct resp_command *command, size_t start, size_t len)
{
    if (command->count == command->args_room) {
        uint32_t room = command->args_room ? command->args_room * 2 : ARGS_ROOM;
        command->args = ks_realloc(command->args, room * sizeof *command->args);
        command->args_room = room;
    }
    command->args[command->count++] = (struct resp_span){ (uint32_t)start, (uint32_t)len };
}

/* The number of a line like "*3\r\n" at command->at, which is passed. */
static int header_number(struct resp_command *command, const struct input *in, const char *too_long,
    const char *invalid, int64_t *ret_number)
{
    size_t there = in->len - command->at;
    if (there > RESP_HEADER_MAX) there = RESP_HEADER_MAX;
    const char *line = in->bytes + command->at;
    const char *end = memchr(line, '\r', there);
    if (!end && there == RESP_HEADER_MAX) return wrong(command, too_long);
    if (!end || end + 1 == in->bytes + in->len) return more(command, in->len + 1);
    if (end[1] != '\n' ||
        !resp_integer((ks_text){ line + 1, (size_t)(end - line) - 1 }, ret_number))
        return wrong(command, invalid);
    command->at += (size_t)(end - line) + 2;
    return GO_ON;
}

static int split_line(struct resp_command *command, const struct input *in, size_t end)
{
    struct words words = { in->bytes + command->at, in->bytes + end };
    enum words_result result;
    size_t used = 0, len;
    command->is_inline = true;
    command->line = ks_realloc(command->line, end - command->at + 1); /* never of nothing */
    while ((result = words_next(&words, command->line + used, &len)) == WORDS_WORD) {
        if (command->count == in->limits->args_max) return wrong(command, "too many arguments");
        add_arg(command, used, len);
        used += len;
    }
    if (result == WORDS_UNBALANCED) return wrong(command, "unbalanced quotes in request");
    return RESP_COMMAND;
}

static int phase_inline(struct resp_command *command, const struct input *in)
{
    size_t last = command->at + in->limits->inline_max; /* the line end may stand here, not later */
    size_t limit = in->len <= last ? in->len : last + 1;
    const char *end = memchr(in->bytes + command->scanned, '\n', limit - command->scanned);
    if (!end && in->len > last) return wrong(command, "too big inline request");
    command->scanned = limit;
    if (!end) return more(command, in->len + 1);
    size_t line_end = (size_t)(end - in->bytes);
    bool cr = line_end > command->at && in->bytes[line_end - 1] == '\r';
    int result = split_line(command, in, line_end - cr);
    command->at = line_end + 1;
    return result;
}

static int phase_type(struct resp_command *command, const struct input *in)
{
    if (command->at == in->len) return more(command, in->len + 1);
    command->phase = in->bytes[command->at] == '*' ? PHASE_COUNT : PHASE_INLINE;
    command->scanned = command->at;
    return GO_ON;
}

static int phase_count(struct resp_command *command, const struct input *in)
{
    int64_t count;
    int result = header_number(
        command, in, "too big mbulk count string", "invalid multibulk length", &count);
    if (result != GO_ON) return result;
    if (count > (int64_t)in->limits->args_max) return wrong(command, "invalid multibulk length");
    if (count <= 0) return RESP_COMMAND;
    command->expected = (uint32_t)count;
    command->phase = PHASE_HEADER;
    return GO_ON;
}

static int not_a_bulk(struct resp_command *command, char got)
{
    char text[32];
    snprintf(text, sizeof text, "expected '$', got '%c'",
        got == '\r' || got == '\n' || !got ? ' ' : got);
    return wrong(command, text);
}

static int phase_header(struct resp_command *command, const struct input *in)
{
    int64_t len;
    if (command->at == in->len) return more(command, in->len + 1);
    if (in->bytes[command->at] != '$') return not_a_bulk(command, in->bytes[command->at]);
    int result =
        header_number(command, in, "too big bulk count string", "invalid bulk length", &len);
    if (result != GO_ON) return result;
    if (len < 0 || len > (int64_t)in->limits->request_max)
        return wrong(command, "invalid bulk length");
    if ((uint64_t)len + command->total > in->limits->request_max)
        return wrong(command, "too big request");
    command->bulk_len = (uint32_t)len;
    command->total += (uint32_t)len;
    command->phase = PHASE_BODY;
    return GO_ON;
}

static int phase_body(struct resp_command *command, const struct input *in)
{
    size_t end = command->at + command->bulk_len;
    if (in->len < end + 2) return more(command, end + 2);
    if (in->bytes[end] != '\r' || in->bytes[end + 1] != '\n')
        return wrong(command, "expected CR LF after a bulk string");
    add_arg(command, command->at, command->bulk_len);
    command->at = end + 2;
    command->phase = PHASE_HEADER;
    return command->count == command->expected ? RESP_COMMAND : GO_ON;
}

void resp_begin(struct resp_command *command)
{
    struct resp_span *args = command->args;
    uint32_t room = command->args_room;
    ks_free(command->line);
    if (room > ARGS_ROOM) {
        ks_free(args);
        args = NULL, room = 0;
    }
    *command = (struct resp_command){ .args = args, .args_room = room };
}

resp_result resp_parse(const char *bytes, size_t len, const struct resp_limits *limits,
    struct resp_command *command, size_t *ret_consumed)
{
    static int (*const phases[])(
        struct resp_command *, const struct input *) = { [PHASE_TYPE] = phase_type,
        [PHASE_INLINE] = phase_inline,
        [PHASE_COUNT] = phase_count,
        [PHASE_HEADER] = phase_header,
        [PHASE_BODY] = phase_body };
    const struct input in = { bytes, len, limits };
    int result = GO_ON;
    while (result == GO_ON) result = phases[command->phase](command, &in);
    command->base = command->is_inline ? command->line : bytes;
    if (result == RESP_COMMAND) *ret_consumed = command->at;
    return (resp_result)result;
}
