/* SPDX-License-Identifier: Apache-2.0 */
/* failure - what a client is told when a shard did not do what it asked for. */
#ifndef STORE_FAILURE_H
#define STORE_FAILURE_H
#include "buffer.h"

void failure_answer(struct buffer *reply, ks_status status, uint32_t shard);
#endif
