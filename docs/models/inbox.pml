/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.pml - signals keep their order while sender and receiver change schedulers.
 *
 * Two schedulers; a receiver P and a sender S, both of which may move; a foreign thread F. S and F
 * send numbered messages to P. P blocks in the middle of a handler now and then, and has a stack.
 *
 * The inbox of P is one word: NULL; AWAKE, announced; or a list, newest first, which is announced,
 * too. Here: `announced`, and a channel that keeps the order in which the pushes happened; to take
 * all of it and reverse is to read the channel. The announcement of P (its wake token) is in one
 * place: the word (NULL), the pusher that changed NULL, one wake list, or an arrival under way.
 * P changes schedulers as follows: its home takes the announcement by CAS NULL -> AWAKE, sets home
 * to NOBODY, and puts P into the wake list of the other one, which makes itself the home and then
 * opens the inbox by the exchange that takes what was pushed meanwhile. If the CAS fails P stays.
 *
 * A wake list is a bit here: park.pml has it in detail. A scheduler with nothing to do waits.
 * Checked:
 *   1  P handles the messages of S, and those of F, one after the other as they were sent: none
 *      lost, doubled or overtaken
 *   2  one scheduler at a time serves P; its private fields are touched by the home only
 *   3  P is announced once at most, and to the scheduler that is its home, or will be
 *   4  a stack goes on where it was left
 *   5  when nothing moves any more, all is handled
 *   6  no running about for ever without a message being handled or P or S moving (bounded)
 *
 * BREAK_1 a local send appends without a drain                        overtaken
 * BREAK_2 P moves without the CAS: AWAKE is stored                    announced twice
 * BREAK_3 P moves although it has a stack                             the stack changes its thread
 * BREAK_4 the wake leaves AWAKE instead of NULL                       stuck
 * BREAK_5 a drain leaves NULL instead of AWAKE                        announced twice
 * BREAK_6 a pusher reads the home before its CAS                      announced to who is not home
 * BREAK_7 at arrival the mailbox that came along is not looked at     stuck
 * BREAK_8 home stays what it was until the arrival                    a private field is shared
 * BUSY_1  who was not given messages is put into the run queue again  runs about for ever */
#ifdef BRIEF                      /* the check of cycles, in the gate */
#define NS 2
#define NF 1
#endif
#ifndef NS
#define NS 3                      /* messages of S */
#endif
#ifndef NF
#define NF 2                      /* messages of F */
#endif
#ifndef MOVES_P
#define MOVES_P 2
#endif
#ifndef MOVES_S
#define MOVES_S 2
#endif
#define BLOCKS 1                  /* handlers of P that block */
#define NOBODY 2                  /* a home: on the way */
#define S_ 0
#define F_ 1

chan inbox = [NS + NF] of { byte, byte };
bool announced;
byte home = 0;                    /* p->scheduler */
bool wake[2];                     /* P is in the wake list of that scheduler */
/* private to the home */
chan mailbox = [NS + NF] of { byte, byte };
bool queued;
bool has_stack;
byte stack_of;
/* ghosts */
byte expected[2];
byte serving;
byte moves_p, moves_s, blocks;

byte s_home = 0;
bool s_arrives[2];
byte s_sent;

#define DONE (expected[S_] == NS && expected[F_] == NF && !has_stack)

inline touch() { assert(home == me) }

/* announce(): the list of `to`, once. */
inline announce(to) {
    atomic {
        assert(to != NOBODY && (home == to || home == NOBODY));
        assert(!wake[0] && !wake[1]);
        wake[to] = true
    }
}

/* push(): any thread. */
inline push(who, number, first, to) {
#ifdef BREAK_6
    to = home;
#endif
    atomic { first = !announced; announced = true; inbox ! who, number };
    if
#ifdef BREAK_6
    :: first -> announce(to)
#else
    :: first -> to = home; announce(to)   /* it stays: who moves P needs the word to be NULL */
#endif
    :: else -> skip
    fi;
    atomic { first = false; to = 0 }
}

/* apply_all(): one exchange, then the private mailbox. */
inline take_all(then, who, number) {
    atomic {
        touch();
        announced = then;
        do
        :: nempty(inbox) -> inbox ? who, number; mailbox ! who, number
        :: empty(inbox) -> break
        od;
        who = 0; number = 0
    }
}

/* ksi_inbox_drain(): nothing to do when the word is NULL or AWAKE. It stays announced. */
inline drain(who, number) {
    if
#ifdef BREAK_5
    :: nempty(inbox) -> take_all(false, who, number)
#else
    :: nempty(inbox) -> take_all(true, who, number)
#endif
    :: empty(inbox) -> skip
    fi
}

/* The scheduler that S runs on sends for it. */
inline send_of_s(first, to, who, number) {
    if
    :: home == me ->              /* only this thread makes that true or false */
#ifndef BREAK_1
        drain(who, number);
#endif
        touch();
        mailbox ! S_, s_sent;
        queued = true
    :: home != me -> push(S_, s_sent, first, to)
    fi;
    s_sent++
}

/* P is on the wake list of this scheduler: ksi_take_wakes(). */
inline woken(who, number, flag) {
    wake[me] = false;
    if
    :: home == me -> skip
    :: home != me ->
#ifndef BREAK_8
        assert(home == NOBODY);
#endif
        home = me
    fi;
#ifdef BREAK_7
    flag = (len(inbox) > 0);
#endif
#ifdef BREAK_4
    take_all(true, who, number);
#else
    take_all(false, who, number);
#endif
#ifdef BUSY_1
    queued = true
#else
#ifdef BREAK_7
    if :: flag -> queued = true :: !flag -> skip fi;
    flag = false
#else
    if :: nempty(mailbox) -> queued = true :: empty(mailbox) -> skip fi
#endif
#endif
}

/* One message of P, on this thread. */
inline serve(who, number) {
    touch();
    queued = false;
    atomic { serving++; assert(serving == 1) };
    if
    :: mailbox ? who, number ->
        atomic {
            assert(number == expected[who]);
            expected[who]++;
            who = 0; number = 0
        };
        if
        :: blocks < BLOCKS -> blocks++; has_stack = true; stack_of = me
        :: true -> skip
        fi
    :: empty(mailbox) -> skip
    fi;
#ifdef BUSY_1
    queued = true;
#else
    if
    :: len(mailbox) > 0 && !has_stack -> queued = true
    :: len(mailbox) == 0 || has_stack -> skip
    fi;
#endif
    serving--
}

/* What it waited for is here: it goes on, on this thread. */
inline go_on() {
    touch();
    atomic { serving++; assert(serving == 1); assert(stack_of == me) };
    has_stack = false;
    if :: nempty(mailbox) -> queued = true :: empty(mailbox) -> skip fi;
    serving--
}

/* ksi_process_give(): to the other scheduler, when it has asked for work. */
inline give(taken) {
#ifdef BREAK_2
    announced = true; taken = true;
#else
    atomic { taken = !announced; announced = true };     /* CAS NULL -> AWAKE */
#endif
    if
    :: taken ->
        touch();
        moves_p++;
        queued = false;
#ifndef BREAK_8
        home = NOBODY;
#endif
        atomic {
            assert(!wake[0] && !wake[1]);
            wake[1 - me] = true
        }
    :: else -> skip
    fi;
    taken = false
}

#ifdef BREAK_3
#define MAY_MOVE true
#else
#define MAY_MOVE (!has_stack)
#endif

proctype scheduler(byte me) {
    byte who, number, to;
    bool flag;
end:
    do
    :: wake[me] ->
progress_woken:
        woken(who, number, flag)
    :: s_arrives[me] -> s_arrives[me] = false; s_home = me
    :: home == me && queued && !has_stack ->
        if
        :: len(mailbox) > 0 ->
progress_serve:
            skip
        :: len(mailbox) == 0 -> skip
        fi;
        serve(who, number)
    :: home == me && has_stack -> go_on()
    :: home == me && MAY_MOVE && !announced && moves_p < MOVES_P -> give(flag)   /* a look first */
    :: s_home == me && s_sent < NS -> send_of_s(flag, to, who, number)
    :: s_home == me && moves_s < MOVES_S ->
        moves_s++; s_home = NOBODY; s_arrives[1 - me] = true
    od
}

proctype foreign() {
    bool first;
    byte to, n;
    do
    :: n < NF -> push(F_, n, first, to); n++
    :: n == NF -> break
    od
}

proctype judge() {
    timeout -> assert(DONE)       /* nothing can move: nothing may be left */
}

init { atomic { run judge(); run scheduler(0); run scheduler(1); run foreign() } }
