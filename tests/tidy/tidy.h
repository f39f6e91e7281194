/* SPDX-License-Identifier: Apache-2.0 */
/* tidy - a source file as the rules see it, and the rules. Used by tidy_test alone. */
#ifndef TIDY_H
#define TIDY_H
#include <stdbool.h>
#include <stddef.h>

enum rule {
    RULE_TAB,
    RULE_BLANK,
    RULE_NEWLINE,
    RULE_COLUMNS,
    RULE_FILE_LENGTH,
    RULE_FUNCTION_LENGTH,
    RULE_LINE_COMMENT,
    RULE_LICENSE,
    RULE_HEADER,
    RULE_INCLUDE,
    RULE_MARKER,
    RULES
};
extern const char *const rule_names[RULES];

enum kind { KIND_OTHER, KIND_TEXT, KIND_SCRIPT, KIND_ASSEMBLY, KIND_C };

/* `code` is `text` with comments, and what strings contain, turned into blanks: same length, same
 * lines. Line n (from 1) is text + starts[n] .. text + starts[n + 1], its newline included. */
struct source {
    const char *path;
    const char *text;
    char *code;
    size_t size;
    size_t *starts;
    int lines;
    enum kind kind;
};

bool source_open(struct source *source, const char *path, const char *text);
void source_close(struct source *source);

/* The length of a line without its newline. */
size_t line_size(const struct source *source, int line);

/* Is a preprocessor directive here, or the continuation of one? */
bool is_directive(const struct source *source, int line);

void check_source(const struct source *source);
void check_includes(const struct source *source);
void check_functions(const struct source *source);

void report(const struct source *source, int line, enum rule rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
