/* SPDX-License-Identifier: Apache-2.0 */
/* tcp.c - tcp_echo_server: a process for each connection, which sends back what it reads. */
#include "bench.h"

#include <kiosk/tcp.h>
#include <stdio.h>

typedef struct echo_args {
    ks_socket socket;
} echo_args;
KS_TYPE(echo_args, socket);
KS_MODULE(echo, echo_args);

static void echo_main(const echo_args *args)
{
    ks_text bytes;
    while (ks_read(args->socket, KS_INFINITY, &bytes) == KS_OK)
        if (ks_write(args->socket, bytes)) return;
} /* the socket closes with us */
KS_PROCESS(echo);

void tcp_echo_server(const char *port)
{
    char address[64];
    ks_socket listener, socket;
    snprintf(address, sizeof address, "127.0.0.1:%s", port);
    must(ks_tcp_listen(address, NULL, &listener), "nothing to listen on");
    puts("READY");
    fflush(stdout);
    for (;;) { /* until the program is killed */
        must(ks_tcp_accept(listener, KS_INFINITY, &socket), "no connection was accepted");
        must(ks_start(KS_CHILD(echo, socket), NULL), "a connection did not start");
    }
}
