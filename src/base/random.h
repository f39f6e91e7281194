/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - pseudo-random numbers: the same sequence for the same seed, everywhere. For choices,
 * jitter and simulation; never for keys. A generator belongs to one thread at a time. */
#ifndef KSI_BASE_RANDOM_H
#define KSI_BASE_RANDOM_H
#include <stdint.h>

/* xoshiro256**, by Blackman and Vigna. Invariant: not all zero. */
struct ksi_random {
    uint64_t s[4];
};

/* Any seed will do, also 0: it is spread over the state by splitmix64. */
void ksi_random_seed(struct ksi_random *random, uint64_t seed);
uint64_t ksi_random_next(struct ksi_random *random);
/* 0 to below - 1, each exactly as likely; 0 when below is 0. */
uint64_t ksi_random_below(struct ksi_random *random, uint64_t below);
/* The next number of splitmix64; for seeds of seeds. */
uint64_t ksi_splitmix_next(uint64_t *state);
/* A number nobody can guess, from the kernel. Any thread. */
uint64_t ksi_random_entropy(void);
#endif
