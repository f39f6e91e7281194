/* SPDX-License-Identifier: Apache-2.0 */
/* tidy_test - STYLE.md's countable rules, checked over every file of the tree.
 *
 *     tidy_test ROOT
 *
 * Prints `file:line: rule: text` for each violation and fails if there is one. Before it looks at
 * the tree it proves that it can see: each ROOT/tests/tidy/NAME.bad must give exactly the one
 * report it announces, *.good must give none, and every rule must have a fixture. Single thread,
 * no state but the counters below. */
#include "tidy/tidy.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    int count;      /* reports since it was last set to zero */
    bool quiet;     /* fixtures: remember the last report instead of printing it */
    enum rule rule; /* of the last report */
    int line;
    bool seen[RULES]; /* which rules a fixture has proved */
} reports;

void report(const struct source *source, int line, enum rule rule, const char *format, ...)
{
    reports.count++;
    reports.rule = rule;
    reports.line = line;
    if (reports.quiet) return;
    printf("%s:%d: %s: ", source->path, line, rule_names[rule]);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

/* --- files ---------------------------------------------------------------------------------- */
/* The whole file with a zero behind it; NULL when it cannot be read. The caller frees it. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) return NULL;
    size_t size = 0, room = 1 << 16;
    char *text = malloc(room);
    while (text) {
        size += fread(text + size, 1, room - size - 1, file);
        if (size < room - 1) break;
        char *bigger = realloc(text, room *= 2);
        if (!bigger) free(text);
        text = bigger;
    }
    fclose(file);
    if (text) text[size] = '\0';
    return text;
}

static void check_text(const char *path, const char *text)
{
    struct source source;
    if (!source_open(&source, path, text)) {
        fprintf(stderr, "tidy: out of memory\n");
        exit(EXIT_FAILURE);
    }
    check_source(&source);
    source_close(&source);
}

/* Files below a fixture's or a build's folder are nobody's style. */
static bool is_ours(const char *path)
{
    return strncmp(path, "build", 5) != 0 && !strstr(path, ".bad") && !strstr(path, ".good");
}

/* Git knows what belongs to the tree, also what is new in it; an unpacked archive has no git. */
static FILE *list_files(const char *root)
{
    char command[4096];
    snprintf(command, sizeof command,
        "cd '%s' && { git ls-files --cached --others --exclude-standard 2>/dev/null || "
        "find . -name 'build*' -prune -o -name .git -prune -o -type f -print | sed 's|^[.]/||'; }",
        root);
    return popen(command, "r");
}

static int check_tree(const char *root)
{
    FILE *list = list_files(root);
    if (!list) return 0;
    char path[2048], full[4096];
    int files = 0;
    while (fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = '\0';
        if (!is_ours(path)) continue;
        snprintf(full, sizeof full, "%s/%s", root, path);
        char *text = read_file(full);
        if (!text) continue; /* deleted, but git has not been told */
        check_text(path, text);
        free(text);
        files++;
    }
    pclose(list);
    return files;
}

/* --- fixtures ------------------------------------------------------------------------------- */
/* A fixture's first line is `expect: RULE LINE PATH [LINES]`: the rest, taken as the file PATH and
 * filled up with empty lines to LINES, must give one report of RULE at LINE. `expect: none 0 PATH`
 * must give none. */
struct fixture {
    char rule[32];
    int line;
    char path[128];
    int lines;
};

static char *fixture_text(const char *body, int lines)
{
    size_t size = strlen(body), pad = 0;
    int have = 0;
    for (const char *p = body; *p; p++) have += *p == '\n';
    if (lines > have) pad = (size_t)(lines - have);
    char *text = malloc(size + pad + 1);
    if (!text) return NULL;
    memcpy(text, body, size);
    memset(text + size, '\n', pad);
    text[size + pad] = '\0';
    return text;
}

static bool fixture_holds(const struct fixture *f)
{
    if (strcmp(f->rule, "none") == 0) return reports.count == 0;
    if (reports.count != 1 || strcmp(f->rule, rule_names[reports.rule]) != 0) return false;
    reports.seen[reports.rule] = true;
    return reports.line == f->line;
}

static bool check_fixture(const char *name, char *content)
{
    struct fixture f = { .lines = 0 };
    char *body = strchr(content, '\n');
    int fields = sscanf(content, "expect: %31s %d %127s %d", f.rule, &f.line, f.path, &f.lines);
    char *text = body && fields >= 3 ? fixture_text(body + 1, fields == 4 ? f.lines : 0) : NULL;
    if (!text) {
        printf("tests/tidy/%s:1: fixture: no usable `expect:` line\n", name);
        return false;
    }
    reports.count = 0;
    reports.quiet = true;
    check_text(f.path, text);
    reports.quiet = false;
    free(text);
    if (fixture_holds(&f)) return true;
    printf("tests/tidy/%s: fixture: expected %s at line %d; got %d reports", name, f.rule, f.line,
        reports.count);
    if (reports.count > 0) printf(", the last: %s at %d", rule_names[reports.rule], reports.line);
    putchar('\n');
    return false;
}

static int check_fixtures(const char *root)
{
    char folder[2048], path[4096];
    snprintf(folder, sizeof folder, "%s/tests/tidy", root);
    DIR *dir = opendir(folder);
    int wrong = dir ? 0 : 1;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!strstr(entry->d_name, ".bad") && !strstr(entry->d_name, ".good")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        char *content = read_file(path);
        if (!content || !check_fixture(entry->d_name, content)) wrong++;
        free(content);
    }
    if (dir) closedir(dir);
    for (int rule = 0; rule < RULES; rule++) {
        if (reports.seen[rule]) continue;
        printf("tests/tidy: fixture: none proves the rule %s\n", rule_names[rule]);
        wrong++;
    }
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s ROOT\n", argv[0]);
        return EXIT_FAILURE;
    }
    int wrong = check_fixtures(argv[1]);
    reports.count = 0;
    int files = check_tree(argv[1]);
    printf("tidy: %d files, %d violations, %d wrong fixtures\n", files, reports.count, wrong);
    return files > 0 && reports.count == 0 && wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
