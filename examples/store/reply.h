/* SPDX-License-Identifier: Apache-2.0 */
/* reply - the answers of RESP2, gathered in a buffer that grows.
 *
 * The buffer is memory of the calling process and dies with it; zero is an empty one. */
#ifndef STORE_REPLY_H
#define STORE_REPLY_H
#include <kiosk/types.h>

struct reply {
    char *bytes;
    size_t len, room;
};

void reply_simple(struct reply *reply, const char *text); /* +OK */
/* "-ERR ..."; what would end the line early becomes a space. Cut at 400 bytes. */
void reply_error(struct reply *reply, const char *format, ...) KS_PRINTF(2, 3);
void reply_integer(struct reply *reply, int64_t value);
void reply_bulk(struct reply *reply, ks_text bytes);
void reply_nil(struct reply *reply);
void reply_array(struct reply *reply, size_t count); /* count replies must follow */

/* For texts that are built in a buffer, too. Cut at 400 bytes. */
void reply_printf(struct reply *reply, const char *format, ...) KS_PRINTF(2, 3);
/* Empty again; a big buffer is given back, so that an idle connection stays small. */
void reply_clear(struct reply *reply);
#endif
