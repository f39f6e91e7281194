/* SPDX-License-Identifier: Apache-2.0 */
/* cores_test - how many processors a program may use, told by files that the test makes. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "io/cores.h"
#include "io/scenario.h"
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/kiosk-cores-XXXXXX";
static void make_root(void)
{
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(root));
}

/* With the folders before it. */
static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = path + sizeof root; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        (void)mkdir(path, 0755);
    }
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void drop_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(without_control_groups_the_affinity_counts)
{
    make_root();
    ck_assert_uint_eq(ksi_cores_below(root, 8), 8);
    ck_assert_uint_eq(ksi_cores_below(root, 0), 1);
    drop_root();
}
END_TEST

START_TEST(a_quota_of_version_2_is_rounded_up)
{
    make_root();
    put("proc/self/cgroup", "0::/service\n");
    put("sys/fs/cgroup/service/cpu.max", "250000 100000\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 3);
    ck_assert_uint_eq(ksi_cores_below(root, 2), 2);
    put("sys/fs/cgroup/service/cpu.max", "max 100000\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 8);
    put("sys/fs/cgroup/service/cpu.max", "1000 100000\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 1);
    drop_root();
}
END_TEST

START_TEST(the_smallest_quota_on_the_way_to_the_root_counts)
{
    make_root();
    put("proc/self/cgroup", "0::/outer/middle/inner\n");
    put("sys/fs/cgroup/outer/cpu.max", "200000 100000\n");
    put("sys/fs/cgroup/outer/middle/inner/cpu.max", "400000 100000\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 2);
    put("sys/fs/cgroup/cpu.max", "100000 100000\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 1);
    drop_root();
}
END_TEST

START_TEST(version_1_has_two_files)
{
    make_root();
    put("proc/self/cgroup", "5:cpuset:/other\n4:cpu,cpuacct:/service\n");
    put("sys/fs/cgroup/cpu/service/cpu.cfs_quota_us", "300000\n");
    put("sys/fs/cgroup/cpu/service/cpu.cfs_period_us", "100000\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 3);
    put("sys/fs/cgroup/cpu/service/cpu.cfs_quota_us", "-1\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 8);
    drop_root();
}
END_TEST

START_TEST(what_is_no_quota_limits_nothing)
{
    make_root();
    put("proc/self/cgroup", "nonsense\n0:\n0::/a\n");
    put("sys/fs/cgroup/a/cpu.max", "\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 8);
    put("sys/fs/cgroup/a/cpu.max", "100000\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 8);
    put("sys/fs/cgroup/a/cpu.max", "x y z\n");
    ck_assert_uint_eq(ksi_cores_below(root, 8), 8);
    drop_root();
}
END_TEST

START_TEST(a_program_on_one_processor_has_one)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_uint_eq(ksi_cores(), 1);
}
END_TEST

RUN_SUITE("cores", without_control_groups_the_affinity_counts, a_quota_of_version_2_is_rounded_up,
    the_smallest_quota_on_the_way_to_the_root_counts, version_1_has_two_files,
    what_is_no_quota_limits_nothing, a_program_on_one_processor_has_one)
