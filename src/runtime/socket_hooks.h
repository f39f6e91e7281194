/* SPDX-License-Identifier: Apache-2.0 */
/* socket_hooks.h - how sockets of the layer above travel in messages. Set when a runtime starts. */
#ifndef KSI_RUNTIME_SOCKET_HOOKS_H
#define KSI_RUNTIME_SOCKET_HOOKS_H
#include <kiosk/process.h>

struct ksi_scheduler;
struct ksi_process;
struct ksi_message;
struct ksi_socket_hooks {
    /* Taken from the running process; false: not its own. The handle becomes that of a socket in
     * flight. */
    bool (*detach)(struct ksi_scheduler *s, ks_socket *socket);
    /* Now owned by a process; the handle becomes the one that its owner knows it by. */
    void (*attach)(struct ksi_scheduler *s, ks_socket *socket, struct ksi_process *to);
    /* Was in flight, and nobody took it. */
    void (*close)(struct ksi_scheduler *s, ks_socket socket);
    /* The runtime drains: who accepts, or waits and traps that, is woken. */
    void (*drain)(struct ksi_scheduler *s);
    /* A KSI_PACKET was taken out of the mailbox of its owner. */
    void (*taken)(struct ksi_scheduler *s, const struct ksi_message *m);
};

#endif
