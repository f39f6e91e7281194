/* SPDX-License-Identifier: Apache-2.0 */
/* picture - see picture.h. Invariant: while it is wanted, an entry has its epoch if and only if it
 * is among the records, or was not there at the moment. Outside, all entries have older ones or
 * this one, so a new epoch finds none of its own. */
#include "picture.h"

#include "expiry.h"
#include "snapshot.h"

enum { SLICE_BYTES = 64 * 1024, SLICE_BUCKETS = 512 };

void picture_begin(struct picture *picture)
{
    picture_give_up(picture);
    picture->epoch++;
    picture->wanted = true;
    picture->cursor = 0;
    picture->count = 0;
}

void picture_give_up(struct picture *picture)
{
    picture->wanted = false;
    buffer_free(&picture->records);
}

void picture_keep(struct picture *picture, struct table_entry *entry)
{
    if (!picture->wanted || entry->epoch == picture->epoch) return;
    entry->epoch = picture->epoch;
    snapshot_record(&picture->records,
        &(struct snapshot_row){ table_key(entry), table_value(entry), expiry_of(entry) });
    picture->count++;
}

static void keep(struct table_entry *entry, void *picture) { picture_keep(picture, entry); }

bool picture_slice(struct picture *picture, const struct table *table)
{
    int buckets = SLICE_BUCKETS;
    if (!picture->wanted) return false;
    do picture->cursor = table_scan(table, picture->cursor, keep, picture);
    while (picture->cursor && picture->records.len < SLICE_BYTES && --buckets);
    picture->wanted = picture->cursor != 0;
    return picture->wanted;
}
