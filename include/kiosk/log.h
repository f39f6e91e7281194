/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/log.h - log events: a text by printf, or a text with fields that keep their types.
 *
 *     ks_log_info("listening on %s", address);
 *     ks_report(KS_LOG_INFO, "client connected", KS_WITH("peer", peer), KS_WITH("bytes", n));
 *
 * Filtered before anything is formatted or evaluated. Who logs never waits: what standard error
 * does not take now is kept, up to a bound, and sent as there is room; what did not fit is counted,
 * and the count is logged. Any thread, but where it says otherwise. */
#ifndef KIOSK_LOG_H
#define KIOSK_LOG_H
#include "log_with.h"

typedef enum ks_level { /* those of OTP's logger, upwards */
    KS_LOG_DEBUG,
    KS_LOG_INFO,
    KS_LOG_NOTICE,
    KS_LOG_WARNING,
    KS_LOG_ERROR,
    KS_LOG_CRITICAL,
    KS_LOG_ALERT,
    KS_LOG_EMERGENCY,
    KS_LOG_NONE /* as a limit: nothing is logged */
} ks_level;

/* --- writing ---------------------------------------------------------------------------------- */
/* True when an event of this level would be logged here and now. */
KS_API bool ks_log_enabled(ks_level level);
KS_API void ks_log_(ks_level level, const char *file, int line, const char *format, ...)
    KS_PRINTF(4, 5);
#define ks_log(level, ...)                                                                         \
    (ks_log_enabled((level)) ? ks_log_((level), __FILE__, __LINE__, __VA_ARGS__) : (void)0)
#define ks_log_debug(...) ks_log(KS_LOG_DEBUG, __VA_ARGS__)
#define ks_log_info(...) ks_log(KS_LOG_INFO, __VA_ARGS__)
#define ks_log_notice(...) ks_log(KS_LOG_NOTICE, __VA_ARGS__)
#define ks_log_warning(...) ks_log(KS_LOG_WARNING, __VA_ARGS__)
#define ks_log_error(...) ks_log(KS_LOG_ERROR, __VA_ARGS__)

/* ks_report(level, text, fields...): a constant text, no format, and at least one field. A field is
 *     KS_WITH("bytes", n)                     bool, number, C string, text, blob, pid, ref, reason,
 *                                             ks_any: anything else does not compile
 *     KS_WITH_TYPE("order", order, &value)    a struct described by KS_TYPE; its secrets stay so
 * All is borrowed until ks_report returns. */
#ifdef __cplusplus
#define ks_report(level, ...)                                                                      \
    (ks_log_enabled((level)) ? ks_report_cpp_((level), __FILE__, __LINE__, __VA_ARGS__) : (void)0)
#else
#define ks_report(level, text, ...)                                                                \
    (ks_log_enabled((level))                                                                       \
            ? ks_report_((level), __FILE__, __LINE__, text, (const ks_log_field[]){ __VA_ARGS__ }, \
                  sizeof((const ks_log_field[]){ __VA_ARGS__ }) / sizeof(ks_log_field))            \
            : (void)0)
#endif
KS_API void ks_report_(ks_level level, const char *file, int line, const char *text,
    const ks_log_field *fields, size_t field_count);

/* What all events of the calling process carry from now on, beside their own fields: a request's
 * number, a peer. Copied; not inherited by processes that it starts. Of several with one key the
 * last counts; a field of the event with that key takes its place there.
 *     ks_log_set_process_metadata(KS_WITH("request", id));     these, and no others
 *     ks_log_update_process_metadata(KS_WITH("user", name));   these, and those with other keys
 * KS_FULL: more than 16, nothing has changed; KS_DENIED: outside of a process, in a release hook.
 * Out of memory, the process exits with reason KS_NOMEM. */
#ifdef __cplusplus
#define ks_log_set_process_metadata(...) ks_log_metadata_cpp_(true, __VA_ARGS__)
#define ks_log_update_process_metadata(...) ks_log_metadata_cpp_(false, __VA_ARGS__)
#else
#define ks_log_set_process_metadata(...)                                                           \
    ks_log_set_process_metadata_((const ks_log_field[]){ __VA_ARGS__ },                            \
        sizeof((const ks_log_field[]){ __VA_ARGS__ }) / sizeof(ks_log_field))
#define ks_log_update_process_metadata(...)                                                        \
    ks_log_update_process_metadata_((const ks_log_field[]){ __VA_ARGS__ },                         \
        sizeof((const ks_log_field[]){ __VA_ARGS__ }) / sizeof(ks_log_field))
#endif
KS_API ks_status ks_log_set_process_metadata_(const ks_log_field *fields, size_t field_count);
KS_API ks_status ks_log_update_process_metadata_(const ks_log_field *fields, size_t field_count);
KS_API void ks_log_unset_process_metadata(void);
/* How many there are; the first max go into ret_fields, and are valid until the next change. */
KS_API size_t ks_log_get_process_metadata(ks_log_field *ret_fields, size_t max);

typedef struct ks_log_event ks_log_event;
/* An event that was made elsewhere: by a report of your own, by another logging library. Filtered
 * by its level. Filled in: the time where it is zero, and where there is no pid all that tells
 * about the process. */
static inline void ks_log_submit(const ks_log_event *event);

/* --- which events ----------------------------------------------------------------------------- */
/* The least level that is logged; default KS_LOG_NOTICE. Returns the old one. */
KS_API ks_level ks_log_set_level(ks_level least);
/* The same for processes of one module, above or below the general one. KS_FULL: 32 modules have
 * had one; KS_BADARG: no name, more than 47 bytes, no level. */
KS_API ks_status ks_log_set_module_level(const char *module, ks_level least) KS_MUST_USE;
/* The general level is theirs again. */
KS_API void ks_log_unset_module_level(const char *module);
/* "debug" to "emergency", "none"; "?" for anything else. A constant. */
KS_API const char *ks_log_level_text(ks_level level);
/* Words with commas between: a level, a MODULE=LEVEL, `text` or `json` for the form on standard
 * error: "info,json,shard=debug". What ks_main makes of --kiosk-log= and of KIOSK_LOG in the
 * environment. KS_BADARG: a word that it does not know, nothing is changed; KS_FULL as above.
 * Before the runtime starts, or from the thread that runs it. */
KS_API ks_status ks_log_configure(const char *words) KS_MUST_USE;

/* --- what an event holds ---------------------------------------------------------------------- */
/* All is borrowed until the handler returns. NULL, zero: there is none. */
struct ks_log_event {
    ks_level level;
    int64_t wall_clock_ns;
    ks_pid pid; /* none: not from a process */
    const char *file;
    int line;
    ks_text message;       /* may have several lines */
    const char *name;      /* registered, of the process */
    const char *label;     /* by ks_set_label */
    const char *module;    /* of the process */
    const char *operation; /* of the request or cast that it is handling */
    uint64_t trace_id;
    const char *report; /* "crash", "supervisor", "progress" */
    const ks_log_field *fields;
    size_t field_count;
    size_t fields_said; /* so many, the first ones, are in the message: text leaves them out */
    const ks_log_field *metadata; /* of the process: ks_log_set_process_metadata */
    size_t metadata_count;
};

/* How an event is shown; NULL or zero: the default. */
typedef struct ks_log_format {
    int depth;        /* of described values; 8, and no more */
    bool single_line; /* line breaks of a message become blanks, fields of a report follow it */
    bool colours;     /* text only */
    bool bare;        /* text only: message and fields, without time, level and pid */
} ks_log_format;
/* Text for people, without a line break at its end. Control characters and bytes that are no UTF-8
 * are shown as \x1b. Never more than size bytes, a NUL at the end, what is too long ends in "...";
 * returns the length written. */
static inline size_t ks_log_text(
    const ks_log_event *event, const ks_log_format *format, char *buffer, size_t size);
/* A JSON object on one line; valid whatever the event holds, so fields that do not fit are left out
 * and "cut" says so. Less than 256 bytes give an empty text. */
static inline size_t ks_log_json(
    const ks_log_event *event, const ks_log_format *format, char *buffer, size_t size);

/* --- where events go -------------------------------------------------------------------------- */
/* Runs where the event is logged. May not block; what it logs itself is dropped. One that fails, by
 * ks_exit from any depth, is removed, and an event tells the others; who logs goes on. Handlers and
 * filters are changed before the runtime starts, or from the thread that runs it; somebody may be
 * in one that is removed. */
typedef void ks_log_handle(const ks_log_event *event, void *arg);
typedef struct ks_log_handler {
    ks_log_handle *handle;
    void *arg;
    ks_level least;     /* beside the general level; default KS_LOG_DEBUG: all that is logged */
    bool only_filtered; /* what no filter says anything of is not handled */
} ks_log_handler;
/* Takes the place of the usual handler; NULL: standard error in the form of ks_log_configure again.
 * Returns the old one, whose handle is NULL when there was none; its level stays. */
KS_API ks_log_handler ks_log_set_handler(ks_log_handle *handle, void *arg);
/* One more handler, under a name; "default" is the usual one. The row is copied, the name is not.
 * KS_ALREADY_PRESENT; KS_FULL: there are 8; KS_BADARG. */
static inline ks_status ks_log_add_handler(
    const char *id, const ks_log_handler *handler) KS_MUST_USE;
/* KS_NOT_FOUND. "default": nothing goes to standard error, until a handler is set again. */
KS_API ks_status ks_log_remove_handler(const char *id);
/* The whole row of a handler is replaced, its filters stay. KS_NOT_FOUND, KS_BADARG. */
static inline ks_status ks_log_change_handler(
    const char *id, const ks_log_handler *handler) KS_MUST_USE;
/* Its row; handle NULL: the usual one, which nobody has set. KS_NOT_FOUND. */
static inline ks_status ks_log_get_handler(const char *id, ks_log_handler *ret_handler) KS_MUST_USE;
/* The least level of one handler, at any time. KS_NOT_FOUND, KS_BADARG. */
KS_API ks_status ks_log_set_handler_level(const char *id, ks_level least);
/* Handlers for ks_log_set_handler and ks_log_add_handler: standard error, without waiting. */
KS_API void ks_log_to_text(const ks_log_event *event, void *unused);
KS_API void ks_log_to_json(const ks_log_event *event, void *unused);

/* A filter sees each event before a handler does, and says whether it is handled, or does not know:
 * one that says stop ends it, else one that says log is enough, else .only_filtered decides. It may
 * change the event, for those behind it. Filters run in the order in which they were added, of all
 * handlers first; one that fails is removed as a handler is, and has said nothing. */
typedef enum ks_filter_verdict {
    KS_FILTER_IGNORE,
    KS_FILTER_LOG,
    KS_FILTER_STOP
} ks_filter_verdict;
typedef ks_filter_verdict ks_log_filter(ks_log_event *event, void *arg);
/* handler NULL: of all. KS_NOT_FOUND (no such handler), KS_ALREADY_PRESENT (it has such a filter),
 * KS_FULL (there are 16, of all handlers together), KS_BADARG. Gone with its handler. */
KS_API ks_status ks_log_add_filter(
    const char *handler, const char *id, ks_log_filter *filter, void *arg) KS_MUST_USE;
KS_API ks_status ks_log_remove_filter(const char *handler, const char *id); /* KS_NOT_FOUND */

/* Waits until standard error took everything. KS_TIMEOUT. Not inside a process. */
KS_API ks_status ks_log_flush(ks_ms timeout);
/* Events that standard error did not get, since the program began. */
KS_API uint64_t ks_log_dropped(void);

/* The sizes go along, so that a newer library accepts rows of older programs. */
KS_API void ks_log_submit_(const ks_log_event *event, size_t size);
KS_API size_t ks_log_text_(const ks_log_event *event, const ks_log_format *format,
    size_t format_size, char *buffer, size_t size);
KS_API size_t ks_log_json_(const ks_log_event *event, const ks_log_format *format,
    size_t format_size, char *buffer, size_t size);
KS_API ks_status ks_log_add_handler_(const char *id, const ks_log_handler *handler, size_t size);
KS_API ks_status ks_log_change_handler_(const char *id, const ks_log_handler *handler, size_t size);
KS_API ks_status ks_log_get_handler_(const char *id, ks_log_handler *ret_handler, size_t size);
static inline void ks_log_submit(const ks_log_event *event)
{
    ks_log_submit_(event, sizeof *event);
}
static inline size_t ks_log_text(
    const ks_log_event *event, const ks_log_format *format, char *buffer, size_t size)
{
    return ks_log_text_(event, format, sizeof *format, buffer, size);
}
static inline size_t ks_log_json(
    const ks_log_event *event, const ks_log_format *format, char *buffer, size_t size)
{
    return ks_log_json_(event, format, sizeof *format, buffer, size);
}
static inline ks_status ks_log_add_handler(const char *id, const ks_log_handler *handler)
{
    return ks_log_add_handler_(id, handler, sizeof *handler);
}
static inline ks_status ks_log_change_handler(const char *id, const ks_log_handler *handler)
{
    return ks_log_change_handler_(id, handler, sizeof *handler);
}
static inline ks_status ks_log_get_handler(const char *id, ks_log_handler *ret_handler)
{
    return ks_log_get_handler_(id, ret_handler, sizeof *ret_handler);
}
#ifdef __cplusplus
extern "C++" {
template <typename... Fields>
inline void ks_report_cpp_(
    ks_level level, const char *file, int line, const char *text, const Fields &...given)
{
    const ks_log_field fields[] = { given... };
    ks_report_(level, file, line, text, fields, sizeof...(given));
}
template <typename... Fields>
inline ks_status ks_log_metadata_cpp_(bool all, const Fields &...given)
{
    const ks_log_field fields[] = { given... };
    return all ? ks_log_set_process_metadata_(fields, sizeof...(given))
               : ks_log_update_process_metadata_(fields, sizeof...(given));
}
}
#endif
#endif
