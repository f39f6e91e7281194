/* SPDX-License-Identifier: Apache-2.0 */
/* assert.c - the end of a program whose runtime found its own data broken. Any thread, also inside
 * a signal handler: no allocation, no stdio stream. */
#include "base/base.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENCE_MS = 250 };

void ksi_assert_failed(const char *file, int line, const char *what)
{
    char text[256];
    int length = snprintf(text, sizeof text, "kiosk: %s:%d: broken: %s\n", file, line, what);
    size_t size = length < (int)sizeof text ? (size_t)length : sizeof text - 1;
    /* A standard error that nobody reads must not keep the program from its end. */
    struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (length > 0 && poll(&room, 1, PATIENCE_MS) > 0 && write(STDERR_FILENO, text, size) < 0)
        abort();
    abort();
}
