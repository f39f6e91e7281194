/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.h - what the cases of supervisors share: a worker, supervisors of every strategy whose
 * intensity comes from arguments, and how children end. Included by one file of each program. */
#ifndef TESTS_CONFORMANCE_SUPERVISOR_H
#define TESTS_CONFORMANCE_SUPERVISOR_H
#include "support/scenario.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE = 60000, SECOND = 1000 };

/* --- the worker ------------------------------------------------------------------------------- */
enum { GOOD, IGNORES, IGNORES_AGAIN, FAILS_AGAIN, FAILS, STOPS, SLEEPS, SLOW, UNLINKS, FAULTY_END };
static struct {
    trace trace;     /* the upper case of a tag when it starts, the lower case when it ends */
    bool again;      /* workers of the kind AGAIN ignore, or fail */
    int failures;    /* so many starts of those have failed */
    ks_pid outsider; /* who may be told */
} world;

typedef struct worker_args {
    int32_t how, tag;
    ks_text note;
} worker_args;
KS_TYPE(worker_args, how, tag, note);
KS_MODULE(worker, worker_args);
struct worker {
    int32_t how, tag;
    const char *note;
};
KS_CAST(worker, end, ks_reason);
KS_CALL(worker, note, void, ks_text);

static inline ks_next worker_init(worker *self, const worker_args *args)
{
    *self = (worker){ args->how, args->tag, ks_strdup(args->note) };
    if (self->how == IGNORES || (self->how == IGNORES_AGAIN && world.again)) return ks_ignore();
    if (self->how == FAILS) return ks_fail(KS_NOT_FOUND);
    if (self->how == STOPS) return ks_stop(ks_error("stopped in init"));
    if (self->how == FAILS_AGAIN && world.again) {
        world.failures++;
        ks_sleep(1);
        return ks_fail(KS_NOT_FOUND);
    }
    if (self->how == UNLINKS) ks_unlink(ks_parent());
    if (self->tag) trace_add(&world.trace, (char)(self->tag - 'a' + 'A'));
    return ks_ok();
}

static ks_next worker_handle_end(worker *self, const ks_reason *reason)
{
    self->tag = 0;
    return ks_stop(*reason);
}

static ks_next worker_handle_note(worker *self, ks_text *reply)
{
    *reply = ks_str(self->note);
    return ks_reply();
}

static inline void worker_terminate(worker *self, ks_reason why)
{
    if (self->how == SLEEPS) ks_sleep(KS_INFINITY);
    if (self->how == SLOW) ks_sleep(SECOND);
    if (self->tag) trace_add(&world.trace, (char)self->tag);
    if (self->how == FAULTY_END) ks_exit(ks_error("failed in terminate"));
}
KS_GEN_SERVER(
    worker, .init = worker_init, .terminate = worker_terminate, .ops = KS_OPS(worker, end, note));

static inline void begin(void)
{
    memset(&world, 0, sizeof world);
    forget_reports();
    (void)ks_trap_exit(true);
}

static inline bool traced(const char *events)
{
    bool is = trace_is(&world.trace, events);
    world.trace = (trace){ .len = 0 };
    return is;
}

/* All that is under way has arrived: time passes only when nobody can run. */
static inline void settle(void)
{
    ks_sleep(1);
    ks_sleep(1);
}

/* --- supervisors ------------------------------------------------------------------------------ */
typedef struct flags {
    int32_t intensity, period;
    uint32_t max_children;
} flags;
KS_TYPE(flags, intensity, period, max_children);
static inline ks_status limit(const flags *args)
{
    return ks_supervisor_limit(
        &(ks_supervisor_limits){ args->intensity, args->period, args->max_children });
}
KS_MODULE(ofo, flags); /* one for one */
static inline ks_status ofo_init(const flags *args) { return limit(args); }
KS_SUPERVISOR_INIT(ofo, .strategy = KS_ONE_FOR_ONE);
KS_MODULE(ofa, flags); /* one for all */
static inline ks_status ofa_init(const flags *args) { return limit(args); }
KS_SUPERVISOR_INIT(ofa, .strategy = KS_ONE_FOR_ALL);
KS_MODULE(rfo, flags); /* rest for one */
static inline ks_status rfo_init(const flags *args) { return limit(args); }
KS_SUPERVISOR_INIT(rfo, .strategy = KS_REST_FOR_ONE);
KS_MODULE(dyn, flags); /* dynamic */
static inline ks_status dyn_init(const flags *args) { return limit(args); }
KS_SUPERVISOR_INIT(dyn, .strategy = KS_DYNAMIC);
/* Two restarts within an hour, as most cases of OTP have it. */
#define TWO_AN_HOUR .intensity = 2, .period = 3600

static inline ks_pid start(const ks_child *row)
{
    ks_pid pid = { 0 };
    KS_CHECK_OK(ks_start_link(row, &pid));
    return pid;
}

static inline ks_pid add(ks_pid supervisor, const ks_child *row)
{
    ks_pid pid = { 0 };
    KS_CHECK_OK(ks_start_child(supervisor, row, &pid));
    KS_CHECK(ks_is_alive(pid));
    return pid;
}
/* ADD(sup, "id", .restart = KS_TEMPORARY): a good worker of that id. */
#define ADD(supervisor, ...)                                                                       \
    add(supervisor, &(const ks_child){ KS_START(worker), .id = __VA_ARGS__ })

static inline bool counts(ks_pid supervisor, int specs, int active, int supervisors, int workers)
{
    ks_child_counts c;
    KS_CHECK_OK(ks_count_children(supervisor, &c));
    return c.specs == specs && c.active == active && c.supervisors == supervisors &&
        c.workers == workers;
}

static inline ks_child_info info(ks_pid supervisor, const char *id)
{
    ks_child_info infos[20];
    size_t count;
    KS_CHECK_OK(ks_which_children(supervisor, infos, 20, &count));
    for (size_t i = 0; i < count && i < 20; i++)
        if (ks_text_eq(infos[i].id, ks_str(id))) return infos[i];
    return (ks_child_info){ .state = -1 };
}

static inline ks_pid pid_of(ks_pid supervisor, const char *id) { return info(supervisor, id).pid; }
static inline bool runs(ks_pid supervisor, const char *id)
{
    return info(supervisor, id).state == KS_CHILD_RUNNING && ks_is_alive(pid_of(supervisor, id));
}

/* --- ends ------------------------------------------------------------------------------------- */
#define NORMAL KS_NORMAL
#define SHUTDOWN KS_SHUTDOWN
#define SHUTDOWN_INFO ((ks_reason){ .kind = KS_REASON_SHUTDOWN, .code = 77, .text = "some info" })
#define ABNORMAL ((ks_reason){ .kind = KS_REASON_ERROR, .text = "died" })

/* The child ends with that reason; returns when its supervisor has done what follows. */
static inline void end(ks_pid child, ks_reason reason)
{
    ks_ref monitor = ks_monitor(child);
    if (reason.kind == KS_REASON_KILL)
        ks_exit_process(child, KS_KILL);
    else
        (void)worker_cast_end(child, &reason);
    KS_CHECK(ended_with(
        monitor, reason.kind == KS_REASON_KILL ? KS_REASON_KILLED : (ks_reason_kind)reason.kind));
    settle();
}

static inline void stop(ks_pid supervisor)
{
    KS_CHECK_OK(ks_stop_process(supervisor, KS_SHUTDOWN, KS_INFINITY));
}

/* Too many restarts: the supervisor, which is linked to us, has ended. */
static inline bool gave_up(ks_pid supervisor)
{
    return exit_came(supervisor, KS_REASON_SHUTDOWN, MINUTE) && !ks_is_alive(supervisor);
}
#endif
