/* SPDX-License-Identifier: Apache-2.0 */
/* park.pml - a scheduler sleeps and is woken: no wake-up is lost, and none is sent in vain.
 *
 * One scheduler, SENDERS other threads, PROCESSES processes at home on that scheduler.
 *
 *   sender     push into the inbox of p; NULL before: p goes into the wake list (a Treiber stack),
 *              and the word becomes WOKEN by an exchange; PARKED before: one write to the eventfd
 *   scheduler  takes the wake list, applies the inboxes; nothing: looks once more (the spin), then
 *              RUNNING -> PARKED by a CAS. WOKEN there: there is work, it does not wait.
 *
 * The inbox is a number of messages and one of the values NULL (not announced), LISTED (announced;
 * AWAKE in C when the number is 0). Checked:
 *   1  a process is in the wake list once at most
 *   2  each message is applied once, and when nothing moves any more all are
 *   3  a time of sleep is ended by one write to the eventfd at most: nobody wakes who runs
 *   4  the scheduler does not run about for ever without taking its wake list (a non-progress cycle)
 *
 * BREAK_1 the scheduler parks without a look at what the word was      stuck
 * BREAK_2 a sender reads the word instead of exchanging it             stuck
 * BREAK_3 wake_next is read after the inbox was opened for pushers     lost, or a list with a loop
 * BREAK_4 a local drain leaves NULL, though p is in the wake list      twice in the list
 * BREAK_5 take: the messages are read, then NULL is stored             a message lost
 * BREAK_6 PARKED by an exchange, also over WOKEN, and taken back       a write to who runs
 * BREAK_7 a sender tells the scheduler before the list holds p         stuck
 * BUSY_1  WOKEN is not taken back                                      runs about for ever */
#ifndef SENDERS
#define SENDERS 2
#endif
#ifdef BRIEF                      /* the check of cycles, in the gate */
#define SENDS 1
#endif
#ifndef SENDS
#define SENDS 2                   /* by each sender */
#endif
#define PROCESSES 2
#define TOTAL (SENDERS * SENDS)
#define IO 1                      /* how often a descriptor ends a wait */

#define NOBODY 0                  /* of the wake list; process p stands there as p + 1 */
#define NOT_LISTED 0              /* inbox NULL */
#define LISTED 1                  /* inbox AWAKE, or a list */

mtype = { RUNNING, PARKED, WOKEN };
mtype word = RUNNING;
byte head = NOBODY;               /* the wake list */
byte wake_next[PROCESSES];
byte announced[PROCESSES];        /* with in[]: the one word `inbox` */
byte in[PROCESSES];
bool in_list[PROCESSES];          /* ghost */
byte applied;
byte eventfd;
byte parks, writes;               /* ghosts */

#define DONE (applied == TOTAL)

/* ksi_signal push(): a CAS loop on the inbox; whoever changes NULL announces. */
inline push(p, first) {
    atomic { first = (announced[p] == NOT_LISTED); announced[p] = LISTED; in[p]++ }
}

/* announce(), first half: a CAS loop on the wake list. */
inline list_push(p, old) {
    old = head;
    do
    :: wake_next[p] = old;
       atomic {
           if
           :: head == old -> assert(!in_list[p]); in_list[p] = true; head = p + 1; break
           :: else -> old = head
           fi
       }
    od;
    old = 0
}

/* announce(), second half: unpark(). */
inline unpark(was) {
#ifdef BREAK_2
    was = word;
#else
    atomic { was = word; word = WOKEN };
#endif
    if
    :: was == PARKED ->
        atomic { writes++; assert(writes <= parks) };
        eventfd = 1
    :: else -> skip
    fi;
    was = RUNNING
}

proctype sender() {
    byte n, p, old;
    mtype was = RUNNING;
    bool first;
    do
    :: n < SENDS ->
        if :: p = 0 :: p = 1 fi;
        push(p, first);
        if
#ifdef BREAK_7
        :: first -> unpark(was); list_push(p, old)
#else
        :: first -> list_push(p, old); unpark(was)
#endif
        :: else -> skip
        fi;
        atomic { first = false; p = 0; n++ }
    :: n == SENDS -> break
    od
}

/* apply_all(): everything that the inbox holds, by one exchange. */
inline apply(p, then, taken) {
#ifdef BREAK_5
    taken = in[p];
    atomic { announced[p] = then; in[p] = 0 };
#else
    atomic { taken = in[p]; announced[p] = then; in[p] = 0 };
#endif
    atomic { applied = applied + taken; taken = 0; assert(applied <= TOTAL) }
}

/* ksi_take_wakes() */
inline take_wakes(p, next, taken) {
    atomic { next = head; head = NOBODY };
    do
    :: next != NOBODY ->
        p = next - 1;
#ifdef BREAK_3
        in_list[p] = false;
        apply(p, NOT_LISTED, taken);
        next = wake_next[p];
#else
        atomic { next = wake_next[p]; in_list[p] = false };
        apply(p, NOT_LISTED, taken);
#endif
        p = 0
    :: next == NOBODY -> break
    od
}

/* A process of this scheduler sends to p: what the inbox holds comes first. p stays listed. */
inline local_send(p, taken) {
    if
#ifdef BREAK_4
    :: in[p] > 0 -> apply(p, NOT_LISTED, taken)
#else
    :: in[p] > 0 -> apply(p, LISTED, taken)
#endif
    :: else -> skip
    fi
}

proctype scheduler() {
    byte p, next, taken, io;
    mtype was = RUNNING;
    do
    :: head != NOBODY ->
progress:
        take_wakes(p, next, taken)
    :: in[0] > 0 -> local_send(0, taken)
    :: in[1] > 0 -> local_send(1, taken)
    :: head == NOBODY ->               /* the spin found nothing: ksi_poller_rests() */
#ifdef BREAK_1
        atomic { word = PARKED; parks++; was = PARKED };
#else
#ifdef BREAK_6
        atomic { was = word; word = PARKED; parks = parks + (was != WOKEN -> 1 : 0) };
        if
        :: was == WOKEN -> word = RUNNING; was = RUNNING
        :: else -> was = PARKED
        fi;
#else
        atomic {
            if
            :: word == RUNNING -> word = PARKED; parks++; was = PARKED
#ifndef BUSY_1
            :: else -> word = RUNNING; was = RUNNING      /* an exchange: acquires the list */
#else
            :: else -> was = RUNNING
#endif
            fi
        };
#endif
#endif
        if
        :: was == PARKED ->
end_wait:   if                        /* epoll_wait */
            :: eventfd > 0 -> eventfd = 0
            :: io < IO -> io++
            fi;
            atomic { word = RUNNING; was = RUNNING }      /* an exchange */
        :: else -> eventfd = 0        /* epoll_wait that does not wait */
        fi
    od
}

proctype judge() {
    timeout -> assert(DONE)       /* nothing can move: nobody may be forgotten */
}

init {
    byte n;
    atomic {
        run judge();
        run scheduler();
        do :: n < SENDERS -> run sender(); n++ :: n == SENDERS -> break od
    }
}
