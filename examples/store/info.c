/* SPDX-License-Identifier: Apache-2.0 */
/* info - a function a section. What cannot be learnt now (a shard is being restarted) counts as
 * nothing: INFO always answers. */
#include "info.h"

#include "archive.h"
#include "commands.h"
#include "reply.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct facts { /* of all sections, asked for once */
    const struct session *session;
    uint32_t shards;
    shard_facts *of_shards, sum;
    int64_t *restarts; /* of each shard */
    archive_facts archive;
    bool has_archive;
};

static void learn_restarts(struct facts *facts)
{
    size_t count = 0;
    ks_child_info *children = ks_alloc(facts->shards * sizeof *children);
    if (ks_which_children(ks_named("shards"), children, facts->shards, &count) == KS_OK)
        for (size_t i = 0; i < count && i < facts->shards; i++)
            facts->restarts[i] = children[i].restarts;
    ks_free(children);
}

static void learn(struct facts *facts)
{
    facts->of_shards = ks_alloc(facts->shards * sizeof *facts->of_shards);
    facts->restarts = ks_alloc(facts->shards * sizeof *facts->restarts);
    for (uint32_t i = 0; i < facts->shards; i++) {
        shard_facts *one = &facts->of_shards[i];
        if (shard_facts_of(facts->session->shards, i, one)) continue;
        facts->sum.keys += one->keys;
        facts->sum.expiring += one->expiring;
        facts->sum.bytes += one->bytes;
        facts->sum.expired += one->expired;
        facts->sum.changes += one->changes;
    }
    learn_restarts(facts);
    facts->has_archive =
        facts->session->settings->snapshot && archive_look(&facts->archive) == KS_OK;
}

/* --- sections --------------------------------------------------------------------------------- */
static void server_section(struct buffer *text, const struct facts *facts)
{
    const settings *s = facts->session->settings;
    /* Libraries ask for redis_version; what is understood here is a part of that one. */
    buffer_printf(text,
        "# Server\r\nredis_version:7.0.0\r\nstore_version:" STORE_VERSION "\r\nprocess_id:%ld\r\n",
        (long)getpid());
    buffer_printf(text, "address:%s\r\nuptime_in_seconds:%" PRId64 "\r\n", s->address,
        (ks_now() - s->started) / 1000);
}

static void clients_section(struct buffer *text, const struct facts *facts)
{
    ks_child_counts counts = { 0 };
    (void)ks_count_children(ks_named("connections"), &counts);
    buffer_printf(text, "# Clients\r\nconnected_clients:%" PRId64 "\r\nmaxclients:%" PRIu32 "\r\n",
        counts.active, facts->session->settings->connections_max);
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

static void memory_section(struct buffer *text, const struct facts *facts)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < facts->shards; i++)
        used += ks_process_memory(facts->session->shards->shards.items[i]);
    buffer_printf(text, "# Memory\r\nused_memory:%" PRIu64 "\r\nused_memory_rss:%" PRIu64 "\r\n",
        used, resident_bytes());
    buffer_printf(text, "used_memory_dataset:%" PRId64 "\r\nmaxmemory:%" PRId64 "\r\n",
        facts->sum.bytes, facts->session->settings->memory_max);
    buffer_printf(text, "maxmemory_policy:noeviction\r\n");
}

static void persistence_section(struct buffer *text, const struct facts *facts)
{
    const archive_facts *it = &facts->archive;
    buffer_printf(text, "# Persistence\r\nloading:0\r\nsnapshots:%d\r\n", facts->has_archive);
    buffer_printf(text,
        "rdb_bgsave_in_progress:%d\r\nrdb_last_save_time:%" PRId64
        "\r\nrdb_last_bgsave_status:%s\r\n",
        it->busy, it->last_moment, it->last_failed ? "err" : "ok");
    buffer_printf(text,
        "snapshots_made:%" PRId64 "\r\nsnapshots_failed:%" PRId64 "\r\nsnapshot_keys:%" PRId64
        "\r\nsnapshot_bytes:%" PRId64 "\r\n",
        it->made, it->failed, it->keys, it->bytes);
}

static void stats_section(struct buffer *text, const struct facts *facts)
{
    buffer_printf(text, "# Stats\r\nexpired_keys:%" PRId64 "\r\nchanges:%" PRId64 "\r\n",
        facts->sum.expired, facts->sum.changes);
}

static void keyspace_section(struct buffer *text, const struct facts *facts)
{
    buffer_printf(text, "# Keyspace\r\n");
    if (facts->sum.keys)
        buffer_printf(text, "db0:keys=%" PRId64 ",expires=%" PRId64 ",avg_ttl=0\r\n",
            facts->sum.keys, facts->sum.expiring);
}

static void kiosk_section(struct buffer *text, const struct facts *facts)
{
    int64_t restarts = 0;
    uint64_t queued = 0;
    for (uint32_t i = 0; i < facts->shards; i++) {
        restarts += facts->restarts[i];
        queued += ks_mailbox_length(facts->session->shards->shards.items[i]);
    }
    buffer_printf(text, "# Kiosk\r\nprocesses:%" PRIu64 "\r\nschedulers:%" PRIu32 "\r\n",
        ks_process_count(), ks_scheduler_count());
    buffer_printf(text,
        "shards:%" PRIu32 "\r\nrestarts:%" PRId64 "\r\nqueued:%" PRIu64 "\r\nkeys:%" PRId64 "\r\n",
        facts->shards, restarts, queued, facts->sum.keys);
    for (uint32_t i = 0; i < facts->shards; i++) {
        ks_pid pid = facts->session->shards->shards.items[i];
        buffer_printf(text, "shard%" PRIu32 ":keys=%" PRId64 ",memory=%" PRIu64, i,
            facts->of_shards[i].keys, ks_process_memory(pid));
        buffer_printf(text, ",queue=%" PRIu64 ",oldest_ms=%" PRId64 ",restarts=%" PRId64 "\r\n",
            ks_mailbox_length(pid), ks_mailbox_age(pid), facts->restarts[i]);
    }
}

/* --- the answer ------------------------------------------------------------------------------- */
static bool is_wanted(ks_text section, const char *name)
{
    static const char *const all[] = { "default", "all", "everything" };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (command_is_word(section, all[i])) return true;
    return command_is_word(section, name);
}

void info_answer(struct session *session, ks_text section)
{
    static const struct {
        const char *name;
        void (*write)(struct buffer *text, const struct facts *facts);
    } sections[] = { { "server", server_section }, { "clients", clients_section },
        { "memory", memory_section }, { "persistence", persistence_section },
        { "stats", stats_section }, { "keyspace", keyspace_section }, { "kiosk", kiosk_section } };
    struct buffer text = { 0 };
    struct facts facts = { .session = session, .shards = (uint32_t)session->shards->shards.count };
    learn(&facts);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (!is_wanted(section, sections[i].name)) continue;
        if (text.len) buffer_append(&text, "\r\n", 2);
        sections[i].write(&text, &facts);
    }
    reply_bulk(session_reply(session), buffer_text(&text));
    buffer_free(&text);
    ks_free(facts.of_shards);
    ks_free(facts.restarts);
}
