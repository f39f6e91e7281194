/* SPDX-License-Identifier: Apache-2.0 */
/* source - splits a file into lines, and blanks out what is not code. */
#include "tidy.h"

#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size >= tail && strcmp(text + size - tail, end) == 0;
}

static enum kind kind_of(const char *path)
{
    static const struct {
        const char *end;
        enum kind kind;
    } ends[] = {
        { ".c", KIND_C },
        { ".h", KIND_C },
        { ".S", KIND_ASSEMBLY },
        { ".cc", KIND_C },
        { ".py", KIND_SCRIPT },
        { ".sh", KIND_SCRIPT },
        { ".cmake", KIND_SCRIPT },
        { "CMakeLists.txt", KIND_SCRIPT },
        { "Makefile", KIND_SCRIPT },
        { ".ci/run", KIND_SCRIPT },
        { ".bt", KIND_TEXT },
        { ".md", KIND_TEXT },
        { ".pml", KIND_TEXT },
        { ".in", KIND_TEXT },
        { ".map", KIND_TEXT },
        { ".clang-format", KIND_TEXT },
        { ".clang-tidy", KIND_TEXT },
        { ".editorconfig", KIND_TEXT },
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(path, ends[i].end)) return ends[i].kind;
    return KIND_OTHER;
}

/* A comment, string or character constant from *at on: blanks its inside, leaves *at behind it. */
static void blank_until(char *code, size_t *at, const char *end, bool escapes)
{
    size_t size = strlen(end);
    while (code[*at] && strncmp(code + *at, end, size) != 0) {
        if (escapes && code[*at] == '\\' && code[*at + 1]) code[(*at)++] = ' ';
        if (code[*at] != '\n') code[*at] = ' ';
        (*at)++;
    }
    for (size_t i = 0; i < size && code[*at]; i++, (*at)++)
        if (code[*at] != '\n') code[*at] = ' ';
}

/* A quote becomes a `0`, so that what was a string still counts as something. */
static void blank_quoted(char *code, size_t *at)
{
    const char end[2] = { code[*at], '\0' };
    code[(*at)++] = '0';
    blank_until(code, at, end, true);
}

static int line_of(const char *text, size_t at)
{
    int line = 1;
    for (size_t i = 0; i < at; i++) line += text[i] == '\n';
    return line;
}

/* What a line of the guide prints is written behind it. */
static bool is_output(const struct source *source, size_t at)
{
    return strncmp(source->path, "docs/guide/", 11) == 0 &&
        strncmp(source->code + at, "//=>", 4) == 0;
}

static void blank_all(struct source *source)
{
    char *code = source->code;
    for (size_t at = 0; code[at];) {
        if (strncmp(code + at, "/*", 2) == 0) {
            code[at] = code[at + 1] = ' ';
            at += 2;
            blank_until(code, &at, "*/", false);
        } else if (strncmp(code + at, "//", 2) == 0) {
            if (!is_output(source, at))
                report(source, line_of(source->text, at), RULE_LINE_COMMENT, "use /* */");
            blank_until(code, &at, "\n", true);
        } else if (code[at] == '"' || code[at] == '\'') {
            blank_quoted(code, &at);
        } else {
            at++;
        }
    }
}

bool source_open(struct source *source, const char *path, const char *text)
{
    size_t size = strlen(text);
    *source = (struct source){ .path = path, .text = text, .size = size, .kind = kind_of(path) };
    for (size_t i = 0; i < size; i++) source->lines += text[i] == '\n';
    source->lines += size > 0 && text[size - 1] != '\n';
    source->starts = calloc((size_t)source->lines + 2, sizeof *source->starts);
    source->code = strdup(text);
    if (!source->starts || !source->code) {
        source_close(source);
        return false;
    }
    int line = 1;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\n') source->starts[++line] = i + 1;
    source->starts[source->lines + 1] = size;
    if (source->kind == KIND_C) blank_all(source);
    return true;
}

void source_close(struct source *source)
{
    free(source->starts);
    free(source->code);
}

size_t line_size(const struct source *source, int line)
{
    size_t start = source->starts[line], end = source->starts[line + 1];
    return end > start && source->text[end - 1] == '\n' ? end - start - 1 : end - start;
}

bool is_directive(const struct source *source, int line)
{
    while (line > 1 && line_size(source, line - 1) > 0 &&
        source->text[source->starts[line] - 2] == '\\')
        line--;
    const char *p = source->code + source->starts[line];
    return p[strspn(p, " \t")] == '#';
}
