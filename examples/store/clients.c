/* SPDX-License-Identifier: Apache-2.0 */
/* clients - see clients.h. A connection's id in its supervisor is the address of its client. */
#include "clients.h"

#include "names.h"
#include "reply.h"
#include <inttypes.h>
#include <stdlib.h>

/* All who were connected when it was asked; to be freed. */
static ks_status all(ks_child_info **ret_clients, size_t *ret_count)
{
    ks_child_counts counts;
    ks_status status = ks_count_children(ks_named("connections"), &counts);
    if (status) return status;
    size_t room = (size_t)counts.specs, count;
    *ret_clients = ks_alloc(room * sizeof **ret_clients + 1);
    status = ks_which_children(ks_named("connections"), *ret_clients, room, &count);
    if (status) ks_free(*ret_clients);
    *ret_count = count < room ? count : room; /* who came meanwhile stands last */
    return status;
}

static void cannot_know(struct buffer *reply, ks_status status)
{
    reply_error(reply, "ERR connections are not known now (%s)", ks_status_text(status));
}

int64_t client_id(ks_pid connection) { return (int64_t)connection.id; }

static int by_id(const void *key, const void *row)
{
    uint64_t id = *(const uint64_t *)key, other = ((const client_name *)row)->id;
    return (id > other) - (id < other);
}

static ks_text name_of(const client_names *known, ks_pid client)
{
    const client_name *found = known->list.count
        ? bsearch(&client.id, known->list.items, known->list.count, sizeof(client_name), by_id)
        : NULL;
    return found ? found->name : ks_lit("");
}

void clients_list(struct buffer *reply)
{
    ks_child_info *clients;
    size_t count;
    struct buffer text = { 0 };
    client_names known = { 0 };
    ks_status status = all(&clients, &count);
    if (status) {
        cannot_know(reply, status);
        return;
    }
    if (names_list(&known)) known.list.count = 0; /* the list is still worth something */
    for (size_t i = 0; i < count; i++) {
        ks_text name = name_of(&known, clients[i].pid);
        buffer_printf(
            &text, "id=%" PRId64 " addr=%s name=", client_id(clients[i].pid), clients[i].id.ptr);
        buffer_append(&text, name.ptr, name.len);
        buffer_append(&text, " db=0\n", 6);
    }
    reply_bulk(reply, buffer_text(&text));
    buffer_free(&text);
    ks_free(clients);
}

static bool fits(const struct client_filter *filter, const ks_child_info *client)
{
    if (filter->id && client_id(client->pid) != filter->id) return false;
    return !filter->address.len || ks_text_eq(client->id, filter->address);
}

void clients_kill(struct buffer *reply, const struct client_filter *filter)
{
    ks_child_info *clients;
    size_t count;
    int64_t killed = 0;
    bool me = false;
    ks_status status = all(&clients, &count);
    if (status) {
        cannot_know(reply, status);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_me = ks_same_pid(clients[i].pid, ks_self());
        if (!fits(filter, &clients[i]) || (is_me && !filter->also_me)) continue;
        if (is_me)
            me = true;
        else
            ks_exit_process(clients[i].pid, KS_KILL);
        killed++;
    }
    ks_free(clients);
    reply_integer(reply, killed);
    if (me) ks_ask_to_stop(ks_self(), KS_NORMAL); /* when this is answered */
}
