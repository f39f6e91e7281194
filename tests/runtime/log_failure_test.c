/* SPDX-License-Identifier: Apache-2.0 */
/* log_failure_test - handlers and filters that fail: what is left of them, of who logs, and of the
 * others; and what all events of a process carry. */
#include "support/scenario.h"
#include <kiosk/runtime.h>
#include <string.h>

enum { TEXT = 400 };
static int failures, others;
static char latest[TEXT], before[TEXT];

static void fails(const ks_log_event *event, void *how)
{
    failures++;
    if (how) ks_exit(*(const ks_reason *)how);
    ks_exit(ks_error("the disk is full"));
}

static void keep(const ks_log_event *event, void *unused)
{
    const ks_log_format bare = { .bare = true, .single_line = true };
    others++;
    memcpy(before, latest, sizeof before);
    ks_log_text(event, &bare, latest, sizeof latest);
}

static void begin(void)
{
    failures = others = 0;
    latest[0] = before[0] = 0;
    KS_CHECK_OK(ks_log_add_handler("other", &(ks_log_handler){ .handle = keep }));
}

static void end(void)
{
    (void)ks_log_set_handler(NULL, NULL);
    KS_CHECK_OK(ks_log_remove_handler("other"));
}

static void add_bad(const ks_reason *how)
{
    const ks_log_handler bad = { .handle = fails, .arg = (void *)how };
    KS_CHECK_OK(ks_log_add_handler("bad", &bad));
}

/* --- who logs --------------------------------------------------------------------------------- */
KS_MODULE(clerk, void);
KS_CALL(clerk, log, ks_int, ks_int);
struct clerk {
    ks_int count;
};

static ks_next clerk_handle_log(clerk *self, const ks_int *n, ks_int *reply)
{
    const char *kept = ks_format("%d", (int)*n); /* of this turn */
    ks_log_error("entry %s", kept);
    KS_CHECK(kept[0] == '0' + (char)*n);
    *reply = ++self->count;
    return ks_reply();
}

KS_GEN_SERVER(clerk, .ops = KS_OPS(clerk, log));

static void a_server_whose_handler_fails_goes_on(void)
{
    ks_pid pid;
    ks_int count;
    begin();
    KS_CHECK_OK(ks_start(KS_CHILD(clerk), &pid));
    for (ks_int i = 1; i <= 3; i++) {
        add_bad(NULL);
        KS_CHECK_OK(clerk_call_log(pid, &i, &count, 1000));
        KS_CHECK(count == i && failures == i && others == 2 * i);
        KS_CHECK(ks_log_remove_handler("bad") == KS_NOT_FOUND);
    }
    KS_CHECK(strstr(latest, "'bad' has failed") || strstr(before, "'bad' has failed"));
    KS_CHECK_OK(ks_stop_process(pid, KS_NORMAL, 1000));
    end();
}

/* Also a reason that would be no crash: who should not end, has failed. */
static void a_clean_exit_is_a_failure_too(void)
{
    begin();
    add_bad(&KS_NORMAL);
    ks_log_error("entry");
    KS_CHECK(failures == 1 && others == 2 && ks_log_remove_handler("bad") == KS_NOT_FOUND);
    end();
}

/* It is already dead, so to say: its report is handed on to everybody else. */
static void crashes(void *arg) { ks_exit(ks_error("crashed")); }

static void a_crash_report_reaches_the_others(void)
{
    ks_ref monitor;
    begin();
    add_bad(NULL);
    ks_spawn_monitor(crashes, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(failures == 1 && others == 2);
    KS_CHECK(strstr(latest, "ended: error: crashed") || strstr(before, "ended: error: crashed"));
    end();
}

static void the_standard_takes_the_place_of_the_usual_one(void)
{
    ks_log_handler usual;
    begin();
    (void)ks_log_set_handler(fails, NULL);
    KS_CHECK_OK(ks_log_set_handler_level("default", KS_LOG_CRITICAL)); /* not the report of it */
    ks_log(KS_LOG_CRITICAL, "entry");
    KS_CHECK(failures == 1 && strstr(before, "'default' has failed"));
    KS_CHECK_OK(ks_log_get_handler("default", &usual));
    KS_CHECK(usual.handle == NULL && usual.least == KS_LOG_CRITICAL); /* the level stays */
    KS_CHECK_OK(ks_log_remove_handler("default"));
    end();
}

static void dies_in_a_handler(const ks_log_event *event, void *unused)
{
    failures++;
    ks_exit_process(ks_self(), KS_KILL);
    ks_sleep(1);
}

static void logs(void *arg)
{
    ks_log_error("entry");
    others = -1; /* it went on */
}

/* A signal is not the handler's failure. */
static void who_is_killed_in_a_handler_is_dead(void)
{
    ks_ref monitor;
    begin();
    KS_CHECK_OK(ks_log_add_handler("deadly", &(ks_log_handler){ .handle = dies_in_a_handler }));
    ks_spawn_monitor(logs, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    KS_CHECK(failures == 1 && others >= 0);
    KS_CHECK_OK(ks_log_remove_handler("deadly"));
    end();
}

/* Any depth, and whatever it has taken meanwhile stays the process's. */
static void takes_much(const ks_log_event *event, void *unused)
{
    failures++;
    (void)ks_alloc(1 << 20); /* more than the process may have */
}

static void logs_in_little_room(void *arg)
{
    ks_log_error("entry");
    *(bool *)arg = true;
}

static void out_of_memory_is_the_handlers_trouble(void)
{
    bool went_on = false;
    ks_ref monitor;
    const ks_spawn_options options = { .memory_max = 100000, .ret_monitor = &monitor };
    begin();
    KS_CHECK_OK(ks_log_add_handler("greedy", &(ks_log_handler){ .handle = takes_much }));
    KS_CHECK_OK(ks_spawn_with(logs_in_little_room, &went_on, &options, NULL));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL) && went_on);
    KS_CHECK(failures == 1 && ks_log_remove_handler("greedy") == KS_NOT_FOUND);
    end();
}

/* --- what a process carries ------------------------------------------------------------------- */
static void values_are_copied_and_given_back(void)
{
    begin();
    char text[] = "ann";
    ks_log_unset_process_metadata(); /* the part of the process that knows of them stays */
    const uint64_t memory = ks_process_memory(ks_self());
    KS_CHECK_OK(ks_log_set_process_metadata(KS_WITH("user", text), KS_WITH("n", 7)));
    memset(text, 'x', 3);
    ks_log_error("entry");
    KS_CHECK(strcmp(latest, "entry user=ann n=7") == 0);
    const uint64_t with = ks_process_memory(ks_self());
    for (int i = 0; i < 100; i++) {
        KS_CHECK_OK(ks_log_update_process_metadata(KS_WITH("user", "bob"), KS_WITH("user", "ann")));
        KS_CHECK_OK(ks_log_set_process_metadata(KS_WITH("user", "ann"), KS_WITH("n", i)));
    }
    KS_CHECK(with > memory && ks_process_memory(ks_self()) == with);
    ks_log_unset_process_metadata();
    ks_log_unset_process_metadata();
    KS_CHECK(ks_process_memory(ks_self()) == memory);
    end();
}

static void more_than_sixteen_are_refused(void)
{
    char keys[17][4];
    ks_log_field fields[17], read[17];
    for (int i = 0; i < 17; i++) {
        memcpy(keys[i], "k?", 3);
        keys[i][1] = (char)('a' + i);
        fields[i] = KS_WITH(keys[i], i);
    }
    KS_CHECK_OK(ks_log_set_process_metadata_(fields, 16));
    KS_CHECK(ks_log_update_process_metadata_(&fields[16], 1) == KS_FULL);
    KS_CHECK(ks_log_set_process_metadata_(fields, 17) == KS_FULL);
    KS_CHECK_OK(ks_log_update_process_metadata_(fields, 16));
    KS_CHECK(ks_log_get_process_metadata(read, 17) == 16);
    KS_CHECK(strcmp(read[15].key, "kp") == 0 && read[15].value.integer == 15);
}

static void crashes_on_behalf(void *arg)
{
    KS_CHECK_OK(ks_log_set_process_metadata(KS_WITH("request", 4711)));
    ks_exit(ks_error("crashed"));
}

static void a_crash_report_has_it_too(void)
{
    ks_ref monitor;
    begin();
    ks_spawn_monitor(crashes_on_behalf, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(others == 1 && strstr(latest, " request: 4711;"));
    end();
}

int main(void)
{
    return run_scenarios("log_failure", 40,
        SCENARIOS(SCENARIO(a_server_whose_handler_fails_goes_on),
            SCENARIO(a_clean_exit_is_a_failure_too), SCENARIO(a_crash_report_reaches_the_others),
            SCENARIO(the_standard_takes_the_place_of_the_usual_one),
            SCENARIO(who_is_killed_in_a_handler_is_dead),
            SCENARIO(out_of_memory_is_the_handlers_trouble),
            SCENARIO(values_are_copied_and_given_back), SCENARIO(more_than_sixteen_are_refused),
            SCENARIO(a_crash_report_has_it_too)));
}
