/* SPDX-License-Identifier: Apache-2.0 */
/* cycle.pml - calls in a circle are found when the circle closes, whatever threads its members
 * live on; no other call is taken for one.
 *
 * Three processes call each other, any of them any other, as often as their budget allows. The
 * first two live on one thread, which runs one of them until it waits. A process that waits for
 * nobody answers who waits for it. What a process says of itself, for whom it waits and by an odd
 * serial that it waits, leaves its thread some time later, in any order between processes; its own
 * thread sees it at once.
 *
 *   call     say for whom, say that; unless the target lives here and waits for nobody: fence, then
 *            follow the chain of those who wait, twice; the same waits both times, back to oneself:
 *            a circle, the call is over. Else the request is sent, which publishes what was said.
 *   answer   the caller's serial becomes even; it goes on
 *
 * Checked:
 *   1  who takes its call for part of a circle was in one, at the moment between the two walks
 *   2  nobody waits in the end: of a circle at least one member has found it
 *
 * BREAK_1 no fence                                        two close a circle, neither sees it
 * BREAK_2 the chain is followed once                      a chain that never was
 * BREAK_3 one looks before one says                       two close a circle, neither sees it
 * BREAK_4 a target that lives here is not looked at       a circle unseen
 * BREAK_5 the second time the serials are not compared    a chain that never was */
#define N 3
#ifdef BRIEF                      /* the check of cycles, in the gate */
#define CALLS 1
#endif
#ifndef CALLS
#define CALLS 2                   /* of each */
#endif
#define NOBODY 9
#define home(p) (p / 2)           /* 0 and 1 live together */

/* In memory. */
byte waits_for[N], serial[N];
/* On the way there. */
bool delayed[N];
byte later_for[N], later_serial[N];
bool busy[2];                     /* somebody runs on the thread */
byte calls[N];
/* ghost */
byte truth[N] = NOBODY;           /* whom it waits for */

/* As the thread of `me` sees it. */
#define seen_serial(p) (home(p) == home(me) && delayed[p] -> later_serial[p] : serial[p])
#define seen_for(p) (home(p) == home(me) && delayed[p] -> later_for[p] : waits_for[p])
#define own_are_out (!(delayed[me] || (me < 2 && delayed[1 - me])))

#define in_circle(p) (truth[p] != NOBODY && (truth[truth[p]] == p || \
    (truth[truth[p]] != NOBODY && truth[truth[truth[p]]] == p)))

/* What was said gets out, for whom before that: a store buffer, of each process. */
proctype memory(byte p) {
end:
    do
    :: delayed[p] ->
        waits_for[p] = later_for[p];
        atomic { serial[p] = later_serial[p]; delayed[p] = false }
    od
}

typedef walk { byte who[2], by[2] }
#ifdef BREAK_5
#define same(i) (w[0].who[i] == w[1].who[i])
#else
#define same(i) (w[0].who[i] == w[1].who[i] && w[0].by[i] == w[1].by[i])
#endif

/* Walk n, from target: who waits, by which serial. */
inline follow(n) {
    at = target; count = 0; found = false;
    do
    :: at == me -> found = true; break
    :: at != me && count == N - 1 -> break
    :: at != me && count < N - 1 ->
        w[n].who[count] = at;
        w[n].by[count] = seen_serial(at);
        if
        :: w[n].by[count] % 2 == 0 -> break
        :: else -> at = seen_for(at); count++
        fi
    od
}

inline say() {
    atomic {
        later_for[me] = target; later_serial[me] = serial[me] + 1;
        delayed[me] = true; truth[me] = target
    }
}

inline look() {
#ifndef BREAK_1
    own_are_out;                  /* ksi_fence() */
#endif
    follow(0);
    was = in_circle(me);
#ifndef BREAK_2
    if
    :: found ->
        length = count;
        follow(1);
        found = found && count == length && same(0) && (length < 2 || same(1))
    :: else -> skip
    fi
#endif
}

proctype process(byte me) {
    byte target, at, count, length;
    walk w[2];
    bool found, was;
    do
    :: calls[me] < CALLS ->
        atomic { !busy[home(me)] -> busy[home(me)] = true };
        if
        :: target = (me + 1) % N
        :: target = (me + 2) % N
        fi;
        calls[me]++;
        found = false;
#ifdef BREAK_3
        look();
        say();
#else
        say();
        if
#ifdef BREAK_4
        :: home(target) == home(me) -> skip
#else
        :: home(target) == home(me) && seen_serial(target) % 2 == 0 -> skip
#endif
        :: else -> look()
        fi;
#endif
        if
        :: found ->
#ifndef BREAK_3
            assert(was);
#endif
            own_are_out;          /* its own CAS */
            atomic { truth[me] = NOBODY; serial[me]++; busy[home(me)] = false }
        :: else ->
            own_are_out;          /* the push */
            busy[home(me)] = false;
            atomic { truth[target] == NOBODY -> truth[me] = NOBODY; serial[me]++ }
        fi;
        atomic {
            target = 0; at = 0; count = 0; length = 0; found = false; was = false;
            w[0].who[0] = 0; w[0].who[1] = 0; w[0].by[0] = 0; w[0].by[1] = 0;
            w[1].who[0] = 0; w[1].who[1] = 0; w[1].by[0] = 0; w[1].by[1] = 0
        }
    :: else -> break
    od
}

init {
    atomic {
        run process(0); run process(1); run process(2);
        run memory(0); run memory(1); run memory(2)
    }
}
