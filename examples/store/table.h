/* SPDX-License-Identifier: Apache-2.0 */
/* table - a hash table from text to text that lives in the memory of one process and dies with it.
 *
 * Keys and values are any bytes. It grows and shrinks a few buckets at each change, so no operation
 * is much slower than the others. Called by the process that owns it only. */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H
#include "siphash.h"

struct table_entry;
struct table_buckets {
    struct table_entry **heads; /* NULL, or size of them */
    size_t size;                /* 0 or a power of two */
};
struct table {
    struct sip_key key;
    size_t count;
    struct table_buckets now;  /* new entries go here */
    struct table_buckets past; /* what is not moved yet; empty unless resizing */
    size_t moved;              /* past.heads[0..moved) are empty */
};

void table_init(struct table *table, struct sip_key key);
/* True: found; *ret_value is valid until the next change of the table. */
bool table_get(const struct table *table, ks_text key, ks_text *ret_value);
void table_set(struct table *table, ks_text key, ks_text value);
bool table_delete(struct table *table, ks_text key); /* true: it was there */
#endif
