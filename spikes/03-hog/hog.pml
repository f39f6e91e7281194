/* SPDX-License-Identifier: Apache-2.0 */
/* hog.pml - model of taking a scheduler's work from a thread that stays in a handler.
 *
 * Two threads, one scheduler with two processes, one monitor that takes the scheduler up to TAKES
 * times, from either thread.  Every handler calls the runtime once in its middle (it sends to the
 * other process while SENDS last) and then returns.  Checked: one thread at most is inside the
 * scheduler; no process runs twice at once; every message is handled (an invalid end state is lost
 * work).
 *
 * The plain flag in_runtime goes through a one-entry store buffer, as on x86: flush happens at any
 * time, at the thread's own locked instructions, and at the monitor's membarrier.
 *
 * Faults: NO_MEMBARRIER, NO_CONFIRM (taken without the CAS 1 -> 2), NO_LOOK (entry does not read
 * revoked), NO_RETURN (the late one does not hand its process back), LATE_LOCAL (it appends to the
 * run queue as if the scheduler were still its own). */
#ifndef TAKES
#define TAKES 3
#endif
#ifndef SENDS
#define SENDS 4
#endif
/* in the inbox: below RETURNED a message for process p, else process p comes back */
#define RETURNED 2
#define TOTAL (2 + SENDS)

byte mem_in[2], buf_val[2];
bool buf[2];                        /* store buffer of in_runtime */
byte revoked[2];
bool given[2], spare[2];            /* spare: waits for a scheduler */
bool mine[2];                       /* the thread's own idea: it has the scheduler */
byte s_thread;
byte inside;                        /* threads using the scheduler now */
chan run_queue = [4] of { byte };
byte mail[2];
bool queued[2], running[2];
chan inbox = [10] of { byte };
byte sends = SENDS, handled;

#define DONE (handled == TOTAL)

inline flush(whose) {
    if :: buf[whose] -> mem_in[whose] = buf_val[whose]; buf[whose] = false :: else -> skip fi
}
inline store_in(v) { atomic { flush(me); buf[me] = true; buf_val[me] = v } }

inline use() { atomic { inside++; assert(inside == 1) } }
inline unuse() { inside-- }

inline enter() {
    store_in(1);
#ifndef NO_LOOK
    if
    :: revoked[me] == 0 -> skip
    :: else ->
        atomic {                    /* CAS 1 -> 0; it fails if the monitor has confirmed */
            flush(me);
            if
            :: revoked[me] == 1 -> revoked[me] = 0
            :: revoked[me] == 2 -> revoked[me] = 0; mine[me] = false
            :: revoked[me] == 0 -> skip       /* the monitor gave up */
            fi
        }
    fi
#endif
}

inline deliver(to) {                 /* inside */
    mail[to]++;
    if :: !queued[to] -> queued[to] = true; run_queue ! to :: else -> skip fi
}

inline give_back(back) {               /* inside */
    queued[back] = false;
    if :: mail[back] > 0 -> queued[back] = true; run_queue ! back :: else -> skip fi
}

inline drain(x) {                   /* inside */
    do
    :: inbox ? x ->
        if
        :: x < RETURNED -> deliver(x)
        :: else -> give_back(x - RETURNED)
        fi
    :: empty(inbox) -> break
    od;
    x = 0
}

inline handler(it) {                 /* user code: leave, one call into the runtime, back */
    store_in(0);
    enter();
    atomic { if :: sends > 0 -> sends--; took = true :: else -> skip fi };
    if
#ifdef LATE_LOCAL
    :: took -> use(); deliver(1 - it); unuse()
#else
    :: took && mine[me] -> use(); deliver(1 - it); unuse()
    :: took && !mine[me] -> inbox ! 1 - it
#endif
    :: else -> skip
    fi;
    took = false;
    store_in(0);
    enter()
}

proctype thread(byte me) {
    byte p, x;
    bool took;
    do
    :: DONE -> break
    :: !mine[me] && !DONE ->
        spare[me] = true;
        (given[me] || DONE);
        if
        :: given[me] -> atomic { given[me] = false; spare[me] = false; mine[me] = true }
        :: else -> break
        fi
    :: mine[me] && !DONE ->
        use();
        drain(x);
        if
        :: run_queue ? p ->
            mail[p]--;
            assert(!running[p]);
            running[p] = true;
            unuse();
            handler(p);
            running[p] = false;
            handled++;
            if
            :: mine[me] -> use(); give_back(p); unuse()
#ifndef NO_RETURN
            :: !mine[me] -> inbox ! RETURNED + p
#else
            :: !mine[me] -> skip
#endif
            fi
        :: empty(run_queue) ->
            unuse();
            (nempty(inbox) || DONE) /* parked in the poller, in_runtime stays 1 */
        fi
    od
}

proctype monitor() {
    byte takes, t;
    do
    :: DONE -> break
    :: takes < TAKES && spare[1 - s_thread] ->
        t = s_thread;
        takes++;
        revoked[t] = 1;
#ifndef NO_MEMBARRIER
        atomic { flush(0); flush(1) }
#endif
        if
        :: mem_in[t] == 1 ->
            atomic { if :: revoked[t] == 1 -> revoked[t] = 0 :: else -> skip fi }
        :: else ->
#ifdef NO_CONFIRM
            revoked[t] = 2; s_thread = 1 - t; given[1 - t] = true
#else
            atomic {
                if
                :: revoked[t] == 1 -> revoked[t] = 2; s_thread = 1 - t; given[1 - t] = true
                :: else -> skip
                fi
            }
#endif
        fi
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

init {
    atomic {
        mine[0] = true; mem_in[0] = 1; mem_in[1] = 1; s_thread = 0;
        mail[0] = 1; mail[1] = 1; queued[0] = true; queued[1] = true;
        run_queue ! 0; run_queue ! 1;
        run thread(0); run thread(1); run monitor(); run store_buffers()
    }
}
