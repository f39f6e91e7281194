/* SPDX-License-Identifier: Apache-2.0 */
/* resp - the requests of RESP2 (arrays of bulk strings, and inline commands) from bytes.
 *
 * Bytes in, commands out; it reads no socket. Its memory is that of the calling process, and grows
 * with what has come, not with what is announced. A request may arrive in pieces of any size: the
 * work stays linear in its bytes, since only the header line that is not whole yet (32 bytes at
 * most) is looked at again. Errors have the words of Redis. Stricter than Redis: what stands in the
 * place of CR LF is looked at (inline: LF will do). */
#ifndef STORE_RESP_H
#define STORE_RESP_H
#include <kiosk/types.h>

enum {
    RESP_ARGS_MAX = 1024 * 1024,
    RESP_INLINE_MAX = 64 * 1024,
    RESP_HEADER_MAX = 32 /* bytes of a line such as "$11\r\n"; the longest valid one has 14 */
};

struct resp_limits {
    uint32_t args_max;
    uint32_t inline_max;  /* bytes of a line without its end */
    uint32_t request_max; /* bytes of all arguments together; at most 1 GiB */
};

typedef enum resp_result {
    RESP_COMMAND, /* the arguments are there; none at all: an empty line, which gets no answer */
    RESP_MORE,    /* call again, with the same bytes and more of them, when .need are there */
    RESP_ERROR    /* .error says why; nothing that follows can be understood */
} resp_result;

struct resp_span {
    uint32_t start, len;
};
/* One request, and how far its parsing is. Zero, then resp_begin before each request. */
struct resp_command {
    const char *base; /* where the arguments lie: the bytes of the last resp_parse, or line */
    uint32_t count;   /* of arguments */
    bool is_inline;   /* the arguments are gone with resp_begin, not with the bytes */
    size_t need;      /* after RESP_MORE */
    char error[64];   /* after RESP_ERROR: "ERR Protocol error: ..." */
    /* --- the parser's own --- */
    uint8_t phase;
    size_t at;      /* what is before it is done with */
    size_t scanned; /* no end of line between at and here */
    uint32_t expected, bulk_len, total;
    struct resp_span *args;
    uint32_t args_room;
    char *line; /* an inline command without its quotes */
};

/* Gives back what the last request took, unless it is little. */
void resp_begin(struct resp_command *command);
/* bytes begin with the request. *ret_consumed is written with RESP_COMMAND only: where the next
 * one begins. */
resp_result resp_parse(const char *bytes, size_t len, const struct resp_limits *limits,
    struct resp_command *command, size_t *ret_consumed);

/* Borrowed: see .base; not followed by a NUL. */
static inline ks_text resp_arg(const struct resp_command *command, uint32_t index)
{
    return (ks_text){ command->base + command->args[index].start, command->args[index].len };
}

/* A whole decimal number as Redis takes it: no plus, no spaces, no leading zeros, no -0. */
bool resp_integer(ks_text text, int64_t *ret_value);
#endif
