/* SPDX-License-Identifier: Apache-2.0 */
/* reply - the answers of RESP2, at the end of a buffer. */
#ifndef STORE_REPLY_H
#define STORE_REPLY_H
#include "buffer.h"

void reply_simple(struct buffer *reply, const char *text); /* +OK */
/* "-ERR ...": the code belongs to the text. What would end the line early becomes a space. Cut at
 * 400 bytes. */
void reply_error(struct buffer *reply, const char *format, ...) KS_PRINTF(2, 3);
void reply_integer(struct buffer *reply, int64_t value);
void reply_bulk(struct buffer *reply, ks_text bytes);
void reply_nil(struct buffer *reply);
void reply_array(struct buffer *reply, size_t count); /* count replies must follow */
#endif
