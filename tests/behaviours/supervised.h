/* SPDX-License-Identifier: Apache-2.0 */
/* supervised.h - a child that can do everything wrong, and what the tests of supervisors share.
 *
 * A scenario begins with begin(). What happens is kept as letters: the upper case of a child's tag
 * when its init runs, the lower case when its terminate does. Included by one file of each
 * program. */
#ifndef TESTS_BEHAVIOURS_SUPERVISED_H
#define TESTS_BEHAVIOURS_SUPERVISED_H
#include <kiosk/kiosk.h>
#include <kiosk/test.h>

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 100, REPORTS = 8192, SLOW_MS = 1000, HOUR = 3600000 };

/* --- what happened ---------------------------------------------------------------------------- */
static struct {
    char letters[200];
    size_t count;
    int fails; /* so many inits of failing children fail */
    bool ignores;
    int starts; /* inits of failing children */
    char reports[REPORTS];
    size_t reports_length;
    int errors; /* reported by supervisors */
} world;

static inline void happened(int letter)
{
    if (world.count + 1 < sizeof world.letters) world.letters[world.count++] = (char)letter;
    world.letters[world.count] = 0;
}

static inline bool happened_is(const char *letters)
{
    bool same = strcmp(world.letters, letters) == 0;
    if (!same) fprintf(stderr, "happened: \"%s\", expected: \"%s\"\n", world.letters, letters);
    world.count = 0;
    world.letters[0] = 0;
    return same;
}

static inline void keep_report(const ks_log_event *event, void *arg)
{
    if (event->level < KS_LOG_NOTICE) return;
    size_t left = sizeof world.reports - world.reports_length;
    if (event->level >= KS_LOG_ERROR)
        world.errors += strncmp(event->message.ptr, "supervisor", 10) == 0;
    if (event->message.len + 2 > left) return;
    memcpy(world.reports + world.reports_length, event->message.ptr, event->message.len);
    world.reports_length += event->message.len;
    world.reports[world.reports_length++] = '\n';
    world.reports[world.reports_length] = 0;
}

static inline bool reported(const char *text)
{
    bool found = strstr(world.reports, text) != NULL;
    if (!found) fprintf(stderr, "not reported: %s\nbut:\n%s", text, world.reports);
    return found;
}

static inline void begin(void)
{
    memset(&world, 0, sizeof world);
    ks_log_set_handler(keep_report, NULL);
    (void)ks_trap_exit(true);
}

/* Time passes only when nobody can run: all that is under way has arrived then. */
static inline void settle(void)
{
    ks_sleep(1);
    ks_sleep(1);
}

/* --- the child -------------------------------------------------------------------------------- */
enum {
    GOOD,
    IGNORES,
    IGNORES_LATER, /* while the world says so */
    FAILS,         /* as often as the world says, else good */
    CRASHES,       /* in init */
    STUBBORN,      /* never returns from terminate */
    SLOW,          /* terminate takes SLOW_MS */
    LATE,          /* init takes SLOW_MS */
    UNLINKS,
    UNLINKS_AND_STAYS
};
typedef struct child_args {
    int32_t tag;
    int32_t how;
    ks_text note;
} child_args;
KS_MODULE(child, child_args);
KS_TYPE(child_args, tag, how, note);

struct child {
    int32_t tag, how;
    const char *note;
};
KS_CALL(child, note, void, ks_text);
KS_CAST(child, finish, ks_reason);

static inline ks_next child_init(child *self, const child_args *args)
{
    *self = (child){ args->tag, args->how, ks_strdup(args->note) };
    if (self->how == FAILS) {
        world.starts++;
        ks_sleep(1);
        if (world.fails > 0 && world.fails--) return ks_fail(KS_DENIED);
    }
    if (self->how == IGNORES || (self->how == IGNORES_LATER && world.ignores)) return ks_ignore();
    if (self->how == CRASHES) return ks_stop(ks_error("crashed in init"));
    if (self->how == LATE) ks_sleep(SLOW_MS);
    if (self->how == UNLINKS || self->how == UNLINKS_AND_STAYS) ks_unlink(ks_parent());
    if (self->tag) happened(toupper(self->tag));
    return ks_ok();
}

static ks_next child_handle_note(child *self, ks_text *reply)
{
    *reply = ks_str(self->note);
    return ks_reply();
}

static ks_next child_handle_finish(child *self, const ks_reason *reason)
{
    self->tag = 0; /* the end of its own is seen in other ways */
    return ks_stop(*reason);
}

static inline void child_terminate(child *self, ks_reason why)
{
    if (self->how == SLOW) ks_sleep(SLOW_MS);
    if (self->how == STUBBORN || self->how == UNLINKS_AND_STAYS) ks_sleep(KS_INFINITY);
    if (self->tag) happened(self->tag);
}
KS_GEN_SERVER(
    child, .init = child_init, .terminate = child_terminate, .ops = KS_OPS(child, note, finish));

static inline void crash(ks_pid pid)
{
    (void)child_cast_finish(pid, &(ks_reason){ .kind = KS_REASON_ERROR, .text = "disk full" });
}

/* --- supervisors ------------------------------------------------------------------------------ */
static inline ks_pid start(const ks_child *row)
{
    ks_pid pid = { 0 };
    KS_CHECK_OK(ks_start_link(row, &pid));
    return pid;
}

static inline void stop(ks_pid supervisor)
{
    KS_CHECK_OK(ks_stop_process(supervisor, KS_SHUTDOWN, KS_INFINITY));
}

static inline ks_pid add(ks_pid supervisor, const ks_child *row)
{
    ks_pid pid = { 0 };
    KS_CHECK_OK(ks_start_child(supervisor, row, &pid));
    KS_CHECK(ks_is_alive(pid));
    return pid;
}

/* The child of an id, as the supervisor knows it; state -1: it does not. */
static inline ks_child_info info_of(ks_pid supervisor, const char *id)
{
    ks_child_info infos[20];
    size_t count;
    KS_CHECK_OK(ks_which_children(supervisor, infos, 20, &count));
    for (size_t i = 0; i < count && i < 20; i++)
        if (ks_text_eq(infos[i].id, ks_str(id))) return infos[i];
    return (ks_child_info){ .state = -1 };
}

static inline bool counts_are(ks_pid supervisor, int specs, int active)
{
    ks_child_counts counts;
    KS_CHECK_OK(ks_count_children(supervisor, &counts));
    return counts.specs == specs && counts.active == active &&
        counts.specs == counts.supervisors + counts.workers;
}

/* --- main ------------------------------------------------------------------------------------- */
struct scenario {
    const char *name;
    void (*run)(void);
};
static const struct scenario *scenarios;

START_TEST(under_all_seeds)
{
    int failed = ks_simulate(&(ks_simulation){ .runs = SEEDS }, scenarios[_i].run);
    ck_assert_msg(failed == 0, "%s", scenarios[_i].name);
}
END_TEST

static inline int run_all(const char *name, const struct scenario *all, int count)
{
    scenarios = all;
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, under_all_seeds, 0, count);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#define RUN_ALL(name, ...)                                                                         \
    run_all(name, (const struct scenario[]){ __VA_ARGS__ },                                        \
        (int)(sizeof((const struct scenario[]){ __VA_ARGS__ }) / sizeof(struct scenario)))
#define SCENARIO(f)                                                                                \
    {                                                                                              \
#f, f                                                                                      \
    }
#endif
