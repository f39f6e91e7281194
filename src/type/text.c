/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - views of texts. Any thread. */
#include <kiosk/types.h>

#include <string.h>

ks_text ks_str(const char *s) { return s ? (ks_text){ s, strlen(s) } : (ks_text){ "", 0 }; }

bool ks_text_eq(ks_text a, ks_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
