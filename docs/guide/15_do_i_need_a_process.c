/* SPDX-License-Identifier: Apache-2.0 */
/* 15_do_i_need_a_process.c - Do I need a server process?
 *
 * Often not. A process is for what happens at the same time as something else, or must fail
 * without it. It is not a way to structure code: functions, structs and files are. Who makes a
 * process of each noun gets a program in which everything waits for one mailbox.
 *
 * Here is the same thing twice: a tally of votes. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

/* ## As a struct
 *
 * It has no process, needs none, and can be tested by calling it. */
typedef struct tally {
    int64_t yes, no;
} tally;
KS_TYPE(tally, yes, no);

static void tally_vote(tally *self, bool yes)
{
    if (yes)
        self->yes++;
    else
        self->no++;
}

static const char *tally_result(const tally *self)
{
    return self->yes > self->no ? "yes" : self->no > self->yes ? "no" : "undecided";
}

/* When one process counts, and then says the result, this is all. A handler of a server, a
 * connection, a job have it among their variables.
 *
 * ## As a server
 *
 * Many processes vote, at the same time, and all mean the same tally. Now somebody has to take one
 * vote at a time. That somebody is a server; what it does is still the struct above. So the logic
 * stays where it can be tested, and the server is a few lines that add: *one at a time*. */
KS_MODULE(poll, void);
KS_CAST(poll, vote, ks_bool);
KS_CALL(poll, look, void, tally);
struct poll {
    tally tally;
};
static ks_next poll_handle_vote(poll *self, const ks_bool *yes)
{
    tally_vote(&self->tally, *yes);
    return ks_noreply();
}
static ks_next poll_handle_look(poll *self, tally *reply)
{
    *reply = self->tally;
    return ks_reply();
}
KS_GEN_SERVER(poll, .ops = KS_OPS(poll, vote, look));

static void voter(void *arg)
{
    bool yes = *(const int *)arg % 3 != 0;
    poll_cast_vote(ks_named("poll"), &yes);
}

static void many_vote(void)
{
    static int numbers[100];
    ks_ref refs[100];
    for (int i = 0; i < 100; i++) {
        numbers[i] = i;
        ks_spawn_monitor(voter, &numbers[i], &refs[i]);
    }
    for (int i = 0; i < 100; i++) ks_receive_ref(refs[i], KS_INFINITY);
}

KS_MODULE(assembly, void);
static void assembly_main(const ks_none *args)
{
    tally mine = { 0 };
    for (int i = 0; i < 100; i++) tally_vote(&mine, i % 3 != 0);
    printf("%s, %" PRId64 " to %" PRId64 "\n", tally_result(&mine), mine.yes, mine.no);
    //=> yes, 66 to 34

    tally ours;
    many_vote();
    if (poll_call_look(ks_named("poll"), &ours, 5000)) ks_exit(ks_error("no poll"));
    printf("%s, %" PRId64 " to %" PRId64 "\n", tally_result(&ours), ours.yes, ours.no);
    //=> yes, 66 to 34
}
KS_PROCESS(assembly);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(poll), .name = "poll" },
        { KS_START(assembly), .restart = KS_TEMPORARY, .significant = true }));
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* ## Questions to ask
 *
 * A process is right when one of these is answered by yes:
 *
 * - Does it go on while others do something else? A connection, a job, a timer.
 * - Do several processes change it? Then one of them must own it.
 * - May it fail without taking its user along, and begin again?
 * - Does it own something outside, a device or a connection, that exists once?
 * - Should there be a limit to how much is under way? A mailbox is a queue with one.
 *
 * And it is wrong when:
 *
 * - It has only one user. Then it is a variable of that user, with a detour.
 * - It only computes. A function does that, on the thread of whoever needs it, for all at once. A
 *   server would let them stand in line.
 * - It only hands out what never changes. Configuration that is read once is a `const` struct, or
 *   an argument of those who need it.
 * - It is there to give the code a home. That is what a file is for.
 *
 * ## One server, too much to do
 *
 * A server does one thing at a time. When that is too slow, first let it do less: whatever needs
 * no state is done by the caller, in the wrapping function, before the call. Then split the state:
 * a server for each key, room or shard, found by name. More workers in front of one state only
 * make the line longer. */
