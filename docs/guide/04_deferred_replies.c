/* SPDX-License-Identifier: Apache-2.0 */
/* 04_deferred_replies.c - Deferred replies
 *
 * Sometimes a server cannot answer yet: the item has not come, the other side has not spoken. It
 * should not block in the handler, since then it could serve nobody else, and what it waits for
 * might never reach it. Instead it keeps the caller's address, returns, and answers later.
 *
 * This program is a gate. Who wants to enter waits, until it is opened for all. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

/* ## Keeping who waits
 *
 * Inside the handler `gate_from_enter()` is the address of the caller: a value, to be kept in the
 * state. It has a type of its own, so an answer to the wrong kind of call does not compile. The
 * caller notices nothing: it waits as in any call. */
KS_MODULE(gate, void);
KS_CALL(gate, enter, void, ks_int);
KS_CALL(gate, open, void, ks_int);
enum { WAITING_MAX = 100 };
struct gate {
    gate_enter_from waiting[WAITING_MAX];
    int count;
};
static ks_next gate_handle_enter(gate *self, ks_int *reply)
{
    if (self->count == WAITING_MAX) return ks_fail(KS_FULL);
    self->waiting[self->count++] = gate_from_enter();
    return ks_noreply();
}

/* ## Answering later
 *
 * `gate_reply_enter` says whether the answer was delivered. False: that caller has given up, or
 * has ended, and nobody got anything. This is worth a look when what you hand out must not be
 * lost: give it to the next one then. */
static ks_next gate_handle_open(gate *self, ks_int *reply)
{
    int64_t inside = 0;
    for (int i = 0; i < self->count; i++) {
        int64_t ticket = inside + 1;
        if (gate_reply_enter(self->waiting[i], &ticket)) inside++;
    }
    self->count = 0;
    *reply = inside;
    return ks_reply();
}
KS_GEN_SERVER(gate, .ops = KS_OPS(gate, enter, open));

/* ## The other half: not waiting for the answer
 *
 * A caller need not stand still, either. `gate_send_enter` sends the request and returns something
 * to wait with. One process can have many requests under way. */
KS_MODULE(crowd, void);
static void crowd_main(const ks_none *args)
{
    ks_pid server = ks_named("gate");
    ks_int ticket, inside;

    /* One who loses patience... */
    ks_status status = gate_call_enter(server, &ticket, 20);
    printf("the impatient one: %s\n", ks_status_text(status)); //=> the impatient one: timeout

    /* ...and two who wait, in one process. */
    gate_enter_request ann = gate_send_enter(server), ben = gate_send_enter(server);
    status = gate_wait_enter(ann, &ticket, 20);
    printf("ann, so far: %s\n", ks_status_text(status)); //=> ann, so far: timeout

    status = gate_call_open(server, &inside, 1000);
    printf("%s, inside: %" PRId64 "\n", ks_status_text(status), inside); //=> ok, inside: 2
    if (gate_wait_enter(ann, &ticket, 1000) == KS_OK)
        printf("ann has ticket %" PRId64 "\n", ticket); //=> ann has ticket 1
    if (gate_wait_enter(ben, &ticket, 1000) == KS_OK)
        printf("ben has ticket %" PRId64 "\n", ticket); //=> ben has ticket 2

    /* The end of the server is an answer, too. */
    ann = gate_send_enter(server);
    ks_exit_process(server, KS_KILL);
    status = gate_wait_enter(ann, &ticket, 1000);
    printf("ann, at the end: %s\n", ks_status_text(status)); //=> ann, at the end: noproc
}
KS_PROCESS(crowd);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(gate), .name = "gate" },
        { KS_START(crowd), .restart = KS_TEMPORARY, .significant = true }));
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* ## The verbs
 *
 * | | |
 * |---|---|
 * | `gate_call_enter` | ask and wait |
 * | `gate_send_enter` | ask |
 * | `gate_wait_enter` | wait; after `KS_TIMEOUT` the request stands, and one may wait again |
 * | `gate_receive_enter` | wait; afterwards the request is given up, whatever came |
 * | `gate_check_enter` | in `handle_info` of a server: is this message the response? |
 * | `gate_multi_call_enter` | ask many at once, and wait for all |
 * | `gate_collect_enter`, `ks_wait_any` | ask many, and take the responses as they come |
 * | `ks_abandon` | give a request up |
 *
 * A server that blocks in one handler, in a call to another server say, serves nobody meanwhile.
 * That is often fine: its callers wait, and nothing else does. When it is not, send the request,
 * keep the caller's address, and answer when the response arrives. */
