/* SPDX-License-Identifier: Apache-2.0 */
/* 13_debugging.c - Debugging
 *
 * A process that stands still looks the same from outside, whatever it waits for. So the first
 * question is always: who waits for whom? The program itself can answer it, and so can gdb. This
 * chapter shows the first; the commands for gdb, perf, bpftrace, valgrind and the sanitizers are in
 * [debugging.md](../debugging.md).
 *
 * A clerk waits for a colleague, who has fallen asleep. Three people wait for the clerk. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

KS_MODULE(colleague, void);
KS_CALL(colleague, look_up, ks_int, ks_int);
struct colleague {
    int unused;
};
static ks_next colleague_handle_look_up(colleague *self, const ks_int *number, ks_int *reply)
{
    ks_sleep(60000);
    *reply = *number;
    return ks_reply();
}
KS_GEN_SERVER(colleague, .ops = KS_OPS(colleague, look_up));

KS_MODULE(clerk, void);
KS_CALL(clerk, serve, ks_int, ks_int);
struct clerk {
    int unused;
};
static ks_next clerk_handle_serve(clerk *self, const ks_int *number, ks_int *reply)
{
    KS_TRY(colleague_call_look_up(ks_named("colleague"), number, reply, 30000));
    return ks_reply();
}
KS_GEN_SERVER(clerk, .ops = KS_OPS(clerk, serve));

static void waits(void *arg)
{
    const ks_int *number = arg;
    ks_int reply;
    ks_set_label("number %" PRId64, *number); /* what the log and the tools will call it */
    if (clerk_call_serve(ks_named("clerk"), number, &reply, 20000)) return;
}

/* ## Looking at a process
 *
 * `ks_process_info` answers without the process: it may be blocked, or have ten thousand messages
 * waiting. It is cheap enough for a page of your own that shows the state of the program. */
static void look_at(const char *name)
{
    ks_process_snapshot info;
    if (ks_process_info(ks_named(name), &info)) return;
    printf("%s: handles %s, %" PRIu64 " queued, %s\n", name,
        info.operation ? info.operation : "nothing", info.queue_length,
        info.waits_for == KS_WAITS_FOR_REPLY      ? "waits for a reply"
            : info.waits_for == KS_WAITS_FOR_TIME ? "sleeps"
                                                  : "is idle");
}

KS_MODULE(visitor, void);
static void visitor_main(const ks_none *args)
{
    static const ks_int numbers[] = { 7, 8, 9 };
    for (int i = 0; i < 3; i++) ks_spawn(waits, (void *)&numbers[i]);
    ks_sleep(50);
    look_at("clerk");     //=> clerk: handles serve, 2 queued, waits for a reply
    look_at("colleague"); //=> colleague: handles look_up, 0 queued, sleeps

    /* Who is it that the clerk waits for? */
    ks_process_snapshot clerk_now, other;
    if (ks_process_info(ks_named("clerk"), &clerk_now) == KS_OK &&
        ks_process_info(clerk_now.calls, &other) == KS_OK)
        printf("the clerk waits for the %s\n", other.name); //=> the clerk waits for the colleague
    if (ks_process_info(clerk_now.caller, &other) == KS_OK)
        printf("on behalf of %s\n", other.label); //=> on behalf of number 7

    /* What is queued, as text; secret fields stay secret. */
    char text[400];
    if (ks_format_mailbox(ks_named("clerk"), text, sizeof text, 1) == KS_OK)
        printf("next: %.12s\n", text); //=> next: call serve 8
}
KS_PROCESS(visitor);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(colleague), .name = "colleague", .shutdown = 100 },
        { KS_START(clerk), .name = "clerk", .shutdown = 100 },
        { KS_START(visitor), .restart = KS_TEMPORARY, .significant = true }));
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* ## The same from outside
 *
 *     $ gdb -p PID
 *     (gdb) source /usr/local/share/kiosk/kiosk-gdb.py
 *     (gdb) ks ps
 *     (gdb) ks bt clerk
 *
 * shows all processes, what each does, and the backtrace of a blocked one. On a core file, too.
 * The first line is not needed where kiosk is installed below `/usr`, as its packages do.
 *
 * ## Deadlocks
 *
 * Two servers that call each other do not stand still: the call that would close the circle fails
 * at once, with `KS_CALLING_SELF`, and the crash report says which:
 *
 *     [error] crash: <0.3.1> 'bank' (bank) ended: calling_self: call shop trusts to 'shop', which
 *         is, or waits for, the caller
 *       while handling: call pay
 *
 * So what hangs waits for a message that nobody sends, or for something outside. In a running
 * program `ks ps` says which; in a test `ks_simulate` ends with "deadlock", and shows who waits for
 * whom ([Testing](10_testing.md)).
 *
 * ## What the log tells by itself
 *
 * - A *crash report* for each end that is not clean: who, why, doing what, with the latest
 *   signals.
 * - Supervisors: who was restarted, and when they gave up.
 * - A handler that keeps its thread for more than 10 ms: who, and where. See
 *   [limits](14_limits.md).
 * - `KIOSK_LOG=info,clerk=debug` in the environment says how much, also for one module;
 *   `KIOSK_LOG=json` makes it lines for a machine.
 * - `ks_set_label` and `ks_log_set_process_metadata` put your names, and your request's number,
 *   into all of it.
 *
 * ## Which tool for what
 *
 * | | |
 * |---|---|
 * | it hangs | `ks ps`, `ks bt all` in gdb |
 * | it is slow | `perf record --call-graph dwarf`, `bpftrace -p PID calls.bt` |
 * | it reads what is not its own | AddressSanitizer, or valgrind |
 * | two threads of yours meet | ThreadSanitizer |
 * | it fails one time in a thousand | `ks_simulate` ([Testing](10_testing.md)) |
 * | a stack overflows, a pointer is wild | the crash report, which names the function |
 */
