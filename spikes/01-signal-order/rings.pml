/* SPDX-License-Identifier: Apache-2.0 */
/* rings.pml - model of the other way: one ring per ordered pair of schedulers.
 *
 * Schedulers 0 and 1 host the sender S, which moves between them; scheduler 2 hosts the receiver
 * and reads its two incoming rings in any order, one entry at a time.  Checked: the numbers of S
 * arrive in order.  With -DNO_FENCE the move is immediate and the check must fail.  With the fence
 * a mover puts a token in its ring and S may not run before the reader has answered it: the price
 * is that a process cannot move faster than the slowest scheduler reads its rings. */
#ifndef N
#define N 4
#endif
chan r0 = [2] of { byte };
chan r1 = [2] of { byte };
#define FENCE 255
byte s_home, sent, expect, moves;
bool moving;

proctype sender(byte me; chan out) {
    do
    :: s_home == me && !moving && sent < N -> out ! sent; sent++
    :: s_home == me && !moving && sent < N && moves < 3 ->
        moves++;
#ifdef NO_FENCE
        s_home = 1 - me
#else
        moving = true; out ! FENCE
#endif
    :: sent == N -> break
    od
}

inline take(ring, v) {
    ring ? v;
    if
    :: v == FENCE -> atomic { s_home = 1 - s_home; moving = false }
    :: else -> assert(v == expect); expect++
    fi;
    v = 0
}

proctype reader() {
    byte v;
    do
    :: nempty(r0) -> take(r0, v)
    :: nempty(r1) -> take(r1, v)
    :: expect == N -> break
    od
}

init { atomic { run sender(0, r0); run sender(1, r1); run reader() } }
