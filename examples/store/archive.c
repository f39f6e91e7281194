/* SPDX-License-Identifier: Apache-2.0 */
/* archive - see archive.h. A process that makes a snapshot is linked: it ends with the archive, so
 * that there are never two that write the same file. */
#include "archive.h"

#include "writer.h"
#include <sys/stat.h>

KS_TYPE(archive_args, path, every, (record, shards, shard_map));
KS_DECLARE_TYPE(archive_facts);
KS_TYPE(archive_facts, last_moment, made, failed, keys, bytes, busy, last_failed);

enum { DUE = 1 };       /* a time-out */
enum { TRIES_MAX = 3 }; /* of a snapshot that FLUSHALL disturbs */

typedef struct made {
    ks_status status;
    int64_t keys, bytes;
} made;
KS_DECLARE_TYPE(made);
KS_TYPE(made, status, keys, bytes);

KS_CALL(archive, begin, void, void);
KS_CALL(archive, save, void, void);
KS_CALL(archive, look, void, archive_facts);
KS_CAST(archive, done, made);
KS_INFO(archive, exited, ks_exited);
struct archive {
    const archive_args *args;
    ks_pid photographer; /* none: no snapshot is being made */
    bool is_waited_for;  /* by: */
    archive_save_from waiter;
    archive_facts facts;
};

/* --- who makes one ---------------------------------------------------------------------------- */
typedef struct photographer_args {
    const char *path;
    shard_map shards;
} photographer_args;
KS_TYPE(photographer_args, path, (record, shards, shard_map));
KS_MODULE(photographer, photographer_args);

static made make(const shard_map *map, const char *path)
{
    written got = { 0 };
    ks_status status = DEED_BUSY;
    for (int i = 0; i < TRIES_MAX && status == DEED_BUSY; i++)
        status = writer_write(map, path, &got);
    return (made){ status, got.keys, got.bytes };
}

static void photographer_main(const photographer_args *args)
{
    const made report = make(&args->shards, args->path);
    (void)archive_cast_done(ks_parent(), &report);
}
KS_PROCESS(photographer);

/* --- the archive ------------------------------------------------------------------------------ */
static int64_t seconds_now(void) { return ks_wall_clock_ns() / 1000000000; }

static ks_next archive_init(archive *self, const archive_args *args)
{
    struct stat info;
    self->args = args;
    if (stat(args->path, &info) == 0) self->facts.last_moment = info.st_mtime;
    writer_tidy(args->path);
    ks_trap_exit(true);
    if (args->every != KS_INFINITY) ks_set_timeout_every(DUE, args->every);
    return ks_ok();
}

static void note(archive *self, const made *report)
{
    archive_facts *facts = &self->facts;
    facts->last_failed = report->status != KS_OK;
    if (report->status) {
        facts->failed++;
        ks_log_error("no snapshot was made: %s. What stood in %s is still there",
            report->status == DEED_BUSY ? "all keys were flushed" : ks_status_text(report->status),
            self->args->path);
        return;
    }
    facts->made++;
    facts->last_moment = seconds_now();
    facts->keys = report->keys;
    facts->bytes = report->bytes;
}

/* It is over: who waits is told. */
static void finish(archive *self, const made *report)
{
    self->photographer = (ks_pid){ 0 };
    note(self, report);
    if (!self->is_waited_for) return;
    self->is_waited_for = false;
    if (report->status)
        (void)archive_fail_save(self->waiter, report->status);
    else
        (void)archive_reply_save(self->waiter);
}

static ks_status begin(archive *self)
{
    if (!ks_is_none(self->photographer)) return DEED_BUSY;
    return ks_start_link(
        KS_CHILD(photographer, .path = self->args->path, .shards = self->args->shards),
        &self->photographer);
}

static ks_next archive_handle_begin(archive *self)
{
    ks_status status = begin(self);
    return status ? ks_fail(status) : ks_reply();
}

static ks_next archive_handle_save(archive *self)
{
    ks_status status = begin(self);
    if (status) return ks_fail(status);
    self->is_waited_for = true;
    self->waiter = archive_from_save();
    return ks_noreply();
}

static ks_next archive_handle_look(archive *self, archive_facts *reply)
{
    *reply = self->facts;
    reply->busy = !ks_is_none(self->photographer);
    return ks_reply();
}

static ks_next archive_handle_done(archive *self, const made *report)
{
    if (!ks_is_none(self->photographer)) finish(self, report);
    return ks_noreply();
}

static ks_next archive_handle_exited(archive *self, const ks_exited *exited)
{
    if (ks_same_pid(exited->pid, self->photographer)) finish(self, &(made){ .status = KS_EXITED });
    return ks_noreply();
}

/* The next one comes anyway, so one that is late is left out. */
static ks_next archive_handle_named_timeout(archive *self, int name)
{
    (void)name;
    ks_status status = begin(self);
    if (status)
        ks_log_warning("a snapshot is due, but not begun: %s",
            status == DEED_BUSY ? "one is being made" : ks_status_text(status));
    return ks_noreply();
}

/* The last one is made here: the shards stop after us. One that is being made ends first. */
static void archive_terminate(archive *self, ks_reason why)
{
    if (!ks_is_clean(why)) return;
    if (!ks_is_none(self->photographer))
        (void)ks_receive_ref(ks_monitor(self->photographer), KS_INFINITY);
    const made report = make(&self->args->shards, self->args->path);
    note(self, &report);
    if (report.status == KS_OK)
        ks_log_info("snapshot %s: %lld keys", self->args->path, (long long)report.keys);
}

KS_GEN_SERVER(archive, .init = archive_init, .terminate = archive_terminate,
    .handle_named_timeout = archive_handle_named_timeout,
    .ops = KS_OPS(archive, begin, save, look, done, exited));

/* --- its clients ------------------------------------------------------------------------------ */
ks_status archive_begin(void)
{
    return archive_call_begin(ks_named("archive"), KS_DEFAULT_TIMEOUT);
}

ks_status archive_save(void) { return archive_call_save(ks_named("archive"), KS_INFINITY); }

ks_status archive_look(archive_facts *ret_facts)
{
    return archive_call_look(ks_named("archive"), ret_facts, KS_DEFAULT_TIMEOUT);
}
