/* SPDX-License-Identifier: Apache-2.0 */
/* rule_19_report_test - crash reports for every reason but normal, shutdown and shutdown with a
 * text. A broken formatter never hides the crash. */
#include "support/scenario.h"
#include <stdio.h>
#include <string.h>

enum formatter { NONE, GOOD, EXITS, STOPS_IN_THE_MIDDLE, BLOCKS };
typedef struct fragile_args {
    int32_t formatter;
} fragile_args;
KS_TYPE(fragile_args, formatter);
typedef struct secretive {
    ks_text user;
    const char *password;
} secretive;
KS_TYPE(secretive, user, (secret, password));
KS_MODULE(fragile, fragile_args);
KS_CAST(fragile, stop, ks_reason);
KS_CALL(fragile, login, secretive, void);
struct fragile {
    enum formatter formatter;
};

static ks_next fragile_init(fragile *self, const fragile_args *args)
{
    self->formatter = (enum formatter)args->formatter;
    return ks_ok();
}

static ks_next fragile_handle_stop(fragile *self, const ks_reason *reason)
{
    return ks_stop(*reason);
}

static ks_next fragile_handle_login(fragile *self, const secretive *request)
{
    return ks_stop(ks_error("login failed"));
}

static void fragile_format_status(const fragile *self, char *buffer, size_t size)
{
    if (size > 0) buffer[0] = 0;
    switch (self->formatter) {
    case GOOD: snprintf(buffer, size, "state of 42"); break;
    case EXITS: ks_exit(ks_error("formatter broke")); break;
    case STOPS_IN_THE_MIDDLE:
        snprintf(buffer, size, "half a st");
        ks_exit_process(ks_self(), KS_KILL);
        break;
    case BLOCKS: ks_sleep(KS_INFINITY); break;
    default: break;
    }
}

KS_GEN_SERVER(fragile, .init = fragile_init, .format_status = fragile_format_status,
    .ops = KS_OPS(fragile, stop, login));

/* --- which ends are reported ------------------------------------------------------------------ */
static ks_pid start(enum formatter formatter, ks_ref *ret_monitor)
{
    ks_pid server;
    forget_reports();
    KS_CHECK_OK(
        ks_start_monitor(KS_CHILD(fragile, .formatter = (int32_t)formatter), &server, ret_monitor));
    return server;
}

static int errors_after(ks_reason reason)
{
    ks_ref monitor;
    ks_pid server = start(GOOD, &monitor);
    fragile_cast_stop(server, &reason);
    KS_CHECK(ended_with(monitor, reason.kind));
    return report_count(KS_LOG_WARNING);
}

static void a_clean_end_is_not_reported(void)
{
    KS_CHECK(errors_after(KS_NORMAL) == 0);
    KS_CHECK(errors_after(KS_SHUTDOWN) == 0);
    KS_CHECK(errors_after(ks_shutdown("with a text")) == 0);
}

static void every_other_end_is_reported_once(void)
{
    KS_CHECK(errors_after(ks_error("disk full")) == 1);
    KS_CHECK(reported("fragile", "disk full"));
    KS_CHECK(errors_after(ks_because(KS_NOT_FOUND)) == 1);
    KS_CHECK(reported("fragile", ks_status_text(KS_NOT_FOUND)));
    KS_CHECK(errors_after(KS_KILL) == 1);
    KS_CHECK(errors_after((ks_reason){ .kind = KS_REASON_KILLED }) == 1);
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
}

static void end_by_signal(ks_reason reason)
{
    ks_ref monitor;
    ks_pid server = start(GOOD, &monitor);
    ks_exit_process(server, reason);
    end_of(monitor);
}

/* Whoever is ended from outside has nothing to report. */
static void an_end_by_a_signal_is_not_reported(void)
{
    end_by_signal(KS_KILL);
    KS_CHECK(report_count(KS_LOG_WARNING) == 0);
    end_by_signal(ks_error("sent by somebody"));
    KS_CHECK(report_count(KS_LOG_WARNING) == 0);
}

static void fails(void *arg)
{
    ks_set_label("worker of the scenario");
    ks_exit(ks_error("out of luck"));
}

static void returns(void *arg) {}

static void a_plain_process_is_reported_too(void)
{
    ks_ref monitor;
    forget_reports();
    ks_spawn_monitor(returns, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(report_count(KS_LOG_WARNING) == 0);
    ks_spawn_monitor(fails, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_WARNING) == 1);
    KS_CHECK(reported("worker of the scenario", "out of luck"));
}

/* --- what a report says ----------------------------------------------------------------------- */
static void it_has_the_formatted_state(void)
{
    KS_CHECK(errors_after(ks_error("disk full")) == 1);
    KS_CHECK(reported("state of 42", "disk full"));
}

/* The request that was being handled, by its description, without its secrets. */
static void it_has_the_request_without_secrets(void)
{
    ks_ref monitor;
    ks_pid server = start(GOOD, &monitor);
    const secretive request = { ks_lit("joe"), "opensesame" };
    KS_CHECK(fragile_call_login(server, &request, 1000) == KS_NOPROC);
    end_of(monitor);
    KS_CHECK(report_count(KS_LOG_WARNING) == 1);
    KS_CHECK(reported("login", "joe"));
    KS_CHECK(!reported("opensesame", ""));
}

/* --- broken formatters ------------------------------------------------------------------------ */
static void the_crash_is_reported_with(enum formatter formatter)
{
    ks_ref monitor;
    ks_pid server = start(formatter, &monitor);
    const ks_reason reason = ks_error("disk full");
    fragile_cast_stop(server, &reason);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("fragile", "disk full"));
}

static void a_formatter_that_exits_hides_nothing(void) { the_crash_is_reported_with(EXITS); }

static void a_formatter_that_kills_itself_hides_nothing(void)
{
    the_crash_is_reported_with(STOPS_IN_THE_MIDDLE);
}

static void a_formatter_that_blocks_hides_nothing(void) { the_crash_is_reported_with(BLOCKS); }

static void a_formatter_that_says_nothing_hides_nothing(void) { the_crash_is_reported_with(NONE); }

/* A formatter that fails when it is asked for must not end a server that is well. */
static void a_broken_formatter_does_not_end_a_running_server(void)
{
    ks_ref monitor;
    ks_pid server = start(EXITS, &monitor);
    char buffer[64];
    ks_status status = ks_format_status(server, buffer, sizeof buffer, 1000);
    KS_CHECK(status != KS_NOPROC);
    KS_CHECK(ks_is_alive(server));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

int main(void)
{
    return run_scenarios("rule 19", 100,
        SCENARIOS(SCENARIO(a_clean_end_is_not_reported), SCENARIO(every_other_end_is_reported_once),
            SCENARIO(an_end_by_a_signal_is_not_reported), SCENARIO(a_plain_process_is_reported_too),
            SCENARIO(it_has_the_formatted_state), SCENARIO(it_has_the_request_without_secrets),
            SCENARIO(a_formatter_that_exits_hides_nothing),
            SCENARIO(a_formatter_that_kills_itself_hides_nothing),
            SCENARIO(a_formatter_that_blocks_hides_nothing),
            SCENARIO(a_formatter_that_says_nothing_hides_nothing),
            SCENARIO(a_broken_formatter_does_not_end_a_running_server)));
}
