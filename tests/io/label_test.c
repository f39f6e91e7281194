/* SPDX-License-Identifier: Apache-2.0 */
/* label_test - what /proc says of a runtime: names of its threads and of its memory. */
#include "io/scenario.h"

#include "base/label.h"
#include "runtime/pool.h"
#include <sys/mman.h>
#include <unistd.h>

/* --- threads ---------------------------------------------------------------------------------- */
enum { NAME_BYTES = 64 };

/* Empty: the thread has ended. */
static void read_name(const char *path, char *ret_name)
{
    ret_name[0] = 0;
    FILE *file = fopen(path, "r");
    if (!file) return;
    if (!fgets(ret_name, NAME_BYTES, file)) ret_name[0] = 0;
    fclose(file);
    ret_name[strcspn(ret_name, "\n")] = 0;
}

static int threads_named(const char *name)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        char path[320], found[NAME_BYTES];
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        read_name(path, found);
        count += strcmp(found, name) == 0;
    }
    closedir(directory);
    return count;
}

/* A thread has the name of who makes it, until it names itself when it begins to run. */
static int threads_named_soon(const char *name)
{
    for (int i = 0; i < 2000 && threads_named(name) != 1; i++) ks_sleep(1);
    return threads_named(name);
}

static char name_before[NAME_BYTES];

static void schedulers_have_names_but_the_first(void)
{
    ck_assert_int_eq(threads_named_soon("kiosk-1"), 1);
    ck_assert_int_eq(threads_named_soon("kiosk-2"), 1);
    ck_assert_int_eq(threads_named("kiosk-0") + threads_named("kiosk-3"), 0);
    char mine[NAME_BYTES];
    read_name("/proc/self/comm", mine);
    ck_assert_str_eq(mine, name_before);
}
START_TEST(schedulers_have_names_but_the_first_test)
{
    read_name("/proc/self/comm", name_before);
    const ks_runtime_options options = { .schedulers = 3 };
    ck_assert_int_eq(run(&options, schedulers_have_names_but_the_first), KS_OK);
}
END_TEST

/* Those that the library makes have names of its own; a thread of the program keeps its name,
 * whatever it does for a runtime. */
START_TEST(threads_of_the_program_keep_their_names)
{
    read_name("/proc/self/comm", name_before);
    ks_runtime *runtime;
    ks_client *client;
    char mine[NAME_BYTES];
    const ks_runtime_options options = { .schedulers = 2 };
    ck_assert_int_eq(ks_runtime_start(&options, NULL, &runtime), KS_OK);
    ck_assert_int_eq(ks_client_open(runtime, &client), KS_OK);
    ck_assert_int_eq(threads_named_soon("kiosk-0"), 1);
    ck_assert_int_eq(threads_named_soon("kiosk-1"), 1);
    ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
    ks_client_close(client); /* the last reference: it finishes the schedulers */
    read_name("/proc/self/comm", mine);
    ck_assert_str_eq(mine, name_before);
}
END_TEST

/* Standard error is a pipe that nobody reads: the log needs its thread. */
static void the_log_has_a_thread(void)
{
    char line[200];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = 0;
    for (int i = 0; i < 1000; i++) ks_log_error("%s", line);
    ck_assert_int_eq(threads_named_soon("kiosk-log"), 1);
}
START_TEST(the_log_has_a_thread_test)
{
    int ends[2], old = dup(STDERR_FILENO);
    ck_assert(old >= 0 && pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    ks_status status = run(NULL, the_log_has_a_thread);
    dup2(old, STDERR_FILENO);
    close(old);
    close(ends[0]);
    ck_assert_int_eq(status, KS_OK);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */
static bool map_is_named(const char *name)
{
    char line[512], wanted[64];
    bool found = false;
    FILE *file = fopen("/proc/self/smaps", "r");
    ck_assert_ptr_nonnull(file);
    snprintf(wanted, sizeof wanted, "[anon:%s]\n", name);
    while (fgets(line, sizeof line, file)) found |= strstr(line, wanted) != NULL;
    fclose(file);
    return found;
}

static bool kernel_names_maps(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    ksi_label_memory(map, size, "kiosk test");
    bool named = map_is_named("kiosk test");
    munmap(map, size);
    return named;
}

static void memory_has_names(void)
{
    static const char *const names[] = { "kiosk stacks", "kiosk processes", "kiosk records" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_msg(map_is_named(names[i]), "no map is named %s", names[i]);
    if (!KSI_POOL_PLAIN) ck_assert(map_is_named("kiosk pool"));
}
START_TEST(memory_has_names_test)
{
    if (kernel_names_maps())
        ck_assert_int_eq(run(NULL, memory_has_names), KS_OK);
    else
        puts("label: no CONFIG_ANON_VMA_NAME here: names of maps are not tested");
}
END_TEST

RUN_SUITE("label", schedulers_have_names_but_the_first_test,
    threads_of_the_program_keep_their_names, the_log_has_a_thread_test, memory_has_names_test)
