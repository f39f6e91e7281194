/* SPDX-License-Identifier: Apache-2.0 */
/* picture - a table as it was at one moment, taken in slices while it goes on changing.
 *
 * Whoever changes an entry that no slice has come to yet has it put into the picture first, as it
 * is; what came after the moment is left out. So the picture costs no second table, and no slice
 * takes long. Of the process that owns the table. */
#ifndef STORE_PICTURE_H
#define STORE_PICTURE_H
#include "buffer.h"
#include "table.h"

struct picture {    /* zero: none was ever taken */
    uint32_t epoch; /* of the latest: entries that have it are in it already, or too young */
    bool wanted;    /* it is being taken */
    uint64_t cursor;
    struct buffer records; /* that nobody has fetched: as of snapshot.h */
    uint64_t count;        /* of records since the moment */
};

/* The moment is now. One that was not finished is given up. */
void picture_begin(struct picture *picture);
void picture_give_up(struct picture *picture);
/* Some more records are there. False: these are the last ones; or it was given up. */
bool picture_slice(struct picture *picture, const struct table *table);
/* Before an entry is changed or removed. */
void picture_keep(struct picture *picture, struct table_entry *entry);
/* Of a new entry. */
static inline void picture_leave_out(const struct picture *picture, struct table_entry *entry)
{
    entry->epoch = picture->epoch;
}
#endif
