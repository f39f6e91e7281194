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
    table->bytes -= table->past.size * sizeof *table->past.heads;
    table->past = (struct table_buckets){ 0 };
    table->moved = 0;
}

static void resize(struct table *table, size_t size)
{
    struct table_entry **heads = ks_alloc(size * sizeof *heads);
    table->past = table->now;
    table->moved = 0;
    table->now = (struct table_buckets){ heads, size };
    table->bytes += size * sizeof *heads;
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

size_t table_cost(size_t key_len, size_t value_len)
{
    return sizeof(struct table_entry) + key_len + value_len;
}

void table_init(struct table *table, struct sip_key key)
{
    *table = (struct table){ .key = key };
    table->now.heads = ks_alloc(SIZE_MIN * sizeof *table->now.heads);
    table->now.size = SIZE_MIN;
    table->bytes = SIZE_MIN * sizeof *table->now.heads;
}

struct table_entry *table_find(const struct table *table, ks_text key, uint64_t hash)
{
    struct table_entry **link = find(table, hash, key);
    return link ? *link : NULL;
}

void table_expect(const struct table *table, uint64_t hash, int step)
{
    struct table_entry *const *head = head_of(&table->now, hash);
    __builtin_prefetch(step ? (const void *)*head : head);
    if (!table->past.size) return;
    head = head_of(&table->past, hash);
    __builtin_prefetch(step ? (const void *)*head : head);
}

struct table_entry *table_add(struct table *table, ks_text key, uint64_t hash)
{
    keep_in_shape(table);
    struct table_entry *entry = ks_alloc(sizeof *entry + key.len);
    entry->hash = hash;
    entry->key_len = (uint32_t)key.len;
    if (key.len) memcpy(entry->key, key.ptr, key.len);
    insert(&table->now, entry);
    table->count++;
    table->bytes += table_cost(key.len, 0);
    return entry;
}

static void set_room(struct table *table, struct table_entry *entry, char *value, size_t room)
{
    table->bytes = table->bytes - entry->value_room + room;
    entry->value = value;
    entry->value_room = (uint32_t)room;
}

char *table_exchange(struct table *table, struct table_entry *entry, ks_text value)
{
    char *old = entry->value, *new = value.len ? ks_alloc(value.len) : NULL;
    if (value.len) memcpy(new, value.ptr, value.len);
    set_room(table, entry, new, value.len);
    entry->value_len = (uint32_t)value.len;
    return old;
}

void table_put(struct table *table, struct table_entry *entry, ks_text value)
{
    /* Memory that fits is kept, unless most of it would lie idle. */
    if (value.len > entry->value_room || value.len < entry->value_room / 4) {
        ks_free(table_exchange(table, entry, value));
        return;
    }
    if (value.len) memmove(entry->value, value.ptr, value.len);
    entry->value_len = (uint32_t)value.len;
}

void table_append(struct table *table, struct table_entry *entry, ks_text more)
{
    size_t len = entry->value_len + more.len;
    if (!more.len) return;
    if (len > entry->value_room) { /* a little more: who appends once does it again */
        size_t room = len + len / 4;
        set_room(table, entry, ks_realloc(entry->value, room), room);
    }
    memcpy(entry->value + entry->value_len, more.ptr, more.len);
    entry->value_len = (uint32_t)len;
}

static void release(struct table *table, struct table_entry *entry)
{
    table->count--;
    table->bytes -= table_cost(entry->key_len, entry->value_room);
    ks_free(entry->value);
    ks_free(entry);
}

void table_remove(struct table *table, struct table_entry *entry)
{
    struct table_entry **link = find(table, entry->hash, table_key(entry));
    *link = entry->next;
    release(table, entry);
    keep_in_shape(table);
}

/* False: the buckets were empty. */
static bool shred_some(struct table *table, struct table_buckets *buckets, size_t *entries)
{
    while (buckets->size) {
        struct table_entry **head = &buckets->heads[buckets->size - 1];
        for (; *head && *entries; --*entries) {
            struct table_entry *entry = *head;
            *head = entry->next;
            release(table, entry);
        }
        if (*head) return true;
        buckets->size--;
    }
    ks_free(buckets->heads);
    buckets->heads = NULL;
    return false;
}

bool table_shred(struct table *table, size_t entries)
{
    return shred_some(table, &table->now, &entries) || shred_some(table, &table->past, &entries);
}

/* --- scanning: the cursor counts through the buckets with its highest bit first, so that what a
 * bucket is split into, or merged with, is done together with it ------------------------------- */
static uint64_t reversed(uint64_t x)
{
    x = (x >> 1 & 0x5555555555555555u) | (x & 0x5555555555555555u) << 1;
    x = (x >> 2 & 0x3333333333333333u) | (x & 0x3333333333333333u) << 2;
    x = (x >> 4 & 0x0f0f0f0f0f0f0f0fu) | (x & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(x);
}

static uint64_t advanced(uint64_t cursor, uint64_t mask)
{
    return reversed(reversed(cursor | ~mask) + 1);
}

static void visit_bucket(const struct table_buckets *buckets, uint64_t cursor,
    void (*visit)(struct table_entry *entry, void *arg), void *arg)
{
    struct table_entry *entry = *head_of(buckets, cursor);
    for (; entry; entry = entry->next) visit(entry, arg);
}

uint64_t table_scan(const struct table *table, uint64_t cursor,
    void (*visit)(struct table_entry *entry, void *arg), void *arg)
{
    const struct table_buckets *small = &table->now, *big = &table->past;
    if (!big->size) {
        visit_bucket(small, cursor, visit, arg);
        return advanced(cursor, small->size - 1);
    }
    if (small->size > big->size) small = &table->past, big = &table->now;
    visit_bucket(small, cursor, visit, arg);
    do {
        visit_bucket(big, cursor, visit, arg);
        cursor = advanced(cursor, big->size - 1);
    } while (cursor & ((small->size - 1) ^ (big->size - 1)));
    return cursor;
}
