/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - a JSON text in a buffer, piece by piece, and described values as JSON.
 *
 * Invariants: never more than size bytes; a piece is written whole or not at all, and `full` says
 * that one was not. Who sees it cuts back to a length at which the text could go on, and closes
 * what is open. Strings are UTF-8 whatever came in. Pure functions; any thread. */
#ifndef KSI_TYPE_JSON_H
#define KSI_TYPE_JSON_H
#include "type/type.h"

struct ksi_json {
    char *buffer;
    size_t size;
    size_t length;
    bool full;
    int depth_left;
    int values_left;
};

/* As it is: punctuation, numbers. */
void ksi_json_raw(struct ksi_json *out, const char *bytes);
/* Quoted. What takes more than max bytes in the buffer is cut, and ends in "... (N bytes)". */
void ksi_json_string(struct ksi_json *out, const char *text, size_t len, size_t max);
/* By description: an object, or what a bare type stands for. Secrets are "***"; pids, refs, enums
 * and bytes are strings as ks_print_ shows them, reasons as ks_reason_text; inf and nan are null.
 * Long texts and lists are cut. Shows depth levels, 8 at most; 0: 8. */
void ksi_json_value(struct ksi_json *out, const ks_type *type, const void *value, int depth);
#endif
