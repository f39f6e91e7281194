/* SPDX-License-Identifier: Apache-2.0 */
/* hog.pml - a scheduler is taken from the thread that is stuck in a handler.
 *
 * Two threads, one scheduler (its run queue, wheel and poller are one thing: who is `inside`), two
 * processes that handle messages, send to each other, and block in the middle of a handler. The
 * monitor takes the scheduler from its thread whenever that is in a handler and the other is spare.
 *
 *   thread   enters kiosk: in_runtime = 1 (a plain store, behind a store buffer), then looks at its
 *            word. ASKED: CAS to OWNED, it keeps the scheduler. LOST: it has none from here on.
 *   monitor  reserves the spare (CAS), word OWNED -> ASKED (CAS), membarrier, reads in_runtime; 0:
 *            CAS ASKED -> LOST confirms, and the spare is given the scheduler. Else it takes back.
 *   late     sends by push, tells by push that its process blocked or returned, and is a spare then
 *   stacks   one that was left on another thread is put into that thread's list; the thread runs it
 *            when it is free, with the scheduler or without. It stops being spare first (CAS).
 *
 * Checked: one thread inside at most; no process runs twice at a time; a stack goes on on the thread
 * where it was left; when nothing moves any more all messages are handled; no endless running about.
 *
 * BREAK_1 no membarrier                                              two inside
 * BREAK_2 the monitor confirms without a CAS                         two inside
 * BREAK_3 a handler enters without a look at its word                two inside
 * BREAK_4 the late one does not tell that its process returned       stuck
 * BREAK_5 the late one appends to the run queue itself               two inside
 * BREAK_6 a blocked process goes on where the scheduler is           the stack changes its thread
 * BREAK_7 a spare runs a stack without the CAS                       stuck: given to who is busy
 * BREAK_8 the late one does not tell that its process blocked        stuck
 * BUSY_1  the monitor asks without end who is in the runtime         runs about for ever */
#ifdef SMALL                      /* for the check of cycles */
#define TAKES 2
#define SENDS 1
#define BLOCKS 1
#endif
#ifndef TAKES
#define TAKES 3
#endif
#ifndef SENDS
#define SENDS 2
#endif
#ifndef BLOCKS
#define BLOCKS 2
#endif
#define TOTAL (2 + SENDS)
/* in the inbox of the scheduler: below RETURNED a message for that process */
#define RETURNED 2
#define BLOCKED 4

mtype = { OWNED, ASKED, LOST };             /* word */
mtype = { BUSY, SPARE, RESERVED, GIVEN };   /* place */

mtype word[2], place[2];
bool mine[2];                     /* the thread's own: it has the scheduler */
byte s_thread;                    /* the monitor's own: who has it */
byte mem_in[2], buf_val[2];       /* in_runtime, as others see it, and in the store buffer */
bool buf[2];
chan todo[2] = [2] of { byte };   /* processes whose stacks wait for that thread */
chan inbox = [8] of { byte };
/* the scheduler's */
chan run_queue = [4] of { byte };
byte mail[2];
bool queued[2], blocked[2];
/* ghosts */
byte inside, handled;
bool running[2];
byte stack_of[2];

byte sends = SENDS, blocks = BLOCKS;

#define DONE (handled == TOTAL)

inline flush(t) {
    if :: buf[t] -> mem_in[t] = buf_val[t]; buf[t] = false :: else -> skip fi
}
inline store_in(v) { atomic { flush(me); buf[me] = true; buf_val[me] = v } }
inline use() { atomic { inside++; assert(inside == 1) } }
inline unuse() { inside-- }

/* ksi_enter() */
inline enter() {
    store_in(1);
    if
#ifndef BREAK_3
    :: mine[me] && word[me] != OWNED ->
        atomic {                  /* CAS ASKED -> OWNED */
            flush(me);
            if
            :: word[me] == ASKED -> word[me] = OWNED
            :: word[me] == LOST -> mine[me] = false
            :: word[me] == OWNED -> skip          /* the monitor took it back */
            fi
        }
#endif
    :: else -> skip
    fi
}

inline deliver(to) {              /* inside */
    mail[to]++;
    if :: !queued[to] -> queued[to] = true; run_queue ! to :: else -> skip fi
}

inline give_back(p) {             /* inside: p waits for its next message */
    queued[p] = false;
    if :: mail[p] > 0 -> queued[p] = true; run_queue ! p :: else -> skip fi
}

inline drain(x) {                 /* inside */
    do
    :: nempty(inbox) ->
        inbox ? x;
        if
        :: x < RETURNED -> deliver(x)
        :: x >= RETURNED && x < BLOCKED -> give_back(x - RETURNED)
        :: x >= BLOCKED -> blocked[x - BLOCKED] = true
        fi
    :: empty(inbox) -> break
    od;
    x = 0
}

/* The handler's code, which knows nothing of kiosk, and the next call into it. */
inline compute() { store_in(0); enter() }

inline finish(p) {
    running[p] = false;
    handled++;
    if
    :: mine[me] -> use(); give_back(p); unuse()
#ifndef BREAK_4
    :: !mine[me] -> inbox ! RETURNED + p
#else
    :: !mine[me] -> skip
#endif
    fi
}

/* ksi_block(): the stack stays behind, with this thread. */
inline block(p) {
    stack_of[p] = me;
    if
    :: mine[me] -> use(); blocked[p] = true; unuse()
#ifndef BREAK_8
    :: !mine[me] -> inbox ! BLOCKED + p
#else
    :: !mine[me] -> skip
#endif
    fi
}

inline send(to) {
    atomic { if :: sends > 0 -> sends--; flag = true :: else -> skip fi };
    if
#ifdef BREAK_5
    :: flag -> use(); deliver(to); unuse()
#else
    :: flag && mine[me] -> use(); deliver(to); unuse()
    :: flag && !mine[me] -> inbox ! to
#endif
    :: !flag -> skip
    fi;
    flag = false
}

inline first_half(p) {
    compute();
    send(1 - p);
    atomic { if :: blocks > 0 -> blocks--; flag = true :: true -> skip fi };
    if
    :: flag -> flag = false; block(p)
    :: else -> compute(); finish(p)
    fi
}

inline second_half(p) {
    assert(stack_of[p] == me && running[p]);
    compute();
    finish(p)
}

/* What p waited for is here. Inside. */
inline resume(p) {
    blocked[p] = false;
    unuse();
    if
#ifndef BREAK_6
    :: stack_of[p] != me -> todo[stack_of[p]] ! p
#endif
    :: else -> second_half(p)
    fi
}

inline be_spare(p) {
    atomic { flush(me); place[me] = SPARE };      /* an exchange */
end_spare:
    if
    :: atomic { place[me] == GIVEN -> place[me] = BUSY; mine[me] = true }
#ifdef BREAK_7
    :: len(todo[me]) > 0 -> place[me] = BUSY; todo[me] ? p; second_half(p); p = 0
#else
    :: atomic { len(todo[me]) > 0 && place[me] == SPARE -> place[me] = BUSY };     /* CAS */
       todo[me] ? p; second_half(p); p = 0
#endif
    fi
}

proctype thread(byte me) {
    byte p, x;
    bool flag;
end:
    do
    :: !mine[me] ->
        be_spare(p)
    :: mine[me] ->
        use();
        drain(x);
        if
        :: len(todo[me]) > 0 -> todo[me] ? p; unuse(); second_half(p)
        :: len(run_queue) > 0 ->
            run_queue ? p;
            mail[p]--;
            assert(!running[p]);
            running[p] = true;
            unuse();
            first_half(p)
        :: blocked[0] -> resume(0)
        :: blocked[1] -> resume(1)
        :: len(todo[me]) == 0 && len(run_queue) == 0 && !blocked[0] && !blocked[1] ->
            unuse();
end_parked: (len(inbox) > 0 || len(todo[me]) > 0)  /* in the poller; in_runtime stays 1 */
        fi;
        p = 0
    od
}

proctype monitor() {
    byte takes, t;
    bool got;
end:
    do
    :: takes < TAKES && place[1 - s_thread] == SPARE ->
        t = s_thread;
        takes++;
        atomic {                                  /* CAS SPARE -> RESERVED */
            got = (place[1 - t] == SPARE);
            place[1 - t] = (got -> RESERVED : place[1 - t])
        };
        if
        :: got ->
            word[t] = ASKED;                      /* it was OWNED: s_thread has the scheduler */
#ifndef BREAK_1
            atomic { flush(0); flush(1) };        /* membarrier */
#endif
            got = (mem_in[t] == 0);
            if
#ifdef BREAK_2
            :: got -> word[t] = LOST
#else
            :: got ->                             /* CAS ASKED -> LOST */
                atomic {
                    got = (word[t] == ASKED);
                    word[t] = (got -> LOST : word[t])
                }
#endif
            :: else ->                            /* CAS ASKED -> OWNED */
                atomic { word[t] = (word[t] == ASKED -> OWNED : word[t]) }
            fi;
            if
            :: got -> s_thread = 1 - t; word[1 - t] = OWNED; place[1 - t] = GIVEN
            :: else ->
#ifdef BUSY_1
                takes--;
#endif
                place[1 - t] = SPARE
            fi
        :: else -> skip
        fi;
        atomic { got = false; t = 0 }
    :: takes == TAKES -> break
    od
}

proctype store_buffers() {
end:
    do
    :: buf[0] -> atomic { flush(0) }
    :: buf[1] -> atomic { flush(1) }
    od
}

proctype judge() {
    timeout -> assert(DONE)       /* nothing can move: nothing may be left */
}

init {
    atomic {
        word[0] = OWNED; word[1] = OWNED; place[0] = BUSY; place[1] = BUSY;
        mine[0] = true; mem_in[0] = 1; mem_in[1] = 1;
        mail[0] = 1; mail[1] = 1; queued[0] = true; queued[1] = true;
        run_queue ! 0; run_queue ! 1;
        run judge(); run thread(0); run thread(1); run monitor(); run store_buffers()
    }
}
