/* SPDX-License-Identifier: Apache-2.0 */
/* blocking_virtual_test - jobs in simulations and step tests: at once, on the same thread, with a
 * duration drawn by lot. A kill at every moment, and a failure of every allocation. */
#include "support/kill.h"
#include "support/suite.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SEEDS = 100 };

/* --- plain jobs ------------------------------------------------------------------------------- */
static int ran, released; /* in a run */

struct work {
    int number;
    bool here; /* in the function there was a process */
};
static void do_work(void *data)
{
    struct work *work = data;
    work->number++;
    work->here = !ks_is_none(ks_self()) || ks_blocking(do_work, data, 0, 1000) != KS_DENIED;
    errno = EPROTO;
    ran++;
}
static void release(void *data) { released++; }
static const ks_blocking_options patient = { .timeout = KS_INFINITY, .release = release };

static void it_takes_virtual_time(void)
{
    ran = released = 0;
    ks_ms start = ks_now();
    for (int i = 0; i < 20; i++) {
        struct work work = { .number = i };
        KS_CHECK_OK(ks_blocking_with(do_work, &work, sizeof work, &patient));
        KS_CHECK(work.number == i + 1 && !work.here);
        KS_CHECK(errno == EPROTO);
    }
    KS_CHECK(ran == 20 && released == 0);
    KS_CHECK(ks_now() - start > 20 && ks_now() - start < 20 * 100);
}

static void often_enough_it_is_late(void)
{
    int late = 0, never = 0;
    ran = released = 0;
    for (int i = 0; i < 100; i++) {
        struct work work = { .number = 1 };
        const ks_blocking_options options = { .timeout = 20, .release = release };
        int before = ran;
        ks_ms start = ks_now();
        ks_status status = ks_blocking_with(do_work, &work, sizeof work, &options);
        KS_CHECK(status == KS_OK || status == KS_TIMEOUT);
        KS_CHECK(work.number == (status ? 1 : 2));
        KS_CHECK(!status || ks_now() - start >= 20);
        KS_CHECK(status || ran == before + 1);
        late += status && ran > before;
        never += status && ran == before;
        KS_CHECK(released == late + never);
    }
    KS_CHECK(late > 0 && late + never < 100);
}

static void work_once(void *arg)
{
    struct work work = { .number = 1 };
    KS_CHECK_OK(ks_blocking_with(do_work, &work, sizeof work, &patient));
    *(int *)arg += 1;
}

static void one_kill(struct kill *kill)
{
    int done = 0;
    ks_ref monitor;
    ran = released = 0;
    kill->victim = ks_spawn_monitor(work_once, &done, &monitor);
    kill_arm(kill);
    ended_or_killed(monitor);
    kill_done(kill);
    KS_CHECK(done + released <= 1 && done <= ran); /* neither: killed before the call */
    KS_CHECK(ran <= done + released);
}
static void a_kill_at_any_moment_releases_once(void) { kill_sweep(8, 45, one_kill); }

static void in_a_hook(void *arg) { *(ks_status *)arg = ks_blocking(do_work, NULL, 0, KS_INFINITY); }
static void own_and_end(void *arg) { (void)ks_own(in_a_hook, arg); }
static void a_release_hook_may_not(void)
{
    ks_status status = KS_OK;
    ks_ref monitor;
    (void)ks_spawn_monitor(own_and_end, &status, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(status == KS_DENIED);
}

/* --- typed jobs ------------------------------------------------------------------------------- */
typedef struct word {
    ks_text text;
} word;
KS_TYPE(word, text);
typedef struct words {
    KS_LIST_OF(word) all;
    ks_bin *whole;
    int64_t count;
} words;
KS_TYPE(words, (list, all, word), whole, count);
typedef struct sentence {
    ks_text text;
    ks_text key;
} sentence;
KS_TYPE(sentence, text, (secret, key));

KS_BLOCKING(split, sentence, words);
KS_BLOCKING(count_up, void, ks_int);
KS_BLOCKING(forget, ks_text, void);
KS_BLOCKING(tick, void, void);

static ks_status split_work(ks_job *job, const sentence *request, words *reply)
{
    word *all = ks_job_alloc(job, request->text.len * sizeof *all);
    if (!all) return KS_NOMEM;
    const char *at = request->text.ptr, *end = at + request->text.len;
    while (at < end) {
        const char *blank = memchr(at, ' ', (size_t)(end - at));
        const char *stop = blank ? blank : end;
        all[reply->count++].text = (ks_text){ at, (size_t)(stop - at) };
        at = stop + 1;
    }
    reply->all.items = all;
    reply->all.count = (size_t)reply->count;
    reply->whole = ks_bin_new((ks_blob){ (const uint8_t *)request->text.ptr, request->text.len });
    if (reply->count == 1) return KS_USER + 7; /* the rest is dropped with the job */
    return reply->whole ? KS_OK : KS_NOMEM;
}

static ks_status count_up_work(ks_job *job, ks_int *reply)
{
    ks_check_ok_(*reply ? KS_USER : KS_OK, __FILE__, __LINE__, "a reply begins zeroed");
    *reply = ++ran;
    return KS_OK;
}
static ks_status forget_work(ks_job *job, const ks_text *request)
{
    return request->len ? KS_OK : KS_EMPTY;
}
static ks_status tick_work(ks_job *job)
{
    ran++;
    return KS_OK;
}

static ks_status split_up(const char *text, words *ret_words)
{
    sentence request = { ks_str(text), ks_lit("secret") };
    return split(&request, ret_words, KS_INFINITY);
}

static void typed_values_travel_both_ways(void)
{
    words found;
    KS_CHECK_OK(split_up("to be or not", &found));
    KS_CHECK(found.count == 4 && found.all.count == 4);
    KS_CHECK(ks_text_eq(found.all.items[3].text, ks_lit("not")));
    KS_CHECK(ks_bin_bytes(found.whole).len == 12);
    words none = { .count = 99 };
    KS_CHECK(split_up("alone", &none) == KS_USER + 7);
    KS_CHECK(none.count == 99);
    KS_CHECK(found.all.items[0].text.ptr[0] == 't'); /* until the turn ends */
}

static void void_takes_a_parameter_away(void)
{
    ks_int n = 0;
    ran = 0;
    KS_CHECK_OK(tick(KS_INFINITY));
    KS_CHECK_OK(count_up(&n, KS_INFINITY));
    KS_CHECK(n == 2);
    KS_CHECK_OK(forget(&ks_lit("x"), KS_INFINITY));
    KS_CHECK(forget(&ks_lit(""), KS_INFINITY) == KS_EMPTY);
}

static void split_once(void *arg)
{
    words found;
    KS_CHECK_OK(split_up("a kill comes", &found));
    *(int *)arg += 1;
}
static void one_typed_kill(struct kill *kill)
{
    int done = 0;
    ks_ref monitor;
    kill->victim = ks_spawn_monitor(split_once, &done, &monitor);
    kill_arm(kill);
    ended_or_killed(monitor);
    kill_done(kill);
}
static void a_kill_leaves_nothing(void) { kill_sweep(8, 45, one_typed_kill); }

/* --- little memory ---------------------------------------------------------------------------- */
static void use_all(void)
{
    struct work work = { .number = 1 };
    words found;
    ks_status plain = ks_blocking_with(do_work, &work, sizeof work, &patient);
    KS_CHECK(plain == KS_OK || plain == KS_NOMEM);
    ks_status typed = split_up("with little memory", &found);
    KS_CHECK(typed == KS_OK || typed == KS_NOMEM);
    KS_CHECK(typed || found.count == 3);
}

START_TEST(every_allocation_may_fail)
{
    for (uint64_t n = 1; n < 40; n++) {
        const ks_simulation simulation = { .seed = n, .fail_allocation = n };
        ck_assert_int_eq(ks_simulate(&simulation, use_all), 0);
    }
    const ks_simulation often = { .runs = SEEDS, .out_of_memory = 0.2 };
    ck_assert_int_eq(ks_simulate(&often, use_all), 0);
}
END_TEST

/* --- a seed replays --------------------------------------------------------------------------- */
static char story[4096];
static void tell(void *arg)
{
    struct work work = { 0 };
    for (int i = 0; i < 5; i++) {
        ks_status status = ks_blocking(do_work, &work, sizeof work, 25);
        size_t length = strlen(story);
        snprintf(story + length, sizeof story - length, "%d %lld %d\n", (int)(intptr_t)arg,
            (long long)ks_now(), status);
    }
}
static void tell_stories(void)
{
    ks_ref monitors[4];
    story[0] = 0;
    for (int i = 0; i < 4; i++) (void)ks_spawn_monitor(tell, (void *)(intptr_t)i, &monitors[i]);
    for (int i = 0; i < 4; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
}

START_TEST(the_same_seed_tells_the_same_story)
{
    static char first[sizeof story], other[sizeof story];
    ck_assert_int_eq(ks_simulate(&(ks_simulation){ .seed = 5 }, tell_stories), 0);
    memcpy(first, story, sizeof first);
    ck_assert_int_eq(ks_simulate(&(ks_simulation){ .seed = 6 }, tell_stories), 0);
    memcpy(other, story, sizeof other);
    ck_assert_int_eq(ks_simulate(&(ks_simulation){ .seed = 5 }, tell_stories), 0);
    ck_assert_str_eq(story, first);
    ck_assert_str_ne(story, other);
}
END_TEST

/* --- step by step ----------------------------------------------------------------------------- */
KS_MODULE(worker, void);
KS_CALL(worker, work, ks_int, ks_int);
struct worker {
    int64_t done;
};
static ks_next worker_handle_work(worker *self, const ks_int *request, ks_int *reply)
{
    struct work work = { .number = (int)*request };
    ks_status status = ks_blocking(do_work, &work, sizeof work, KS_INFINITY);
    if (status) return ks_fail(status);
    self->done++;
    *reply = work.here ? -1 : work.number;
    return ks_reply();
}
KS_GEN_SERVER(worker, .ops = KS_OPS(worker, work));

START_TEST(a_server_in_hand_does_it_at_once)
{
    ks_pid server;
    ks_int reply = 0;
    ck_assert_int_eq(ks_step_start(KS_CHILD(worker), &server), KS_OK);
    ck_assert_int_eq(worker_call_work(server, &(ks_int){ 41 }, &reply, 5000), KS_OK);
    ck_assert_int_eq(reply, 42);
    ck_assert_int_eq(ks_step_state(worker, server)->done, 1);
    ks_step_end();
}
END_TEST

static const struct scenario scenarios[] = { SCENARIO(it_takes_virtual_time),
    SCENARIO(often_enough_it_is_late), SCENARIO(a_kill_at_any_moment_releases_once),
    SCENARIO(a_release_hook_may_not), SCENARIO(typed_values_travel_both_ways),
    SCENARIO(void_takes_a_parameter_away), SCENARIO(a_kill_leaves_nothing) };

int main(void)
{
    int failed =
        run_scenarios("blocking_virtual", 20, scenarios, sizeof scenarios / sizeof scenarios[0]);
    return failed |
        run_suite("blocking_virtual", 60,
            TESTS(every_allocation_may_fail, the_same_seed_tells_the_same_story,
                a_server_in_hand_does_it_at_once));
}
