/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - is a text valid JSON, by RFC 8259? A judge for tests, not a parser: it keeps nothing. */
#ifndef JSON_H
#define JSON_H
#include <stdbool.h>
#include <stddef.h>

/* One value, nothing behind it; its strings are UTF-8. */
bool json_is_valid(const char *text, size_t len);
/* What stands behind the first "key": as it is written there; NULL: no such key. Until the next
 * call. */
const char *json_member(const char *text, const char *key);
#endif
