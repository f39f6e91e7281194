/* SPDX-License-Identifier: Apache-2.0 */
/* siphash - Aumasson and Bernstein's keyed hash, after the description in their paper. */
#include "siphash.h"

#include <string.h>
#include <sys/random.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotated(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

static inline void mix(struct state *s, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        s->v0 += s->v1, s->v1 = rotated(s->v1, 13) ^ s->v0, s->v0 = rotated(s->v0, 32);
        s->v2 += s->v3, s->v3 = rotated(s->v3, 16) ^ s->v2;
        s->v0 += s->v3, s->v3 = rotated(s->v3, 21) ^ s->v0;
        s->v2 += s->v1, s->v1 = rotated(s->v1, 17) ^ s->v2, s->v2 = rotated(s->v2, 32);
    }
}

static inline void absorb(struct state *s, uint64_t word, int rounds)
{
    s->v3 ^= word;
    mix(s, rounds);
    s->v0 ^= word;
}

/* Little-endian, whatever the machine is: the vectors say so. */
static inline uint64_t word_of(const char *bytes, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++) word |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return word;
}

uint64_t siphash_rounds(int word_rounds, int last_rounds, struct sip_key key, ks_text bytes)
{
    struct state s = { key.low ^ 0x736f6d6570736575u, key.high ^ 0x646f72616e646f6du,
        key.low ^ 0x6c7967656e657261u, key.high ^ 0x7465646279746573u };
    size_t whole = bytes.len - bytes.len % 8;
    for (size_t i = 0; i < whole; i += 8) absorb(&s, word_of(bytes.ptr + i, 8), word_rounds);
    uint64_t last = (uint64_t)bytes.len << 56;
    if (bytes.len > whole) last |= word_of(bytes.ptr + whole, bytes.len - whole);
    absorb(&s, last, word_rounds);
    s.v2 ^= 0xff;
    mix(&s, last_rounds);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash(struct sip_key key, ks_text bytes) { return siphash_rounds(1, 3, key, bytes); }

struct sip_key sip_key_random(void)
{
    struct sip_key key = { 0 };
    /* So few bytes come whole or, in a kernel that forbids the call, not at all; then the address
     * space's layout is what is left. */
    if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
        key.low = (uint64_t)(uintptr_t)&key, key.high = (uint64_t)(uintptr_t)&getrandom;
    return key;
}
