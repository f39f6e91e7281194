/* SPDX-License-Identifier: Apache-2.0 */
/* gen_server_test - cases of gen_server_SUITE: start, call, cast, info, continue, stop. Those about
 * reports and missing callbacks: gen_server_report_test.c. */
#include "support/scenario.h"
#include <kiosk/timer.h>
#include <string.h>

/* --- a server that does what it is told ------------------------------------------------------- */
enum { INIT_OK, INIT_IGNORE, INIT_STOP, INIT_FAIL, INIT_SLOW, INIT_CONTINUE };
/* What a handler is asked to return. */
enum { RETURN_NOREPLY, RETURN_TIMEOUT, RETURN_CONTINUE, RETURN_STOP };
enum { CONTINUE_ONCE = 1, CONTINUE_AGAIN, CONTINUE_STOP };

typedef struct box_args {
    int32_t init;
    trace *trace;
} box_args;
KS_TYPE(box_args, init, (local, trace));
KS_MODULE(box, box_args);
KS_CALL(box, started_p, void, ks_bool);
KS_CALL(box, delayed, ks_int, ks_text); /* answered after so many ms */
KS_CAST(box, answer, void);
KS_CALL(box, idle, ks_int, void);  /* a callback time-out after it */
KS_CALL(box, sleep, ks_int, void); /* keeps the server busy */
KS_CALL(box, never, void, void);   /* neither answers nor takes its from */
KS_CALL(box, stop, void, ks_text);
KS_CALL(box, go_on, ks_int, ks_text); /* answers, and goes on with handle_continue */
KS_CALL(box, self, void, ks_int);
KS_CAST(box, note, ks_int);
KS_CAST(box, do_as, ks_int);
struct box {
    trace *trace;
    box_delayed_from from;
};

static ks_next box_init(box *self, const box_args *args)
{
    self->trace = args->trace;
    switch (args->init) {
    case INIT_IGNORE: return ks_ignore();
    case INIT_STOP: return ks_stop(ks_error("stopped"));
    case INIT_FAIL: return ks_fail(KS_USER + 1);
    case INIT_SLOW: ks_sleep(1200); return ks_ok();
    case INIT_CONTINUE: return ks_continue(ks_ok(), CONTINUE_ONCE);
    default: return ks_ok();
    }
}

static void note(box *self, char event)
{
    if (self->trace) trace_add(self->trace, event);
}

static ks_next box_handle_started_p(box *self, ks_bool *reply)
{
    *reply = true;
    return ks_reply();
}

static ks_next box_handle_delayed(box *self, const ks_int *ms, ks_text *reply)
{
    self->from = box_from_delayed();
    box_cast_after_answer(*ms, ks_self());
    return ks_noreply();
}

static ks_next box_handle_answer(box *self)
{
    ks_text reply = ks_lit("delayed");
    note(self, box_reply_delayed(self->from, &reply) ? 'a' : 'l');
    return ks_noreply();
}

static ks_next box_handle_idle(box *self, const ks_int *ms) { return ks_after(ks_reply(), *ms); }

static ks_next box_handle_timeout(box *self)
{
    note(self, 't');
    return ks_noreply();
}

static ks_next box_handle_sleep(box *self, const ks_int *ms)
{
    ks_sleep(*ms);
    return ks_reply();
}

static ks_next box_handle_never(box *self) { return ks_noreply(); }

static ks_next box_handle_stop(box *self, ks_text *reply)
{
    *reply = ks_lit("stopped");
    return ks_reply_stop(KS_NORMAL);
}

static ks_next box_handle_go_on(box *self, const ks_int *what, ks_text *reply)
{
    *reply = ks_lit("first");
    note(self, 'c');
    return ks_continue(ks_reply(), (uint16_t)*what);
}

static ks_next box_handle_self(box *self, ks_int *reply)
{
    ks_bool answer;
    *reply = box_call_started_p(ks_self(), &answer, 1000);
    return ks_reply();
}

static ks_next box_handle_continue(box *self, int what)
{
    note(self, (char)('0' + what));
    if (what == CONTINUE_AGAIN) return ks_continue(ks_noreply(), CONTINUE_ONCE);
    return what == CONTINUE_STOP ? ks_stop(KS_SHUTDOWN) : ks_noreply();
}

static ks_next box_handle_note(box *self, const ks_int *event)
{
    note(self, (char)*event);
    return ks_noreply();
}

static ks_next do_as(box *self, ks_int what)
{
    switch (what) {
    case RETURN_TIMEOUT: return ks_after(ks_noreply(), 100);
    case RETURN_CONTINUE: return ks_continue(ks_noreply(), CONTINUE_AGAIN);
    case RETURN_STOP: return ks_stop(KS_SHUTDOWN);
    default: note(self, 'n'); return ks_noreply();
    }
}

static ks_next box_handle_do_as(box *self, const ks_int *what) { return do_as(self, *what); }

static ks_next box_handle_info(box *self, const ks_msg *msg)
{
    const ks_int *what = ks_as(ks_int, msg);
    KS_CHECK(what != NULL);
    return do_as(self, *what);
}

static void box_terminate(box *self, ks_reason why) { note(self, 'T'); }

KS_GEN_SERVER(box, .init = box_init, .handle_continue = box_handle_continue,
    .handle_timeout = box_handle_timeout, .handle_info = box_handle_info,
    .terminate = box_terminate,
    .ops = KS_OPS(
        box, started_p, delayed, answer, idle, sleep, never, stop, go_on, self, note, do_as));

static ks_pid start_box(trace *t)
{
    ks_pid server;
    KS_CHECK_OK(ks_start(KS_CHILD(box, .trace = t), &server));
    return server;
}

static void stop_box(ks_pid server) { KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000)); }

/* --- start ------------------------------------------------------------------------------------ */
/* The server is there when start returns; a second start under its name tells who has it. */
static void start_named(ks_status (*how)(const ks_child *, ks_pid *))
{
    const ks_child row = { KS_START(box), .name = "my_test_name" };
    ks_pid server, other = { 0 };
    ks_bool started = false;
    ks_text reply;
    KS_CHECK_OK(how(&row, &server));
    KS_CHECK(ks_same_pid(ks_whereis("my_test_name"), server));
    KS_CHECK_OK(box_call_started_p(ks_named("my_test_name"), &started, 1000));
    KS_CHECK(started);
    KS_CHECK(how(&row, &other) == KS_ALREADY_STARTED && ks_same_pid(other, server));
    ks_ref monitor = ks_monitor(server);
    KS_CHECK_OK(box_call_stop(server, &reply, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(box_call_started_p(ks_named("my_test_name"), &started, 1000) == KS_NOPROC);
}

static void start(void)
{
    ks_trap_exit(true);
    start_named(ks_start);
    KS_CHECK(nothing_comes());
    start_named(ks_start_link);
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    KS_CHECK(exited && exited->reason.kind == KS_REASON_NORMAL);
    uint64_t processes = ks_process_count();
    KS_CHECK(ks_start_link(KS_CHILD(box, .init = INIT_IGNORE), NULL) == KS_IGNORE);
    KS_CHECK(ks_start_link(KS_CHILD(box, .init = INIT_STOP), NULL) == KS_EXITED);
    KS_CHECK(ks_start_link(KS_CHILD(box, .init = INIT_FAIL), NULL) == KS_USER + 1);
    const ks_child slow = { KS_START(box, .init = INIT_SLOW), .start_timeout = 100 };
    KS_CHECK(ks_start_link(&slow, NULL) == KS_TIMEOUT);
    KS_CHECK(ks_process_count() == processes);
    const ks_child patient = { KS_START(box, .init = INIT_SLOW), .start_timeout = 5000 };
    ks_pid server;
    ks_ms begin = ks_now();
    KS_CHECK_OK(ks_start(&patient, &server));
    KS_CHECK(ks_now() - begin >= 1200);
    stop_box(server);
    KS_CHECK(nothing_comes());
}

static void loop_start_fail(void)
{
    static const struct {
        int32_t init;
        ks_status status;
    } ways[] = { { INIT_STOP, KS_EXITED }, { INIT_FAIL, KS_USER + 1 }, { INIT_IGNORE, KS_IGNORE } };
    ks_trap_exit(true);
    for (int i = 0; i < 60; i++) {
        const ks_child row = { KS_START(box, .init = ways[i % 3].init),
            .name = i % 2 ? "failing" : NULL };
        ks_ref monitor;
        KS_CHECK(ks_start(&row, NULL) == ways[i % 3].status);
        KS_CHECK(ks_start_link(&row, NULL) == ways[i % 3].status);
        KS_CHECK(ks_start_monitor(&row, NULL, &monitor) == ways[i % 3].status);
        KS_CHECK(ks_mailbox_length(ks_self()) == 0);
    }
    KS_CHECK(nothing_comes());
}

/* Again and again under one name, without a pause. */
static void otp_7669(void)
{
    for (int i = 0; i < 50; i++) {
        ks_child row = { KS_START(box, .init = INIT_IGNORE), .name = "otp_7669" };
        KS_CHECK(ks_start(&row, NULL) == KS_IGNORE);
        KS_CHECK(ks_is_none(ks_whereis("otp_7669")));
        row = (ks_child){ KS_START(box, .init = INIT_STOP), .name = "otp_7669" };
        KS_CHECK(ks_start(&row, NULL) == KS_EXITED);
        KS_CHECK(ks_is_none(ks_whereis("otp_7669")));
        row = (ks_child){ KS_START(box, .init = INIT_FAIL), .name = "otp_7669" };
        KS_CHECK(ks_start(&row, NULL) == KS_USER + 1);
        KS_CHECK(ks_is_none(ks_whereis("otp_7669")));
    }
    ks_pid server;
    const ks_child row = { KS_START(box), .name = "otp_7669" };
    KS_CHECK_OK(ks_start(&row, &server));
    stop_box(server);
}

/* --- call ------------------------------------------------------------------------------------- */
static void call(void)
{
    trace seen = { 0 };
    ks_pid server = start_box(&seen);
    ks_bool started = false;
    ks_text reply = ks_lit("untouched");
    KS_CHECK_OK(box_call_started_p(server, &started, 1000));
    KS_CHECK(started);
    KS_CHECK_OK(box_call_delayed(server, &(ks_int){ 100 }, &reply, 1000));
    KS_CHECK(ks_text_eq(reply, ks_lit("delayed")));
    KS_CHECK_OK(box_call_started_p(server, &started, 1000)); /* behind what it did then */
    KS_CHECK(trace_is(&seen, "a"));
    /* The callback time-out fires once, between two calls. */
    KS_CHECK_OK(box_call_idle(server, &(ks_int){ 50 }, 1000));
    ks_sleep(200);
    KS_CHECK(trace_is(&seen, "at"));
    /* A call in time takes it back. */
    KS_CHECK_OK(box_call_idle(server, &(ks_int){ 500 }, 1000));
    KS_CHECK_OK(box_call_started_p(server, &started, 1000));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "at"));
    KS_CHECK(box_call_sleep(server, &(ks_int){ 300 }, 100) == KS_TIMEOUT);
    forget_reports();
    KS_CHECK(box_call_never(server, 5000) == KS_CANCELLED);
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK_OK(box_call_stop(server, &reply, 1000));
    KS_CHECK(ks_text_eq(reply, ks_lit("stopped")));
    KS_CHECK(box_call_started_p(server, &started, 1000) == KS_NOPROC);
    KS_CHECK(nothing_comes());
}

static void calling_self(void)
{
    ks_pid server = start_box(NULL);
    ks_int status = KS_OK;
    ks_ms begin = ks_now();
    KS_CHECK_OK(box_call_self(server, &status, 5000));
    KS_CHECK(status == KS_CALLING_SELF);
    KS_CHECK(ks_now() - begin < 100);
    ks_bool started;
    KS_CHECK(box_call_started_p(ks_self(), &started, 1000) == KS_CALLING_SELF);
    stop_box(server);
    KS_CHECK(nothing_comes());
}

/* --- cast and info ---------------------------------------------------------------------------- */
/* Every return of a handler, however what made it return came. */
static void every_return(void (*ask)(ks_pid server, ks_int what))
{
    trace seen = { 0 };
    ks_ref monitor;
    ks_pid server;
    ks_bool started;
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(box, .trace = &seen), &server, &monitor));
    ask(server, RETURN_NOREPLY);
    KS_CHECK_OK(box_call_started_p(server, &started, 1000));
    KS_CHECK(trace_is(&seen, "n"));
    ask(server, RETURN_TIMEOUT);
    ks_sleep(300);
    KS_CHECK(trace_is(&seen, "nt"));
    ask(server, RETURN_CONTINUE);
    KS_CHECK_OK(box_call_started_p(server, &started, 1000));
    KS_CHECK(trace_is(&seen, "nt21"));
    ask(server, RETURN_STOP);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&seen, "nt21T"));
    ask(server, RETURN_NOREPLY);
    KS_CHECK(nothing_comes());
}

static void ask_by_cast(ks_pid server, ks_int what) { KS_CHECK_OK(box_cast_do_as(server, &what)); }

static void cast(void) { every_return(ask_by_cast); }

static void ask_by_info(ks_pid server, ks_int what) { KS_CHECK_OK(ks_send(server, ks_int, &what)); }

static void info(void) { every_return(ask_by_info); }

static void cast_fast(void)
{
    ks_pid gone = start_box(NULL);
    stop_box(gone);
    ks_ms begin = ks_now();
    for (int i = 0; i < 1000; i++) {
        KS_CHECK_OK(box_cast_note(gone, &(ks_int){ 'n' }));
        KS_CHECK_OK(box_cast_note(ks_named("nobody"), &(ks_int){ 'n' }));
    }
    KS_CHECK(ks_now() == begin);
    KS_CHECK(nothing_comes());
}

/* --- continue --------------------------------------------------------------------------------- */
static void notes(void *arg)
{
    const ks_pid *server = arg;
    box_cast_note(*server, &(ks_int){ 'q' });
}

/* 'q' is queued while the handler before the continue is still asleep. */
static void continue_before_the_queue(void)
{
    trace seen = { 0 };
    ks_pid server = start_box(&seen);
    ks_text reply;
    ks_ref monitor;
    ks_send(server, ks_int, &(ks_int){ RETURN_CONTINUE });
    box_cast_note(server, &(ks_int){ 'q' });
    box_cast_do_as(server, &(ks_int){ RETURN_CONTINUE });
    box_cast_note(server, &(ks_int){ 'q' });
    KS_CHECK_OK(box_call_go_on(server, &(ks_int){ CONTINUE_AGAIN }, &reply, 1000));
    ks_spawn_monitor(notes, &server, &monitor);
    end_of(monitor);
    ks_bool started;
    KS_CHECK_OK(box_call_started_p(server, &started, 1000));
    KS_CHECK(trace_is(&seen, "21q21qc21q"));
    monitor = ks_monitor(server);
    KS_CHECK_OK(box_call_go_on(server, &(ks_int){ CONTINUE_STOP }, &reply, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&seen, "21q21qc21qc3T"));
}

static void continue_(void)
{
    trace seen = { 0 };
    ks_pid server;
    ks_bool started;
    KS_CHECK_OK(ks_start(KS_CHILD(box, .init = INIT_CONTINUE, .trace = &seen), &server));
    box_cast_note(server, &(ks_int){ 'q' });
    KS_CHECK_OK(box_call_started_p(server, &started, 1000));
    KS_CHECK(trace_is(&seen, "1q"));
    stop_box(server);
    continue_before_the_queue();
}

/* --- stop ------------------------------------------------------------------------------------- */
static void stop1(void)
{
    trace seen = { 0 };
    ks_pid server = start_box(&seen);
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, KS_INFINITY));
    KS_CHECK(!ks_is_alive(server));
    KS_CHECK(trace_is(&seen, "T"));
    KS_CHECK(ks_stop_process(server, KS_NORMAL, KS_INFINITY) == KS_NOPROC);
    KS_CHECK(nothing_comes());
}

static void stop2(void)
{
    ks_ref monitor;
    ks_pid server;
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(box), &server, &monitor));
    KS_CHECK_OK(ks_stop_process(server, ks_because(KS_USER + 2), KS_INFINITY));
    KS_CHECK(!ks_is_alive(server));
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_USER + 2);
}

static void stop4(void)
{
    const ks_child row = { KS_START(box), .name = "to_stop" };
    ks_pid server;
    KS_CHECK_OK(ks_start(&row, &server));
    KS_CHECK_OK(ks_stop_process(ks_named("to_stop"), KS_NORMAL, KS_INFINITY));
    KS_CHECK(!ks_is_alive(server));
    KS_CHECK(ks_is_none(ks_whereis("to_stop")));
    KS_CHECK(ks_stop_process(ks_named("to_stop"), KS_NORMAL, KS_INFINITY) == KS_NOPROC);
}

int main(int argc, char **argv)
{
    return run_cases("gen_server_SUITE", argc, argv,
        SCENARIOS(SCENARIO(start), SCENARIO(loop_start_fail), SCENARIO(otp_7669), SCENARIO(call),
            SCENARIO(calling_self), SCENARIO(cast), SCENARIO(info), SCENARIO(cast_fast),
            NAMED("continue", continue_), SCENARIO(stop1), SCENARIO(stop2), SCENARIO(stop4)));
}
