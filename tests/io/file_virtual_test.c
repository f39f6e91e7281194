/* SPDX-License-Identifier: Apache-2.0 */
/* file_virtual_test - real files in simulations: a kill at every moment, a failure of every
 * allocation. ks_simulate looks for what is left: memory, records, descriptors. */
#include "support/kill.h"
#include "support/suite.h"
#include <fcntl.h>
#include <kiosk/file.h>
#include <stdio.h>
#include <string.h>

enum { SEEDS = 40 };
/* In memory, if there is such a place: thousands of fsync wait for no disk. */
static char folder[32] = "/dev/shm/kiosk-file-XXXXXX", path[64], other[64];

static bool fine(ks_status status)
{
    KS_CHECK(status == KS_OK || status == KS_NOMEM);
    return status == KS_OK;
}

/* One of each. */
static void use_open_file(void)
{
    ks_file file;
    ks_stat stat;
    char buffer[8];
    size_t count;
    if (!fine(ks_file_open(path, O_RDWR | O_CREAT | O_TRUNC, KS_INFINITY, &file))) return;
    if (fine(ks_file_write(file, ks_lit("12345678"), KS_INFINITY)) &&
        fine(ks_file_read_at(file, 4, buffer, 8, KS_INFINITY, &count)))
        KS_CHECK(count == 4 && memcmp(buffer, "5678", 4) == 0);
    if (fine(ks_file_sync(file, KS_INFINITY)) && fine(ks_file_stat(file, KS_INFINITY, &stat)))
        KS_CHECK(stat.size == 8 || stat.size == 0);
    (void)fine(ks_file_close(file, KS_INFINITY));
}

static void use_paths(void)
{
    ks_text text;
    ks_path_names names;
    if (!fine(ks_write_file(path, ks_lit("whole"), KS_INFINITY))) return;
    if (fine(ks_read_file(path, 100, KS_INFINITY, &text))) KS_CHECK(strcmp(text.ptr, "whole") == 0);
    if (fine(ks_path_list(folder, 100, KS_INFINITY, &names))) {
        KS_CHECK(names.count >= 1);
        ks_free(names.items);
    }
    if (fine(ks_path_rename(path, other, KS_INFINITY)))
        (void)fine(ks_path_unlink(other, KS_INFINITY));
}

static void use_everything(void)
{
    use_open_file();
    use_paths();
}

/* --- a kill ----------------------------------------------------------------------------------- */
static void use_in_process(void *arg)
{
    ks_file kept;
    KS_CHECK_OK(ks_file_open("/dev/null", O_RDONLY, KS_INFINITY, &kept)); /* never closed by us */
    use_everything();
}
static void one_kill(struct kill *kill)
{
    ks_ref monitor;
    kill->victim = ks_spawn_monitor(use_in_process, NULL, &monitor);
    kill_arm(kill);
    ended_or_killed(monitor);
    kill_done(kill);
}
static void a_kill_leaves_no_file_open(void) { kill_sweep(8, 240, one_kill); }

/* --- time-outs -------------------------------------------------------------------------------- */
static void a_late_answer_is_not_seen(void)
{
    int late = 0;
    for (int i = 0; i < 60; i++) {
        ks_file file;
        char buffer[4] = "old";
        size_t count = 77;
        KS_CHECK_OK(ks_write_file(path, ks_lit("new"), KS_INFINITY));
        KS_CHECK_OK(ks_file_open(path, O_RDONLY, KS_INFINITY, &file));
        ks_status status = ks_file_read(file, buffer, 3, 15, &count);
        KS_CHECK(status == KS_OK || status == KS_TIMEOUT);
        KS_CHECK(strcmp(buffer, status ? "old" : "new") == 0);
        KS_CHECK(count == (status ? 77 : 3));
        late += status != KS_OK;
        ks_status closed = ks_file_close(file, i % 2 ? 15 : KS_INFINITY);
        KS_CHECK(closed == KS_OK || (closed == KS_TIMEOUT && i % 2));
    }
    KS_CHECK(late > 0 && late < 60);
}

/* --- little memory ---------------------------------------------------------------------------- */
START_TEST(every_allocation_may_fail)
{
    for (uint64_t n = 1; n < 60; n++) {
        const ks_simulation simulation = { .seed = n, .fail_allocation = n };
        ck_assert_int_eq(ks_simulate(&simulation, use_everything), 0);
    }
    const ks_simulation often = { .runs = SEEDS, .out_of_memory = 0.15 };
    ck_assert_int_eq(ks_simulate(&often, use_everything), 0);
}
END_TEST

static const struct scenario scenarios[] = { SCENARIO(use_everything),
    SCENARIO(a_kill_leaves_no_file_open), SCENARIO(a_late_answer_is_not_seen) };

int main(void)
{
    char command[64];
    if (!mkdtemp(folder) && !mkdtemp(strcpy(folder, "/tmp/kiosk-file-XXXXXX"))) return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/one", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    int failed =
        run_scenarios("file_virtual", 3, scenarios, sizeof scenarios / sizeof scenarios[0]);
    failed |= run_suite("file_virtual", 60, TESTS(every_allocation_may_fail));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) ? EXIT_FAILURE : failed;
}
