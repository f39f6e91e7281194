/* SPDX-License-Identifier: Apache-2.0 */
/* gen_server_report_test - cases of gen_server_SUITE: crash reports, the formatted state, missing
 * callbacks, a full mailbox. The others: gen_server_test.c. */
#include "base/base.h"
#include "support/scenario.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- a server that ends as it is told, and a formatter that may be broken --------------------- */
enum { FORMAT_WELL, FORMAT_EXITS, FORMAT_KILLS_ITSELF };
enum { TERMINATE_WELL, TERMINATE_FAILS };

typedef struct frail_args {
    int32_t format, terminate;
} frail_args;
KS_TYPE(frail_args, format, terminate);
KS_MODULE(frail, frail_args);
KS_CALL(frail, ping, void, void);
KS_CALL(frail, stop, ks_reason, void);
KS_CALL(frail, label, void, void);
KS_CALL(frail, go_on, void, void);
struct frail {
    int32_t format, terminate, secret;
};

static ks_next frail_init(frail *self, const frail_args *args)
{
    *self = (frail){ args->format, args->terminate, 4711 };
    return ks_ok();
}

static ks_next frail_handle_ping(frail *self) { return ks_reply(); }

static ks_next frail_handle_stop(frail *self, const ks_reason *reason) { return ks_stop(*reason); }

static ks_next frail_handle_label(frail *self)
{
    ks_set_label("my process label");
    return ks_reply();
}

static ks_next frail_handle_go_on(frail *self) { return ks_reply(); }

static ks_next frail_handle_info(frail *self, const ks_msg *msg)
{
    ks_exit(ks_error("in the middle of handle_info"));
}

static void frail_terminate(frail *self, ks_reason why)
{
    if (self->terminate == TERMINATE_FAILS) ks_exit(ks_error("in the middle of terminate"));
}

static void frail_format_status(const frail *self, char *buffer, size_t size)
{
    if (self->format == FORMAT_EXITS) ks_exit(ks_error("broken formatter"));
    if (self->format == FORMAT_KILLS_ITSELF) ks_exit_process(ks_self(), KS_KILL);
    snprintf(buffer, size, "formatted status");
}

KS_GEN_SERVER(frail, .init = frail_init, .handle_info = frail_handle_info,
    .terminate = frail_terminate, .format_status = frail_format_status,
    .ops = KS_OPS(frail, ping, stop, label, go_on));

/* One that has nothing but an operation to end it. */
KS_MODULE(bare, void);
KS_CALL(bare, ping, void, void);
KS_CALL(bare, stop, ks_reason, void);
KS_CALL(bare, go_on, void, void); /* with a handle_continue that it has not */
struct bare {
    int unused;
};

static ks_next bare_handle_ping(bare *self) { return ks_reply(); }

static ks_next bare_handle_stop(bare *self, const ks_reason *reason) { return ks_stop(*reason); }

static ks_next bare_handle_go_on(bare *self) { return ks_continue(ks_reply(), 1); }

KS_GEN_SERVER(bare, .ops = KS_OPS(bare, ping, stop, go_on));

/* An operation that the bare server does not serve. */
KS_MODULE(foreign, void);
KS_CALL(foreign, ask, void, void);
KS_CAST(foreign, tell, ks_int);
struct foreign {
    int unused;
};

static ks_next foreign_handle_ask(foreign *self) { return ks_reply(); }

static ks_next foreign_handle_tell(foreign *self, const ks_int *number) { return ks_noreply(); }

KS_GEN_SERVER(foreign, .ops = KS_OPS(foreign, ask, tell));

static ks_pid start_frail(int32_t format, int32_t terminate, ks_ref *ret_monitor)
{
    ks_pid server;
    forget_reports();
    KS_CHECK_OK(ks_start_monitor(
        KS_CHILD(frail, .format = format, .terminate = terminate), &server, ret_monitor));
    return server;
}

static ks_pid start_bare(ks_ref *ret_monitor)
{
    ks_pid server;
    forget_reports();
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(bare), &server, ret_monitor));
    return server;
}

/* --- crash reports ---------------------------------------------------------------------------- */
static void ends(ks_reason reason, int reports)
{
    ks_ref monitor;
    ks_pid server = start_frail(FORMAT_WELL, TERMINATE_WELL, &monitor);
    KS_CHECK(frail_call_stop(server, &reason, 1000) == KS_NOPROC);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == reason.kind && end.code == reason.code);
    KS_CHECK(report_count(KS_LOG_WARNING) == reports);
    if (reports) {
        KS_CHECK(reported("frail", "call stop"));
        KS_CHECK(reported("formatted status", "crash"));
    }
}

static void crash(void)
{
    ends(KS_NORMAL, 0);
    ends(KS_SHUTDOWN, 0);
    ends(ks_shutdown("%d", 77), 0);
    ends(ks_error("crashed"), 1);
    KS_CHECK(reported("crashed", ""));
    ends(ks_because(KS_USER + 4), 1);
}

static void format_log_with_process_label(void)
{
    ks_ref monitor;
    ks_pid server = start_frail(FORMAT_WELL, TERMINATE_WELL, &monitor);
    const ks_reason reason = ks_error("crashed");
    KS_CHECK_OK(frail_call_label(server, 1000));
    KS_CHECK(frail_call_stop(server, &reason, 1000) == KS_NOPROC);
    end_of(monitor);
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("my process label", "crashed"));
}

static void call_format_status(void)
{
    ks_ref monitor;
    char text[64], cut[8];
    ks_pid server = start_frail(FORMAT_WELL, TERMINATE_WELL, &monitor);
    KS_CHECK_OK(ks_format_status(server, text, sizeof text, 1000));
    KS_CHECK(strcmp(text, "formatted status") == 0);
    KS_CHECK_OK(ks_format_status(server, cut, sizeof cut, 1000));
    KS_CHECK(strcmp(cut, "formatt") == 0);
    KS_CHECK_OK(frail_call_ping(server, 1000));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(ks_format_status(server, text, sizeof text, 1000) == KS_NOPROC);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(report_count(KS_LOG_WARNING) == 0);
}

static void error_format_status(void)
{
    ks_ref monitor;
    ks_pid server = start_frail(FORMAT_WELL, TERMINATE_WELL, &monitor);
    const ks_reason reason = ks_error("crashed");
    KS_CHECK(frail_call_stop(server, &reason, 1000) == KS_NOPROC);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("formatted status", "crashed"));
    KS_CHECK(!reported("4711", ""));
}

static void terminate_crash_format(void)
{
    ks_ref monitor;
    ks_pid server = start_frail(FORMAT_WELL, TERMINATE_FAILS, &monitor);
    KS_CHECK(ks_stop_process(server, KS_NORMAL, 1000) == KS_EXITED);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("formatted status", "in the middle of terminate"));
    KS_CHECK(!reported("4711", ""));
}

/* Neither the crash is hidden, nor does a server that is well end when it is asked. */
static void broken_formatter(int32_t format)
{
    ks_ref monitor;
    ks_pid server = start_frail(format, TERMINATE_WELL, &monitor);
    const ks_reason reason = ks_error("crashed");
    KS_CHECK(frail_call_stop(server, &reason, 1000) == KS_NOPROC);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("frail", "crashed"));
    KS_CHECK(reported("call stop", "crashed"));
}

static void crash_in_format_status(void)
{
    char text[64];
    broken_formatter(FORMAT_EXITS);
    ks_ref monitor;
    ks_pid server = start_frail(FORMAT_EXITS, TERMINATE_WELL, &monitor);
    KS_CHECK(ks_format_status(server, text, sizeof text, 1000) == KS_EXITED);
    KS_CHECK_OK(frail_call_ping(server, 1000));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static void throw_in_format_status(void) { broken_formatter(FORMAT_KILLS_ITSELF); }

/* --- missing callbacks ------------------------------------------------------------------------ */
static void undef_handle_call(void)
{
    ks_ref monitor;
    ks_pid server = start_bare(&monitor);
    KS_CHECK(foreign_call_ask(server, 1000) == KS_UNDEF);
    KS_CHECK_OK(bare_call_ping(server, 1000));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static void undef_handle_cast(void)
{
    ks_ref monitor;
    ks_pid server = start_bare(&monitor);
    KS_CHECK_OK(foreign_cast_tell(server, &(ks_int){ 31 }));
    KS_CHECK_OK(bare_call_ping(server, 1000));
    KS_CHECK(report_count(KS_LOG_WARNING) == 1);
    KS_CHECK(reported("bare got an unexpected cast tell", "31"));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static void undef_handle_info(void)
{
    ks_ref monitor;
    ks_pid server = start_bare(&monitor);
    ks_send(server, ks_int, &(ks_int){ 37 });
    KS_CHECK_OK(bare_call_ping(server, 1000));
    KS_CHECK(report_count(KS_LOG_WARNING) == 1 && report_count(KS_LOG_ERROR) == 0);
    KS_CHECK(reported("bare got an unexpected message", "37"));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

/* One that is there and fails is not taken for one that is missing. */
static void undef_in_handle_info(void)
{
    ks_ref monitor;
    ks_pid server = start_frail(FORMAT_WELL, TERMINATE_WELL, &monitor);
    ks_send(server, ks_int, &(ks_int){ 37 });
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_WARNING) == 1 && report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("in the middle of handle_info", "37"));
}

static void undef_in_terminate(void)
{
    ks_ref monitor;
    ks_pid server = start_frail(FORMAT_WELL, TERMINATE_FAILS, &monitor);
    KS_CHECK(frail_call_stop(server, &(ks_reason){ .kind = KS_REASON_NORMAL }, 1000) == KS_NOPROC);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("in the middle of terminate", "frail"));
}

static void undef_terminate1(void)
{
    ks_ref monitor;
    ks_pid server = start_bare(&monitor);
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(report_count(KS_LOG_WARNING) == 0);
}

static void undef_terminate2(void)
{
    ks_ref monitor;
    ks_pid server = start_bare(&monitor);
    const ks_reason reason = ks_error("its own");
    KS_CHECK(bare_call_stop(server, &reason, 1000) == KS_NOPROC);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("its own", "bare"));
}

/* --- a full mailbox at the caller ------------------------------------------------------------- */
enum { CALLS = 100, BATCHES = 5, QUEUED = KSI_KNOB(5000, 900), MARGIN = 10 };

/* CPU time of this thread: the best of several batches. */
static int64_t calls_ns(ks_pid server)
{
    int64_t best = INT64_MAX;
    for (int batch = 0; batch < BATCHES; batch++) {
        struct timespec begin, end;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
        for (int i = 0; i < CALLS; i++) KS_CHECK_OK(bare_call_ping(server, 60000));
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        int64_t took =
            (int64_t)(end.tv_sec - begin.tv_sec) * 1000000000 + (end.tv_nsec - begin.tv_nsec);
        if (took < best) best = took;
    }
    return best;
}

static void call_with_huge_message_queue(void)
{
    ks_ref monitor;
    ks_pid server = start_bare(&monitor);
    int64_t empty = calls_ns(server);
    for (ks_int i = 0; i < QUEUED; i++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &i));
    int64_t full = calls_ns(server);
    KS_CHECK(full <= empty * MARGIN);
    KS_CHECK(ks_mailbox_length(ks_self()) == QUEUED);
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 60000));
}

/* --- a formatter that rewrites all of the report ---------------------------------------------- */
typedef struct key {
    ks_int number;
} key;
KS_TYPE(key, number);
KS_MODULE(vault, void);
KS_CALL(vault, open, key, void);
struct vault {
    ks_int secret;
};

static ks_next vault_init(vault *self, const ks_none *args)
{
    self->secret = 4711;
    return ks_ok();
}

static ks_next vault_handle_open(vault *self, const key *with)
{
    return ks_stop(ks_error("key %d is wrong", (int)with->number));
}

static void vault_format_status(const vault *self, char *buffer, size_t size)
{
    snprintf(buffer, size, "vault of %d", (int)self->secret);
}

static void vault_format_report(const vault *self, ks_report *report)
{
    KS_CHECK(strcmp(report->state_text, "vault of 4711") == 0);
    KS_CHECK(report->reason.kind == KS_REASON_ERROR);
    KS_CHECK(report->message && report->message->type == &key_type);
    KS_CHECK(strstr(report->message_text, "5813"));
    snprintf(report->reason_text, sizeof report->reason_text, "rewritten reason");
    snprintf(report->message_text, sizeof report->message_text, "rewritten message");
    snprintf(report->state_text, sizeof report->state_text, "rewritten state");
}

KS_GEN_SERVER(vault, .init = vault_init, .format_status = vault_format_status,
    .format_report = vault_format_report, .ops = KS_OPS(vault, open));

static void format_all_status(void)
{
    ks_ref monitor;
    ks_pid server;
    forget_reports();
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(vault), &server, &monitor));
    KS_CHECK(vault_call_open(server, &(key){ 5813 }, 1000) == KS_NOPROC);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR)); /* the reason itself is what it was */
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("rewritten reason", "rewritten message"));
    KS_CHECK(reported("call open", "rewritten state"));
    KS_CHECK(!reported("4711", "") && !reported("5813", ""));
}

static void undef_handle_continue(void)
{
    ks_ref monitor;
    ks_pid server = start_bare(&monitor);
    KS_CHECK_OK(bare_call_go_on(server, 1000));
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_UNDEF);
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("undef", "bare has no handle_continue"));
}

int main(int argc, char **argv)
{
    return run_cases("gen_server_SUITE", argc, argv,
        SCENARIOS(SCENARIO(crash), SCENARIO(format_log_with_process_label),
            SCENARIO(call_format_status), SCENARIO(error_format_status),
            SCENARIO(terminate_crash_format), SCENARIO(crash_in_format_status),
            SCENARIO(throw_in_format_status), SCENARIO(undef_handle_call),
            SCENARIO(undef_handle_cast), SCENARIO(undef_handle_info),
            SCENARIO(undef_handle_continue), SCENARIO(format_all_status),
            SCENARIO(undef_in_handle_info), SCENARIO(undef_in_terminate),
            SCENARIO(undef_terminate1), SCENARIO(undef_terminate2),
            MEASUREMENT(call_with_huge_message_queue)));
}
