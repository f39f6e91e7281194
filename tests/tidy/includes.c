/* SPDX-License-Identifier: Apache-2.0 */
/* includes - which file may include which: the layers' arrows, and what headers abstain from. */
#include "tidy.h"

#include <stdio.h>
#include <string.h>

struct include {
    char name[128];
    bool quoted;
};

/* A layer includes itself and what ranks below; layers of one rank do not know each other. */
static const struct {
    const char *name;
    int rank;
} layers[] = {
    { "base", 0 },
    { "type", 1 },
    { "runtime", 2 },
    { "io", 3 },
    { "behaviours", 4 },
    { "tables", 5 },
    { "resilience", 5 },
    { "system", 5 },
    { "net", 5 },
    { "test", 5 },
    { "web", 6 },
    { "beam", 6 },
    { "sql", 6 },
};

/* What a public header may take from outside: the C library and POSIX. */
static const char *const standard[] = { "assert.h", "errno.h", "float.h", "inttypes.h", "limits.h",
    "signal.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
    "stdlib.h", "string.h", "sys/socket.h", "sys/types.h", "sys/uio.h", "time.h" };

/* The layer whose folder a path begins with, as an index into layers, or -1. */
static int layer_of(const char *path)
{
    size_t size = strcspn(path, "/");
    if (path[size] != '/') return -1;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        if (strlen(layers[i].name) == size && strncmp(layers[i].name, path, size) == 0)
            return (int)i;
    return -1;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_standard(const char *name)
{
    for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++)
        if (strcmp(standard[i], name) == 0) return true;
    return false;
}

/* Why a public header may not include this, or NULL. */
static const char *public_fault(const struct include *include)
{
    if (include->quoted)
        return strchr(include->name, '/') ? "a public header names its neighbours only" : NULL;
    if (starts_with(include->name, "kiosk/") || is_standard(include->name)) return NULL;
    return "a public header needs nothing but the C library";
}

/* Why a file of the layer `own` may not include this, or NULL. */
static const char *layer_fault(int own, const struct include *include)
{
    if (!include->quoted || !strchr(include->name, '/')) return NULL;
    int other = layer_of(include->name);
    if (other < 0) return "private headers are named by layer";
    if (other == own) return NULL;
    if (strcmp(layers[own].name, "behaviours") == 0)
        return "behaviours are written on public headers only";
    return layers[other].rank < layers[own].rank ? NULL : "this layer is not below";
}

static const char *fault(const char *path, const struct include *include)
{
    bool program = starts_with(path, "examples/") || starts_with(path, "bench/");
    if (starts_with(path, "include/kiosk/")) return public_fault(include);
    if (starts_with(path, "src/") || program) {
        if (strstr(include->name, "..")) return "no way up: name the file from its root";
        if (program && layer_of(include->name) >= 0 && include->quoted)
            return "programs use public headers only";
    }
    int own = starts_with(path, "src/") ? layer_of(path + 4) : -1;
    return own >= 0 ? layer_fault(own, include) : NULL;
}

void check_includes(const struct source *source)
{
    for (int line = 1; line <= source->lines; line++) {
        struct include include;
        char open;
        const char *text = source->text + source->starts[line];
        if (!is_directive(source, line)) continue;
        if (sscanf(text, " # include %c%127[^\">\n]", &open, include.name) != 2) continue;
        include.quoted = open == '"';
        const char *why = fault(source->path, &include);
        if (why) report(source, line, RULE_INCLUDE, "%s: %s", include.name, why);
    }
}
