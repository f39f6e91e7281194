/* SPDX-License-Identifier: Apache-2.0 */
/* siphash - a keyed hash of bytes, so that a client who does not know the key cannot choose
 * colliding ones. Pure; any thread. */
#ifndef STORE_SIPHASH_H
#define STORE_SIPHASH_H
#include <kiosk/types.h>

struct sip_key {
    uint64_t low, high;
};
/* A key that nobody can guess. */
struct sip_key sip_key_random(void);
/* SipHash-1-3, for hash tables. */
uint64_t siphash(struct sip_key key, ks_text bytes);
/* With so many rounds for each word, and at the end; 2 and 4 is the form that has test vectors. */
uint64_t siphash_rounds(int word_rounds, int last_rounds, struct sip_key key, ks_text bytes);
#endif
