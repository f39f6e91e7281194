/* SPDX-License-Identifier: Apache-2.0 */
/* table - chained buckets in two generations.
 *
 * Invariants: an entry is in the bucket of its hash, in `now` or in `past`, never in both; while
 * `past` is not empty, each change moves some of its buckets, enough to be done before the next
 * resize begins. */
#include "table.h"

#include <kiosk/process.h>
#include <string.h>

enum {
    SIZE_MIN = 16,
    MOVES = 4,      /* buckets with entries that one change moves */
    EMPTY_SEEN = 64 /* empty buckets that it may pass meanwhile */
};

struct table_entry {
    struct table_entry *next;
    uint64_t hash;
    char *value;
    size_t value_len, value_room;
    size_t key_len;
    char key[];
};

static struct table_entry **head_of(const struct table_buckets *buckets, uint64_t hash)
{
    return &buckets->heads[hash & (buckets->size - 1)];
}

/* Where the pointer to the entry stands, or NULL. */
static struct table_entry **find_in(const struct table_buckets *buckets, uint64_t hash, ks_text key)
{
    if (!buckets->size) return NULL;
    for (struct table_entry **link = head_of(buckets, hash); *link; link = &(*link)->next) {
        const struct table_entry *entry = *link;
        if (entry->hash == hash && entry->key_len == key.len &&
            memcmp(entry->key, key.ptr, key.len) == 0)
            return link;
    }
    return NULL;
}

static struct table_entry **find(const struct table *table, uint64_t hash, ks_text key)
{
    struct table_entry **link = find_in(&table->now, hash, key);
    return link ? link : find_in(&table->past, hash, key);
}

static void insert(struct table_buckets *buckets, struct table_entry *entry)
{
    struct table_entry **head = head_of(buckets, entry->hash);
    entry->next = *head;
    *head = entry;
}

static void move_bucket(struct table *table, struct table_entry *entry)
{
    while (entry) {
        struct table_entry *next = entry->next;
        insert(&table->now, entry);
        entry = next;
    }
}

static void move_some(struct table *table)
{
    int moves = MOVES, empty = EMPTY_SEEN;
    while (table->moved < table->past.size && moves > 0 && empty > 0) {
        struct table_entry *entry = table->past.heads[table->moved];
        if (entry)
            moves--;
        else
            empty--;
        table->past.heads[table->moved++] = NULL;
        move_bucket(table, entry);
    }
    if (table->moved < table->past.size) return;
    ks_free(table->past.heads);
    table->past = (struct table_buckets){ 0 };
    table->moved = 0;
}

static void resize(struct table *table, size_t size)
{
    struct table_entry **heads = ks_alloc(size * sizeof *heads);
    table->past = table->now;
    table->moved = 0;
    table->now = (struct table_buckets){ heads, size };
}

/* Before each change: go on with a resize, or see whether one is due. */
static void keep_in_shape(struct table *table)
{
    if (table->past.size)
        move_some(table);
    else if (table->count >= table->now.size)
        resize(table, table->now.size * 2);
    else if (table->now.size > SIZE_MIN && table->count < table->now.size / 8)
        resize(table, table->now.size / 2);
}

static struct table_entry *add(struct table *table, uint64_t hash, ks_text key)
{
    struct table_entry *entry = ks_alloc(sizeof *entry + key.len);
    entry->hash = hash;
    entry->key_len = key.len;
    if (key.len) memcpy(entry->key, key.ptr, key.len);
    insert(&table->now, entry);
    table->count++;
    return entry;
}

static void put_value(struct table_entry *entry, ks_text value)
{
    /* Memory that fits is kept, unless most of it would lie idle. */
    if (value.len > entry->value_room || value.len < entry->value_room / 4) {
        ks_free(entry->value);
        entry->value = value.len ? ks_alloc(value.len) : NULL;
        entry->value_room = value.len;
    }
    if (value.len) memcpy(entry->value, value.ptr, value.len);
    entry->value_len = value.len;
}

void table_init(struct table *table, struct sip_key key)
{
    *table = (struct table){ .key = key };
    table->now.heads = ks_alloc(SIZE_MIN * sizeof *table->now.heads);
    table->now.size = SIZE_MIN;
}

bool table_get(const struct table *table, ks_text key, ks_text *ret_value)
{
    struct table_entry **link = find(table, siphash(table->key, key), key);
    if (!link) return false;
    *ret_value = (ks_text){ (*link)->value ? (*link)->value : "", (*link)->value_len };
    return true;
}

void table_set(struct table *table, ks_text key, ks_text value)
{
    keep_in_shape(table);
    uint64_t hash = siphash(table->key, key);
    struct table_entry **link = find(table, hash, key);
    put_value(link ? *link : add(table, hash, key), value);
}

bool table_delete(struct table *table, ks_text key)
{
    keep_in_shape(table);
    struct table_entry **link = find(table, siphash(table->key, key), key);
    if (!link) return false;
    struct table_entry *entry = *link;
    *link = entry->next;
    ks_free(entry->value);
    ks_free(entry);
    table->count--;
    return true;
}
