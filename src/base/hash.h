/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - a keyed hash of bytes, for tables whose keys come from strangers: without the key nobody
 * can choose colliding ones. Pure functions; any thread. */
#ifndef KSI_BASE_HASH_H
#define KSI_BASE_HASH_H
#include <stddef.h>
#include <stdint.h>

struct ksi_hash_key {
    uint64_t k0;
    uint64_t k1;
};

struct ksi_hash_key ksi_hash_key_random(void);
/* SipHash by Aumasson and Bernstein with that many rounds a word and at the end. */
uint64_t ksi_siphash(
    struct ksi_hash_key key, const void *bytes, size_t len, int rounds, int final_rounds);
/* SipHash-1-3: what tables use. */
uint64_t ksi_hash(struct ksi_hash_key key, const void *bytes, size_t len);
#endif
