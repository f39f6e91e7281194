/* SPDX-License-Identifier: Apache-2.0 */
/* start_test - rows that cannot be started, names that are taken, early acknowledgement, and the
 * ways to end a process from outside. */
#include "support/scenario.h"

#include <kiosk/timer.h>

#include <string.h>

/* --- a server that does what its arguments say ------------------------------------------------ */
typedef struct pet_args {
    ks_text name;
    bool acknowledges; /* before it is ready */
    int32_t status;    /* what init fails with */
    ks_ms sleeps;      /* in init */
    bool refuses;      /* to end for the reason it is given */
} pet_args;
KS_TYPE(pet_args, name, acknowledges, status, sleeps, refuses);
KS_MODULE(pet, pet_args);
KS_CALL(pet, name, void, ks_text);
KS_CALL(pet, nap, ks_int, void);
struct pet {
    const pet_args *args; /* live as long as we */
};

static ks_next pet_init(pet *self, const pet_args *args)
{
    self->args = args;
    if (args->acknowledges) {
        ks_init_ack();
        ks_init_ack();
    }
    ks_sleep(args->sleeps);
    return args->status ? ks_fail(args->status) : ks_ok();
}

static ks_next pet_handle_name(pet *self, ks_text *reply)
{
    *reply = self->args->name;
    return ks_reply();
}

static ks_next pet_handle_nap(pet *self, const ks_int *duration)
{
    ks_sleep(*duration);
    return ks_reply();
}

static void pet_terminate(pet *self, ks_reason why)
{
    if (self->args->refuses) ks_exit(ks_error("not for that"));
}

static void pet_format_status(const pet *self, char *buffer, size_t size)
{
    size_t length = self->args->name.len < size ? self->args->name.len : size - 1;
    memcpy(buffer, self->args->name.ptr, length);
    buffer[length] = 0;
    if (self->args->refuses) ks_exit(KS_SHUTDOWN);
}

KS_GEN_SERVER(pet, .init = pet_init, .terminate = pet_terminate, .format_status = pet_format_status,
    .ops = KS_OPS(pet, name, nap));

KS_MODULE(plain, void);
static void plain_main(const ks_none *args) { ks_sleep(KS_INFINITY); }
KS_PROCESS(plain);

static ks_status because(ks_ref monitor)
{
    ks_reason reason = end_of(monitor);
    return reason.kind == KS_REASON_STATUS ? reason.code : -1;
}

/* --- starting --------------------------------------------------------------------------------- */
static void rows_that_cannot_be_started(void)
{
    static const ks_module no_behaviour = { .version = KS_MODULE_VERSION, .name = "no" };
    static const ks_module future = { .version = 99, .behaviour = &ks_gen_server_behaviour };
    ks_pid pid = { .id = 77 };
    char long_name[300];
    memset(long_name, 'x', 299);
    long_name[299] = 0;
    const ks_child rows[] = { { .module = NULL }, { .module = &no_behaviour },
        { .module = &future }, { KS_START(pet), .name = "" },
        { KS_START(pet), .name = long_name } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KS_CHECK(ks_start(&rows[i], &pid) == KS_BADARG);
        KS_CHECK(ks_start_link(&rows[i], &pid) == KS_BADARG);
    }
    KS_CHECK(pid.id == 77);
    KS_CHECK(ks_process_count() == 2);
}

static void arguments_are_copied(void)
{
    char name[] = "rex";
    ks_pid pid;
    ks_text got;
    const pet_args args = { .name = { name, 3 } };
    const ks_child row = { KS_START_WITH(pet, &args) };
    KS_CHECK_OK(ks_start(&row, &pid));
    name[0] = 'x';
    KS_CHECK_OK(pet_call_name(pid, &got, 1000));
    KS_CHECK(ks_text_eq(got, ks_lit("rex")));
    kill_and_wait(pid);
}

static void a_taken_name_tells_who_has_it(void)
{
    ks_pid first, second = { 0 };
    ks_ref monitor = { { 1, 2 } };
    const ks_child row = { KS_START(pet), .name = "pet" };
    KS_CHECK_OK(ks_start(&row, &first));
    KS_CHECK(ks_start(&row, &second) == KS_ALREADY_STARTED && ks_same_pid(first, second));
    KS_CHECK(ks_start(&row, NULL) == KS_ALREADY_STARTED);
    second = (ks_pid){ 0 };
    KS_CHECK(ks_start_monitor(&row, &second, &monitor) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(first, second) && monitor.id[0] == 1);
    KS_CHECK_OK(ks_register("me", ks_self()));
    const ks_child mine = { KS_START(pet), .name = "me" };
    KS_CHECK(ks_start_link(&mine, &second) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(second, ks_self()));
    kill_and_wait(first);
    KS_CHECK_OK(ks_start(&row, &second));
    kill_and_wait(second);
    KS_CHECK(nothing_comes());
}

static void acknowledged_early_counts_as_started(void)
{
    ks_pid pid;
    ks_ref monitor;
    ks_ms start = ks_now();
    const ks_child row = { KS_START(pet, .acknowledges = true, .sleeps = 100),
        .start_timeout = 50 };
    KS_CHECK_OK(ks_start(&row, &pid));
    KS_CHECK(ks_now() - start < 50);
    ks_text name;
    KS_CHECK_OK(pet_call_name(pid, &name, 1000)); /* when it is ready */
    KS_CHECK(ks_now() - start >= 100);
    kill_and_wait(pid);
    forget_reports();
    const ks_child failing = { KS_START(pet, .acknowledges = true, .status = KS_FULL) };
    KS_CHECK_OK(ks_start_monitor(&failing, &pid, &monitor));
    KS_CHECK(because(monitor) == KS_FULL); /* nobody waits for the status: it is the reason */
    KS_CHECK(reported("pet", "full"));
}

static void a_plain_process_is_started_at_once(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(plain), &pid));
    KS_CHECK(ks_is_alive(pid));
    kill_and_wait(pid);
}

/* --- stopping --------------------------------------------------------------------------------- */
static void stopping_says_how_it_ended(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(pet), &pid));
    KS_CHECK_OK(ks_stop_process(pid, ks_because(KS_FULL), 1000));
    KS_CHECK(ks_stop_process(pid, KS_NORMAL, 1000) == KS_NOPROC);
    KS_CHECK(ks_stop_process(ks_named("nobody"), KS_NORMAL, 1000) == KS_NOPROC);
    KS_CHECK(ks_stop_process(ks_self(), KS_NORMAL, 1000) == KS_CALLING_SELF);
    forget_reports();
    KS_CHECK_OK(ks_start(KS_CHILD(pet, .refuses = true), &pid));
    KS_CHECK(ks_stop_process(pid, KS_SHUTDOWN, 1000) == KS_EXITED);
    KS_CHECK(nothing_comes());
}

static void naps_it(void *arg)
{
    KS_CHECK_OK(pet_call_nap(*(const ks_pid *)arg, &(ks_int){ 500 }, 1000));
}

static void who_does_not_stop_in_time_lives_on(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(pet), &pid));
    ks_spawn(naps_it, &pid);
    ks_sleep(10);
    ks_ms start = ks_now();
    KS_CHECK(ks_stop_process(pid, KS_SHUTDOWN, 100) == KS_TIMEOUT);
    KS_CHECK(ks_now() == start + 100 && ks_is_alive(pid));
    ks_sleep(1000); /* it stops when it hears of it; nobody here does */
    KS_CHECK(!ks_is_alive(pid));
    KS_CHECK(nothing_comes());
}

static void plain_processes_get_an_exit_signal(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(plain), &pid));
    KS_CHECK_OK(ks_stop_process(pid, KS_SHUTDOWN, 100));
    KS_CHECK_OK(ks_start(KS_CHILD(plain), &pid));
    KS_CHECK(ks_stop_process(pid, KS_NORMAL, 100) == KS_TIMEOUT); /* as erlang:exit/2 */
    ks_ref monitor = ks_monitor(pid);
    ks_ask_to_stop(pid, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    ks_ask_to_stop(pid, KS_KILL);
    ks_ask_to_stop(ks_named("nobody"), KS_KILL);
}

/* --- status ----------------------------------------------------------------------------------- */
static void a_status_is_cut_to_size(void)
{
    char text[8] = "before";
    ks_pid pid, other;
    KS_CHECK_OK(ks_start(KS_CHILD(pet, .name = ks_lit("rex the dog")), &pid));
    KS_CHECK_OK(ks_start(KS_CHILD(plain), &other));
    KS_CHECK(ks_format_status(other, text, sizeof text, 1000) == KS_UNDEF);
    KS_CHECK(ks_format_status(ks_self(), text, sizeof text, 1000) == KS_CALLING_SELF);
    KS_CHECK(ks_format_status(ks_named("nobody"), text, sizeof text, 1000) == KS_NOPROC);
    KS_CHECK_OK(ks_format_status(pid, text, 0, 1000));
    KS_CHECK(strcmp(text, "before") == 0);
    KS_CHECK_OK(ks_format_status(pid, text, 1, 1000));
    KS_CHECK(text[0] == 0);
    KS_CHECK_OK(ks_format_status(pid, text, sizeof text, 1000));
    KS_CHECK(strcmp(text, "rex the") == 0);
    kill_and_wait(pid);
    kill_and_wait(other);
}

static void a_formatter_that_exits_does_not_end_its_server(void)
{
    char text[8];
    ks_pid pid;
    ks_text name;
    KS_CHECK_OK(ks_start(KS_CHILD(pet, .name = ks_lit("rex"), .refuses = true), &pid));
    for (int i = 0; i < 3; i++) {
        KS_CHECK(ks_format_status(pid, text, sizeof text, 1000) == KS_EXITED);
        KS_CHECK_OK(pet_call_name(pid, &name, 1000));
        KS_CHECK(ks_text_eq(name, ks_lit("rex")));
    }
    kill_and_wait(pid);
}

int main(void)
{
    return run_scenarios("start", 50,
        SCENARIOS(SCENARIO(rows_that_cannot_be_started), SCENARIO(arguments_are_copied),
            SCENARIO(a_taken_name_tells_who_has_it), SCENARIO(acknowledged_early_counts_as_started),
            SCENARIO(a_plain_process_is_started_at_once), SCENARIO(stopping_says_how_it_ended),
            SCENARIO(who_does_not_stop_in_time_lives_on),
            SCENARIO(plain_processes_get_an_exit_signal), SCENARIO(a_status_is_cut_to_size),
            SCENARIO(a_formatter_that_exits_does_not_end_its_server)));
}
