/* SPDX-License-Identifier: Apache-2.0 */
/* words - see words.h. */
#include "words.h"

#include <ctype.h>
#include <string.h>

static bool is_blank(char c) { return isspace((unsigned char)c) != 0; }

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    int letter = tolower((unsigned char)c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* words->at stands behind a backslash in double quotes. */
static char escaped(struct words *words)
{
    static const char names[] = "nrtba", bytes[] = "\n\r\t\b\a";
    const char *at = words->at;
    if (words->end - at >= 3 && *at == 'x' && hex_value(at[1]) >= 0 && hex_value(at[2]) >= 0) {
        words->at += 3;
        return (char)(hex_value(at[1]) * 16 + hex_value(at[2]));
    }
    words->at++;
    const char *name = *at ? strchr(names, *at) : NULL;
    return name ? bytes[name - names] : *at;
}

/* What is between quotes; false: the other one is missing, or no blank follows it. */
static bool take_quoted(struct words *words, char quote, char *out, size_t *len)
{
    while (words->at < words->end) {
        char c = *words->at++;
        if (c == quote) return words->at == words->end || is_blank(*words->at);
        bool more = words->at < words->end;
        if (c == '\\' && more && quote == '"')
            c = escaped(words);
        else if (c == '\\' && more && *words->at == '\'')
            c = *words->at++;
        out[(*len)++] = c;
    }
    return false;
}

enum words_result words_next(struct words *words, char *out, size_t *ret_len)
{
    size_t len = 0;
    while (words->at < words->end && is_blank(*words->at)) words->at++;
    if (words->at == words->end) return WORDS_END;
    while (words->at < words->end && !is_blank(*words->at)) {
        char c = *words->at++;
        if (c != '"' && c != '\'')
            out[len++] = c;
        else if (!take_quoted(words, c, out, &len))
            return WORDS_UNBALANCED;
    }
    *ret_len = len;
    return WORDS_WORD;
}
