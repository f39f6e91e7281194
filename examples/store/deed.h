/* SPDX-License-Identifier: Apache-2.0 */
/* deed - what is to be done with one key, and what came of it: the words between a connection,
 * which knows the protocol, and a shard, which knows the keys. */
#ifndef STORE_DEED_H
#define STORE_DEED_H
#include <kiosk/kiosk.h>

enum deed_verb {
    DEED_GET,        /* text: the value */
    DEED_SET,        /* to value; number: when it expires, 0: never */
    DEED_GET_DELETE, /* as DEED_GET, and it is gone */
    DEED_DELETE,     /* number: 1, or 0 where there was no such key */
    DEED_EXISTS,     /* number: 1 or 0 */
    DEED_ADD,        /* number, to the number that it is; number: the sum */
    DEED_APPEND,     /* value; number: the length now */
    DEED_LENGTH,     /* number: of the value, 0 without one */
    DEED_EXPIRE,     /* at number, which may be past; number: 1, or 0 when it was left alone */
    DEED_LEFT,       /* number: ms until it expires; -1: never; -2: no such key */
    DEED_PERSIST,    /* number: 1, or 0 when it would not have expired */
    DEED_VERBS
};
enum deed_flag {
    DEED_IF_ABSENT = 1,   /* of SET: the key, of EXPIRE: its expiry */
    DEED_IF_PRESENT = 2,  /* likewise */
    DEED_OLD_VALUE = 4,   /* SET answers as DEED_GET would have before */
    DEED_KEEP_EXPIRY = 8, /* SET leaves it as it was */
    DEED_IF_LATER = 16,   /* EXPIRE: than it expires now; never is latest */
    DEED_IF_SOONER = 32
};
/* Moments are ms since 1970, so that they mean the same after a restart. */
typedef struct deed {
    uint8_t verb, flags;
    ks_text key, value;
    int64_t number;
    uint64_t hash; /* of the key: it is needed on both sides, so it travels */
} deed;
KS_DECLARE_TYPE(deed);

enum {
    DEED_NOT_AN_INTEGER = KS_USER + 1,
    DEED_OVERFLOW,  /* the number would leave 64 bits */
    DEED_TOO_LONG,  /* the value would */
    DEED_NO_MEMORY, /* the shard has its share, and this would take more */
    DEED_BUSY       /* what a shard does for one snapshot at a time */
};
typedef struct outcome {
    /* KS_OK; KS_NOT_FOUND: no such key, or the condition of SET does not hold; those above; what a
     * call may give: then it may have been done or not. */
    int32_t status;
    int64_t number;
    ks_text text;
} outcome;
KS_DECLARE_TYPE(outcome);

enum { DEEDS_MAX = 128 }; /* in one message */
typedef struct deeds {
    KS_LIST_OF(deed) list;
} deeds;
typedef struct outcomes { /* one for each, in order */
    KS_LIST_OF(outcome) list;
} outcomes;
KS_DECLARE_TYPE(deeds);
KS_DECLARE_TYPE(outcomes);
#endif
