/* SPDX-License-Identifier: Apache-2.0 */
/* acceptor - a plain process around an accept loop. Clients that are connected do not need it: when
 * it dies, they stay, and its supervisor starts another one. */
#include "acceptor.h"

#include "connection.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

KS_TYPE(acceptor_args, (record, settings, settings), (record, shards, shard_map));

enum { PAUSE = 100, REPORT_EACH = 1000 }; /* ms, when accepting fails */

ks_status acceptor_listen(const settings *s, ks_socket *ret_listener)
{
    const ks_tcp_options options = { .send_timeout = s->send_timeout };
    return ks_tcp_listen(s->address, &options, ret_listener);
}

/* Mostly descriptors are used up; they come back when clients leave, and until then a full log
 * would not help. */
static void wait_a_little(ks_status status, ks_ms *reported)
{
    if (!*reported || ks_now() - *reported >= REPORT_EACH) {
        ks_log_warning("cannot accept: %s", ks_status_text(status));
        *reported = ks_now();
    }
    ks_sleep(PAUSE);
}

static void refuse(ks_socket socket)
{
    ks_status status = ks_write(socket, ks_lit("-ERR max number of clients reached\r\n"));
    if (status) ks_log_debug("a refused client was not told: %s", ks_status_text(status));
    ks_close(socket);
}

static void serve(const acceptor_args *args, ks_socket socket)
{
    char peer[64];
    if (ks_peer_name(socket, peer, sizeof peer) != KS_OK) {
        ks_close(socket); /* gone before it was served */
        return;
    }
    const ks_child client = {
        KS_START(connection, .socket = socket, .settings = args->settings, .shards = args->shards),
        .id = peer, .memory_max = connection_memory_max(&args->settings), .drain = KS_INFINITY
    }; /* as long as the program lets it finish */
    ks_status status = ks_start_child(ks_named("connections"), &client, NULL);
    if (status == KS_FULL) {
        refuse(socket);
    } else if (status) {
        ks_log_warning("connection refused: %s", ks_status_text(status));
        ks_close(socket);
    }
}

static void say_ready(ks_socket listener)
{
    char address[64];
    if (ks_local_name(listener, address, sizeof address) != KS_OK) return;
    printf("READY port %s\n", strrchr(address, ':') + 1);
    fflush(stdout);
}

static void acceptor_main(const acceptor_args *args)
{
    ks_socket listener, socket;
    ks_ms reported = 0;
    ks_status status = acceptor_listen(&args->settings, &listener);
    if (status) ks_init_fail(status);
    ks_init_ack();
    say_ready(listener);
    for (;;) { /* ended by the supervisor, or with the program */
        status = ks_tcp_accept(listener, KS_INFINITY, &socket);
        if (status == KS_DRAINING) return;
        if (status == KS_OK)
            serve(args, socket);
        else if (status == -EBADF)
            ks_exit(ks_because(status));
        else if (status != -ECONNABORTED)
            wait_a_little(status, &reported);
        ks_end_turn();
    }
}
KS_PROCESS_ACKS(acceptor);
