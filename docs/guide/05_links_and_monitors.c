/* SPDX-License-Identifier: Apache-2.0 */
/* 05_links_and_monitors.c - Links and monitors
 *
 * Processes end: because they are done, because something went wrong, because somebody told them
 * to. Who depends on one has to hear of it. There are two ways. A *monitor* tells you, by a
 * message. A *link* makes you end, too. */
#include <kiosk/kiosk.h>
#include <stdio.h>

static void say(const char *who, ks_reason reason)
{
    char text[80];
    printf("%s: %s\n", who, ks_reason_text(reason, text, sizeof text));
}

/* ## Monitors
 *
 * `ks_monitor` gives a ref. Exactly one `ks_down` message with that ref will come: when the
 * process ends, or at once, when there is no such process. `ks_receive_ref` waits for what belongs
 * to a ref, and looks at nothing else. */
static void returns(void *arg) {}
static void fails(void *arg) { ks_exit(ks_error("disk full")); }
static void waits(void *arg) { ks_receive(KS_INFINITY); }

static void monitors(void)
{
    ks_ref ref;
    ks_spawn_monitor(returns, NULL, &ref);
    say("returns", ks_as(ks_down, ks_receive_ref(ref, 1000))->reason); //=> returns: normal
    ks_spawn_monitor(fails, NULL, &ref);
    say("fails", ks_as(ks_down, ks_receive_ref(ref, 1000))->reason); //=> fails: error: disk full

    ks_pid pid = ks_spawn_monitor(waits, NULL, &ref);
    ks_exit_process(pid, KS_KILL);
    say("killed", ks_as(ks_down, ks_receive_ref(ref, 1000))->reason); //=> killed: killed
    ref = ks_monitor(pid);
    say("gone", ks_as(ks_down, ks_receive_ref(ref, 1000))->reason); //=> gone: noproc
}

/* A reason is a value: kind, code, text. Decide by kind and code; the text is for people.
 *
 * ## Links
 *
 * A link goes both ways: when one of the two ends with any reason but normal, the other gets an
 * exit signal, and ends as well. That is how a group of processes that make no sense without each
 * other goes down together, however it begins. */
static void parent(void *arg)
{
    ks_spawn_link(fails, NULL);
    ks_receive(KS_INFINITY); /* waits for ever; but its child fails, and so it ends */
}

static void links(void)
{
    ks_ref ref;
    ks_spawn_monitor(parent, NULL, &ref);
    say("parent", ks_as(ks_down, ks_receive_ref(ref, 1000))->reason); //=> parent: error: disk full

    /* Who traps exits gets a message instead. Supervisors do; few others should. */
    ks_trap_exit(true);
    ks_spawn_link(fails, NULL);
    say("trapped", ks_receive_as(ks_exited, 1000)->reason); //=> trapped: error: disk full
    ks_trap_exit(false);
}

/* `KS_KILL` cannot be trapped; whoever watches sees *killed*.
 *
 * ## What a process leaves
 *
 * Nothing. Its memory (`ks_alloc`), timers, sockets, files, names, links and monitors go with it.
 * For what kiosk does not know, a handle of a library for instance, there is `ks_own`: the
 * function runs when the process ends, also when it is killed in the middle of something, the
 * newest first. */
static void give_back(void *what) { printf("gives back %s\n", (const char *)what); }
static void owner(void *arg)
{
    ks_own(give_back, (void *)"the database");
    ks_own(give_back, (void *)"the cursor");
    ks_receive(KS_INFINITY);
}

static void owned(void)
{
    ks_ref ref;
    ks_pid pid = ks_spawn_monitor(owner, NULL, &ref);
    ks_yield(); /* it runs until it waits */
    ks_exit_process(pid, KS_KILL);
    ks_receive_ref(ref, 1000);
    //=> gives back the cursor
    //=> gives back the database
    printf("then we hear of it\n"); //=> then we hear of it
}

KS_MODULE(watcher, void);
static void watcher_main(const ks_none *args)
{
    monitors();
    links();
    owned();
}
KS_PROCESS(watcher);
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(watcher)); }

/* ## Which one
 *
 * - To know that somebody ended, and go on: a monitor. A call has one built in.
 * - To end with somebody: a link. `ks_start_link` makes one, and supervisors use it for all
 *   children.
 * - To restart somebody: neither. Put it under a supervisor.
 *
 * The order is promised: names are free, and what was owned is given back, before anybody hears of
 * the end. And DOWN comes after every message that the process has sent you. */
