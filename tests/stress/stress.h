/* SPDX-License-Identifier: Apache-2.0 */
/* stress.h - what the files of the stress program share: conditions, dice, and who rolls them. */
#ifndef TESTS_STRESS_STRESS_H
#define TESTS_STRESS_STRESS_H
#include <kiosk/kiosk.h>
#include <stdatomic.h>

/* The last servers have small mailboxes, in front of which senders wait. */
enum { WORKERS = 24, SERVERS = 12, TIGHT = 3, WIDE = SERVERS - TIGHT };

/* A condition that does not hold is said, and ends the run. Any thread. */
#define HOLDS(condition) ((condition) ? (void)0 : breaks(__FILE_NAME__, __LINE__, #condition))
void breaks(const char *file, int line, const char *what);

struct dice {
    uint64_t state;
};
static inline uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)(dice->state >> 33) % sides;
}

/* A worker; its own memory. */
struct work {
    struct dice dice;
    int number;
    ks_pid clerks[SERVERS]; /* of this worker's own knowledge: they live to the end */
    int64_t cast[SERVERS];
};

#endif
