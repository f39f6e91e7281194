/* SPDX-License-Identifier: Apache-2.0 */
/* cores.c - see cores.h.
 *
 * A quota is microseconds of processor time in each period. It may stand in any group between ours
 * and the root of the hierarchy; the smallest counts. Files: cpu.max of version 2 ("max 100000" or
 * "150000 100000"), cpu.cfs_quota_us and cpu.cfs_period_us of version 1. What cannot be read limits
 * nothing. */
#define _GNU_SOURCE /* sched_getaffinity, CPU_COUNT */
#include "io/cores.h"
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, LINE_BYTES = 512 };

static bool read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");
    bool good = file && fgets(line, size, file);
    if (file) fclose(file);
    if (good) line[strcspn(line, "\n")] = 0;
    return good;
}

static uint32_t smaller(uint32_t cores, long long quota, long long period)
{
    if (quota <= 0 || period <= 0) return cores;
    long long limit = (quota + period - 1) / period;
    return limit < cores ? (uint32_t)limit : cores;
}

static uint32_t limit_of_version_2(const char *folder, uint32_t cores)
{
    char path[PATH_BYTES + 32], line[LINE_BYTES], *rest;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!read_line(path, line, sizeof line)) return cores;
    long long quota = strtoll(line, &rest, 10); /* "max": 0 */
    return smaller(cores, quota, strtoll(rest, NULL, 10));
}

static uint32_t limit_of_version_1(const char *folder, uint32_t cores)
{
    char path[PATH_BYTES + 32], quota[LINE_BYTES], period[LINE_BYTES];
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_line(path, quota, sizeof quota)) return cores;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_line(path, period, sizeof period)) return cores;
    return smaller(cores, strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

/* Of the group, and of all above it. */
static uint32_t limit_up(const char *mount, const char *group, uint32_t cores,
    uint32_t (*limit)(const char *folder, uint32_t cores))
{
    char folder[PATH_BYTES];
    int length = snprintf(folder, sizeof folder, "%s%s", mount, group);
    if (length < 0 || (size_t)length >= sizeof folder) return cores;
    size_t least = strlen(mount);
    for (;;) { /* ends: the path gets shorter */
        cores = limit(folder, cores);
        char *slash = strrchr(folder, '/');
        if (strlen(folder) <= least || !slash || (size_t)(slash - folder) < least) return cores;
        *slash = 0;
    }
}

static bool has_word(const char *list, const char *word, size_t length)
{
    for (; *list; list += strcspn(list, ","), list += *list == ',')
        if (strncmp(list, word, length) == 0 && (list[length] == ',' || !list[length])) return true;
    return false;
}

/* One line of /proc/self/cgroup: number:controllers:group. */
static uint32_t limit_of_line(const char *root, char *line, uint32_t cores)
{
    char mount[PATH_BYTES], *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return cores;
    *controllers++ = *group++ = 0;
    group[strcspn(group, "\n")] = 0;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
    if (!controllers[0]) return limit_up(mount, group, cores, limit_of_version_2);
    if (!has_word(controllers, "cpu", 3)) return cores;
    cores = limit_up(mount, group, cores, limit_of_version_1);
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/cpu", root);
    return limit_up(mount, group, cores, limit_of_version_1);
}

uint32_t ksi_cores_below(const char *root, uint32_t allowed)
{
    char path[PATH_BYTES], line[PATH_BYTES];
    uint32_t cores = allowed ? allowed : 1;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) cores = limit_of_line(root, line, cores);
    if (file) fclose(file);
    return cores;
}

uint32_t ksi_cores(void)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t allowed = online > 0 ? (uint32_t)online : 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0) allowed = (uint32_t)CPU_COUNT(&set);
    return ksi_cores_below("", allowed);
}
