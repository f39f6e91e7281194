/* SPDX-License-Identifier: Apache-2.0 */
/* 06_selective_receive.c - Plain processes and selective receive
 *
 * A server is good at answering at any time. Some things have a course instead: a greeting, then
 * data, then a farewell. As a server this becomes a state, and a switch in every handler. As a
 * plain process it is a function, and the state is the place where it stands.
 *
 * This program checks somebody in at a hotel: form first, then as many bags as there are, then the
 * key. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

/* ## Messages
 *
 * Structs, described once. `ks_send` copies them deeply, texts included; yours stay yours. */
typedef struct form {
    ks_text name;
    ks_pid guest;
} form;
typedef struct bag {
    int64_t weight;
} bag;
typedef struct done {
    bool all;
} done;
typedef struct room_key {
    int64_t room;
    ks_text note;
} room_key;
KS_TYPE(form, name, guest);
KS_TYPE(bag, weight);
KS_TYPE(done, all);
KS_TYPE(room_key, room, note);

/* ## Receiving
 *
 * `ks_receive` takes the next message, whatever it is. `ks_receive_as(form, ...)` takes the next
 * one of that type, and leaves all others where they are. So the porter may get the bags first,
 * and still begins with the form: no message is lost, and none is handled too early. */
static int64_t take_bags(void)
{
    int64_t weight = 0;
    for (;;) { /* until the guest says that this was all */
        const ks_msg *msg = ks_receive(5000);
        if (!msg) ks_exit(ks_error("the guest has fallen asleep"));
        const bag *one = ks_as(bag, msg);
        if (one) weight += one->weight;
        if (ks_as(done, msg)) return weight;
    }
}

static void porter(void *arg)
{
    const form *filled = ks_receive_as(form, 5000);
    if (!filled) ks_exit(ks_error("nobody came"));
    ks_pid guest = filled->guest;
    const char *name = ks_strdup(filled->name); /* what is received is borrowed: see below */
    int64_t weight = take_bags();
    ks_send(guest, room_key,
        &(room_key){ .room = 12, .note = ks_str(ks_format("%s, %" PRId64 " kg", name, weight)) });
}

KS_MODULE(hotel, void);
static void hotel_main(const ks_none *args)
{
    ks_pid to = ks_spawn(porter, NULL);
    ks_send(to, bag, &(bag){ .weight = 20 });
    ks_send(to, form, &(form){ .name = ks_lit("Joe"), .guest = ks_self() });
    ks_send(to, bag, &(bag){ .weight = 3 });
    ks_send(to, done, &(done){ .all = true });

    const room_key *key = ks_receive_as(room_key, 5000);
    if (key) printf("room %" PRId64 ", " KS_TEXT_FMT "\n", key->room, KS_TEXT_ARG(key->note));
    //=> room 12, Joe, 23 kg

    printf("%s\n", ks_receive(0) ? "something" : "nothing more");     //=> nothing more
    printf("%s\n", ks_receive_as(bag, 20) ? "a bag" : "no bag came"); //=> no bag came
}
KS_PROCESS(hotel);
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(hotel)); }

/* ## How long it is yours
 *
 * What you receive is borrowed until your next `ks_receive`, which begins a new *turn*. The
 * selective forms do not end the turn, so that two things awaited in a row are both readable. A
 * loop that only receives selectively, or only calls, says `ks_end_turn()` once a round; else it
 * keeps all that ever came. What must live longer is copied: `ks_strdup`, `ks_copy`.
 *
 * ## What it costs
 *
 * A selective receive looks at each message before the one that fits. With a few of them that is
 * nothing; with a million left lying it is a million looks, each time. Two remedies:
 *
 * - Take what you do not know, too, now and then, and log it.
 * - Wait for a *ref*: `ks_receive_ref` for a monitor, a timer or an alias. What was in the mailbox
 *   before the ref was made is skipped, so calls and their kin cost the same however long it is.
 *
 * In a handler of a server only the selective forms make sense: a plain `ks_receive` would take
 * messages away from the other handlers. */
