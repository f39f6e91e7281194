/* SPDX-License-Identifier: Apache-2.0 */
/* store - the program: a key-value server that redis-cli can talk to, and its supervision tree.
 *
 *     store                one_for_one
 *     |- shards            one_for_one: "shard 0", "shard 1", ...
 *     |- connections       dynamic: a process for each client, never restarted
 *     |- acceptor          listens; comes when shards and connections are there
 *     `- demo              with --demo: says what to try, and ends
 *
 * Whatever dies, what does not depend on it lives on: a client's process takes its socket along, a
 * shard its keys. */
#include "acceptor.h"
#include "demo.h"
#include "settings.h"
#include "shard.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct shards_args {
    uint32_t count;
} shards_args;
KS_MODULE(shards, shards_args);
KS_TYPE(shards_args, count);

static ks_status shards_init(const shards_args *args)
{
    for (uint32_t i = 0; i < args->count; i++) {
        const char *name = shard_name(i);
        ks_status status = ks_add_child(&(ks_child){ KS_START(shard), .id = name, .name = name });
        if (status) return status;
    }
    return KS_OK;
}
/* Shards are independent: one that fails again and again is not yet a reason to lose the others. */
KS_SUPERVISOR_INIT(shards, .strategy = KS_ONE_FOR_ONE, .max_restarts = 10, .max_seconds = 5);

KS_SUPERVISOR(connections, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY);

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

static ks_status store_init(const settings *args)
{
    settings s = *args;
    char address[64];
    ks_status status = find_address(&s, address, sizeof address);
    if (status) return status;
    s.started = ks_now();
    const shard_map map = shard_map_make(s.shards);
    const ks_child children[] = {
        { KS_START(shards, .count = s.shards), .name = "shards" },
        { KS_START(connections), .name = "connections" },
        { KS_START(acceptor, .settings = s, .shards = map) },
        { KS_START(demo, .address = s.address), .restart = KS_TEMPORARY },
    };
    size_t count = sizeof children / sizeof children[0] - !s.demo;
    for (size_t i = 0; i < count && status == KS_OK; i++) status = ks_add_child(&children[i]);
    return status;
}
/* What fails again so soon is not mended by one more start: the program ends, with an error. */
KS_SUPERVISOR_INIT(store, .strategy = KS_ONE_FOR_ONE, .max_restarts = 1, .max_seconds = 5);

/* Nothing is put there yet, but a wrong path shall be known today. */
static bool has_data_dir(const char *path)
{
    struct stat info;
    if (!path) return true;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "store: cannot create %s: %s\n", path, strerror(errno));
        return false;
    }
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode))
        errno = ENOTDIR;
    else if (access(path, R_OK | W_OK | X_OK) == 0)
        return true;
    fprintf(stderr, "store: cannot use %s as data directory: %s\n", path, strerror(errno));
    return false;
}

int main(int argc, char **argv)
{
    settings s = settings_from_command_line(argc, argv);
    if (!has_data_dir(s.data_dir)) return 1;
    return ks_main(argc, argv, &(ks_child){ KS_START_WITH(store, &s), .name = "store" });
}
