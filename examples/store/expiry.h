/* SPDX-License-Identifier: Apache-2.0 */
/* expiry - which entries of a table expire, and when: a ring of those that do, so that a sweep
 * looks at no others, and goes on where the last one ended. Of the process that owns the table. */
#ifndef STORE_EXPIRY_H
#define STORE_EXPIRY_H
#include "table.h"

struct expiry {
    int64_t at; /* ms since 1970 */
    struct table_entry *entry;
    struct expiry *previous, *next;
};
struct expiries { /* zero: none */
    struct expiry *cursor;
    size_t count;
};

/* It has one from now on, at that moment. */
void expiry_set(struct expiries *expiries, struct table_entry *entry, int64_t at);
/* It has none; harmless when it had none. */
void expiry_clear(struct expiries *expiries, struct table_entry *entry);
/* The next one in the ring; NULL: it is empty. */
struct expiry *expiry_next(struct expiries *expiries);

/* 0: never. */
static inline int64_t expiry_of(const struct table_entry *entry)
{
    return entry->expiry ? entry->expiry->at : 0;
}
static inline bool expiry_is_over(const struct table_entry *entry, int64_t now)
{
    return entry->expiry && entry->expiry->at <= now;
}
#endif
