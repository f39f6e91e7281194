/* SPDX-License-Identifier: Apache-2.0 */
/* scenario.h - tests that are small programs: each runs under many seeds, as a Check test.
 *
 * A scenario is `static void name(void)`, the first process of a fresh simulated runtime, and says
 * what must hold with KS_CHECK. Everything below main is called from inside scenarios. */
#ifndef SCENARIO_H
#define SCENARIO_H
#include <kiosk/kiosk.h>
#include <kiosk/test.h>

struct scenario {
    const char *name;
    void (*run)(void);
    bool measures; /* processor time: another seed would take the same */
};
#define NAMED(name, f)                                                                             \
    {                                                                                              \
        name, f, false                                                                             \
    }
#define SCENARIO(f) NAMED(#f, f)
#define MEASUREMENT(f)                                                                             \
    {                                                                                              \
#f, f, true                                                                                \
    }
#define SCENARIOS(...)                                                                             \
    (const struct scenario[]){ __VA_ARGS__ },                                                      \
        sizeof((const struct scenario[]){ __VA_ARGS__ }) / sizeof(struct scenario)

/* The whole main: each scenario is run `runs` times, with as many seeds. What main returns. */
int run_scenarios(
    const char *suite, int runs, const struct scenario *scenarios, size_t scenario_count);
/* The same, always with one scheduler, for what is about its turns or its memory. */
int run_scenarios_on_one(
    const char *suite, int runs, const struct scenario *scenarios, size_t scenario_count);
/* The same for cases of a conformance suite. The results go into the file that the first argument
 * names, a line each: suite|case|passed (or failed). */
int run_cases(const char *suite, int argc, char **argv, const struct scenario *scenarios,
    size_t scenario_count);

/* --- what happened, in order: one letter an event --------------------------------------------- */
/* Stands on the scenario's stack; processes that live as long get its address. */
typedef struct trace {
    char text[120];
    size_t len;
} trace;
void trace_add(trace *t, char event);
bool trace_is(const trace *t, const char *events);

/* --- signals ---------------------------------------------------------------------------------- */
/* Waits until the monitored process has ended, and how; fails when nothing comes in an hour. The
 * text is not kept. */
ks_reason end_of(ks_ref monitor);
bool ended_with(ks_ref monitor, ks_reason_kind kind);
/* Takes the next ks_exited from pid out of the mailbox: it came within timeout, and was of kind. */
bool exit_came(ks_pid pid, ks_reason_kind kind, ks_ms timeout);
/* Ends pid, whatever it does, and waits until it is gone. */
void kill_and_wait(ks_pid pid);
/* Nothing is in the mailbox, and nothing comes for a while of virtual time. */
bool nothing_comes(void);

/* --- the log: events of KS_LOG_WARNING and above since forget_reports ------------------------- */
/* The first one makes them be kept, and no longer shown when the run fails. */
void forget_reports(void);
int report_count(ks_level level); /* of this level and above */
/* Whether one of them has both texts in its message. */
bool reported(const char *text, const char *and_text);
#endif
