/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/types.h - the values everybody uses: pid, ref, status, reason, text, time.
 *
 * All are plain values: copy them, keep them, put them into messages. Zero means "none". */
#ifndef KIOSK_TYPES_H
#define KIOSK_TYPES_H
#include "api.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- status: 0 is ok, > 0 is ours, < 0 is -errno ------------------------------------------ */
typedef int ks_status;
enum {
    KS_OK,
    KS_TIMEOUT,         /* nothing came in time; a late reply is dropped, never seen */
    KS_DEADLINE,        /* the caller of the request being handled has given up waiting */
    KS_NOPROC,          /* no such process, or it died before it answered */
    KS_NOCONNECTION,    /* the node of the other process is gone */
    KS_CALLING_SELF,    /* a call to oneself, or a cycle of calls, would wait for ever */
    KS_UNDEF,           /* that process does not serve this operation */
    KS_OVERLOAD,        /* the mailbox limit of the receiver refused the request */
    KS_CANCELLED,       /* the work was given up before it began */
    KS_ALREADY_STARTED, /* the name is taken */
    KS_ALREADY_PRESENT, /* a child with this id exists, not running */
    KS_NOT_FOUND,
    KS_FULL,
    KS_EMPTY,
    KS_CLOSED, /* the peer ended the stream; the runtime has ended */
    KS_DENIED, /* not allowed here: blocking in a release hook, a request of the wrong operation */
    KS_BADARG,
    KS_NOMEM,
    KS_IGNORE,         /* init said: not now */
    KS_EXITED,         /* init stopped, or the process died while it was being started */
    KS_DRAINING,       /* the program finishes its work and ends: see drain.h */
    KS_STACK_OVERFLOW, /* as a reason: a handler needed more stack than it has: see start.h */
    KS_USER = 1000     /* a program's own statuses begin here */
};
/* "timeout"; also for -errno; never NULL, a constant. Any thread. */
KS_API const char *ks_status_text(ks_status status);

/* --- identity ----------------------------------------------------------------------------- */
/* A process, or something that is looked up at each use and stands for one: a name, an alias, a
 * sibling. Works wherever a process is meant. The fields are the library's own. */
typedef struct ks_pid {
    uint64_t id;   /* process: generation << 32 | slot */
    uint32_t node; /* 0: this one */
    uint32_t kind;
} ks_pid;
/* A monitor, timer, alias, request, owned resource. */
typedef struct ks_ref {
    uint64_t id[2];
} ks_ref;
/* A stream, a listener, or one for datagrams; owned by one process; a message or start argument
 * that holds it moves it. */
typedef struct ks_socket {
    uint64_t id;
} ks_socket;

static inline bool ks_same_pid(ks_pid a, ks_pid b)
{
    return a.id == b.id && a.node == b.node && a.kind == b.kind;
}
static inline bool ks_same_ref(ks_ref a, ks_ref b)
{
    return a.id[0] == b.id[0] && a.id[1] == b.id[1];
}
/* Nothing was made: out of memory, or refused. */
static inline bool ks_is_no_ref(ks_ref ref) { return ref.id[0] == 0 && ref.id[1] == 0; }
static inline bool ks_same_socket(ks_socket a, ks_socket b) { return a.id == b.id; }
static inline bool ks_is_none(ks_pid pid) { return pid.id == 0; }
enum { KS_PID_TEXT_MAX = 48 }; /* bytes that are always enough for ks_pid_text */
/* "<0.12.3>", as logs and reports show it; "#name(7)", "#alias(7)", "none"; cut to size; returns
 * buffer. Any thread. */
KS_API const char *ks_pid_text(ks_pid pid, char *buffer, size_t size);

/* --- time: milliseconds everywhere ---------------------------------------------------------- */
typedef int64_t ks_ms;
#define KS_INFINITY ((ks_ms)(INT64_MAX / 2)) /* so that ks_now() + KS_INFINITY is a moment, too */
#define KS_DEFAULT_TIMEOUT ((ks_ms)5000)     /* that of gen_server:call/2 in OTP */
/* Monotonic; virtual in simulation. Any thread. */
KS_API ks_ms ks_now(void);
/* What is left until a moment, never negative. */
static inline ks_ms ks_until(ks_ms moment)
{
    ks_ms now = ks_now();
    return moment > now ? moment - now : 0;
}

/* --- text and bytes: borrowed views --------------------------------------------------------- */
/* What you receive is followed by a NUL, so .ptr is a C string too. */
typedef struct ks_text {
    const char *ptr;
    size_t len;
} ks_text;
typedef struct ks_blob {
    const uint8_t *ptr;
    size_t len;
} ks_blob;
#ifndef __cplusplus
#define ks_lit(s) ((ks_text){ "" s, sizeof(s) - 1 })
#endif
/* A view of a C string; NULL gives the empty text. Any thread. */
KS_API ks_text ks_str(const char *s);
static inline ks_blob ks_bytes(const void *ptr, size_t len)
{
    ks_blob blob = { (const uint8_t *)ptr, len };
    return blob;
}
/* Byte by byte; empty texts are equal. Any thread. */
KS_API bool ks_text_eq(ks_text a, ks_text b);
#define KS_TEXT_FMT "%.*s"
#define KS_TEXT_ARG(t) (int)(t).len, (t).ptr /* printf("%.*s", KS_TEXT_ARG(t)) */

/* One-field message bodies, so that small protocols need no struct: KS_CALL(counter, add, ks_int,
 * ks_int). */
typedef bool ks_bool;
typedef int64_t ks_int;
typedef double ks_float;

/* --- exit reasons --------------------------------------------------------------------------- */
typedef enum ks_reason_kind {
    KS_REASON_NORMAL,
    KS_REASON_SHUTDOWN, /* with or without text: clean for reports and transient children */
    KS_REASON_KILL,     /* as a signal: untrappable */
    KS_REASON_KILLED,   /* what the watchers of a killed process see */
    KS_REASON_STATUS,   /* code is a ks_status */
    KS_REASON_FAULT,    /* code is the signal number: SIGSEGV, SIGFPE...; see runtime.h */
    KS_REASON_ERROR     /* text says what */
} ks_reason_kind;
enum { KS_REASON_TEXT_MAX = 120 }; /* bytes that are kept of a reason's text */
/* Decided by kind and code; text is for people and never compared. Whoever makes a reason lends its
 * text until the call that takes it returns; a reason received in a message is borrowed with it. */
typedef struct ks_reason {
    ks_reason_kind kind;
    int32_t code;
    const char *text; /* NULL or a C string */
} ks_reason;
#ifndef __cplusplus
#define KS_NORMAL ((ks_reason){ .kind = KS_REASON_NORMAL })
#define KS_SHUTDOWN ((ks_reason){ .kind = KS_REASON_SHUTDOWN })
#define KS_KILL ((ks_reason){ .kind = KS_REASON_KILL })
#endif
/* Reasons with a text; borrowed until the calling handler returns. Inside a process. */
KS_API ks_reason ks_error(const char *format, ...) KS_PRINTF(1, 2);    /* crash report, restart */
KS_API ks_reason ks_shutdown(const char *format, ...) KS_PRINTF(1, 2); /* {shutdown, Text} */
/* A failed call as the reason of one's own end: when the latest call of the caller failed with that
 * status in this turn, the text says which it was; borrowed as that of ks_error. Any thread. */
KS_API ks_reason ks_because(ks_status status);
static inline bool ks_is_clean(ks_reason r)
{
    return r.kind == KS_REASON_NORMAL || r.kind == KS_REASON_SHUTDOWN;
}
/* "killed", "error: disk full", "fault 11"; cut to size; returns buffer. Any thread. */
KS_API const char *ks_reason_text(ks_reason reason, char *buffer, size_t size);
#endif
