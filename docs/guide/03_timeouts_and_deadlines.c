/* SPDX-License-Identifier: Apache-2.0 */
/* 03_timeouts_and_deadlines.c - Time-outs and deadlines
 *
 * Whoever waits must say how long. A call that waits for ever turns one slow server into a program
 * that stands still. So the time-out is an argument of each call, in milliseconds; `KS_INFINITY` is
 * there for those who really mean it.
 *
 * This program has an oracle that thinks for as long as it is told, and a desk that asks the oracle
 * on behalf of its own callers. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

KS_MODULE(oracle, void);
KS_CALL(oracle, think, ks_int, ks_int);
KS_CALL(oracle, thoughts, void, ks_int);
struct oracle {
    int64_t thoughts;
};
static ks_next oracle_handle_think(oracle *self, const ks_int *duration, ks_int *reply)
{
    self->thoughts++;
    ks_sleep(*duration); /* blocks this handler; other processes go on */
    *reply = 42;
    return ks_reply();
}
static ks_next oracle_handle_thoughts(oracle *self, ks_int *reply)
{
    *reply = self->thoughts;
    return ks_reply();
}
KS_GEN_SERVER(oracle, .ops = KS_OPS(oracle, think, thoughts));

/* ## The time of a request travels with it
 *
 * Somebody asks the desk, and waits 100 ms at most. The desk asks the oracle, and is ready to wait
 * 5 seconds. That would be 4.9 seconds of work for somebody who has gone. So the desk's call ends
 * when its own caller gives up, and its status is `KS_DEADLINE`: not *the oracle is slow*, which
 * would be `KS_TIMEOUT`, but *nobody wants to know any more*. */
KS_MODULE(desk, void);
KS_CALL(desk, ask, ks_int, ks_int);
KS_CALL(desk, what_happened, void, ks_int);
struct desk {
    ks_status latest;
};
static ks_next desk_handle_ask(desk *self, const ks_int *duration, ks_int *reply)
{
    self->latest = oracle_call_think(ks_named("oracle"), duration, reply, 5000);
    return self->latest ? ks_fail(self->latest) : ks_reply();
}
static ks_next desk_handle_what_happened(desk *self, ks_int *reply)
{
    *reply = self->latest;
    return ks_reply();
}
KS_GEN_SERVER(desk, .ops = KS_OPS(desk, ask, what_happened));

/* ## What it looks like */
static void show(const char *what, ks_status status)
{
    printf("%s: %s\n", what, ks_status_text(status));
}

KS_MODULE(client, void);
static void client_main(const ks_none *args)
{
    ks_int quick = 10, slow = 300, answer;
    show("quick", oracle_call_think(ks_named("oracle"), &quick, &answer, 1000)); //=> quick: ok
    show("slow", oracle_call_think(ks_named("oracle"), &slow, &answer, 50));     //=> slow: timeout

    /* The oracle still thinks. This request waits in its mailbox until its time is over, too. */
    show("behind it", oracle_call_think(ks_named("oracle"), &quick, &answer, 50));
    //=> behind it: timeout

    /* When the oracle is free again, that request is dropped: two thoughts, not three. And the late
     * answer to the slow one is never seen: nothing is in our mailbox. */
    ks_int thoughts = 0;
    show("count", oracle_call_thoughts(ks_named("oracle"), &thoughts, 5000)); //=> count: ok
    printf("%" PRId64 " thoughts, %" PRIu64 " messages\n", thoughts, ks_mailbox_length(ks_self()));
    //=> 2 thoughts, 0 messages

    ks_int happened = 0;
    show("desk", desk_call_ask(ks_named("desk"), &slow, &answer, 100));         //=> desk: timeout
    show("ask it", desk_call_what_happened(ks_named("desk"), &happened, 1000)); //=> ask it: ok
    show("what the desk saw", (ks_status)happened); //=> what the desk saw: deadline
}
KS_PROCESS(client);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(oracle), .name = "oracle" },
        { KS_START(desk), .name = "desk" },
        { KS_START(client), .restart = KS_TEMPORARY, .significant = true }));
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* ## The rules
 *
 * - A time-out says how long *you* wait. What you asked for may be done all the same: the request
 *   may have reached the server. After `KS_TIMEOUT` you know nothing, and a second attempt must be
 *   harmless. That is so in every distributed system; here it is only visible.
 * - A request whose caller has given up is not begun. One that has begun is not interrupted, but
 *   its next blocking call returns `KS_DEADLINE`.
 * - A late reply is dropped. You never have to look for one.
 * - Casts, messages and timers have no deadline; nor have `init` and `terminate`.
 * - `ks_time_left()` says how long the caller will still wait. `ks_shield()` takes the deadline
 *   off the handler from there on: for work that others share, such as filling a cache.
 *
 * ## When a call fails
 *
 * Often a server cannot go on without the answer. `KS_TRY` says so in one line:
 *
 *     KS_TRY(oracle_call_think(ks_named("oracle"), &n, &answer, 1000));
 *
 * A failed call becomes the reason of our own end, and the supervisor decides. But `KS_DEADLINE`
 * only fails the request: that our caller was in a hurry is no reason to end. */
