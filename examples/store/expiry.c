/* SPDX-License-Identifier: Apache-2.0 */
/* expiry - see expiry.h. Invariant: an entry with an expiry is in the ring once, and the cursor is
 * NULL or in it. */
#include "expiry.h"

#include <kiosk/process.h>

static void insert(struct expiries *expiries, struct expiry *expiry)
{
    struct expiry *before = expiries->cursor;
    if (!before) {
        expiry->previous = expiry->next = expiry;
        expiries->cursor = expiry;
    } else {
        expiry->next = before;
        expiry->previous = before->previous;
        before->previous->next = expiry;
        before->previous = expiry;
    }
    expiries->count++;
}

void expiry_set(struct expiries *expiries, struct table_entry *entry, int64_t at)
{
    if (!entry->expiry) {
        entry->expiry = ks_alloc(sizeof *entry->expiry);
        entry->expiry->entry = entry;
        insert(expiries, entry->expiry);
    }
    entry->expiry->at = at;
}

void expiry_clear(struct expiries *expiries, struct table_entry *entry)
{
    struct expiry *expiry = entry->expiry;
    if (!expiry) return;
    if (expiries->cursor == expiry) expiries->cursor = expiry->next;
    if (--expiries->count == 0) expiries->cursor = NULL;
    expiry->previous->next = expiry->next;
    expiry->next->previous = expiry->previous;
    entry->expiry = NULL;
    ks_free(expiry);
}

struct expiry *expiry_next(struct expiries *expiries)
{
    struct expiry *expiry = expiries->cursor;
    if (expiry) expiries->cursor = expiry->next;
    return expiry;
}
