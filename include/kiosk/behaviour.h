/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/behaviour.h - the layer without macros: what a process does with what reaches it, as data.
 *
 * gen_server, supervisor and the plain process are written on this and on public functions only; so
 * can be a proxy, a binding, a behaviour of your own. Ordinary servers never name these fields. */
#ifndef KIOSK_BEHAVIOUR_H
#define KIOSK_BEHAVIOUR_H
#include "timer.h"

typedef struct ks_module ks_module;

/* --- what a callback wants next --------------------------------------------------------------- */
enum { KS_NEXT_OK, KS_NEXT_REPLY, KS_NEXT_NOREPLY, KS_NEXT_FAIL, KS_NEXT_IGNORE, KS_NEXT_STOP };
enum { KS_NEXT_HIBERNATES = 0x100 }; /* may stand beside each of them: see ks_verdict */
/* Of ks_stop: argument holds flags, then the kind of the reason + 1, after its code. */
enum { KS_STOP_REPLIES = 1, KS_STOP_HAS_TEXT = 2 };
typedef struct ks_next { /* fits two registers */
    uint16_t verdict;
    uint16_t then;    /* on_continue(then) before any message; 0: no */
    int32_t argument; /* of fail: the status */
    ks_ms after;      /* on_timeout when nothing came for so long */
} ks_next;
static inline ks_next ks_next_of(uint16_t verdict, int32_t argument)
{
    ks_next next = { verdict, 0, argument, KS_INFINITY };
    return next;
}
static inline ks_next ks_ok(void) /* init: ready */ { return ks_next_of(KS_NEXT_OK, 0); }
static inline ks_next ks_ignore(void) /* init: not now, not needed; the starter gets KS_IGNORE */
{
    return ks_next_of(KS_NEXT_IGNORE, 0);
}
static inline ks_next ks_reply(void) /* *reply is filled in */
{
    return ks_next_of(KS_NEXT_REPLY, 0);
}
static inline ks_next ks_noreply(void) /* none, or later */
{
    return ks_next_of(KS_NEXT_NOREPLY, 0);
}
/* A call: the caller's function returns this status, the server lives. init: the starter gets
 * it, no crash report. Elsewhere: the process ends with the status as its reason. */
static inline ks_next ks_fail(ks_status status) { return ks_next_of(KS_NEXT_FAIL, status); }
KS_API ks_next ks_stop(ks_reason reason);       /* end; a waiting caller gets KS_NOPROC */
KS_API ks_next ks_reply_stop(ks_reason reason); /* terminate, then *reply, then end */
/* Riders on any of them: ks_after(ks_reply(), 5000) gives handle_timeout when nothing came for 5 s;
 * ks_continue(ks_ok(), CONNECT) gives handle_continue before any message; what is 1 to 65535. With
 * both, the verdict of handle_continue takes the place of the time-out. A server that does not have
 * that handler ends with KS_UNDEF then. */
static inline ks_next ks_after(ks_next next, ks_ms idle)
{
    next.after = idle;
    return next;
}
static inline ks_next ks_continue(ks_next next, uint16_t what)
{
    next.then = what;
    return next;
}

/* The server expects to have nothing to do for a while: as soon as nothing is queued it gives back
 * what it can do without, by handle_hibernate, if there is one, and sleeps. Any message, or a
 * time-out, wakes it; a question for its status leaves it asleep. See ks_is_hibernating. */
static inline ks_next ks_hibernate(ks_next next)
{
    next.verdict |= KS_NEXT_HIBERNATES;
    return next;
}
/* KS_NEXT_..., without the rider: for behaviours that look at what user code returned. */
static inline int ks_verdict(ks_next next) { return next.verdict & (KS_NEXT_HIBERNATES - 1); }

/* --- named time-outs: as the generic ones of gen_statem --------------------------------------- */
/* handle_named_timeout(self, name) is called once, when the time is over, or has come (a moment of
 * ks_now()). Several may run, one for each name: set again, it starts anew. No message, no other
 * time-out and no verdict cancels it. 0 and less: after what is queued now. KS_INFINITY: cancelled.
 * Called in a server; out of memory it ends with KS_NOMEM, without such a handler with KS_UNDEF. */
KS_API void ks_set_timeout(int name, ks_ms after);
KS_API void ks_set_timeout_at(int name, ks_ms moment);
/* Again and again, at now + period, now + 2 periods...; but the next one begins when the handler of
 * the last one has returned, so none waits behind another, and what is missed meanwhile is skipped.
 * Less than 1 ms: 1 ms. */
KS_API void ks_set_timeout_every(int name, ks_ms period);
/* After it the time-out does not arrive, also when it was over already and stood in the queue.
 * False: none of that name was set. */
KS_API bool ks_cancel_timeout(int name);
KS_API ks_ms ks_timeout_left(int name); /* 0: it is over, and queued; KS_INFINITY: not set */

/* --- operations ------------------------------------------------------------------------------- */
typedef enum ks_op_kind { KS_OP_CALL = 1, KS_OP_CAST, KS_OP_INFO } ks_op_kind;
/* One operation. Messages carry its address: it is the tag, the type and the way to the handler. */
typedef struct ks_op {
    ks_op_kind kind;
    const char *name;
    const ks_module *module; /* a request that reaches another module fails with KS_UNDEF */
    const ks_type *request, *reply;
    ks_next (*invoke)(void *self, const void *request, void *reply);
} ks_op;

/* --- a behaviour ------------------------------------------------------------------------------ */
enum { KS_BEHAVIOUR_VERSION = 1, KS_MODULE_VERSION = 1 };
typedef struct ks_behaviour {
    uint32_t version; /* KS_BEHAVIOUR_VERSION */
    const char *name; /* "gen_server": seen in reports */
    /* All run in the process, may block, and return what comes next. NULL has the stated
     * default. */
    ks_next (*on_start)(
        const ks_module *module, void *self, const void *args); /* default: ks_ok() */
    /* A message; msg->op tells a call or cast from an info. Calls are answered by
     * ks_reply_(ks_from_(op), op, &value) or ks_fail_, or by returning ks_fail(status). Default:
     * dropped; calls get KS_UNDEF. */
    ks_next (*on_message)(const ks_module *module, void *self, const ks_msg *msg);
    /* The exit of a linked process while we trap exits. Default: the parent's ends us, others are
     * messages of type ks_exited. */
    ks_next (*on_exit)(const ks_module *module, void *self, const ks_exited *exited, bool parent);
    ks_next (*on_timeout)(const ks_module *module, void *self);            /* default: go on */
    ks_next (*on_continue)(const ks_module *module, void *self, int what); /* default: go on */
    /* Asked from outside to end (ks_stop_process, the parent's shutdown). Default: stop(reason). */
    ks_next (*on_system)(const ks_module *module, void *self, ks_reason stop);
    /* Before an orderly end; not when killed. */
    void (*on_terminate)(const ks_module *module, void *self, ks_reason why);
    /* Of ks_set_timeout, which is refused where this is NULL. */
    ks_next (*on_named_timeout)(const ks_module *module, void *self, int name);
    /* Before it sleeps: see ks_hibernate. Default: nothing. */
    void (*on_hibernate)(const ks_module *module, void *self);
} ks_behaviour;

/* What a crash report will say of the server; format_report may write other texts over these. */
typedef struct ks_report {
    ks_reason reason;      /* why it ends */
    const ks_msg *message; /* that was being handled; NULL: none */
    char reason_text[256];
    char message_text[512]; /* without what is secret in it */
    char state_text[1024];  /* by format_status */
} ks_report;

typedef struct ks_supervisor_spec ks_supervisor_spec;
/* What a behaviour makes of user code: made by KS_GEN_SERVER, KS_SUPERVISOR, KS_PROCESS. */
struct ks_module {
    uint32_t version; /* KS_MODULE_VERSION */
    const char *name;
    const ks_behaviour *behaviour;
    size_t state_size; /* bytes, zeroed before on_start */
    const ks_type *(*args)(void);
    /* Ends with NULL: what doors and tools can see, and which infos have a handler. */
    const ks_op *const *const *ops;
    void (*main)(const void *args); /* of a plain process */
    ks_next (*init)(void *self, const void *args);
    ks_next (*handle_continue)(void *self, int what);
    ks_next (*handle_timeout)(void *self);
    ks_next (*handle_info)(void *self, const ks_msg *msg);
    void (*terminate)(void *self, ks_reason why);
    void (*format_status)(const void *self, char *buffer, size_t size);
    const ks_supervisor_spec *supervisor;
    bool acknowledges; /* main of a plain process: by itself, with ks_init_ack */
    ks_next (*handle_named_timeout)(void *self, int name);
    void (*handle_hibernate)(void *self);
    const ks_ms *hibernate_after; /* NULL or 0: only when told to */
    void (*format_report)(const void *self, ks_report *report);
};
KS_API const ks_behaviour ks_process_behaviour, ks_gen_server_behaviour, ks_supervisor_behaviour;

/* The state of the calling process, when it is of that behaviour; else NULL. */
KS_API void *ks_my_state_(const ks_behaviour *behaviour);
/* ks_child_of(self, id) stands for pid from now on, whatever it stood for before; pid none: for
 * nobody yet. The caller's own only, and gone with it. KS_BADARG, KS_NOMEM, KS_DENIED (outside of a
 * process). */
KS_API ks_status ks_bind_child_(const char *id, ks_pid pid);
KS_API void ks_unbind_child_(const char *id);
/* While a process is being started, from any depth. Tells the starter that the start succeeded,
 * before on_start (init, the main of KS_PROCESS_ACKS) returns; later: nothing. As proc_lib:init_ack
 * of OTP. */
KS_API void ks_init_ack(void);
/* Ends the process; when it is gone, and its name is free, the starter gets status (KS_IGNORE:
 * nothing went wrong). No crash report. After the start: an end with status as the reason. As
 * proc_lib:init_fail. */
KS_API void ks_init_fail(ks_status status) __attribute__((noreturn));
/* A plain process goes on as a process of another module, with a copy of *state (NULL: zeroed), as
 * if a callback had returned next. Its start is acknowledged, if it was not. Never returns; pid,
 * name, links, mailbox and memory stay. See enter_loop in gen_server.h. */
KS_API void ks_enter_loop_(const ks_module *module, const void *state, ks_next next)
    __attribute__((noreturn));
/* A plain process gives up its stack. When there is a message, now or later, fn(arg) goes on in its
 * place, and receives it; when fn returns, the process ends. As erlang:hibernate/3. */
KS_API void ks_hibernate_then(void (*fn)(void *arg), void *arg) __attribute__((noreturn));

/* --- asynchronous requests -------------------------------------------------------------------- */
typedef struct ks_request {
    ks_ref ref;
} ks_request;
/* What arrives as an info for each request sent, exactly once, unless it was waited for or
 * abandoned: whatever the mailbox limit is. KS_NOPROC: nobody there, or the server died. The value
 * is read by counter_check_add and its kin. */
typedef struct ks_response {
    ks_ref ref; /* of the request */
    ks_status status;
} ks_response;
KS_DECLARE_TYPE(ks_response);
/* Its response will never be seen, also when it has come already; the server need not begin. A
 * request that is over, or of another process: nothing. Requests die with their process. */
KS_API void ks_abandon(ks_request request);

/* Requests of which any response is awaited; each has a label, which the response brings along.
 * { 0 } is empty; not to be copied. A request in it is not waited for by itself. */
typedef struct ks_requests {
    uint32_t id;    /* the library's own */
    uint32_t count; /* of requests whose response was not taken */
} ks_requests;
typedef struct ks_any_response {
    ks_request request;
    uint64_t label;
    ks_status status;  /* KS_OK: stack_response_pop(&response, &item) reads the value */
    const ks_msg *msg; /* borrowed as what ks_receive_if gives */
} ks_any_response;
/* Most are sent into it, by stack_collect_pop; this adds one that was sent: ks_requests_add(&all,
 * request.raw, 3). KS_OK; KS_NOMEM: the zero request; KS_NOT_FOUND: its response was taken, it was
 * abandoned, or it is another process's; KS_ALREADY_PRESENT: it is in a collection. */
KS_API ks_status ks_requests_add(ks_requests *all, ks_request request, uint64_t label) KS_MUST_USE;
/* The first response to any of them; that request is then out of the collection. KS_OK; KS_EMPTY:
 * none is in it; else all of them stand: KS_TIMEOUT, KS_DEADLINE, KS_NOMEM, KS_DENIED. The cost
 * does not grow with the collection. */
KS_API ks_status ks_wait_any(ks_requests *all, ks_any_response *ret_response, ks_ms timeout);
/* The same, but unless it is KS_OK all are abandoned, and the collection is empty. */
KS_API ks_status ks_receive_any(ks_requests *all, ks_any_response *ret_response, ks_ms timeout);
/* In handle_info. True: msg is a response to one of them, which is then out of the collection. */
KS_API bool ks_check_any(ks_requests *all, const ks_msg *msg, ks_any_response *ret_response);
/* Those whose response was not taken, with their labels, in no order; how many were written. */
KS_API size_t ks_requests_list(
    const ks_requests *all, ks_request *ret_requests, uint64_t *ret_labels, size_t max);
KS_API void ks_abandon_all(ks_requests *all);

/* --- the untyped verbs behind the stubs ------------------------------------------------------- */
typedef struct ks_from {
    ks_pid caller;
    ks_ref ref;
    uint64_t server; /* the rest is the library's own */
    void *request;
} ks_from;

/* Blocks until the reply, at most timeout ms and never longer than the request being handled may
 * take. KS_OK; what the server failed with; KS_TIMEOUT, KS_DEADLINE, KS_NOPROC, KS_UNDEF,
 * KS_OVERLOAD, KS_CALLING_SELF, KS_NOMEM. What the reply points at is borrowed until the
 * caller's handler returns (plain process: its turn ends). */
KS_API ks_status ks_call_(
    ks_pid to, const ks_op *op, const void *request, void *ret_reply, ks_ms timeout);
/* The same in two halves: see gen_server.h. The zero request when out of memory, in a release hook,
 * or outside of a process. */
KS_API ks_request ks_send_request_(ks_pid to, const ks_op *op, const void *request) KS_MUST_USE;
/* The response, when it came within timeout; else the request stands: KS_TIMEOUT, KS_DEADLINE,
 * KS_NOMEM. KS_NOMEM of the zero request, too; KS_NOT_FOUND: its response was already taken, it was
 * abandoned, or it is another process's. Borrowed as the reply of ks_call_. */
KS_API ks_status ks_wait_response_(
    ks_request request, const ks_op *op, void *ret_reply, ks_ms timeout);
/* The same, but afterwards the request stands no more. */
KS_API ks_status ks_receive_response_(
    ks_request request, const ks_op *op, void *ret_reply, ks_ms timeout);
/* True: msg is the response to request; what the reply points at is borrowed with msg. */
KS_API bool ks_check_response_(
    ks_request request, const ks_msg *msg, const ks_op *op, void *ret_reply, ks_status *ret_status);
/* Sends a request into a collection: KS_OK, or as for ks_send_request_ KS_NOMEM, KS_DENIED. */
KS_API ks_status ks_collect_(
    ks_requests *all, uint64_t label, ks_pid to, const ks_op *op, const void *request);
KS_API ks_status ks_response_(const ks_any_response *response, const ks_op *op, void *ret_reply);
/* One request to each; replies and statuses by index. How many are KS_OK. See gen_server.h. */
KS_API size_t ks_multi_call_(const ks_pid *to, size_t count, const ks_op *op, const void *request,
    void *ret_replies, ks_status *ret_statuses, ks_ms timeout);
/* One cast to each; how many took it. */
KS_API size_t ks_abcast_(const ks_pid *to, size_t count, const ks_op *op, const void *msg);
/* As ks_send_. */
KS_API ks_status ks_cast_(ks_pid to, const ks_op *op, const void *msg);
/* Of the request being handled; ends the process when it is another op, or none. */
KS_API ks_from ks_from_(const ks_op *op);
/* Answers the request being handled: with a value, or with a status that is not KS_OK. */
KS_API void ks_answer_(const ks_op *op, ks_status status, const void *reply);
/* The same, but it leaves after on_terminate, whatever that does. */
KS_API void ks_answer_at_end_(const ks_op *op, const void *reply);
/* True: delivered. False: nobody waits any more. Any process may answer. */
KS_API bool ks_reply_(ks_from from, const ks_op *op, const void *reply);
KS_API bool ks_fail_(ks_from from, ks_status status);
KS_API bool ks_waits_(ks_from from);
/* A cast in the future: see timer.h. */
KS_API ks_ref ks_cast_timer_(
    ks_timer_kind kind, ks_ms time, ks_pid to, const ks_op *op, const void *msg);
/* A callback that was asked for is missing: the process ends with KS_UNDEF and says which. */
KS_API ks_next ks_undefined_(const ks_module *module, const char *callback);
/* Casts and infos nobody handles: a warning in the log, go on. */
KS_API ks_next ks_unexpected_(const ks_module *module, const ks_msg *msg);

/* --- about the request being handled ---------------------------------------------------------- */
KS_API ks_pid ks_caller(void); /* none in casts and infos */
/* Until the caller gives up, 0 when it has; KS_INFINITY when it never will, under ks_shield, and in
 * casts, messages, timers, init, continue and terminate, which have no deadline. */
KS_API ks_ms ks_time_left(void);
/* From here until the handler returns, the deadline of its request does not count: for work that
 * others share, such as filling a cache, which must not end because one of them is in a hurry.
 * Calls have their own time-outs again. The caller gives up all the same. Elsewhere: nothing. */
KS_API void ks_shield(void);
#endif
