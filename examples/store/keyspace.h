/* SPDX-License-Identifier: Apache-2.0 */
/* keyspace - keys with values and expiries, and what deeds do to them: the heart of a shard. Knows
 * no messages. Of the process that owns it. */
#ifndef STORE_KEYSPACE_H
#define STORE_KEYSPACE_H
#include "deed.h"
#include "expiry.h"
#include "picture.h"
#include "table.h"

struct shredded { /* a table that was flushed, and is given back bit by bit */
    struct table table;
    struct expiries expiries;
    struct shredded *next;
};
struct keyspace {
    struct table table;
    struct expiries expiries;
    struct shredded *shredded;
    int64_t now;      /* ms since 1970: set before each of the functions below */
    size_t bytes_max; /* 0: no limit */
    uint64_t expired; /* that were taken out since the start */
    uint64_t changes; /* of any kind */
    char *dropped;    /* a value that the last outcome shows, and nobody else has */
    struct picture picture;
};

/* key: of the hash of all deeds. */
void keyspace_init(struct keyspace *keyspace, struct sip_key key, size_t bytes_max);
/* Worth it before several of them are done. */
void keyspace_expect(const struct keyspace *keyspace, const deed *list, size_t count);
/* What ret_outcome points at is valid until the next change. */
void keyspace_do(struct keyspace *keyspace, const deed *what, outcome *ret_outcome);
/* What keyspace_do refuses to exceed. */
size_t keyspace_bytes(const struct keyspace *keyspace);
/* Puts what a snapshot holds into its place; whether there was room. */
bool keyspace_restore(struct keyspace *keyspace, ks_text key, ks_text value, int64_t expires);
/* Everything is gone at once, a picture is given up; the memory follows with keyspace_tidy. */
void keyspace_flush(struct keyspace *keyspace);
/* A slice of what need not be done now: takes out what is over, gives back what was flushed. True:
 * there is more to do, and it is worth going on soon. */
bool keyspace_tidy(struct keyspace *keyspace);

/* Keys that are there, as table_scan visits them; at least count of them, or until it is over. */
typedef void keyspace_visit(ks_text key, void *arg);
uint64_t keyspace_scan(
    struct keyspace *keyspace, uint64_t cursor, uint32_t count, keyspace_visit *visit, void *arg);
#endif
