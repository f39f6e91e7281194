/* SPDX-License-Identifier: Apache-2.0 */
/* supervised.c - resident bytes of each idle server of 8 bytes of state below a dynamic supervisor.
 * `supervised COUNT [named]`. Needs a library that has the supervisor. */
#include <kiosk/kiosk.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static long count;
static bool named;

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
KS_SUPERVISOR(group, .strategy = KS_DYNAMIC);

static long resident_bytes(void)
{
    long pages = 0, all = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2) abort();
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void start_one(ks_pid supervisor, long number)
{
    char name[32];
    ks_pid pid;
    ks_child row = { .module = &bare_module };
    snprintf(name, sizeof name, "server %ld", number);
    if (named) row.name = name;
    ks_status status = ks_start_child(supervisor, &row, &pid);
    if (!status) return;
    printf("  child %ld: %s\n", number, ks_status_text(status));
    exit(1);
}

KS_MODULE(root, void);
static void root_main(const root_args *args)
{
    ks_pid supervisor;
    if (ks_start_link(KS_CHILD(group), &supervisor)) abort();
    long before = resident_bytes();
    for (long n = 0; n < count; n++) {
        start_one(supervisor, n);
        ks_end_turn();
    }
    long bytes = resident_bytes() - before;
    printf("  %ld bytes each of %ld supervised%s\n", bytes / count, count, named ? ", named" : "");
    fflush(stdout);
    _exit(0);
}
KS_PROCESS(root);

int main(int argc, char **argv)
{
    count = argc > 1 ? atol(argv[1]) : 9000;
    named = argc > 2;
    return ks_run(NULL, KS_CHILD(root)) ? 1 : 0;
}
