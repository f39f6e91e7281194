/* SPDX-License-Identifier: Apache-2.0 */
/* request.h - asynchronous requests: a call whose sender goes on.
 *
 * The requester owns a KSI_RECORD_REQUEST until the request is decided; the call in the server's
 * hands names it by `ref`. What decides it (an answer, the server's end, nobody there, a full
 * mailbox) ends the record and puts the response, which was made with the request, into the
 * requester's mailbox, whatever its limit. Giving up ends the record, too: a later answer finds
 * nothing. Used by the scheduler that owns the requester. */
#ifndef KSI_RUNTIME_REQUEST_H
#define KSI_RUNTIME_REQUEST_H
#include "runtime/record.h"
#include <kiosk/behaviour.h>

struct ksi_scheduler;

/* The body of a KSI_RESPONSE; of type ks_response_type, which sees the first part only. */
struct ksi_response {
    ks_response public;
    struct ksi_message *reply; /* holds the value; NULL: none */
    uint64_t label;            /* in its collection */
    uint32_t collection;       /* 0: in none */
};

/* because.c: the call has failed with that status. */
void ksi_call_failed(
    struct ksi_scheduler *s, ks_pid to, const ks_op *op, ks_ms timeout, ks_status status);

/* Decides a request, known by its ref, which is KSI_ANSWERED then. False: it was given up. */
bool ksi_response_send(struct ksi_scheduler *s, struct ksi_message *request, ks_status status,
    const ks_type *type, const void *value);
/* A KSI_ANSWER, from another scheduler; it is consumed. */
void ksi_answer_apply(struct ksi_scheduler *s, struct ksi_message *m);
/* What a response holds, before its block goes. */
void ksi_response_release(struct ksi_scheduler *s, struct ksi_message *m);
/* Nobody has decided it. */
bool ksi_request_is_open(struct ksi_scheduler *s, uint64_t handle);
/* Gives up a request that was not decided; ends its record. */
void ksi_async_end(struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record);

#endif
