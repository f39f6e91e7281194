/* SPDX-License-Identifier: Apache-2.0 */
/* 07_timers.c - Timers
 *
 * A timer is a message that comes later. It arrives in the mailbox like any other, is handled when
 * its turn comes, and never interrupts. Timers are never early. They belong to the process that
 * made them, and end with it. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

/* ## In a server, a timer is a cast
 *
 * Each cast has brothers that come later, or again and again: `lamp_cast_after_off`,
 * `lamp_cast_every_blink`. They give a ref, by which they can be cancelled. After a cancel that
 * says *true* the message will never come. After *false* it has come, or is in the mailbox. */
KS_MODULE(lamp, void);
KS_CAST(lamp, off, void);
KS_CAST(lamp, blink, void);
KS_CALL(lamp, on, ks_int, void);
KS_CALL(lamp, look, void, ks_text);
enum { TIRED = 1 };
struct lamp {
    ks_ref off;
    ks_ref blinks;
    int64_t blinked;
    bool is_on, tired;
};

static ks_next lamp_handle_on(lamp *self, const ks_int *duration)
{
    ks_cancel(self->off); /* none, or fired: nothing happens */
    self->is_on = true;
    self->off = lamp_cast_after_off(*duration, ks_self());
    if (ks_is_no_ref(self->blinks)) self->blinks = lamp_cast_every_blink(10, ks_self());
    ks_set_timeout(TIRED, 30);
    return ks_reply();
}
static ks_next lamp_handle_off(lamp *self)
{
    self->is_on = false;
    return ks_noreply();
}
static ks_next lamp_handle_blink(lamp *self)
{
    if (++self->blinked == 3) ks_cancel(self->blinks);
    return ks_noreply();
}

/* ## Time-outs
 *
 * For times that are about the server itself there is `ks_set_timeout`: as many as you like, each
 * with a name, an integer. Set again, it starts anew; cancelled, it is never seen. */
static ks_next lamp_handle_named_timeout(lamp *self, int name)
{
    if (name == TIRED) self->tired = true;
    return ks_noreply();
}

/* And there is the time-out of doing nothing. A verdict may carry it: `ks_after(ks_reply(), 5000)`
 * calls `handle_timeout` when nothing has come for five seconds. Any message cancels it. */
static ks_next lamp_handle_look(lamp *self, ks_text *reply)
{
    *reply = ks_str(ks_format("%s, blinked %" PRId64 " times%s", self->is_on ? "on" : "off",
        self->blinked, self->tired ? ", tired" : ""));
    return ks_reply();
}
KS_GEN_SERVER(lamp, .handle_named_timeout = lamp_handle_named_timeout,
    .ops = KS_OPS(lamp, off, blink, on, look));

/* ## In a plain process
 *
 * `ks_send_after` sends a message of yours, to yourself or to others. `ks_send_every` does it again
 * and again, without drift: at start + period, start + 2 periods. When the program was busy and
 * missed some, they are skipped; `ks_send_every_catch_up` delivers them all, for counting. */
typedef struct tick {
    int64_t n;
} tick;
KS_TYPE(tick, n);

static void ticks(void)
{
    ks_ref timer = ks_send_after(10, ks_self(), tick, &(tick){ .n = 7 });
    const tick *came = ks_as(tick, ks_receive_ref(timer, 5000));
    printf("tick %" PRId64 "\n", came ? came->n : -1); //=> tick 7
    printf("cancelled: %s\n", ks_cancel(timer) ? "yes" : "no, it has fired");
    //=> cancelled: no, it has fired

    timer = ks_send_after(60000, ks_self(), tick, &(tick){ .n = 8 });
    printf("cancelled: %s\n", ks_cancel(timer) ? "yes" : "no, it has fired"); //=> cancelled: yes

    ks_ms before = ks_now();
    timer = ks_send_every(10, ks_self(), tick, &(tick){ .n = 9 });
    for (int i = 0; i < 3; i++) ks_receive_as(tick, 5000);
    ks_cancel(timer);
    printf("early: %s\n", ks_now() - before < 30 ? "yes" : "never"); //=> early: never
}

static void show(void)
{
    ks_text text;
    if (lamp_call_look(ks_named("lamp"), &text, 1000) == KS_OK)
        printf(KS_TEXT_FMT "\n", KS_TEXT_ARG(text));
}

KS_MODULE(visitor, void);
static void visitor_main(const ks_none *args)
{
    ticks();
    ks_int duration = 60000;
    if (lamp_call_on(ks_named("lamp"), &duration, 1000)) ks_exit(ks_error("no lamp"));
    show(); //=> on, blinked 0 times
    ks_sleep(500);
    show(); //=> on, blinked 3 times, tired
    duration = 1;
    if (lamp_call_on(ks_named("lamp"), &duration, 1000)) ks_exit(ks_error("no lamp"));
    ks_sleep(100);
    show(); //=> off, blinked 3 times, tired
}
KS_PROCESS(visitor);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(lamp), .name = "lamp" },
        { KS_START(visitor), .restart = KS_TEMPORARY, .significant = true }));
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* ## Times
 *
 * All times are milliseconds, in a `ks_ms`. `ks_now()` never goes back, and has nothing to do with
 * the date; `ks_wall_clock_ns()` has. In a test both are virtual: an hour passes in no time
 * ([Testing](10_testing.md)). A loop that sleeps is not a timer: it drifts, and keeps a stack. */
