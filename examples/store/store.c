/* SPDX-License-Identifier: Apache-2.0 */
/* store - the program: a key-value server that redis-cli can talk to, and its supervision tree.
 *
 *     store                one_for_one
 *     |- shards            one_for_one: "shard 0", "shard 1", ...
 *     |- names             what connections call themselves
 *     |- archive           has snapshots made; the last one when it ends
 *     |- connections       dynamic: a server for each client, never restarted
 *     |- acceptor          listens; comes when all the others are there
 *     `- demo              with --demo: says what to try, and ends
 *
 * It is stopped from below: nobody new, then those who are connected, then a snapshot, then the
 * shards. Whatever dies, what does not depend on it lives on: a client's server takes its socket
 * along, a shard what it did since the last snapshot. */
#include "acceptor.h"
#include "archive.h"
#include "connection.h"
#include "demo.h"
#include "names.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct shards_args {
    shard_map map;
    int64_t bytes_max; /* of each; 0: no limit */
    const char *snapshot;
} shards_args;
KS_MODULE(shards, shards_args);
KS_TYPE(shards_args, (record, map, shard_map), bytes_max, snapshot);

static ks_status shards_init(const shards_args *args)
{
    for (uint32_t i = 0; i < args->map.shards.count; i++) {
        const char *name = shard_name(i);
        ks_status status =
            ks_add_child(&(ks_child){ KS_START(shard, .map = args->map, .index = i,
                                          .bytes_max = args->bytes_max, .snapshot = args->snapshot),
                .id = name, .name = name });
        if (status) return status;
    }
    return KS_OK;
}
/* Shards are independent: one that fails again and again is not yet a reason to lose the others. */
KS_SUPERVISOR_INIT(shards, .strategy = KS_ONE_FOR_ONE, .max_restarts = 10, .max_seconds = 5);

typedef struct connections_args {
    uint32_t max;
} connections_args;
KS_MODULE(connections, connections_args);
KS_TYPE(connections_args, max);

static ks_status connections_init(const connections_args *args)
{
    return ks_supervisor_limit(&(ks_supervisor_limits){ .max_children = args->max });
}
KS_SUPERVISOR_INIT(connections, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY);

/* Listens for a moment: so that a port that is taken ends the program with a clear word, and so
 * that "any port" is one and the same for every acceptor to come. */
static ks_status find_address(settings *s, char *address, size_t size)
{
    ks_socket listener;
    ks_status status = acceptor_listen(s, &listener);
    if (status == KS_OK) {
        status = ks_local_name(listener, address, size);
        ks_close(listener);
    }
    if (status)
        ks_log_error("store: cannot listen on %s: %s", s->address, ks_status_text(status));
    else
        s->address = address;
    return status;
}

KS_MODULE(store, settings);

static ks_status add_keepers(const settings *s, const shard_map *map)
{
    int64_t share = s->memory_max / s->shards;
    const ks_child children[] = {
        { KS_START(shards, .map = *map, .snapshot = s->snapshot,
              .bytes_max = s->memory_max && !share ? 1 : share),
            .name = "shards" },
        { KS_START(names), .name = "names" },
        { KS_START(archive, .path = s->snapshot, .every = s->snapshot_every, .shards = *map),
            .name = "archive", .shutdown = KS_INFINITY },
    };
    size_t count = sizeof children / sizeof children[0] - !s->snapshot;
    ks_status status = KS_OK;
    for (size_t i = 0; i < count && status == KS_OK; i++) status = ks_add_child(&children[i]);
    return status;
}

static ks_status add_servers(const settings *s, const shard_map *map)
{
    const ks_child children[] = {
        { KS_START(connections, .max = s->connections_max), .name = "connections" },
        { KS_START(acceptor, .settings = *s, .shards = *map) },
        { KS_START(demo, .address = s->address), .restart = KS_TEMPORARY },
    };
    size_t count = sizeof children / sizeof children[0] - !s->demo;
    ks_status status = KS_OK;
    for (size_t i = 0; i < count && status == KS_OK; i++) status = ks_add_child(&children[i]);
    return status;
}

static ks_status store_init(const settings *args)
{
    settings s = *args;
    char address[64];
    ks_status status = find_address(&s, address, sizeof address);
    if (status) return status;
    s.started = ks_now();
    const shard_map map = shard_map_make(s.shards);
    status = add_keepers(&s, &map);
    return status ? status : add_servers(&s, &map);
}
/* What fails again so soon is not mended by one more start: the program ends, with an error. */
KS_SUPERVISOR_INIT(store, .strategy = KS_ONE_FOR_ONE, .max_restarts = 1, .max_seconds = 5);

static bool cannot_use(const char *path, const char *why)
{
    fprintf(stderr, "store: cannot use %s as data directory: %s\n", path, why);
    return false;
}

/* Creates it when it is missing, and locks it: two programs would overwrite each other's snapshots.
 * The descriptor, and so the lock, lives as long as the program. */
static bool has_data_dir(const char *path)
{
    if (!path) return true;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return cannot_use(path, strerror(errno));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || access(path, R_OK | W_OK | X_OK) != 0) return cannot_use(path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    return cannot_use(path, errno == EWOULDBLOCK ? "another store does" : strerror(errno));
}

int main(int argc, char **argv)
{
    settings s = settings_from_command_line(argc, argv);
    if (!has_data_dir(s.data_dir)) return 1;
    return ks_main(argc, argv, &(ks_child){ KS_START_WITH(store, &s), .name = "store" });
}
