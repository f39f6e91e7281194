/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c - see hash.h. The same on machines of either byte order. */
#include "base/hash.h"

#include "base/random.h"

#include <endian.h>
#include <string.h>

struct state {
    uint64_t a, b, c, d; /* v0 to v3 of the paper */
};

static inline uint64_t rotated(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

static inline void mix(struct state *v, int rounds)
{
    for (; rounds > 0; rounds--) {
        v->a += v->b, v->c += v->d;
        v->b = rotated(v->b, 13) ^ v->a, v->d = rotated(v->d, 16) ^ v->c;
        v->a = rotated(v->a, 32);
        v->c += v->b, v->a += v->d;
        v->b = rotated(v->b, 17) ^ v->c, v->d = rotated(v->d, 21) ^ v->a;
        v->c = rotated(v->c, 32);
    }
}

static inline void absorb(struct state *v, uint64_t word, int rounds)
{
    v->d ^= word;
    mix(v, rounds);
    v->a ^= word;
}

/* Inlined into both users, so that the loops over rounds are unrolled. */
static inline uint64_t hash(
    struct ksi_hash_key key, const uint8_t *bytes, size_t len, int rounds, int final_rounds)
{
    struct state v = { key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d,
        key.k0 ^ 0x6c7967656e657261, key.k1 ^ 0x7465646279746573 };
    uint64_t last = (uint64_t)len << 56; /* the length's low byte and what is left of the bytes */
    uint64_t word;
    for (; len >= sizeof word; bytes += sizeof word, len -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        absorb(&v, le64toh(word), rounds);
    }
    for (size_t i = 0; i < len; i++) last |= (uint64_t)bytes[i] << 8 * i;
    absorb(&v, last, rounds);
    v.c ^= 0xff;
    mix(&v, final_rounds);
    return v.a ^ v.b ^ v.c ^ v.d;
}

uint64_t ksi_siphash(
    struct ksi_hash_key key, const void *bytes, size_t len, int rounds, int final_rounds)
{
    return hash(key, bytes, len, rounds, final_rounds);
}

uint64_t ksi_hash(struct ksi_hash_key key, const void *bytes, size_t len)
{
    return hash(key, bytes, len, 1, 3);
}

struct ksi_hash_key ksi_hash_key_random(void)
{
    return (struct ksi_hash_key){ ksi_random_entropy(), ksi_random_entropy() };
}
