/* SPDX-License-Identifier: Apache-2.0 */
/* buffer - bytes that grow at their end.
 *
 * Memory of the calling process, which dies with it; zero is an empty one. */
#ifndef STORE_BUFFER_H
#define STORE_BUFFER_H
#include <kiosk/types.h>

struct buffer {
    char *bytes;
    size_t len, room;
};

void buffer_append(struct buffer *buffer, const char *bytes, size_t len);
/* Cut at 400 bytes. */
void buffer_printf(struct buffer *buffer, const char *format, ...) KS_PRINTF(2, 3);
/* In decimal. */
void buffer_number(struct buffer *buffer, int64_t number);
/* Empty again; big memory is given back, so that who is idle stays small. */
void buffer_clear(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

static inline ks_text buffer_text(const struct buffer *buffer)
{
    return (ks_text){ buffer->bytes ? buffer->bytes : "", buffer->len };
}
#endif
