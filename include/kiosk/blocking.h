/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/blocking.h - work that blocks its thread: it is done by another one, the process waits.
 *
 * For calls into what knows no processes: getaddrinfo, a database's client, a hash of a large file.
 *
 *     typedef struct lookup { char host[256], address[64]; int error; } lookup;
 *     static void look_up(void *data) { lookup *it = data; it->error = getaddrinfo(it->host ...
 *
 *     lookup it = { .host = "kiosk.example" };
 *     ks_status status = ks_blocking(look_up, &it, sizeof it, 5000);
 *
 * The function works on a copy of the data, which belongs to the job: a process that ended, or gave
 * up, is never written to. The threads are made when they are needed, at most as many as
 * ks_runtime_options.blocking_threads, and end after 10 seconds without work; jobs begin in the
 * order in which they came. What has begun runs to its end, whatever happens to its process; what
 * has not is taken out of the line when its process ends or gives up. Hold no lock over such a
 * call. In ks_simulate and in step tests the job runs at once, on the same thread, and takes a
 * virtual while that is drawn by lot.
 *
 * In the function there is no process: ks_alloc must not be used, what blocks or needs a process is
 * refused, clock and chance are the machine's. All signals are blocked. */
#ifndef KIOSK_BLOCKING_H
#define KIOSK_BLOCKING_H
#include "process.h"

typedef struct ks_blocking_options { /* zero: the default */
    ks_ms timeout;                   /* KS_DEFAULT_TIMEOUT; KS_INFINITY */
    /* What somebody must give back of what the data hold: a descriptor, a handle. Called once, with
     * the job's copy, unless ks_blocking_with returns KS_OK; the function may have run or not. On a
     * thread of the pool; where no copy could be made, at once and with the caller's data. */
    void (*release)(void *data);
} ks_blocking_options;

/* fn(copy of data), on a thread of the pool; then the copy is copied back, and errno is what fn
 * left there. Blocks for at most timeout ms, and in a handler no longer than the request may take.
 * KS_OK: it has run. KS_TIMEOUT, KS_DEADLINE: given up, data are as they were. KS_OVERLOAD: as many
 * jobs as blocking_queue_max wait already; -EAGAIN: there is no thread, and none can be made;
 * KS_NOMEM; KS_DENIED (not inside a process, or in a release hook): it did not run. */
KS_API ks_status ks_blocking(
    void (*fn)(void *data), void *data, size_t size, ks_ms timeout) KS_MUST_USE;
/* options NULL: none. */
static inline ks_status ks_blocking_with(void (*fn)(void *data), void *data, size_t size,
    const ks_blocking_options *options) KS_MUST_USE;

/* --- the same, typed, with values that point at something --------------------------------------
 *
 *     KS_BLOCKING(resolve, ks_text, addresses);
 *     static ks_status resolve_work(ks_job *job, const ks_text *host, addresses *reply) { ... }
 *
 *     ks_status status = resolve(&host, &found, 5000);
 *
 * Request and Reply are described by KS_TYPE, or void. The request is copied deeply into the job.
 * The reply begins zeroed; what it points at stands in memory of ks_job_alloc, in the request, or
 * is constant; it is copied deeply to the caller, as the reply of a call, and lives as long: until
 * the handler returns (plain process: its turn ends). A ks_bin in it is given away: ks_bin_new(...)
 * into the field is all. Sockets do not travel. resolve() gives what resolve_work returned, then
 * the reply is set on KS_OK only; or what ks_blocking may give. */
typedef struct ks_job ks_job;
/* clang-format off */
#define KS_BLOCKING(name, Req, Rep)                                                               \
    static ks_status name##_work(ks_job *job KS_IN(Req, request) KS_OUT(Rep, reply));             \
    static ks_status name##_run_(ks_job *job, const void *request, void *reply)                   \
    {                                                                                             \
        (void)request, (void)reply;                                                               \
        return name##_work(job KS_PASS(Req, (const KS_NONVOID(Req) *)request)                     \
                               KS_PASS(Rep, (KS_NONVOID(Rep) *)reply));                           \
    }                                                                                             \
    KS_STUB KS_MUST_USE ks_status name(                                                           \
        KS_LEADING_IN(Req, request) KS_LEADING_OUT(Rep, ret_reply) ks_ms timeout)                 \
    {                                                                                             \
        return ks_blocking_typed_(name##_run_, KS_DESC(Req), KS_PTR(Req, request), KS_DESC(Rep),  \
                                  KS_PTR(Rep, ret_reply), timeout);                               \
    }                                                                                             \
    KS_API const ks_type KS_TYPE_NAME(Req), KS_TYPE_NAME(Rep)
/* clang-format on */
/* Memory of the job, zeroed, 16-byte aligned, gone with it. NULL: out of memory. Used by the job's
 * function only. */
KS_API void *ks_job_alloc(ks_job *job, size_t size);

/* --- how it stands ------------------------------------------------------------------------------
 */
typedef struct ks_blocking_info {
    uint32_t threads;
    uint32_t running; /* jobs that have begun */
    uint32_t queued;  /* that have not, and are waited for */
    uint32_t left;    /* of running: nobody waits for them any more */
} ks_blocking_info;
/* Of the runtime that the caller runs in; zero outside, and in a simulation. */
KS_API ks_blocking_info ks_blocking_look(void);

KS_API ks_status ks_blocking_with_(void (*fn)(void *data), void *data, size_t size,
    const ks_blocking_options *options, size_t options_size);
static inline ks_status ks_blocking_with(
    void (*fn)(void *data), void *data, size_t size, const ks_blocking_options *options)
{
    return ks_blocking_with_(fn, data, size, options, sizeof *options);
}
KS_API ks_status ks_blocking_typed_(ks_status (*fn)(ks_job *job, const void *request, void *reply),
    const ks_type *request_type, const void *request, const ks_type *reply_type, void *ret_reply,
    ks_ms timeout);
#endif
