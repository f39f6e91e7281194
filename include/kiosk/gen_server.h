/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/gen_server.h - a server: state, one handler per operation, one message at a time.
 *
 *     KS_MODULE(counter, void);                      name and argument type (often in counter.h)
 *     struct counter { int64_t value; };             the state
 *     KS_CALL(counter, add, ks_int, ks_int);         request and reply; void for nothing
 *     KS_CAST(counter, reset, void);
 *     KS_INFO(counter, down, ks_down);               a plain message with a handler of its own
 *
 *     static ks_next counter_handle_add(counter *self, const ks_int *n, ks_int *reply)
 *     {
 *         *reply = self->value += *n;
 *         return ks_reply();
 *     }
 *     ...
 *     KS_GEN_SERVER(counter, .init = counter_init, .ops = KS_OPS(counter, add, reset, down));
 *
 * Rows declare the handler (`counter_handle_add`), which must then be defined, and typed stubs for
 * clients; they belong into the server's one .c file. Requests and replies are borrowed until the
 * handler returns; a reply is copied when it does. */
#ifndef KIOSK_GEN_SERVER_H
#define KIOSK_GEN_SERVER_H
#include "start.h"

/* In a handler: a failed call becomes the reason of our own end, but for KS_DEADLINE, which is the
 * trouble of a caller that has gone: then the request fails, and the server lives. The only macro
 * that hides a return. */
#define KS_TRY(expr)                                                                               \
    do {                                                                                           \
        ks_status ks_s_ = (expr);                                                                  \
        if (ks_s_ == KS_DEADLINE) return ks_fail(ks_s_);                                           \
        if (ks_s_) return ks_stop(ks_because(ks_s_));                                              \
    } while (0)

/* --- rows ------------------------------------------------------------------------------------- */
#define KS_CALL(P, op, Req, Rep)                                                                   \
    static ks_next P##_handle_##op(P *self KS_IN(Req, request) KS_OUT(Rep, reply));                \
    static ks_next P##_invoke_##op##_(void *self, const void *request, void *reply)                \
    {                                                                                              \
        (void)request, (void)reply;                                                                \
        return P##_handle_##op(self KS_PASS(Req, request) KS_PASS(Rep, reply));                    \
    }                                                                                              \
    KS_CLIENT_(P, op, Req, Rep, P##_invoke_##op##_)

/* Client side of a call: stack_call_push.
 * Going on meanwhile: stack_send_push gives a request; stack_wait_push waits for its response, and
 * after KS_TIMEOUT may be called again; stack_receive_push gives it up then, so that a late answer
 * is never seen. A server waits for nobody: responses reach handle_info, where stack_check_push
 * tells whether msg is the one, and reads it. ks_abandon(request.raw) ends the interest. Each
 * request has a response, KS_NOPROC if need be.
 * Any of many: stack_collect_pop(&all, label, to) sends a request into a collection, of one or of
 * several operations; ks_wait_any gives a response and its label, stack_response_pop its value.
 * Many at once: stack_multi_call_pop(pids, count, items, statuses, 1000) asks all of them and waits
 * for all, together at most so long: items[i] is written when statuses[i] is KS_OK; it returns how
 * many are. Others have what a call would give, KS_TIMEOUT when no answer came.
 * Answering later: stack_from_pop() in the handler, which then returns ks_noreply(); afterwards
 * stack_reply_pop or stack_fail_pop, which return false when nobody waits any more (timed out,
 * abandoned, dead), so that nothing is handed to nobody; stack_waits_pop asks. */
#define KS_CLIENT_(P, op, Req, Rep, how)                                                           \
    static const ks_op P##_##op##_op = { KS_OP_CALL, #op, &P##_module, KS_DESC(Req), KS_DESC(Rep), \
        how };                                                                                     \
    typedef struct P##_##op##_from {                                                               \
        ks_from raw;                                                                               \
    } P##_##op##_from;                                                                             \
    typedef struct P##_##op##_request {                                                            \
        ks_request raw;                                                                            \
    } P##_##op##_request;                                                                          \
    KS_STUB KS_MUST_USE ks_status P##_call_##op(                                                   \
        ks_pid to KS_IN(Req, request) KS_OUT(Rep, ret_reply), ks_ms timeout)                       \
    {                                                                                              \
        return ks_call_(                                                                           \
            to, &P##_##op##_op, KS_PTR(Req, request), KS_PTR(Rep, ret_reply), timeout);            \
    }                                                                                              \
    KS_STUB KS_MUST_USE P##_##op##_request P##_send_##op(ks_pid to KS_IN(Req, request))            \
    {                                                                                              \
        return (P##_##op##_request){ ks_send_request_(to, &P##_##op##_op, KS_PTR(Req, request)) }; \
    }                                                                                              \
    KS_STUB KS_MUST_USE ks_status P##_wait_##op(                                                   \
        P##_##op##_request request KS_OUT(Rep, ret_reply), ks_ms timeout)                          \
    {                                                                                              \
        return ks_wait_response_(request.raw, &P##_##op##_op, KS_PTR(Rep, ret_reply), timeout);    \
    }                                                                                              \
    KS_STUB KS_MUST_USE ks_status P##_receive_##op(                                                \
        P##_##op##_request request KS_OUT(Rep, ret_reply), ks_ms timeout)                          \
    {                                                                                              \
        return ks_receive_response_(request.raw, &P##_##op##_op, KS_PTR(Rep, ret_reply), timeout); \
    }                                                                                              \
    KS_STUB KS_MUST_USE bool P##_check_##op(P##_##op##_request request,                            \
        const ks_msg *msg KS_OUT(Rep, ret_reply), ks_status *ret_status)                           \
    {                                                                                              \
        return ks_check_response_(                                                                 \
            request.raw, msg, &P##_##op##_op, KS_PTR(Rep, ret_reply), ret_status);                 \
    }                                                                                              \
    KS_STUB KS_MUST_USE ks_status P##_collect_##op(                                                \
        ks_requests *all, uint64_t label, ks_pid to KS_IN(Req, request))                           \
    {                                                                                              \
        return ks_collect_(all, label, to, &P##_##op##_op, KS_PTR(Req, request));                  \
    }                                                                                              \
    KS_STUB KS_MUST_USE ks_status P##_response_##op(                                               \
        const ks_any_response *response KS_OUT(Rep, ret_reply))                                    \
    {                                                                                              \
        return ks_response_(response, &P##_##op##_op, KS_PTR(Rep, ret_reply));                     \
    }                                                                                              \
    KS_STUB size_t P##_multi_call_##op(const ks_pid *to,                                           \
        size_t count KS_IN(Req, request) KS_OUT(Rep, ret_replies), ks_status *ret_statuses,        \
        ks_ms timeout)                                                                             \
    {                                                                                              \
        return ks_multi_call_(to, count, &P##_##op##_op, KS_PTR(Req, request),                     \
            KS_PTR(Rep, ret_replies), ret_statuses, timeout);                                      \
    }                                                                                              \
    KS_STUB P##_##op##_from P##_from_##op(void)                                                    \
    {                                                                                              \
        return (P##_##op##_from){ ks_from_(&P##_##op##_op) };                                      \
    }                                                                                              \
    KS_STUB bool P##_reply_##op(P##_##op##_from from KS_IN(Rep, reply))                            \
    {                                                                                              \
        return ks_reply_(from.raw, &P##_##op##_op, KS_PTR(Rep, reply));                            \
    }                                                                                              \
    KS_STUB bool P##_fail_##op(P##_##op##_from from, ks_status status)                             \
    {                                                                                              \
        return ks_fail_(from.raw, status);                                                         \
    }                                                                                              \
    KS_STUB bool P##_waits_##op(P##_##op##_from from) { return ks_waits_(from.raw); }              \
    KS_API const ks_module P##_module

/* Client side of a cast: counter_cast_reset, counter_abcast_reset(pids, count), which returns how
 * many took it, and timers that cast, as timer.h says of their likes:
 * counter_cast_after_reset(ms, to), counter_cast_at_reset(moment, to),
 * counter_cast_every_reset(ms, to), counter_cast_every_catch_up_reset(ms, to). */
#define KS_CAST(P, op, Msg)                                                                        \
    KS_HANDLER_(P, op, Msg)                                                                        \
    static const ks_op P##_##op##_op = { KS_OP_CAST, #op, &P##_module, KS_DESC(Msg), NULL,         \
        P##_invoke_##op##_ };                                                                      \
    KS_STUB ks_status P##_cast_##op(ks_pid to KS_IN(Msg, msg))                                     \
    {                                                                                              \
        return ks_cast_(to, &P##_##op##_op, KS_PTR(Msg, msg));                                     \
    }                                                                                              \
    KS_STUB size_t P##_abcast_##op(const ks_pid *to, size_t count KS_IN(Msg, msg))                 \
    {                                                                                              \
        return ks_abcast_(to, count, &P##_##op##_op, KS_PTR(Msg, msg));                            \
    }                                                                                              \
    KS_STUB ks_ref P##_cast_after_##op(ks_ms after, ks_pid to KS_IN(Msg, msg))                     \
    {                                                                                              \
        return ks_cast_timer_(KS_TIMER_AFTER, after, to, &P##_##op##_op, KS_PTR(Msg, msg));        \
    }                                                                                              \
    KS_STUB ks_ref P##_cast_at_##op(ks_ms moment, ks_pid to KS_IN(Msg, msg))                       \
    {                                                                                              \
        return ks_cast_timer_(KS_TIMER_AT, moment, to, &P##_##op##_op, KS_PTR(Msg, msg));          \
    }                                                                                              \
    KS_STUB ks_ref P##_cast_every_##op(ks_ms period, ks_pid to KS_IN(Msg, msg))                    \
    {                                                                                              \
        return ks_cast_timer_(KS_TIMER_EVERY, period, to, &P##_##op##_op, KS_PTR(Msg, msg));       \
    }                                                                                              \
    KS_STUB ks_ref P##_cast_every_catch_up_##op(ks_ms period, ks_pid to KS_IN(Msg, msg))           \
    {                                                                                              \
        return ks_cast_timer_(KS_TIMER_CATCH_UP, period, to, &P##_##op##_op, KS_PTR(Msg, msg));    \
    }                                                                                              \
    KS_API const ks_module P##_module

#define KS_INFO(P, op, Msg)                                                                        \
    KS_HANDLER_(P, op, Msg)                                                                        \
    static const ks_op P##_##op##_op = { KS_OP_INFO, #op, &P##_module, KS_DESC(Msg), NULL,         \
        P##_invoke_##op##_ }
#define KS_HANDLER_(P, op, Msg)                                                                    \
    static ks_next P##_handle_##op(P *self KS_IN(Msg, msg));                                       \
    static ks_next P##_invoke_##op##_(void *self, const void *msg, void *reply)                    \
    {                                                                                              \
        (void)msg, (void)reply;                                                                    \
        return P##_handle_##op(self KS_PASS(Msg, msg));                                            \
    }

#define KS_OPS(P, ...)                                                                             \
    (const ks_op *const[]) { KS_EACH(KS_OP_OF, P, __VA_ARGS__) NULL }
#define KS_OP_OF(P, op) &P##_##op##_op,

/* --- the server: its optional callbacks, checked slot by slot; last in the file --------------- */
/* A plain process that was started in another way, and has a state by now, becomes such a server by
 *     counter_enter_loop(&state, ks_ok());
 * behind KS_GEN_SERVER. It never returns; init does not run; *state is copied. */
#define KS_GEN_SERVER(P, ...)                                                                      \
    static const struct P##_callbacks {                                                            \
        ks_next (*init)(P * self, const P##_args *args);     /* default: zeroed state */           \
        ks_next (*handle_continue)(P * self, int what);      /* of ks_continue */                  \
        ks_next (*handle_timeout)(P * self);                 /* of ks_after */                     \
        ks_next (*handle_info)(P * self, const ks_msg *msg); /* default: a warning in the log */   \
        void (*terminate)(P * self, ks_reason why);          /* not when killed; see ks_own */     \
        void (*format_status)(const P *self, char *buffer, size_t size);                           \
        const ks_op *const *ops;                                                                   \
        ks_next (*handle_named_timeout)(P * self, int name); /* of ks_set_timeout */               \
        void (*handle_hibernate)(P * self); /* gives caches back; see ks_hibernate */              \
        /* Hibernates when nothing came for so long; rests while a ks_after runs. 0: never. */     \
        ks_ms hibernate_after;                                                                     \
        /* Has the last word on its crash report: see ks_report. May not block. */                 \
        void (*format_report)(const P *self, ks_report *report);                                   \
    } P##_callbacks = { __VA_ARGS__ };                                                             \
    static ks_next P##_init_(void *self, const void *args)                                         \
    {                                                                                              \
        return P##_callbacks.init ? P##_callbacks.init(self, args) : ks_ok();                      \
    }                                                                                              \
    static ks_next P##_continue_(void *self, int what)                                             \
    {                                                                                              \
        return P##_callbacks.handle_continue ? P##_callbacks.handle_continue(self, what)           \
                                             : ks_undefined_(&P##_module, "handle_continue");      \
    }                                                                                              \
    static ks_next P##_timeout_(void *self)                                                        \
    {                                                                                              \
        return P##_callbacks.handle_timeout ? P##_callbacks.handle_timeout(self)                   \
                                            : ks_undefined_(&P##_module, "handle_timeout");        \
    }                                                                                              \
    static ks_next P##_info_(void *self, const ks_msg *msg)                                        \
    {                                                                                              \
        return P##_callbacks.handle_info ? P##_callbacks.handle_info(self, msg)                    \
                                         : ks_unexpected_(&P##_module, msg);                       \
    }                                                                                              \
    static ks_next P##_named_timeout_(void *self, int name)                                        \
    {                                                                                              \
        return P##_callbacks.handle_named_timeout                                                  \
            ? P##_callbacks.handle_named_timeout(self, name)                                       \
            : ks_undefined_(&P##_module, "handle_named_timeout");                                  \
    }                                                                                              \
    static void P##_hibernate_(void *self)                                                         \
    {                                                                                              \
        if (P##_callbacks.handle_hibernate) P##_callbacks.handle_hibernate(self);                  \
    }                                                                                              \
    __attribute__((noreturn)) KS_STUB void P##_enter_loop(const P *state, ks_next next)            \
    {                                                                                              \
        ks_enter_loop_(&P##_module, state, next);                                                  \
    }                                                                                              \
    static void P##_terminate_(void *self, ks_reason why)                                          \
    {                                                                                              \
        if (P##_callbacks.terminate) P##_callbacks.terminate(self, why);                           \
    }                                                                                              \
    static void P##_format_(const void *self, char *buffer, size_t size)                           \
    {                                                                                              \
        if (P##_callbacks.format_status)                                                           \
            P##_callbacks.format_status(self, buffer, size);                                       \
        else if (size)                                                                             \
            buffer[0] = 0; /* a state is not printed unless somebody says how */                   \
    }                                                                                              \
    static void P##_report_(const void *self, ks_report *report)                                   \
    {                                                                                              \
        if (P##_callbacks.format_report) P##_callbacks.format_report(self, report);                \
    }                                                                                              \
    const ks_module P##_module = { .version = KS_MODULE_VERSION,                                   \
        .name = #P,                                                                                \
        .behaviour = &ks_gen_server_behaviour,                                                     \
        .state_size = sizeof(P),                                                                   \
        .args = P##_args_type_,                                                                    \
        .ops = &P##_callbacks.ops,                                                                 \
        .init = P##_init_,                                                                         \
        .handle_continue = P##_continue_,                                                          \
        .handle_timeout = P##_timeout_,                                                            \
        .handle_info = P##_info_,                                                                  \
        .terminate = P##_terminate_,                                                               \
        .format_status = P##_format_,                                                              \
        .handle_named_timeout = P##_named_timeout_,                                                \
        .handle_hibernate = P##_hibernate_,                                                        \
        .hibernate_after = &P##_callbacks.hibernate_after,                                         \
        .format_report = P##_report_ }
#endif
