/* SPDX-License-Identifier: Apache-2.0 */
/* crc64 - the checksum of snapshots: CRC-64/XZ, eight bytes at a time. Pure; any thread. */
#ifndef STORE_CRC64_H
#define STORE_CRC64_H
#include <stddef.h>
#include <stdint.h>

struct crc64 {
    uint64_t sum; /* of what was added so far */
    uint64_t tables[8][256];
};
void crc64_begin(struct crc64 *crc);
void crc64_add(struct crc64 *crc, const char *bytes, size_t len);
#endif
