/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.pml - model of the order of signals through the target's own inbox.
 *
 * Two schedulers, one foreign thread F, one receiver P and one sender S, both stackless, both free
 * to migrate at any turn.  S and F send numbered messages to P.  Checked: each sender's numbers
 * arrive one by one in order (so none is lost, doubled or overtaken); a process is never in two
 * wake lists; private fields are touched by the home scheduler only; and no state is stuck while a
 * message is undelivered (an invalid end state is a lost wake).
 *
 * The inbox word is (sleep, inbox): sleep stands for the value SLEEP, the channel for the stack of
 * pushed messages, which swap-all + reverse hands over in push order.  The wake token of P is in
 * exactly one of four places: in the inbox (sleep), with a pusher, in a wake list, or with the
 * owner (held).  P migrates only while its owner holds the token.
 *
 * The model is sequentially consistent; memory orders are the stress program's matter (TSan).
 *
 * One key line each is taken out by -DNO_DRAIN, NO_HANDOFF_CHECK, BLIND_IDLE, NO_SLEEP, NO_WAKE,
 * NO_RECHECK, MOVE_WITHOUT_TOKEN; each must make the check fail. */

#ifndef NS
#define NS 3          /* messages of S */
#endif
#ifndef NF
#define NF 2          /* messages of F */
#endif
#ifndef MOVES_P
#define MOVES_P 2
#endif
#ifndef MOVES_S
#define MOVES_S 2
#endif
#define NONE 2        /* home while in transit */
#define S_ 0
#define F_ 1

chan inbox = [NS + NF] of { byte, byte };
bool sleep = true;                /* the inbox word is SLEEP: P starts idle on scheduler 0 */
chan priv = [NS + NF] of { byte, byte };
byte p_home = 0;
bool p_queued, p_held;            /* private to the home */
byte s_home = 0;
byte s_sent;
byte expect[2];                   /* next number from S_, F_ */
byte p_moves, s_moves;
bool wake_p[2], wake_s[2], parked[2];

#define ALL (expect[S_] == NS && expect[F_] == NF)

inline deliver(who, seq) {
    assert(seq == expect[who]);
    expect[who]++;
}

/* Publish in the list, then wake the scheduler if it sleeps. */
inline post_p(h) {
    atomic { assert(!wake_p[0] && !wake_p[1]); wake_p[h] = true; }
    parked[h] = false;
}

/* Any thread: one CAS; whoever replaces SLEEP takes the token and owes the wake.  While it has the
 * token the home cannot change. */
inline push(who, seq, slept, h) {
    atomic { slept = sleep; sleep = false; inbox ! who, seq; }
    if
#ifndef NO_WAKE
    :: slept -> h = p_home; assert(h != NONE); post_p(h)
#else
    :: slept -> skip
#endif
    :: else -> skip
    fi;
    slept = false; h = 0
}

/* Home only: everything pushed so far goes to the end of the private list, in push order. */
inline drain(w, q) {
    atomic {
        assert(p_home == me);
        do
        :: inbox ? w, q -> priv ! w, q
        :: empty(inbox) -> break
        od;
        w = 0; q = 0
    }
}

/* Home only, private list empty.  With the token elsewhere there is nothing to do: a wake comes. */
inline go_idle() {
    assert(p_home == me);
    if
    :: p_held ->
#ifdef NO_SLEEP
        p_held = false; p_queued = false
#else
#ifdef BLIND_IDLE
        atomic { sleep = true; p_held = false; p_queued = false;
                 do :: inbox ? _, _ :: empty(inbox) -> break od }
#else
        atomic {                  /* CAS NULL -> SLEEP; if it fails P stays queued */
            if
            :: empty(inbox) -> sleep = true; p_held = false; p_queued = false
            :: nempty(inbox) -> p_queued = true
            fi
        }
#endif
#endif
    :: else -> p_queued = false
    fi
}

/* S runs on this scheduler and sends its next message. */
inline send_from_s(slept, h, w, q) {
    if
    :: p_home == me ->            /* stable: only this thread writes its own number or removes it */
#ifdef NO_HANDOFF_CHECK
        if
        :: !p_queued && empty(priv) -> p_queued = true; deliver(S_, s_sent); go_idle()
#else
        if                        /* direct hand-off: the callee is idle and nothing waits for it */
        :: !p_queued && empty(priv) && empty(inbox) ->
            p_queued = true; deliver(S_, s_sent); go_idle()
#endif
        :: true ->
#ifndef NO_DRAIN
            drain(w, q);
#endif
            priv ! S_, s_sent;
            p_queued = true
        fi
    :: else -> push(S_, s_sent, slept, h)
    fi;
    s_sent++
}

/* Home only: move P.  The owner must hold the token; SLEEP is taken back by a CAS. */
inline give_p(got) {
#ifdef MOVE_WITHOUT_TOKEN
    got = true; sleep = false; p_held = true;
#else
    atomic {
        if
        :: p_held -> got = true
        :: !p_held && sleep -> sleep = false; p_held = true; got = true
        :: else -> got = false    /* a wake is on its way here: not now */
        fi
    }
#endif
    if
    :: got -> p_moves++; p_queued = false; p_home = NONE; post_p(1 - me)
    :: else -> skip
    fi;
    got = false
}

proctype sched(byte me) {
    bool slept, got;
    byte h, w, q;
    do
    :: ALL -> break
    :: wake_p[me] ->
        wake_p[me] = false;
        if
        :: p_home == NONE -> assert(p_held); p_home = me
        :: else -> assert(p_home == me && !p_held && !sleep); p_held = true
        fi;
        p_queued = true
    :: wake_s[me] -> wake_s[me] = false; s_home = me
    :: p_home == me && p_queued ->      /* one turn of P */
        drain(w, q);
        if
        :: priv ? w, q -> deliver(w, q); w = 0; q = 0
        :: empty(priv) -> skip
        fi;
        if
        :: empty(priv) -> go_idle()
        :: nempty(priv) -> skip
        fi
    :: p_home == me && p_moves < MOVES_P -> give_p(got)
    :: s_home == me && s_sent < NS -> send_from_s(slept, h, w, q)
    :: s_home == me && s_moves < MOVES_S ->
        s_moves++; s_home = NONE; wake_s[1 - me] = true; parked[1 - me] = false
    :: !(p_home == me && p_queued) && !(s_home == me && s_sent < NS) ->
        parked[me] = true;
        if
#ifndef NO_RECHECK
        :: wake_p[me] || wake_s[me] -> skip
#endif
        :: else -> (!parked[me] || ALL)
        fi;
        parked[me] = false
    od
}

proctype foreign() {
    bool slept;
    byte h, n;
    do
    :: n < NF -> push(F_, n, slept, h); n++
    :: n == NF -> break
    od
}

init { atomic { run sched(0); run sched(1); run foreign() } }
