/* SPDX-License-Identifier: Apache-2.0 */
/* failure - see failure.h. Texts are those of Redis where it knows the case. */
#include "failure.h"

#include "deed.h"
#include "reply.h"

void failure_answer(struct buffer *reply, ks_status status, uint32_t shard)
{
    switch (status) {
    case DEED_NOT_AN_INTEGER:
        reply_error(reply, "ERR value is not an integer or out of range");
        break;
    case DEED_OVERFLOW: reply_error(reply, "ERR increment or decrement would overflow"); break;
    case DEED_TOO_LONG:
        reply_error(reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
        break;
    case DEED_NO_MEMORY:
        reply_error(reply, "OOM command not allowed when used memory > 'maxmemory'.");
        break;
    case KS_FULL: reply_error(reply, "ERR the answer would be larger than --max-output"); break;
    default:
        reply_error(reply, "ERR shard %u is not available (%s)", shard, ks_status_text(status));
    }
}
