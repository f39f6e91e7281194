/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - the text of a ks_status. Any thread. */
#define _GNU_SOURCE /* strerrordesc_np: unlike strerror a constant, and the same in every locale */
#include "base/base.h"
#include <kiosk/types.h>

#include <string.h>

static const char *const texts[] = {
    [KS_OK] = "ok",
    [KS_TIMEOUT] = "timeout",
    [KS_DEADLINE] = "deadline",
    [KS_NOPROC] = "noproc",
    [KS_NOCONNECTION] = "noconnection",
    [KS_CALLING_SELF] = "calling_self",
    [KS_UNDEF] = "undef",
    [KS_OVERLOAD] = "overload",
    [KS_CANCELLED] = "cancelled",
    [KS_ALREADY_STARTED] = "already_started",
    [KS_ALREADY_PRESENT] = "already_present",
    [KS_NOT_FOUND] = "not_found",
    [KS_FULL] = "full",
    [KS_EMPTY] = "empty",
    [KS_CLOSED] = "closed",
    [KS_DENIED] = "denied",
    [KS_BADARG] = "badarg",
    [KS_NOMEM] = "nomem",
    [KS_IGNORE] = "ignore",
    [KS_EXITED] = "exited",
    [KS_DRAINING] = "draining",
    [KS_STACK_OVERFLOW] = "stack_overflow",
};
_Static_assert(KSI_COUNT_OF(texts) == KS_STACK_OVERFLOW + 1, "every status has a text");

const char *ks_status_text(ks_status status)
{
    const char *text = NULL;
    if (status >= KS_USER)
        text = "a status of the program";
    else if (status >= 0 && status < (int)KSI_COUNT_OF(texts))
        text = texts[status];
    else if (status < 0 && status > -4096)
        text = strerrordesc_np(-status);
    return text ? text : "unknown status";
}
