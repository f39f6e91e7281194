/* SPDX-License-Identifier: Apache-2.0 */
/* keyspace - see keyspace.h. A function a verb; each looks its key up by find(), which takes out
 * what is over, and calls will_change() before it changes an entry. */
#include "keyspace.h"

#include "resp.h"
#include <inttypes.h>
#include <stdio.h>

enum {
    VALUE_MAX = 512 * 1024 * 1024, /* bytes: as Redis */
    LOOKED_AT = 200,               /* expiries, in a slice */
    SHRED = 500,                   /* entries of a flushed table, in a slice */
    SCANNED_MAX = 64               /* buckets that a scan passes for each key asked for */
};

/* --- entries ---------------------------------------------------------------------------------- */
static void will_change(struct keyspace *keyspace, struct table_entry *entry)
{
    keyspace->changes++;
    picture_keep(&keyspace->picture, entry);
}

static void take_out(struct keyspace *keyspace, struct table_entry *entry)
{
    will_change(keyspace, entry);
    expiry_clear(&keyspace->expiries, entry);
    table_remove(&keyspace->table, entry);
}

static struct table_entry *find(struct keyspace *keyspace, const deed *what)
{
    struct table_entry *entry = table_find(&keyspace->table, what->key, what->hash);
    if (!entry || !expiry_is_over(entry, keyspace->now)) return entry;
    take_out(keyspace, entry);
    keyspace->expired++;
    return NULL;
}

static struct table_entry *add(struct keyspace *keyspace, const deed *what)
{
    struct table_entry *entry = table_add(&keyspace->table, what->key, what->hash);
    picture_leave_out(&keyspace->picture, entry);
    keyspace->changes++;
    return entry;
}

static void set_expiry(struct keyspace *keyspace, struct table_entry *entry, int64_t at)
{
    if (at)
        expiry_set(&keyspace->expiries, entry, at);
    else
        expiry_clear(&keyspace->expiries, entry);
}

size_t keyspace_bytes(const struct keyspace *keyspace)
{
    return keyspace->table.bytes + keyspace->expiries.count * sizeof(struct expiry);
}

/* Whether an entry, or a new one when it is NULL, may hold so many bytes. */
static bool has_room(const struct keyspace *keyspace, const struct table_entry *entry,
    size_t key_len, size_t value_len)
{
    if (!keyspace->bytes_max) return true;
    size_t more = table_cost(key_len, value_len);
    if (entry) more = value_len > entry->value_room ? value_len - entry->value_room : 0;
    return !more || keyspace_bytes(keyspace) + more <= keyspace->bytes_max;
}

/* --- deeds ------------------------------------------------------------------------------------ */
typedef void deed_fn(struct keyspace *keyspace, const deed *what, outcome *result);

static void show(const struct table_entry *entry, outcome *result)
{
    if (entry)
        result->text = table_value(entry);
    else
        result->status = KS_NOT_FOUND;
}

static void do_get(struct keyspace *keyspace, const deed *what, outcome *result)
{
    show(find(keyspace, what), result);
}

/* The old value is shown, and given back with the next deed. */
static void put(struct keyspace *keyspace, struct table_entry *entry, const deed *what)
{
    if (what->flags & DEED_OLD_VALUE)
        keyspace->dropped = table_exchange(&keyspace->table, entry, what->value);
    else
        table_put(&keyspace->table, entry, what->value);
    if (!(what->flags & DEED_KEEP_EXPIRY)) set_expiry(keyspace, entry, what->number);
}

static void do_set(struct keyspace *keyspace, const deed *what, outcome *result)
{
    struct table_entry *entry = find(keyspace, what);
    bool wanted = !(what->flags & (entry ? DEED_IF_ABSENT : DEED_IF_PRESENT));
    if (wanted && !has_room(keyspace, entry, what->key.len, what->value.len)) {
        result->status = DEED_NO_MEMORY;
        return;
    }
    if (what->flags & DEED_OLD_VALUE)
        show(entry, result);
    else if (!wanted)
        result->status = KS_NOT_FOUND;
    if (!wanted) return;
    if (entry)
        will_change(keyspace, entry);
    else
        entry = add(keyspace, what);
    put(keyspace, entry, what);
}

static void do_get_delete(struct keyspace *keyspace, const deed *what, outcome *result)
{
    struct table_entry *entry = find(keyspace, what);
    show(entry, result);
    if (!entry) return;
    will_change(keyspace, entry);
    keyspace->dropped = table_exchange(&keyspace->table, entry, (ks_text){ "", 0 });
    take_out(keyspace, entry);
}

static void do_delete(struct keyspace *keyspace, const deed *what, outcome *result)
{
    struct table_entry *entry = find(keyspace, what);
    result->number = entry != NULL;
    if (entry) take_out(keyspace, entry);
}

static void do_exists(struct keyspace *keyspace, const deed *what, outcome *result)
{
    result->number = find(keyspace, what) != NULL;
}

static void do_add(struct keyspace *keyspace, const deed *what, outcome *result)
{
    char digits[24];
    int64_t value = 0;
    struct table_entry *entry = find(keyspace, what);
    if (entry && !resp_integer(table_value(entry), &value))
        result->status = DEED_NOT_AN_INTEGER;
    else if (__builtin_add_overflow(value, what->number, &value))
        result->status = DEED_OVERFLOW;
    else if (!has_room(keyspace, entry, what->key.len, sizeof digits))
        result->status = DEED_NO_MEMORY;
    if (result->status) return;
    if (entry)
        will_change(keyspace, entry);
    else
        entry = add(keyspace, what);
    int len = snprintf(digits, sizeof digits, "%" PRId64, value);
    table_put(&keyspace->table, entry, (ks_text){ digits, (size_t)len });
    result->number = value;
}

static void do_append(struct keyspace *keyspace, const deed *what, outcome *result)
{
    struct table_entry *entry = find(keyspace, what);
    size_t len = (entry ? entry->value_len : 0) + what->value.len;
    if (len > VALUE_MAX)
        result->status = DEED_TOO_LONG;
    else if (!has_room(keyspace, entry, what->key.len, len))
        result->status = DEED_NO_MEMORY;
    if (result->status) return;
    if (entry)
        will_change(keyspace, entry);
    else
        entry = add(keyspace, what);
    table_append(&keyspace->table, entry, what->value);
    result->number = (int64_t)len;
}

static void do_length(struct keyspace *keyspace, const deed *what, outcome *result)
{
    const struct table_entry *entry = find(keyspace, what);
    result->number = entry ? entry->value_len : 0;
}

static bool may_expire_then(const struct table_entry *entry, const deed *what)
{
    int64_t now_at = expiry_of(entry);
    if (what->flags & DEED_IF_ABSENT && now_at) return false;
    if (what->flags & DEED_IF_PRESENT && !now_at) return false;
    if (what->flags & DEED_IF_LATER && (!now_at || what->number <= now_at)) return false;
    return !(what->flags & DEED_IF_SOONER) || !now_at || what->number < now_at;
}

static void do_expire(struct keyspace *keyspace, const deed *what, outcome *result)
{
    struct table_entry *entry = find(keyspace, what);
    if (!entry || !may_expire_then(entry, what)) return;
    result->number = 1;
    if (what->number <= keyspace->now) {
        take_out(keyspace, entry);
        return;
    }
    will_change(keyspace, entry);
    set_expiry(keyspace, entry, what->number);
}

static void do_left(struct keyspace *keyspace, const deed *what, outcome *result)
{
    const struct table_entry *entry = find(keyspace, what);
    if (!entry)
        result->number = -2;
    else
        result->number = entry->expiry ? expiry_of(entry) - keyspace->now : -1;
}

static void do_persist(struct keyspace *keyspace, const deed *what, outcome *result)
{
    struct table_entry *entry = find(keyspace, what);
    if (!entry || !entry->expiry) return;
    will_change(keyspace, entry);
    expiry_clear(&keyspace->expiries, entry);
    result->number = 1;
}

void keyspace_do(struct keyspace *keyspace, const deed *what, outcome *ret_outcome)
{
    static deed_fn *const verbs[DEED_VERBS] = { [DEED_GET] = do_get,
        [DEED_SET] = do_set,
        [DEED_GET_DELETE] = do_get_delete,
        [DEED_DELETE] = do_delete,
        [DEED_EXISTS] = do_exists,
        [DEED_ADD] = do_add,
        [DEED_APPEND] = do_append,
        [DEED_LENGTH] = do_length,
        [DEED_EXPIRE] = do_expire,
        [DEED_LEFT] = do_left,
        [DEED_PERSIST] = do_persist };
    ks_free(keyspace->dropped);
    keyspace->dropped = NULL;
    *ret_outcome = (outcome){ 0 };
    verbs[what->verb](keyspace, what, ret_outcome);
}

bool keyspace_restore(struct keyspace *keyspace, ks_text key, ks_text value, int64_t expires)
{
    const deed set = { .verb = DEED_SET,
        .key = key,
        .value = value,
        .number = expires,
        .hash = table_hash(&keyspace->table, key) };
    outcome result = { 0 };
    if (expires && expires <= keyspace->now) return true;
    do_set(keyspace, &set, &result);
    return result.status == KS_OK;
}

/* --- everything ------------------------------------------------------------------------------- */
void keyspace_init(struct keyspace *keyspace, struct sip_key key, size_t bytes_max)
{
    *keyspace = (struct keyspace){ .bytes_max = bytes_max };
    table_init(&keyspace->table, key);
}

void keyspace_expect(const struct keyspace *keyspace, const deed *list, size_t count)
{
    for (int step = 0; step < 2; step++)
        for (size_t i = 0; i < count; i++) table_expect(&keyspace->table, list[i].hash, step);
}

void keyspace_flush(struct keyspace *keyspace)
{
    struct shredded *old = ks_alloc(sizeof *old);
    *old = (struct shredded){ keyspace->table, keyspace->expiries, keyspace->shredded };
    keyspace->shredded = old;
    keyspace->expiries = (struct expiries){ 0 };
    keyspace->changes++;
    picture_give_up(&keyspace->picture);
    table_init(&keyspace->table, old->table.key);
}

static bool shred(struct keyspace *keyspace)
{
    struct shredded *first = keyspace->shredded;
    if (!first) return false;
    for (int i = 0; i < SHRED && first->expiries.count; i++)
        expiry_clear(&first->expiries, expiry_next(&first->expiries)->entry);
    if (first->expiries.count) return true;
    if (table_shred(&first->table, SHRED)) return true;
    keyspace->shredded = first->next;
    ks_free(first);
    return keyspace->shredded != NULL;
}

/* True: a good part of those that were looked at was over, so there may be many more. */
static bool sweep(struct keyspace *keyspace)
{
    size_t looks = keyspace->expiries.count, over = 0;
    if (looks > LOOKED_AT) looks = LOOKED_AT;
    for (size_t i = 0; i < looks; i++) {
        const struct expiry *expiry = expiry_next(&keyspace->expiries);
        if (!expiry_is_over(expiry->entry, keyspace->now)) continue;
        take_out(keyspace, expiry->entry);
        over++;
    }
    keyspace->expired += over;
    return looks == LOOKED_AT && over > LOOKED_AT / 4;
}

bool keyspace_tidy(struct keyspace *keyspace)
{
    bool more = shred(keyspace);
    return sweep(keyspace) || more;
}

struct scan {
    const struct keyspace *keyspace;
    keyspace_visit *visit;
    void *arg;
    uint32_t seen;
};

static void scan_entry(struct table_entry *entry, void *arg)
{
    struct scan *scan = arg;
    scan->seen++;
    if (!expiry_is_over(entry, scan->keyspace->now)) scan->visit(table_key(entry), scan->arg);
}

uint64_t keyspace_scan(
    struct keyspace *keyspace, uint64_t cursor, uint32_t count, keyspace_visit *visit, void *arg)
{
    struct scan scan = { keyspace, visit, arg, 0 };
    uint64_t buckets = (uint64_t)count * SCANNED_MAX;
    do cursor = table_scan(&keyspace->table, cursor, scan_entry, &scan);
    while (cursor && scan.seen < count && --buckets);
    return cursor;
}
