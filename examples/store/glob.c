/* SPDX-License-Identifier: Apache-2.0 */
/* glob - see glob.h. When a piece between two stars does not fit, only the latest star may take
 * more: what stood before it fitted as early as possible already. */
#include "glob.h"

#include <ctype.h>

static char folded(char c, bool any_case) { return any_case ? (char)tolower((unsigned char)c) : c; }

/* The character at *at of the pattern, behind a backslash or not; *at is passed. */
static char literal(ks_text pattern, size_t *at)
{
    if (pattern.ptr[*at] == '\\' && *at + 1 < pattern.len) ++*at;
    return pattern.ptr[(*at)++];
}

static bool in_range(char c, char first, char last)
{
    unsigned char x = (unsigned char)c, a = (unsigned char)first, b = (unsigned char)last;
    return a <= b ? a <= x && x <= b : b <= x && x <= a;
}

/* *at stands behind the bracket, and then behind the closing one. */
static bool class_fits(ks_text pattern, size_t *at, char c, bool any_case)
{
    bool negated = *at < pattern.len && pattern.ptr[*at] == '^', fits = false;
    *at += negated;
    while (*at < pattern.len && pattern.ptr[*at] != ']') {
        char first = folded(literal(pattern, at), any_case), last = first;
        if (*at + 1 < pattern.len && pattern.ptr[*at] == '-') {
            ++*at;
            last = folded(literal(pattern, at), any_case);
        }
        fits |= in_range(c, first, last);
    }
    if (*at < pattern.len) ++*at;
    return fits != negated;
}

/* One character against what stands at *at, which is no star; that is passed. */
static bool one_fits(ks_text pattern, size_t *at, char c, bool any_case)
{
    c = folded(c, any_case);
    switch (pattern.ptr[*at]) {
    case '?': ++*at; return true;
    case '[': ++*at; return class_fits(pattern, at, c, any_case);
    default: return folded(literal(pattern, at), any_case) == c;
    }
}

static bool matches(ks_text pattern, ks_text text, bool any_case)
{
    size_t at = 0, i = 0, star = SIZE_MAX, taken = 0; /* behind the star; by it */
    while (i < text.len) {
        if (at < pattern.len && pattern.ptr[at] == '*') {
            star = ++at, taken = i;
            if (star == pattern.len) return true;
        } else if (at < pattern.len && one_fits(pattern, &at, text.ptr[i], any_case)) {
            i++;
        } else if (star != SIZE_MAX) {
            at = star, i = ++taken;
        } else {
            return false;
        }
    }
    while (at < pattern.len && pattern.ptr[at] == '*') at++;
    return at == pattern.len;
}

bool glob_matches(ks_text pattern, ks_text text) { return matches(pattern, text, false); }

bool glob_matches_any_case(ks_text pattern, ks_text text) { return matches(pattern, text, true); }
