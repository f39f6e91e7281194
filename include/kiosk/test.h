/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/test.h - programs under a seed and virtual time; servers tested from a plain main. */
#ifndef KIOSK_TEST_H
#define KIOSK_TEST_H
#include "runtime.h"

/* --- a server in the hands of a test: no thread, no real time --------------------------------- */
/* init runs before it returns. The pid works with the server's own client functions, called from a
 * plain main or test: each runs the server, in virtual time, before it returns. Everything ends
 * with ks_step_end, or with the OS process. */
KS_API ks_status ks_step_start_(const ks_child *how, size_t size, ks_pid *ret_pid) KS_MUST_USE;
static inline ks_status ks_step_start(const ks_child *how, ks_pid *ret_pid)
{
    return ks_step_start_(how, sizeof *how, ret_pid);
}
KS_API void ks_step_time(ks_ms forward); /* timers and time-outs fire */
/* terminate runs; the reason it ended with. */
KS_API ks_reason ks_step_stop(ks_pid server, ks_reason reason);
KS_API void ks_step_end(void);
#define ks_step_state(P, pid) ((const P *)ks_step_state_((pid), &P##_module)) /* look into it */
KS_API const void *ks_step_state_(ks_pid server, const ks_module *module);

/* --- a simulated program ---------------------------------------------------------------------- */
typedef struct ks_simulation {
    uint64_t seed; /* of the first run; 0: from KIOSK_SEED, else 1 */
    int runs;     /* as many seeds; default 1; with KIOSK_SEED 1; more than 1: KIOSK_RUNS, if set */
    double yield; /* chance that a process is put aside at a call into kiosk; default 0.1 */
    double delay; /* chance that a signal is held back, in order; default 0.1 */
    double out_of_memory;     /* chance that an allocation fails; default 0 */
    ks_ms time_limit;         /* virtual; default one hour */
    bool may_leave;           /* processes may be left at the end: they are killed, not a failure */
    uint64_t fail_allocation; /* the n-th allocation since the scenario began fails; 0: none */
    uint32_t schedulers;      /* at most 8; default: KIOSK_SCHEDULERS in the environment, else 1 */
} ks_simulation;
/* Runs scenario as a process of a fresh simulated runtime, for each seed, until it returns; then
 * nothing may be left: no process it started, no memory, no descriptor. Virtual time passes when
 * nobody can run. 0: all runs passed; 1: a failure, printed with its seed; KIOSK_SEED=N replays. */
KS_API int ks_simulate(const ks_simulation *simulation, void (*scenario)(void));
KS_API uint64_t ks_simulation_seed(void); /* of the current run; 0 outside */

/* Ends the scenario with a message that names the seed; outside of one, the program. */
#define KS_CHECK(condition)                                                                        \
    ((condition) ? (void)0 : ks_check_failed_(__FILE__, __LINE__, #condition))
#define KS_CHECK_OK(expr) ks_check_ok_((expr), __FILE__, __LINE__, #expr)
KS_API void ks_check_failed_(const char *file, int line, const char *what);
KS_API void ks_check_ok_(ks_status status, const char *file, int line, const char *what);
#endif
