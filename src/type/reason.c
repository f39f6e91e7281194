/* SPDX-License-Identifier: Apache-2.0 */
/* reason.c - exit reasons as text. Any thread. */
#include "base/utf8.h"
#include "type/type.h"

#include <stdio.h>
#include <string.h>

/* What stands before the text; with *ret_number the code is printed behind it. */
static const char *head_of(ks_reason reason, bool *ret_number)
{
    *ret_number = false;
    switch (reason.kind) {
    case KS_REASON_NORMAL: return "normal";
    case KS_REASON_SHUTDOWN: return "shutdown";
    case KS_REASON_KILL: return "kill";
    case KS_REASON_KILLED: return "killed";
    case KS_REASON_STATUS:
        *ret_number = reason.code >= KS_USER;
        return reason.code >= KS_USER ? "status" : ks_status_text(reason.code);
    case KS_REASON_FAULT: *ret_number = true; return "fault";
    case KS_REASON_ERROR: return "error";
    }
    return "unknown reason";
}

const char *ks_reason_text(ks_reason reason, char *buffer, size_t size)
{
    char full[128 + KS_REASON_TEXT_MAX]; /* the longest head has some 60 bytes */
    char number[16] = "";
    const char *text = reason.text ? reason.text : "";
    bool has_number;
    const char *head = head_of(reason, &has_number);
    if (size == 0) return buffer;
    if (has_number) snprintf(number, sizeof number, " %d", (int)reason.code);
    size_t shown = ksi_reason_length(text);
    snprintf(
        full, sizeof full, "%.100s%s%s%.*s", head, number, shown ? ": " : "", (int)shown, text);
    size_t kept = ksi_utf8_cut(full, strlen(full), size - 1);
    memcpy(buffer, full, kept);
    buffer[kept] = '\0';
    return buffer;
}
