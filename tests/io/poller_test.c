/* SPDX-License-Identifier: Apache-2.0 */
/* poller_test - waiting and waking: an unpark is never lost, a wait never ends early. */
#include "base/atomic.h"
#include "base/clock.h"
#include "io/poller.h"
#include "io/scenario.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, ROUNDS = 20000 };

static uint64_t events_seen, last_data;
static void note(void *arg, uint64_t data, uint32_t events)
{
    events_seen++;
    last_data = data;
}

static struct ksi_poller poller;
static struct ksi_seams seams;
static void set_up(void)
{
    ck_assert_int_eq(ksi_poller_init(&poller), KS_OK);
    poller.on_event = note;
    seams = ksi_real_seams(&poller);
}

START_TEST(a_wait_is_never_early)
{
    set_up();
    for (int way = 0; way < 2; way++) { /* with and without nanoseconds */
        poller.no_pwait2 = way;
        for (int64_t ns = 1; ns < 20 * NS_PER_MS; ns *= 7) {
            int64_t start = ksi_clock_monotonic();
            seams.poll(seams.arg, ns);
            ck_assert_int_ge(ksi_clock_monotonic() - start, ns);
        }
    }
    ksi_poller_end(&poller);
}
END_TEST

START_TEST(an_unpark_before_the_wait_is_not_lost)
{
    set_up();
    seams.unpark(seams.arg);
    seams.unpark(seams.arg);
    seams.poll(seams.arg, INT64_MAX); /* returns */
    seams.unpark(seams.arg);
    seams.poll(seams.arg, 0);
    seams.poll(seams.arg, INT64_MAX);
    int64_t start = ksi_clock_monotonic();
    seams.poll(seams.arg, 2 * NS_PER_MS); /* used up */
    ck_assert_int_ge(ksi_clock_monotonic() - start, 2 * NS_PER_MS);
    ksi_poller_end(&poller);
}
END_TEST

/* Work is published, then announced; the one that waits must see each piece of it. */
static _Atomic(int) published;
static void *publish(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        (void)ksi_add_relaxed(&published, 1); /* relaxed: unpark publishes it */
        seams.unpark(seams.arg);
    }
    return NULL;
}

START_TEST(no_unpark_is_lost_between_threads)
{
    set_up();
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, publish, NULL), 0);
    while (ksi_load_relaxed(&published) < 2 * ROUNDS) /* ends, unless the last one is lost */
        seams.poll(seams.arg, INT64_MAX);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    ck_assert_uint_eq(events_seen, 0); /* the eventfd is not reported */
    ksi_poller_end(&poller);
}
END_TEST

START_TEST(events_carry_what_was_registered)
{
    set_up();
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(ksi_poller_set(&poller, EPOLL_CTL_ADD, ends[0], EPOLLIN, 0x123456789), KS_OK);
    seams.poll(seams.arg, 0);
    ck_assert_uint_eq(events_seen, 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    seams.poll(seams.arg, INT64_MAX);
    ck_assert_uint_eq(events_seen, 1);
    ck_assert_uint_eq(last_data, 0x123456789);
    close(ends[0]);
    close(ends[1]);
    ksi_poller_end(&poller);
}
END_TEST

START_TEST(spins_in_vain_become_rare)
{
    set_up();
    poller.spins = true;
    poller.wake_ns = 1000;
    uint32_t spins = 0;
    for (int i = 0; i < 5000; i++) {
        uint32_t before = poller.skipped;
        seams.poll(seams.arg, 2000);
        spins += poller.skipped <= before;
    }
    ck_assert_uint_gt(spins, 5);
    ck_assert_uint_lt(spins, 20);
    seams.unpark(seams.arg);
    poller.skipped = poller.to_skip; /* its turn again, and it pays */
    poller.wake_ns = 1000000;        /* the first look may be one at the descriptors */
    seams.poll(seams.arg, INT64_MAX);
    ck_assert_uint_eq(poller.to_skip, 0);
    ksi_poller_end(&poller);
}
END_TEST

START_TEST(the_other_seams_are_those_of_the_machine)
{
    set_up();
    int64_t start = seams.monotonic_ns(seams.arg);
    ck_assert_int_ge(seams.monotonic_ns(seams.arg), start);
    ck_assert_int_gt(seams.wall_ns(seams.arg), INT64_C(1600000000) * 1000 * NS_PER_MS);
    ck_assert_uint_ne(seams.random(seams.arg), seams.random(seams.arg));
    ck_assert_uint_eq(seams.choose(seams.arg, 7), 0);
    ksi_poller_end(&poller);
}
END_TEST

RUN_SUITE("poller", a_wait_is_never_early, an_unpark_before_the_wait_is_not_lost,
    no_unpark_is_lost_between_threads, events_carry_what_was_registered, spins_in_vain_become_rare,
    the_other_seams_are_those_of_the_machine)
