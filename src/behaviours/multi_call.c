/* SPDX-License-Identifier: Apache-2.0 */
/* multi_call.c - one request to many servers at once, and one cast to many.
 *
 * All requests are under way before the first response is looked at, so it takes as long as the
 * slowest of them. Written on public functions only; called from inside a process. */
#include <kiosk/behaviour.h>

#include <limits.h>

enum { UNDECIDED = INT_MIN }; /* neither ours nor an errno */

static void ask(ks_requests *all, const ks_pid *to, size_t count, const ks_op *op,
    const void *request, ks_status *ret_statuses)
{
    for (size_t i = 0; i < count; i++) {
        ks_status status = KS_CALLING_SELF; /* it would wait for itself */
        if (!ks_same_pid(to[i], ks_self())) status = ks_collect_(all, i, to[i], op, request);
        ret_statuses[i] = status ? status : UNDECIDED;
    }
}

size_t ks_multi_call_(const ks_pid *to, size_t count, const ks_op *op, const void *request,
    void *ret_replies, ks_status *ret_statuses, ks_ms timeout)
{
    ks_requests all = { 0, 0 };
    ks_any_response response;
    ks_ms until = ks_now() + timeout;
    ask(&all, to, count, op, request, ret_statuses);
    size_t good = 0;
    ks_status status;
    while ((status = ks_receive_any(&all, &response, ks_until(until))) == KS_OK) {
        char *reply = ret_replies;
        if (reply) reply += response.label * op->reply->size;
        ks_status answered = ks_response_(&response, op, reply);
        ret_statuses[response.label] = answered;
        good += answered == KS_OK;
    }
    for (size_t i = 0; i < count; i++)
        if (ret_statuses[i] == UNDECIDED) ret_statuses[i] = status;
    return good;
}

size_t ks_abcast_(const ks_pid *to, size_t count, const ks_op *op, const void *msg)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) taken += ks_cast_(to[i], op, msg) == KS_OK;
    return taken;
}
