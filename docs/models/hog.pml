/* SPDX-License-Identifier: Apache-2.0 */
/* hog.pml - a scheduler is taken from the thread that is stuck in a handler, and passed between
 * threads from then on.
 *
 * Three threads, one scheduler (run queue, wheel, poller and all runners are one thing: who is its
 * `owner`), PROCESSES processes, each of which handles a message: it computes, calls the library,
 * where it may block or kill another, computes again, and returns. The monitor takes the scheduler
 * from its thread at any time while that is in a handler.
 *
 *   thread    comes in: inside = 1 (a plain store, behind a store buffer), then looks at its word.
 *             ASKED: CAS to HAS, it keeps the scheduler. LOST: it is late, and comes back.
 *   monitor   CAS HAS -> ASKED, membarrier, reads inside; 0: CAS ASKED -> LOST, marks the runner
 *             late and gives the scheduler to one that is not. Else it takes its question back.
 *   come back pushes itself into the list of those who return, unparks, waits for its turn. Its
 *             process is ready then, with a stack, like any other that blocked. If it is next, it
 *             goes on; else another of that thread's is, and it lets go: its loop runs.
 *   pass      a process is to go on on the stack of another thread's: the scheduler goes there. If
 *             that thread is late, the process is stranded until it is back.
 *   kill      whoever is blocked or stranded ends where the scheduler is; who is late ends on its
 *             own thread, when that is back.
 *   stop      at any time: whoever is ready still runs, then thread 0, which began, ends the run.
 *
 * Checked: only the owner touches the scheduler; no process runs twice, or on another thread's
 * stack, or after its end; when nothing moves any more everybody has run, or was killed, or the run
 * was stopped while nobody was ready; no endless running about.
 *
 * BREAK_1  no membarrier                                             two inside
 * BREAK_2  the monitor confirms without a CAS                        two inside
 * BREAK_3  a handler enters without a look at its word               two inside
 * BREAK_4  who returns does not say so                               stuck
 * BREAK_5  who returns does not unpark                               stuck
 * BREAK_6  a blocked process goes on where the scheduler is          the stack changes its thread
 * BREAK_7  the scheduler is passed to a late thread                  it is not there when asked
 * BREAK_8  who was stranded is not made ready                        stuck
 * BREAK_9  a late process that was killed ends at once               while its handler runs
 * BREAK_10 who was next is forgotten when the scheduler is passed    queued, in no list
 * BREAK_11 who is killed stays stranded                              runs after its end
 * BREAK_12 who returns always goes on                                runs twice
 * BREAK_13 the run stops although thread 0 is late                   that waits for ever
 * BUSY_1   the monitor asks without end who is inside                runs about for ever */
#ifdef SMALL                      /* for the check of cycles */
#define PROCESSES 2
#endif
#ifndef TAKES
#define TAKES 2                   /* questions of the monitor */
#endif
#ifndef BLOCKS
#define BLOCKS 1
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef PROCESSES
#define PROCESSES 3
#endif
#define THREADS 3
#define MONITOR 3                 /* as owner */
#define NONE 7

mtype = { HAS, ASKED, LOST };     /* word */
mtype = { NOTHING, EVENT, THREAD };                            /* wait */
/* where a handler goes on: at its start, after it computed, after it blocked, at its end */
mtype = { START, CALLS, GOES_ON, RETURNS };

/* threads, and runners */
mtype word[THREADS] = HAS;
bit mem_in[THREADS], buf_val[THREADS];   /* inside, as others see it, and in the store buffer */
bool buf[THREADS];
bool turn[THREADS];
/* --- the scheduler's from here on --- */
bool late[THREADS];
byte process[THREADS] = NONE;     /* whose handler it runs, or came back from, without it */
byte current = NONE, next = NONE, holder;
chan queue = [PROCESSES] of { byte };
bool queued[PROCESSES];
mtype wait[PROCESSES] = NOTHING;
byte stack[PROCESSES] = NONE;     /* the thread whose stack it keeps */
byte stranded[PROCESSES] = NONE;  /* in the list of that thread */
bool exiting[PROCESSES];
mtype at[PROCESSES] = START;
/* --- written by others --- */
chan returning = [THREADS] of { byte };
bool unparked, stopping;
/* ghosts */
byte owner;
bool running[PROCESSES], done[PROCESSES];
byte home[PROCESSES] = NONE;      /* the thread that its frames are on */
bool over;

#ifndef BREAK_13
#define MAY_STOP (stopping && !late[0])
#else
#define MAY_STOP stopping
#endif

byte takes = TAKES, blocks = BLOCKS, kills = KILLS;

inline flush(t) {
    if :: buf[t] -> mem_in[t] = buf_val[t]; buf[t] = false :: else -> skip fi
}
inline store_in(v) { atomic { flush(me); buf[me] = true; buf_val[me] = v } }

/* --- inside; each is one step, since only the owner is there ---------------------------------- */
inline make_ready(x) {
    if :: !queued[x] -> queued[x] = true; queue ! x :: else -> skip fi
}

inline give(to) { holder = to; owner = to; turn[to] = true }

/* ksi_take_returning() */
inline take_returning() {
    d_step {
        do
        :: nempty(returning) ->
            returning ? x;
            late[x] = false;
            wait[process[x]] = NOTHING;
            make_ready(process[x]);
            y = 0;
            do
            :: y < PROCESSES ->
                if
                :: stranded[y] == x ->
                    stranded[y] = NONE;
#ifndef BREAK_8
                    wait[y] = NOTHING;
                    make_ready(y)
#else
                    skip
#endif
                :: else -> skip
                fi;
                y++
            :: else -> break
            od
        :: empty(returning) -> break
        od;
        x = 0; y = 0
    }
}

/* What a process waited for has come: it is ready, or next. */
inline wake(x, may_be_next) {
    wait[x] = NOTHING;
    if
    :: next == NONE && may_be_next && !queued[x] -> next = x; queued[x] = true
    :: else -> make_ready(x)
    fi
}

/* ksi_condemn(), of somebody else */
inline condemn(x) {
    exiting[x] = true;
#ifndef BREAK_11
    stranded[x] = NONE;
#endif
    wait[x] = NOTHING;
    make_ready(x)
}

/* ksi_run_elsewhere(): where = NONE when p is stranded, else the scheduler goes there */
inline run_elsewhere() {
    where = stack[p];
    current = NONE;
    if
#ifndef BREAK_7
    :: late[where] -> wait[p] = THREAD; stranded[p] = where; where = NONE
#endif
    :: else ->
#ifndef BREAK_10
        if
        :: next != NONE -> queued[next] = false; make_ready(next)
        :: else -> skip
        fi;
#endif
        queued[p] = true;
        next = p
    fi
}

inline start_running() {
    assert(!running[p] && !done[p]);
    current = p; running[p] = true
}

proctype thread(byte me) {
    byte p = NONE, x, y, where = NONE;

    if
    :: me == 0 -> skip
    :: else ->
end_fresh:
        turn[me] -> turn[me] = false
    fi;

loop:
    assert(owner == me && holder == me);
    take_returning();
    /* pick() */
    if
    :: atomic { next != NONE -> p = next; next = NONE; queued[p] = false }
    :: next == NONE && nempty(queue) ->
        d_step { queue ? p; queued[p] = false };
        /* a reply from elsewhere, just now */
        if
        :: atomic { wait[1 - p % 2] == EVENT -> wake(1 - p % 2, true) }
        :: true -> skip
        fi
    :: next == NONE && empty(queue) && !MAY_STOP -> goto idle
    :: next == NONE && empty(queue) && MAY_STOP ->
        if
        :: me == 0 -> goto ended
        :: me != 0 && late[0] -> goto quit
        :: me != 0 && !late[0] -> where = 0; goto pass
        fi
    fi;

    /* run_one() */
    atomic {
        assert(owner == me && !done[p]);
        if
        :: exiting[p] && stack[p] != NONE && process[stack[p]] == p ->          /* it is late */
#ifdef BREAK_9
            goto ends
#else
            if
            :: late[stack[p]] -> goto loop                          /* until its thread is back */
            :: else -> run_elsewhere(); goto pass_or_loop
            fi
#endif
        :: exiting[p] && !(stack[p] != NONE && process[stack[p]] == p) -> goto ends
        :: !exiting[p] && stack[p] != NONE && wait[p] != NOTHING -> goto loop
        :: !exiting[p] && stack[p] != NONE && wait[p] == NOTHING ->
            if
#ifndef BREAK_6
            :: stack[p] != me -> run_elsewhere(); goto pass_or_loop
#endif
            :: else -> assert(home[p] == me); stack[p] = NONE; start_running()
            fi
        :: !exiting[p] && stack[p] == NONE -> home[p] = me; start_running()
        fi
    };

handler:
    atomic {
        assert(owner == me && current == p);
        if
        :: exiting[p] ->                                            /* ksi_leave() */
            current = NONE; running[p] = false; make_ready(p); goto loop
        :: else -> skip
        fi;
        if
        :: at[p] == START -> at[p] = CALLS
        :: at[p] == GOES_ON -> at[p] = RETURNS
        :: at[p] == CALLS ->
            at[p] = GOES_ON;
            if
            :: kills > 0 && !done[1 - p % 2] && !exiting[1 - p % 2] ->
                kills--; condemn(1 - p % 2)
            :: true -> skip
            fi;
            if
            :: blocks > 0 ->
                blocks--;
                wait[p] = EVENT; stack[p] = me; current = NONE; running[p] = false; goto loop
            :: true -> goto handler
            fi
        :: at[p] == RETURNS ->
            current = NONE; running[p] = false; done[p] = true; goto loop
        fi
    };
    store_in(0);
    /* the program's own code */
    store_in(1);
    if
#ifndef BREAK_3
    :: word[me] != HAS ->
        atomic {                                                    /* CAS ASKED -> HAS */
            flush(me);
            if
            :: word[me] == ASKED -> word[me] = HAS; goto handler
            :: word[me] == HAS -> goto handler                      /* the monitor took it back */
            :: word[me] == LOST -> skip
            fi
        }
#endif
    :: else -> goto handler
    fi;

    /* come_back() */
#ifndef BREAK_4
    returning ! me;
#endif
#ifndef BREAK_5
    unparked = true;
#endif
end_late:
    atomic {
        turn[me] -> turn[me] = false;
        assert(owner == me && !late[me]);
        word[me] = HAS;
        p = process[me];
        process[me] = NONE;
        if
#ifndef BREAK_12
        :: next == p ->
#else
        :: true ->
#endif
            next = NONE; queued[p] = false; stack[p] = NONE; current = p; goto handler
#ifndef BREAK_12
        :: else -> running[p] = false; goto loop                    /* let_go() */
#endif
        fi
    };

pass_or_loop:
    if
    :: where == NONE -> goto loop
    :: else -> skip
    fi;
pass:
    atomic { assert(owner == me); p = NONE; give(where); where = NONE };
end_passed:
    turn[me] -> turn[me] = false;
    goto loop;

ends:                                                               /* ksi_die() */
    atomic {
        assert(!running[p] && !done[p]);
        stack[p] = NONE; done[p] = true; goto loop
    };

idle:                                                               /* the poller, and timers */
end_idle:
    if
    :: atomic { unparked -> unparked = false; goto loop }
    :: atomic { wait[0] == EVENT -> wake(0, false); goto loop }
    :: atomic { wait[1] == EVENT -> wake(1, false); goto loop }
#if PROCESSES > 2
    :: atomic { wait[2] == EVENT -> wake(2, false); goto loop }
#endif
    :: atomic { MAY_STOP -> goto loop }
    fi;

ended:
    assert(!late[0] && next == NONE && empty(queue));
    over = true;
quit:
    skip
}

proctype monitor() {
    byte t, u;
end:
    do
    :: atomic { takes > 0 && (late[0] + late[1] + late[2] < 2) ->
#ifndef BUSY_1
           takes--;
#endif
           t = holder };
       if
       :: atomic { word[t] == HAS -> word[t] = ASKED };
#ifndef BREAK_1
          d_step { flush(t) };                                      /* membarrier */
#endif
          if
          :: mem_in[t] == 0 ->
#ifndef BREAK_2
              atomic {                                              /* CAS */
                  if
                  :: word[t] == ASKED -> word[t] = LOST; owner = MONITOR
                  :: else -> skip
                  fi
              }
#else
              atomic { word[t] = LOST; owner = MONITOR }
#endif
          :: else -> atomic {
                  if :: word[t] == ASKED -> word[t] = HAS :: else -> skip fi
              }
          fi
       :: word[t] != HAS -> skip
       fi;
       if
       :: owner == MONITOR ->
           /* ksi_runner_is_late() */
           atomic {
               assert(holder == t && current != NONE);
               late[t] = true; process[t] = current;
               stack[current] = t; wait[current] = THREAD; current = NONE;
               /* choose(): one that is not late, a new one when all are */
               if
               :: t != 0 && !late[0] -> u = 0
               :: t != 1 && !late[1] -> u = 1
               :: t != 2 && late[0] && late[1] -> u = 2
               fi;
               give(u); t = 0; u = 0
           }
       :: else -> t = 0
       fi
    od
}

proctype store_buffers() {
end:
    do
    :: atomic { buf[0] -> flush(0) }
    :: atomic { buf[1] -> flush(1) }
    :: atomic { buf[2] -> flush(2) }
    od
}

proctype stop() {
end_stop:
    if
    :: stopping = true
    :: true -> skip
    fi
}

#if PROCESSES > 2
#define ALL_DONE (done[0] && done[1] && done[2])
#else
#define ALL_DONE (done[0] && done[1])
#endif

proctype judge() {
    timeout ->                    /* nothing can move: nothing may be left */
    if
    :: over -> skip
    :: else -> assert(!stopping && ALL_DONE)
    fi
}

init {
    atomic {
        mem_in[0] = 1; mem_in[1] = 1; mem_in[2] = 1;
        queued[0] = true; queue ! 0; queued[1] = true; queue ! 1;
#if PROCESSES > 2
        queued[2] = true; queue ! 2;
#endif
        run judge(); run thread(0); run thread(1); run thread(2); run monitor();
        run store_buffers(); run stop()
    }
}
