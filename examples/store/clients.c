/* SPDX-License-Identifier: Apache-2.0 */
/* clients - see clients.h. A connection's id in its supervisor is the address of its client. */
#include "clients.h"

#include <inttypes.h>
#include <kiosk/kiosk.h>

/* All who were connected when it was asked; to be freed. */
static ks_status all(ks_child_info **ret_clients, size_t *ret_count)
{
    ks_child_counts counts;
    ks_status status = ks_count_children(ks_named("connections"), &counts);
    if (status) return status;
    size_t room = (size_t)counts.specs, count;
    *ret_clients = ks_alloc(room * sizeof **ret_clients);
    status = ks_which_children(ks_named("connections"), *ret_clients, room, &count);
    if (status) ks_free(*ret_clients);
    *ret_count = count < room ? count : room; /* who came meanwhile stands last */
    return status;
}

static void cannot_know(struct reply *reply, ks_status status)
{
    reply_error(reply, "connections are not known now (%s)", ks_status_text(status));
}

int64_t client_id(ks_pid connection) { return (int64_t)connection.id; }

void clients_list(struct reply *reply)
{
    ks_child_info *clients;
    size_t count;
    struct reply text = { 0 };
    ks_status status = all(&clients, &count);
    if (status) {
        cannot_know(reply, status);
        return;
    }
    for (size_t i = 0; i < count; i++)
        reply_printf(
            &text, "id=%" PRId64 " addr=%s\n", client_id(clients[i].pid), clients[i].id.ptr);
    reply_bulk(reply, (ks_text){ text.bytes, text.len });
    ks_free(text.bytes);
    ks_free(clients);
}

void clients_kill(struct reply *reply, int64_t id)
{
    ks_child_info *clients;
    size_t count;
    int64_t killed = 0;
    ks_status status = all(&clients, &count);
    if (status) {
        cannot_know(reply, status);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ks_pid client = clients[i].pid;
        if (client_id(client) != id || ks_same_pid(client, ks_self())) continue;
        ks_exit_process(client, KS_KILL);
        killed++;
    }
    ks_free(clients);
    reply_integer(reply, killed);
}
