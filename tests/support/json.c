/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - see json.h. */
#include "support/json.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct reader {
    const char *at, *end;
};

static bool value(struct reader *in, int depth);

static bool take(struct reader *in, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(in->end - in->at) < len || memcmp(in->at, word, len) != 0) return false;
    in->at += len;
    return true;
}

static bool escaped(struct reader *in)
{
    if (in->at == in->end) return false;
    char letter = *in->at++;
    if (letter != 'u') return letter && strchr("\"\\/bfnrt", letter);
    for (int i = 0; i < 4; i++)
        if (in->at == in->end || !isxdigit((unsigned char)*in->at++)) return false;
    return true;
}

static bool string(struct reader *in)
{
    if (!take(in, "\"")) return false;
    while (in->at < in->end && *in->at != '"') {
        size_t step = ksi_utf8_next(in->at, (size_t)(in->end - in->at));
        if (step == 0 || (unsigned char)*in->at < 0x20) return false;
        bool escape = *in->at == '\\';
        in->at += step;
        if (escape && !escaped(in)) return false;
    }
    return take(in, "\"");
}

static bool digits(struct reader *in)
{
    const char *begin = in->at;
    while (in->at < in->end && isdigit((unsigned char)*in->at)) in->at++;
    return in->at > begin;
}

static bool number(struct reader *in)
{
    (void)take(in, "-");
    if (!take(in, "0") && !digits(in)) return false;
    if (take(in, ".") && !digits(in)) return false;
    if (!take(in, "e") && !take(in, "E")) return true;
    if (!take(in, "+")) (void)take(in, "-");
    return digits(in);
}

static bool sequence(struct reader *in, const char *close, bool keys, int depth)
{
    if (take(in, close)) return true;
    do {
        if (keys && !(string(in) && take(in, ":"))) return false;
        if (!value(in, depth - 1)) return false;
    } while (take(in, ","));
    return take(in, close);
}

static bool value(struct reader *in, int depth)
{
    if (depth == 0 || in->at == in->end) return false;
    if (*in->at == '"') return string(in);
    if (take(in, "{")) return sequence(in, "}", true, depth);
    if (take(in, "[")) return sequence(in, "]", false, depth);
    return take(in, "true") || take(in, "false") || take(in, "null") || number(in);
}

bool json_is_valid(const char *text, size_t len)
{
    enum { DEPTH_MAX = 100 };
    struct reader in = { text, text + len };
    return value(&in, DEPTH_MAX) && in.at == in.end;
}

const char *json_member(const char *text, const char *key)
{
    static char found[512];
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(text, quoted);
    if (!at) return NULL;
    at += strlen(quoted);
    struct reader in = { at, at + strlen(at) };
    if (!value(&in, 100)) return NULL;
    size_t len = (size_t)(in.at - at);
    if (len >= sizeof found) len = sizeof found - 1;
    memcpy(found, at, len);
    found[len] = 0;
    return found;
}
