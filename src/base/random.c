/* SPDX-License-Identifier: Apache-2.0 */
/* random.c - see random.h. */
#include "base/random.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/random.h>

static uint64_t rotated(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

uint64_t ksi_splitmix_next(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

void ksi_random_seed(struct ksi_random *random, uint64_t seed)
{
    /* Four numbers in a row are never all zero: splitmix64 is a bijection of its counter. */
    for (int i = 0; i < 4; i++) random->s[i] = ksi_splitmix_next(&seed);
}

uint64_t ksi_random_next(struct ksi_random *random)
{
    uint64_t *s = random->s;
    uint64_t number = rotated(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotated(s[3], 45);
    return number;
}

/* 2^64 is rarely a multiple of below: the surplus numbers at the beginning are thrown away. */
uint64_t ksi_random_below(struct ksi_random *random, uint64_t below)
{
    if (below == 0) return 0;
    uint64_t surplus = -below % below; /* 2^64 mod below */
    uint64_t number;
    do {
        number = ksi_random_next(random);
    } while (number < surplus); /* ends: more than half of all numbers are taken */
    return number % below;
}

uint64_t ksi_random_entropy(void)
{
    uint64_t number = 0;
    ssize_t got;
    do {
        got = getrandom(&number, sizeof number, 0);
    } while (got < 0 && errno == EINTR);
    if (got == (ssize_t)sizeof number) return number;
    /* A kernel or sandbox without getrandom: still different in each program and each run. */
    uint64_t state = (uint64_t)ksi_clock_monotonic() ^ (uint64_t)ksi_clock_wall() << 1;
    state ^= (uint64_t)(uintptr_t)&state;
    return ksi_splitmix_next(&state);
}
