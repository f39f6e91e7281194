/* SPDX-License-Identifier: Apache-2.0 */
/* words - the words of a line as Redis reads them: blanks between, quotes around, escapes inside.
 *
 * Pure; any thread. 'a b' is taken as it stands but for \'; in "a b" there are \n \r \t \a \b \xff,
 * and \ before anything else is that. A quote may begin inside a word, and ends it. */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H
#include <stdbool.h>
#include <stddef.h>

enum words_result { WORDS_END, WORDS_WORD, WORDS_UNBALANCED };
struct words {
    const char *at, *end; /* what is left of the line, which has no end of line in it */
};
/* The next word goes to out, which has room for the rest of the line. */
enum words_result words_next(struct words *words, char *out, size_t *ret_len);
#endif
