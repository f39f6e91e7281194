/* SPDX-License-Identifier: Apache-2.0 */
/* names - see names.h. When it dies, names are lost until they are set again, and nothing else. */
#include "names.h"

#include "table.h"
#include <stdlib.h>
#include <string.h>

KS_DECLARE_TYPE(client_name);
KS_DECLARE_TYPE(client_names);
KS_TYPE(client_name, id, name);
KS_TYPE(client_names, (list, list, client_name));

struct names {
    struct table table; /* from ids, as bytes */
};
KS_CALL(names, set, ks_text, void);
KS_CALL(names, all, void, client_names);
KS_INFO(names, down, ks_down);

static ks_next names_init(names *self, const names_args *args)
{
    (void)args;
    table_init(&self->table, sip_key_random());
    return ks_ok();
}

static ks_text key_of(const ks_pid *pid)
{
    return (ks_text){ (const char *)&pid->id, sizeof pid->id };
}

static ks_next names_handle_set(names *self, const ks_text *name)
{
    ks_pid caller = ks_caller();
    ks_text key = key_of(&caller);
    uint64_t hash = table_hash(&self->table, key);
    struct table_entry *entry = table_find(&self->table, key, hash);
    if (!entry) {
        entry = table_add(&self->table, key, hash);
        ks_monitor(caller); /* one for each entry; it stays while the process does */
    }
    table_put(&self->table, entry, *name);
    return ks_reply();
}

static ks_next names_handle_down(names *self, const ks_down *down)
{
    ks_text key = key_of(&down->pid);
    struct table_entry *entry = table_find(&self->table, key, table_hash(&self->table, key));
    if (entry) table_remove(&self->table, entry);
    return ks_noreply();
}

struct listing {
    client_name *items;
    size_t count;
};

static void list_one(struct table_entry *entry, void *arg)
{
    struct listing *listing = arg;
    client_name *item = &listing->items[listing->count++];
    memcpy(&item->id, entry->key, sizeof item->id);
    item->name = table_value(entry);
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const client_name *)a)->id, y = ((const client_name *)b)->id;
    return (x > y) - (x < y);
}

static ks_next names_handle_all(names *self, client_names *reply)
{
    struct listing listing = { ks_alloc(self->table.count * sizeof *listing.items + 1), 0 };
    uint64_t cursor = 0;
    ks_defer(ks_free, listing.items);
    do cursor = table_scan(&self->table, cursor, list_one, &listing);
    while (cursor); /* nothing changes meanwhile, so none comes twice */
    qsort(listing.items, listing.count, sizeof *listing.items, by_id);
    reply->list.items = listing.items;
    reply->list.count = listing.count;
    return ks_reply();
}

KS_GEN_SERVER(names, .init = names_init, .ops = KS_OPS(names, set, all, down));

ks_status names_set(ks_text name)
{
    return names_call_set(ks_named("names"), &name, KS_DEFAULT_TIMEOUT);
}

ks_status names_list(client_names *ret_names)
{
    return names_call_all(ks_named("names"), ret_names, KS_DEFAULT_TIMEOUT);
}
