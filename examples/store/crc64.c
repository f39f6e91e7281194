/* SPDX-License-Identifier: Apache-2.0 */
/* crc64 - see crc64.h. tables[n][b]: what byte b does to the sum when n more bytes follow it. */
#include "crc64.h"

enum { EIGHT = 8 };
static const uint64_t polynomial = 0xc96c5795d7870f42u; /* of ECMA-182, lowest bit first */

static uint64_t byte_through(uint64_t sum)
{
    for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? polynomial : 0);
    return sum;
}

void crc64_begin(struct crc64 *crc)
{
    crc->sum = 0;
    for (uint64_t b = 0; b < 256; b++) crc->tables[0][b] = byte_through(b);
    for (int n = 1; n < EIGHT; n++)
        for (int b = 0; b < 256; b++) {
            uint64_t before = crc->tables[n - 1][b];
            crc->tables[n][b] = before >> 8 ^ crc->tables[0][before & 0xff];
        }
}

/* Little-endian, whatever the machine is. */
static uint64_t word_of(const unsigned char *bytes)
{
    uint64_t word = 0;
    for (int i = 0; i < EIGHT; i++) word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

void crc64_add(struct crc64 *crc, const char *bytes, size_t len)
{
    const unsigned char *at = (const unsigned char *)bytes;
    uint64_t sum = ~crc->sum;
    for (; len >= EIGHT; len -= EIGHT, at += EIGHT) {
        uint64_t word = sum ^ word_of(at);
        sum = 0;
        for (int n = 0; n < EIGHT; n++) sum ^= crc->tables[EIGHT - 1 - n][word >> (8 * n) & 0xff];
    }
    for (; len; len--, at++) sum = sum >> 8 ^ crc->tables[0][(sum ^ *at) & 0xff];
    crc->sum = ~sum;
}
