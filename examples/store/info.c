/* SPDX-License-Identifier: Apache-2.0 */
/* info - a function a section. What cannot be learnt now (a shard is being restarted) counts as
 * nothing: INFO always answers. */
#include "info.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

static void server_section(struct reply *text, const struct session *session)
{
    reply_printf(
        text, "# Server\r\nstore_version:" STORE_VERSION "\r\nprocess_id:%ld\r\n", (long)getpid());
    reply_printf(text, "address:%s\r\nuptime_in_seconds:%" PRId64 "\r\n",
        session->settings->address, (ks_now() - session->settings->started) / 1000);
}

static void clients_section(struct reply *text, const struct session *session)
{
    ks_child_counts counts = { 0 };
    (void)ks_count_children(ks_named("connections"), &counts);
    reply_printf(text, "# Clients\r\nconnected_clients:%" PRId64 "\r\nmaxclients:%" PRIu32 "\r\n",
        counts.active, session->settings->connections_max);
}

static uint64_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1) pages = 0;
    fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void memory_section(struct reply *text, const struct session *session)
{
    uint64_t used = 0;
    for (size_t i = 0; i < session->shards->shards.count; i++)
        used += ks_process_memory(session->shards->shards.items[i]);
    reply_printf(text, "# Memory\r\nused_memory:%" PRIu64 "\r\nused_memory_rss:%" PRIu64 "\r\n",
        used, resident_bytes());
}

static int64_t restarts(size_t shards)
{
    size_t count = 0;
    int64_t sum = 0;
    ks_child_info *children = ks_alloc(shards * sizeof *children);
    if (ks_which_children(ks_named("shards"), children, shards, &count) == KS_OK)
        for (size_t i = 0; i < count && i < shards; i++) sum += children[i].restarts;
    ks_free(children);
    return sum;
}

static void kiosk_section(struct reply *text, const struct session *session)
{
    uint32_t shards = (uint32_t)session->shards->shards.count;
    int64_t keys = 0;
    for (uint32_t i = 0; i < shards; i++) {
        int64_t count = 0;
        if (shard_size(session->shards, i, &count) == KS_OK) keys += count;
    }
    reply_printf(text, "# Kiosk\r\nprocesses:%" PRIu64 "\r\nshards:%" PRIu32 "\r\n",
        ks_process_count(), shards);
    reply_printf(text, "restarts:%" PRId64 "\r\nkeys:%" PRId64 "\r\n", restarts(shards), keys);
}

static bool wanted(ks_text section, const char *name)
{
    static const char *const all[] = { "default", "all", "everything" };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcasecmp(section.ptr, all[i]) == 0) return true;
    return strcasecmp(section.ptr, name) == 0;
}

void info_answer(struct session *session, ks_text section)
{
    static const struct {
        const char *name;
        void (*write)(struct reply *text, const struct session *session);
    } sections[] = { { "server", server_section }, { "clients", clients_section },
        { "memory", memory_section }, { "kiosk", kiosk_section } };
    struct reply text = { 0 };
    ks_text name = ks_str(ks_format(KS_TEXT_FMT, KS_TEXT_ARG(section))); /* with a NUL */
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (!wanted(name, sections[i].name)) continue;
        if (text.len) reply_printf(&text, "\r\n");
        sections[i].write(&text, session);
    }
    reply_bulk(&session->reply, (ks_text){ text.bytes, text.len });
    ks_free(text.bytes);
}
