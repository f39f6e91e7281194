/* SPDX-License-Identifier: Apache-2.0 */
/* link.pml - links between two processes on different schedulers, by ordered signals.
 *
 * Each side has a record or none; a record is linked, or unlinking until the other side has said
 * that it let go. The signals of one side arrive in order (inbox.pml). Each process links, unlinks
 * and ends when it likes, as often as its budget allows.
 *
 *   link     no record: make one; unlinking: it is linked again; send LINK
 *   unlink   linked: unlinking, with a new serial; send UNLINK with it. Returns at once.
 *   LINK     no record: make one. Nobody there: answer EXIT (noproc). Else nothing.
 *   UNLINK   linked: the record goes. Answer ACK with the serial in any case, also of the dead.
 *   ACK      unlinking with that serial: the record goes
 *   EXIT     the record goes; the exit counts only if it was linked
 *   the end  EXIT to whom it is linked with; an unlinking record is forgotten: UNLINK is under way
 *
 * A process that is gone still answers, as the slot's owner does for it. A link that is there from
 * the start stands for ks_start_link. Checked:
 *   1  after unlink returned no EXIT counts, unless a link came after it: own, or of the other
 *      side when it had seen the unlink (ghosts: wanted; told and the number in LINK)
 *   2  when nothing moves any more both have a linked record, or none has; none is unlinking
 *   3  a link that nobody undid is there in the end, unless somebody ended: then there is none, and
 *      the other one heard of it (EXIT counted), or had unlinked
 *   4  signals come to an end: there is no cycle
 *
 * BREAK_1 an unlink forgets its record at once                    linked by a LINK from before
 * BREAK_2 an ACK counts for any serial                            linked by a LINK from before
 * BREAK_3 an EXIT counts though the record is unlinking           an exit after unlink
 * BREAK_4 an UNLINK takes an unlinking record, too                linked by a LINK from before
 * BREAK_5 a link to an unlinking record changes nothing           a link that is not there
 * BREAK_6 LINK to the dead is not answered                        a link with the dead
 * BREAK_7 UNLINK to the dead is not answered                      unlinking for ever
 * BREAK_8 signals overtake each other                             one-sided link
 * BREAK_9 who ends tells nobody                                   a link with the dead
 * BUSY_1  an ACK is answered, too                                 signals for ever */
#ifdef BRIEF                      /* the check of cycles, in the gate */
#define UNLINKS 1
#endif
#ifndef LINKS
#define LINKS 2                   /* of each */
#endif
#ifndef UNLINKS
#define UNLINKS 2
#endif

mtype = { NONE, LINKED, UNLINKING };
mtype = { LINK, UNLINK, ACK, EXIT };

chan to[2] = [10] of { mtype, byte };
mtype record[2];
byte serial[2];                   /* of the record's unlink */
byte serials[2];                  /* the latest: s->unlinks */
bool dead[2];
byte links[2], unlinks[2];        /* done */
/* ghosts */
bool wanted[2];                   /* what this process was last told by link and unlink */
byte seen[2];                     /* UNLINKs of the other side that have arrived here */
bool heard[2];                    /* an EXIT counted */
bool forgot[2];                   /* its latest word was unlink */
bool told[2];                     /* that sent an UNLINK */

#define other (1 - me)

/* ks_link() */
inline link_other() {
    if
#ifdef BREAK_5
    :: record[me] == UNLINKING -> skip
#else
    :: record[me] == UNLINKING -> record[me] = LINKED; to[other] ! LINK, seen[me]
#endif
    :: record[me] == NONE -> record[me] = LINKED; to[other] ! LINK, seen[me]
    :: record[me] == LINKED -> skip
    fi;
    wanted[me] = true; forgot[me] = false; told[me] = false
}

/* ksi_unlink() */
inline unlink_other() {
    if
    :: record[me] == LINKED ->
        serials[me]++; told[me] = true;
        serial[me] = serials[me];
#ifdef BREAK_1
        record[me] = NONE;
#else
        record[me] = UNLINKING;
#endif
        to[other] ! UNLINK, serial[me]
    :: else -> skip
    fi;
    wanted[me] = false; forgot[me] = true
}

/* ksi_links_end() */
inline end_self() {
    dead[me] = true;
    if
#ifndef BREAK_9
    :: record[me] == LINKED -> to[other] ! EXIT, 0
#endif
    :: else -> skip
    fi;
    record[me] = NONE
}

/* ksi_link_apply(), ksi_exit_apply() */
inline apply(kind, n) {
    if
    :: kind == LINK && dead[me] ->
#ifndef BREAK_6
        to[other] ! EXIT, 0
#else
        skip
#endif
    :: kind == LINK && !dead[me] && record[me] == NONE ->
        assert(!told[me] || n == serials[me]);    /* it has seen our latest word, an UNLINK */
        record[me] = LINKED; wanted[me] = true; forgot[me] = false; told[me] = false
    :: kind == LINK && !dead[me] && record[me] != NONE -> skip
    :: kind == UNLINK ->
        seen[me] = n;
        if
#ifdef BREAK_4
        :: record[me] != NONE -> record[me] = NONE
#else
        :: record[me] == LINKED -> record[me] = NONE
#endif
        :: else -> skip
        fi;
#ifdef BREAK_7
        if :: !dead[me] -> to[other] ! ACK, n :: else -> skip fi
#else
        to[other] ! ACK, n
#endif
    :: kind == ACK ->
#ifdef BUSY_1
        to[other] ! ACK, n;
#endif
        if
#ifdef BREAK_2
        :: record[me] == UNLINKING -> record[me] = NONE
#else
        :: record[me] == UNLINKING && serial[me] == n -> record[me] = NONE
#endif
        :: else -> skip
        fi
    :: kind == EXIT ->
        if
#ifdef BREAK_3
        :: record[me] != NONE -> assert(wanted[me]); record[me] = NONE; heard[me] = true
#else
        :: record[me] == LINKED -> assert(wanted[me]); record[me] = NONE; heard[me] = true
        :: record[me] == UNLINKING -> record[me] = NONE
#endif
        :: else -> skip
        fi
    fi
}

proctype process(byte me) {
    mtype kind;
    byte n;
end:
    do
#ifdef BREAK_8
    :: atomic {
        if
        :: to[me] ?? LINK, n -> kind = LINK
        :: to[me] ?? UNLINK, n -> kind = UNLINK
        :: to[me] ?? ACK, n -> kind = ACK
        :: to[me] ?? EXIT, n -> kind = EXIT
        fi;
        apply(kind, n); kind = 0; n = 0 }
#else
    :: atomic { to[me] ? kind, n -> apply(kind, n); kind = 0; n = 0 }
#endif
    :: atomic { !dead[me] && links[me] < LINKS -> links[me]++; link_other() }
    :: atomic { !dead[me] && unlinks[me] < UNLINKS -> unlinks[me]++; unlink_other() }
    :: atomic { !dead[me] -> end_self() }
    :: atomic { !dead[me] && heard[me] -> end_self() }        /* it did not trap */
    :: links[me] = LINKS; unlinks[me] = UNLINKS; break        /* lives on, and says no more */
    od;
end_quiet:
    do
#ifdef BREAK_8
    :: atomic {
        if
        :: to[me] ?? LINK, n -> kind = LINK
        :: to[me] ?? UNLINK, n -> kind = UNLINK
        :: to[me] ?? ACK, n -> kind = ACK
        :: to[me] ?? EXIT, n -> kind = EXIT
        fi;
        apply(kind, n); kind = 0; n = 0 }
#else
    :: atomic { to[me] ? kind, n -> apply(kind, n); kind = 0; n = 0 }
#endif
    od
}

#define LIVES(p) (!dead[p])

proctype judge() {
    timeout ->
    assert(record[0] != UNLINKING && record[1] != UNLINKING);
    assert((record[0] == LINKED) == (record[1] == LINKED));
    assert(!(dead[0] || dead[1]) || (record[0] == NONE && record[1] == NONE));
    /* nobody undid it */
    assert(!LIVES(0) || !LIVES(1) || !wanted[0] || forgot[1] || record[0] == LINKED);
    assert(!LIVES(0) || !LIVES(1) || !wanted[1] || forgot[0] || record[1] == LINKED);
    assert(!LIVES(0) || LIVES(1) || !wanted[0] || forgot[1] || heard[0]);
    assert(!LIVES(1) || LIVES(0) || !wanted[1] || forgot[0] || heard[1])
}

init {
    atomic {
        record[0] = NONE; record[1] = NONE;
        if
        :: record[0] = LINKED; record[1] = LINKED; wanted[0] = true; wanted[1] = true
        :: skip
        fi;
        run judge(); run process(0); run process(1)
    }
}
