/* SPDX-License-Identifier: Apache-2.0 */
/* rules - the rules that look at lines, and the list of all. Includes: includes.c; functions:
 * functions.c. */
#include "tidy.h"

#include <ctype.h>
#include <string.h>

enum { COLUMNS_MAX = 100, LINES_MAX = 600 };

const char *const rule_names[RULES] = {
    [RULE_TAB] = "tab",
    [RULE_BLANK] = "blank",
    [RULE_NEWLINE] = "newline",
    [RULE_COLUMNS] = "columns",
    [RULE_FILE_LENGTH] = "file-length",
    [RULE_FUNCTION_LENGTH] = "function-length",
    [RULE_LINE_COMMENT] = "line-comment",
    [RULE_LICENSE] = "license",
    [RULE_HEADER] = "header",
    [RULE_INCLUDE] = "include",
    [RULE_MARKER] = "marker",
};

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static void check_markers(const struct source *source, int line)
{
    /* In two halves, so that this file passes. */
    static const char *const markers[] = { "TO"
                                           "DO",
        "FIX"
        "ME",
        "XX"
        "X" };
    const char *start = source->text + source->starts[line];
    const char *end = start + line_size(source, line);
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++) {
        size_t size = strlen(markers[i]);
        for (const char *p = start; p + size <= end; p++) {
            if (strncmp(p, markers[i], size) != 0 || is_word(p[size])) continue;
            if (p > start && is_word(p[-1])) continue;
            report(source, line, RULE_MARKER, "finish it, or leave it out");
        }
    }
}

/* Characters, not bytes: the continuation bytes of UTF-8 do not count. */
static int columns(const char *text, size_t size)
{
    int count = 0;
    for (size_t i = 0; i < size; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static void check_line(const struct source *source, int line)
{
    const char *text = source->text + source->starts[line];
    size_t size = line_size(source, line);
    if (size > 0 && isspace((unsigned char)text[size - 1]))
        report(source, line, RULE_BLANK, "blanks at the end of the line");
    if (source->kind >= KIND_ASSEMBLY && memchr(text, '\t', size))
        report(source, line, RULE_TAB, "indent with four spaces");
    if (source->kind >= KIND_SCRIPT && columns(text, size) > COLUMNS_MAX)
        report(
            source, line, RULE_COLUMNS, "%d columns, at most %d", columns(text, size), COLUMNS_MAX);
    check_markers(source, line);
}

static bool line_is(const struct source *source, int line, const char *text)
{
    return line <= source->lines && line_size(source, line) == strlen(text) &&
        strncmp(source->text + source->starts[line], text, strlen(text)) == 0;
}

/* Line 2 of a C file says which file this is: its name, a dash, what it is. */
static bool names_itself(const struct source *source)
{
    if (source->lines < 2) return false;
    const char *line = source->text + source->starts[2];
    const char *base = strrchr(source->path, '/');
    base = base ? base + 1 : source->path;
    size_t stem = strcspn(base, ".");
    const char *dash = strstr(line, " - ");
    if (strncmp(line, "/* ", 3) != 0 || !dash || dash > line + line_size(source, 2)) return false;
    for (const char *p = line; p + stem <= dash; p++)
        if (strncmp(p, base, stem) == 0) return true;
    return false;
}

static void check_top(const struct source *source)
{
    if (source->kind == KIND_SCRIPT) {
        const char *license = "# SPDX-License-Identifier: Apache-2.0";
        int line = line_is(source, 1, license) ? 1 : 2;
        if (!line_is(source, line, license))
            report(source, 1, RULE_LICENSE, "no SPDX line on line 1 or 2");
        else if (line == source->lines || source->text[source->starts[line + 1]] != '#')
            report(source, line + 1, RULE_HEADER, "say what this file is");
        return;
    }
    if (!line_is(source, 1, "/* SPDX-License-Identifier: Apache-2.0 */"))
        report(source, 1, RULE_LICENSE, "line 1 is not the SPDX line");
    else if (!names_itself(source))
        report(source, 2, RULE_HEADER, "say what this file is: /* name - what it is. */");
}

void check_source(const struct source *source)
{
    if (source->kind == KIND_OTHER) return;
    for (int line = 1; line <= source->lines; line++) check_line(source, line);
    if (source->size > 0 && source->text[source->size - 1] != '\n')
        report(source, source->lines, RULE_NEWLINE, "no newline at the end of the file");
    if (source->kind < KIND_SCRIPT) return;
    if (source->lines > LINES_MAX)
        report(source, source->lines, RULE_FILE_LENGTH, "%d lines, at most %d", source->lines,
            LINES_MAX);
    check_top(source);
    if (source->kind < KIND_C) return;
    check_includes(source);
    check_functions(source);
}
