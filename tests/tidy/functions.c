/* SPDX-License-Identifier: Apache-2.0 */
/* functions - finds where functions begin and end, by their braces, and measures them. */
#include "tidy.h"

#include <ctype.h>
#include <string.h>

enum { FUNCTION_LINES_MAX = 70 };

/* Between two characters of code. A function is a brace at depth 0 that follows a `)`. */
struct walk {
    int depth, parens;
    int item;     /* the line where what stands at depth 0 begins, 0 between two things */
    int function; /* the line where the function we are in begins, or 0 */
    char last;    /* the last character that was not blank */
};

static void opened(struct walk *walk)
{
    if (walk->depth == 0 && walk->parens == 0 && walk->last == ')') walk->function = walk->item;
    walk->depth++;
}

static void closed(struct walk *walk, const struct source *source, int line, bool first_column)
{
    if (walk->depth > 0) walk->depth--;
    /* Two branches of an #if may both have opened a brace; what stands at the margin closes all. */
    if (first_column) walk->depth = walk->parens = 0;
    if (walk->depth > 0) return;
    int length = line - walk->function + 1;
    if (walk->function && length > FUNCTION_LINES_MAX)
        report(source, walk->function, RULE_FUNCTION_LENGTH, "%d lines, at most %d", length,
            FUNCTION_LINES_MAX);
    if (walk->function) walk->item = 0;
    walk->function = 0;
}

static void step(struct walk *walk, const struct source *source, int line, const char *p)
{
    bool first_column = p == source->code + source->starts[line];
    if (isspace((unsigned char)*p)) return;
    if (walk->item == 0) walk->item = line;
    if (*p == '(') walk->parens++;
    if (*p == ')' && walk->parens > 0) walk->parens--;
    if (*p == '{') opened(walk);
    if (*p == '}') closed(walk, source, line, first_column);
    if (*p == ';' && walk->depth == 0 && walk->parens == 0) walk->item = 0;
    walk->last = *p;
}

void check_functions(const struct source *source)
{
    struct walk walk = { .last = ';' };
    for (int line = 1; line <= source->lines; line++) {
        const char *start = source->code + source->starts[line];
        if (is_directive(source, line)) continue;
        /* The braces of a linkage block are not code's. */
        if (strncmp(source->text + source->starts[line], "extern \"C\" {", 12) == 0) continue;
        for (const char *p = start; p < start + line_size(source, line); p++)
            step(&walk, source, line, p);
    }
}
