/* SPDX-License-Identifier: Apache-2.0 */
/* table - a hash table from text to text that lives in the memory of one process and dies with it.
 *
 * Keys and values are any bytes. It grows and shrinks a few buckets at each change, so no operation
 * is much slower than the others. Called by the process that owns it only. */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H
#include "siphash.h"

struct expiry;
struct table_entry {
    struct table_entry *next;
    uint64_t hash;
    char *value;
    struct expiry *expiry; /* the owner's: NULL in a new one, and when it is removed */
    uint32_t epoch;        /* the owner's */
    uint32_t value_len, value_room, key_len;
    char key[];
};
struct table_buckets {
    struct table_entry **heads; /* NULL, or size of them */
    size_t size;                /* 0 or a power of two */
};
struct table {
    struct sip_key key;
    size_t count;
    size_t bytes;              /* of entries, keys, values and buckets */
    struct table_buckets now;  /* new entries go here */
    struct table_buckets past; /* what is not moved yet; empty unless resizing */
    size_t moved;              /* past.heads[0..moved) are empty */
};

void table_init(struct table *table, struct sip_key key);
/* Of a key: of those below who need it twice, some take it along. */
static inline uint64_t table_hash(const struct table *table, ks_text key)
{
    return siphash(table->key, key);
}
/* NULL: there is none. Valid until it is removed. */
struct table_entry *table_find(const struct table *table, ks_text key, uint64_t hash);
/* A new one without a value; there was none. */
struct table_entry *table_add(struct table *table, ks_text key, uint64_t hash);
/* Soon some entries will be looked for: each first with step 0, then each with step 1, so that the
 * memory is on its way for all of them at the same time. */
void table_expect(const struct table *table, uint64_t hash, int step);
/* value may lie in the entry's old one. */
void table_put(struct table *table, struct table_entry *entry, ks_text value);
/* The same, but what it had is the caller's, and to be freed. */
char *table_exchange(struct table *table, struct table_entry *entry, ks_text value);
void table_append(struct table *table, struct table_entry *entry, ks_text more);
void table_remove(struct table *table, struct table_entry *entry);
/* Gives back at most so many entries of a table that is good for nothing else any more; false: all
 * is given back. */
bool table_shred(struct table *table, size_t entries);

/* How many bytes one more entry takes. */
size_t table_cost(size_t key_len, size_t value_len);
static inline ks_text table_key(const struct table_entry *entry)
{
    return (ks_text){ entry->key, entry->key_len };
}
static inline ks_text table_value(const struct table_entry *entry)
{
    return (ks_text){ entry->value ? entry->value : "", entry->value_len };
}

/* Visits a few entries and gives the cursor to go on with; 0 begins, and means the end. An entry
 * that is there from the beginning to the end is visited, whatever changes between two calls; when
 * the table is resized meanwhile it may be visited again. visit must not change the table. */
uint64_t table_scan(const struct table *table, uint64_t cursor,
    void (*visit)(struct table_entry *entry, void *arg), void *arg);
#endif
