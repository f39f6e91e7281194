/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - resident bytes of each idle server with 8 bytes of state: alone, with arguments,
 * named, linked, or linked and named as a supervised one. `memory KIND COUNT`, a run for each. */
#include <kiosk/kiosk.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct settings {
    ks_text path;
    int64_t limit;
} settings;
KS_TYPE(settings, path, limit);

KS_MODULE(bare, void);
struct bare {
    int64_t value;
};
KS_CALL(bare, get, void, ks_int);
static ks_next bare_handle_get(bare *self, ks_int *reply)
{
    *reply = ++self->value;
    return ks_reply();
}
KS_GEN_SERVER(bare, .ops = KS_OPS(bare, get));

KS_MODULE(given, settings);
struct given {
    int64_t value;
};
static ks_next given_init(given *self, const given_args *args)
{
    self->value = args->limit;
    return ks_ok();
}
KS_GEN_SERVER(given, .init = given_init);

static long resident_bytes(void)
{
    long pages = 0, all = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2) abort();
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static const char *kind;
static long count;
static bool is(const char *what) { return strcmp(kind, what) == 0; }

KS_MODULE(root, void);
static void root_main(const root_args *args)
{
    char name[32];
    bool linked = is("linked") || is("supervised"), named = is("named") || is("supervised");
    long before = resident_bytes();
    for (long i = 0; i < count; i++) {
        ks_child row = { .module = &bare_module };
        if (is("args")) row = (ks_child){ KS_START(given, .path = ks_lit("/etc/app"), .limit = 9) };
        snprintf(name, sizeof name, "server %ld", i);
        if (named) row.name = name;
        if (linked ? ks_start_link(&row, NULL) : ks_start(&row, NULL)) abort();
    }
    long bytes = resident_bytes() - before;
    printf("  %4ld  bytes: %s\n", (bytes + count / 2) / count, kind);
    fflush(stdout);
    _exit(0); /* the end of a million is measured elsewhere */
}
KS_PROCESS(root);

int main(int argc, char **argv)
{
    kind = argc > 1 ? argv[1] : "idle";
    count = argc > 2 ? atol(argv[2]) : 1000000;
    (void)ks_log_set_level(KS_LOG_CRITICAL);
    return ks_run(NULL, KS_CHILD(root)) ? 1 : 0;
}
