/* SPDX-License-Identifier: Apache-2.0 */
/* out_of_memory_test - allocations fail, by chance and one by one: a call says KS_NOMEM or its
 * process ends with it; nothing is lost, nothing waits for ever. */
#include <kiosk/kiosk.h>
#include <kiosk/test.h>
#include <kiosk/timer.h>

#include "runtime/sanitizers.h"
#include "support/suite.h"

#include <stdio.h>
#include <string.h>

/* Each run makes a runtime, which ThreadSanitizer makes slow: fewer of them there. */
enum {
    SEEDS = KSI_THREAD_SANITIZER ? 20 : 200,
    SWEEP_STEP = KSI_THREAD_SANITIZER ? 17 : 1,
    SWEEP_MAX = 1000
};

/* --- what the scenarios leave here ------------------------------------------------------------ */
static int opened, released; /* resources */
static bool whole;           /* the last run had all it asked for */

static void release(void *resource) { released++; }
static void own(void)
{
    opened++;
    ks_own(release, NULL);
}
static void give_back(void *bin) { ks_bin_unref(bin); }

/* Without memory, or with somebody who ended for the lack of it. */
static bool fine(ks_status status)
{
    bool expected = status == KS_OK || status == KS_NOMEM || status == KS_NOPROC;
    if (!expected) fprintf(stderr, "an unexpected status: %s\n", ks_status_text(status));
    KS_CHECK(expected);
    if (status) whole = false;
    return status == KS_OK;
}

/* --- a server that uses whatever there is ----------------------------------------------------- */
typedef struct shelf_args {
    ks_text label;
} shelf_args;
KS_TYPE(shelf_args, label);
typedef struct book {
    ks_text title;
    ks_bin *pages;
    int64_t pad[30];
} book;
KS_TYPE(book, title, pages, (array, pad));
KS_MODULE(shelf, shelf_args);
KS_CALL(shelf, put, book, ks_int);
KS_CALL(shelf, get, ks_int, book);
KS_CALL(shelf, later, ks_text, ks_text);
KS_CALL(shelf, close, void, ks_text);
KS_CAST(shelf, tick, ks_text);
struct shelf {
    book *books[20];
    int64_t count, ticks;
    shelf_later_from from;
};

static ks_next shelf_init(shelf *self, const shelf_args *args)
{
    own();
    ks_set_label("shelf %s", args->label.ptr);
    ks_set_trace_id(ks_trace_id() + 1);
    (void)shelf_cast_every_tick(
        7, ks_self(), &ks_lit("a text that makes the message larger than one class"));
    return ks_ok();
}

static ks_next shelf_handle_put(shelf *self, const book *request, ks_int *reply)
{
    if (self->count < 20) self->books[self->count++] = ks_copy(book, request);
    *reply = self->count;
    return ks_reply();
}

static ks_next shelf_handle_get(shelf *self, const ks_int *index, book *reply)
{
    if (*index >= self->count) return ks_fail(KS_NOPROC);
    *reply = *self->books[*index];
    reply->title = ks_str(ks_format("%s!", reply->title.ptr));
    opened++;
    ks_defer(release, NULL);
    return ks_reply();
}

static void answers(void *arg)
{
    const shelf_later_from *from = arg;
    ks_sleep(3);
    (void)shelf_reply_later(*from, &ks_lit("the answer of another process, which is long"));
}

/* A process that could not be spawned cannot answer. */
static ks_next shelf_handle_later(shelf *self, const ks_text *request, ks_text *reply)
{
    self->from = shelf_from_later();
    ks_pid pid = ks_spawn_link(answers, &self->from);
    if (ks_is_none(pid)) (void)shelf_fail_later(self->from, KS_NOMEM);
    return ks_noreply();
}

static ks_next shelf_handle_tick(shelf *self, const ks_text *text)
{
    self->ticks++;
    return ks_noreply();
}

static ks_next shelf_handle_close(shelf *self, ks_text *reply)
{
    *reply = ks_lit("closed, with a last word that needs memory");
    return ks_reply_stop(ks_shutdown("closed after %d books", (int)self->count));
}

KS_GEN_SERVER(shelf, .init = shelf_init, .ops = KS_OPS(shelf, put, get, later, close, tick));

/* --- what a client does ----------------------------------------------------------------------- */
static void use_shelf(ks_pid pid)
{
    char title[64];
    ks_int count;
    ks_bin *pages = ks_bin_new(ks_bytes("pages", 5));
    KS_CHECK(pages != NULL);
    ks_ref owned = ks_own(give_back, pages);
    for (ks_int i = 0; i < 6; i++) {
        memset(title, 'a' + (int)i, sizeof title);
        book mine = { .title = { title, sizeof title - (size_t)i }, .pages = pages };
        if (!fine(shelf_call_put(pid, &mine, &count, KS_INFINITY))) continue;
        book got;
        if (!fine(shelf_call_get(pid, &(ks_int){ count - 1 }, &got, KS_INFINITY))) continue;
        KS_CHECK(got.title.len == sizeof title - (size_t)i + 1 && got.title.ptr[0] == 'a' + i);
        KS_CHECK(ks_bin_bytes(got.pages).len == 5);
    }
    ks_disown(owned);
    ks_bin_unref(pages);
    ks_text answer;
    if (fine(shelf_call_later(pid, &ks_lit("please"), &answer, KS_INFINITY)))
        KS_CHECK(answer.len > 10);
}

/* Several at once, and one that is given up. */
static void ask_shelf(ks_pid pid)
{
    book got;
    ks_text answer;
    shelf_get_request get = shelf_send_get(pid, &(ks_int){ 0 });
    shelf_get_request given_up = shelf_send_get(pid, &(ks_int){ 0 });
    shelf_later_request later = shelf_send_later(pid, &ks_lit("please"));
    ks_abandon(given_up.raw);
    if (fine(shelf_receive_later(later, &answer, KS_INFINITY))) KS_CHECK(answer.len > 10);
    ks_status status = shelf_receive_get(get, &got, KS_INFINITY);
    if (fine(status)) KS_CHECK(ks_bin_bytes(got.pages).len == 5);
    if (!given_up.raw.ref.id[0]) whole = false;
}

static void start_and_use(int relation)
{
    ks_pid pid = { 0 };
    ks_ref monitor = { { 0, 0 } };
    const ks_child row = { KS_START(shelf, .label = ks_lit("one of the shelves")),
        .name = "shelf" };
    ks_status status = relation == 0 ? ks_start(&row, &pid)
        : relation == 1              ? ks_start_link(&row, &pid)
                                     : ks_start_monitor(&row, &pid, &monitor);
    if (!fine(status)) {
        KS_CHECK(ks_is_none(ks_whereis("shelf")));
        return;
    }
    use_shelf(ks_named("shelf"));
    ask_shelf(ks_named("shelf"));
    ks_text word;
    if (fine(shelf_call_close(pid, &word, KS_INFINITY))) KS_CHECK(word.len > 10);
    ks_exit_process(pid, KS_KILL);
    if (relation == 2) KS_CHECK(ks_receive_ref(monitor, KS_INFINITY) != NULL);
    while (!ks_is_none(ks_whereis("shelf"))) ks_sleep(1);
}

static void sleeps(void *arg)
{
    own();
    ks_sleep(5);
}

static void use_processes(void)
{
    ks_ref down = { { 0, 0 } };
    ks_pid monitored = ks_spawn_monitor(sleeps, NULL, &down);
    ks_pid linked = ks_spawn_link(sleeps, NULL), plain = ks_spawn(sleeps, NULL);
    if (ks_is_none(monitored) || ks_is_none(linked) || ks_is_none(plain)) whole = false;
    if (!ks_is_none(monitored)) KS_CHECK(ks_receive_ref(down, KS_INFINITY) != NULL);
    ks_pid other = ks_spawn(sleeps, NULL);
    ks_ref refs[3];
    for (int i = 0; i < 3; i++) refs[i] = ks_monitor(other);
    ks_link(other);
    ks_demonitor(refs[0]);
    ks_unlink(other);
    ks_ref later = ks_exit_after(KS_INFINITY, other, ks_error("a text that goes along"));
    if (ks_is_no_ref(later)) whole = false;
    KS_CHECK(ks_cancel(later) != ks_is_no_ref(later));
    (void)ks_exit_after(KS_INFINITY, other, KS_KILL); /* goes with us */
    if (fine(ks_register("other", other))) ks_unregister("other");
    ks_status status = ks_stop_process(other, KS_SHUTDOWN, KS_INFINITY);
    KS_CHECK(status == KS_OK || status == KS_NOMEM || status == KS_NOPROC || status == KS_EXITED);
    for (int i = 1; i < 3; i++) {
        if (!refs[i].id[0])
            whole = false;
        else
            KS_CHECK(ks_receive_ref(refs[i], KS_INFINITY) != NULL);
    }
}

static void use_messages(void)
{
    ks_pid alias = ks_alias();
    const ks_text text = ks_lit("a text that goes along with the message, so that it is not small");
    if (fine(ks_send(alias, ks_text, &text))) KS_CHECK(ks_receive_as(ks_text, KS_INFINITY) != NULL);
    ks_ref after = ks_send_after(10, alias, ks_text, &text);
    ks_ref every = ks_send_every(3, ks_self(), ks_text, &text);
    if (!after.id[0] || !every.id[0]) whole = false;
    if (after.id[0]) KS_CHECK(ks_receive_ref(after, KS_INFINITY) != NULL);
    if (every.id[0]) KS_CHECK(ks_receive_ref(every, KS_INFINITY) != NULL); /* a later beat comes */
    KS_CHECK(ks_cancel(every) == (every.id[0] != 0));
    ks_unalias(alias);
    ks_end_turn();
}

static void answers_once(void *arg)
{
    own();
    (void)ks_send(*(const ks_pid *)arg, ks_int, &(ks_int){ 1 });
}

/* Behind a queue that is long enough for marks: the answer or the DOWN, and the queue is left as it
 * was. */
static void use_aliases(void)
{
    enum { QUEUED = 40 };
    int queued = 0;
    for (ks_int i = 0; i < QUEUED; i++) queued += fine(ks_send(ks_self(), ks_int, &i));
    for (int mode = KS_ALIAS_NONE; mode <= KS_ALIAS_REPLY_DEMONITOR; mode++) {
        ks_monitor_options options = { .alias = (ks_alias_mode)mode, .tag = 9 };
        ks_pid to = { 0 };
        ks_ref monitor = { { 0, 0 } };
        ks_pid pid = ks_spawn_monitor_with(answers_once, &to, &options, &monitor);
        if (ks_is_none(pid)) whole = false;
        to = ks_monitor_alias(monitor);
        if (!ks_is_none(pid)) KS_CHECK(ks_receive_ref(monitor, KS_INFINITY) != NULL);
        monitor = ks_monitor_with(ks_named("nobody"), &options);
        if (!monitor.id[0]) whole = false;
        if (monitor.id[0]) KS_CHECK(ks_receive_ref(monitor, KS_INFINITY) != NULL);
        while (ks_receive_ref(ks_alias_ref(to), 50)) continue;
        ks_unalias(to);
    }
    for (; queued > 0; queued--) KS_CHECK(ks_receive_as(ks_int, 0) != NULL);
    KS_CHECK(ks_receive_as(ks_int, 0) == NULL);
    ks_end_turn();
}

static void use_memory(void)
{
    own();
    own();
    char *memory = ks_alloc(10);
    memory = ks_realloc(memory, 10000);
    (void)ks_strdup(ks_str(ks_format("%d and %d", 1, 2)));
    ks_free(memory);
    opened++;
    ks_defer(release, NULL);
    ks_set_trace_id(3);
    ks_set_label("%s", "label");
    ks_set_label("%s", "another");
}

/* --- servers that time out by name, hibernate, are entered; many requests at once ------------- */
KS_MODULE(timed, void);
KS_CALL(timed, set, ks_int, void); /* sets that many time-outs, of which one is cancelled */
KS_CALL(timed, echo, ks_text, ks_text);
struct timed {
    char *cache;
    int fired;
};

static ks_next timed_handle_set(timed *self, const ks_int *count)
{
    for (int i = 0; i < *count; i++) ks_set_timeout(i, i);
    ks_set_timeout(1, 5); /* anew */
    KS_CHECK(ks_cancel_timeout(2));
    self->cache = ks_alloc(1000);
    return ks_hibernate(ks_reply());
}

static ks_next timed_handle_echo(timed *self, const ks_text *text, ks_text *reply)
{
    *reply = *text;
    return ks_after(ks_reply(), 5);
}

static ks_next timed_handle_named_timeout(timed *self, int name)
{
    KS_CHECK(name != 2);
    self->fired++;
    return ks_hibernate(ks_noreply());
}

static void timed_handle_hibernate(timed *self)
{
    ks_free(self->cache);
    self->cache = NULL;
}

KS_GEN_SERVER(timed, .handle_named_timeout = timed_handle_named_timeout,
    .handle_hibernate = timed_handle_hibernate, .hibernate_after = 3,
    .ops = KS_OPS(timed, set, echo));

KS_MODULE(entry, void);
static void entry_main(const ks_none *args)
{
    timed state = { .cache = ks_strdup(ks_lit("a cache that it had before")) };
    own();
    timed_enter_loop(&state, ks_hibernate(ks_ok()));
}
KS_PROCESS_ACKS(entry);

KS_MODULE(refuser, void);
static void refuser_main(const ks_none *args)
{
    own();
    ks_init_fail(KS_NOPROC);
}
KS_PROCESS_ACKS(refuser);

static void goes_on(void *arg) { own(); }
static void dozes(void *arg)
{
    own();
    ks_hibernate_then(goes_on, arg);
}

static void use_requests(const ks_pid *pids, size_t count)
{
    const ks_text text = ks_lit("a text that is too long for the smallest block, with its header");
    ks_text replies[2];
    ks_status statuses[2];
    ks_requests all = { 0 };
    ks_any_response response;
    for (size_t i = 0; i < count; i++) (void)fine(timed_collect_echo(&all, i, pids[i], &text));
    while (all.count) {
        ks_status status = ks_receive_any(&all, &response, 1000);
        if (fine(status)) (void)fine(timed_response_echo(&response, &replies[0]));
    }
    timed_multi_call_echo(pids, count, &text, replies, statuses, 1000);
    for (size_t i = 0; i < count; i++)
        if (fine(statuses[i])) KS_CHECK(ks_text_eq(replies[i], text));
    ks_end_turn();
}

static void use_servers(void)
{
    ks_pid pids[2] = { { 0 }, { 0 } };
    ks_pid sleeper = ks_spawn(dozes, NULL);
    ks_status status = ks_start(KS_CHILD(refuser), NULL);
    KS_CHECK(status == KS_NOPROC || status == KS_NOMEM || status == KS_EXITED);
    (void)fine(ks_start(KS_CHILD(timed), &pids[0]) ? KS_NOMEM : KS_OK);
    (void)fine(ks_start(KS_CHILD(entry), &pids[1]) ? KS_NOMEM : KS_OK);
    (void)fine(timed_call_set(pids[0], &(ks_int){ 4 }, KS_INFINITY));
    (void)fine(timed_call_set(pids[1], &(ks_int){ 4 }, KS_INFINITY));
    use_requests(pids, 2);
    ks_sleep(20);
    (void)fine(ks_send(sleeper, ks_int, &(ks_int){ 1 }));
    for (int i = 0; i < 2; i++) ks_exit_process(pids[i], KS_KILL);
    ks_exit_process(sleeper, KS_KILL);
}

static void everything(void)
{
    whole = true;
    ks_trap_exit(true); /* to link to somebody who ended for the lack of memory is no end of ours */
    use_memory();
    use_messages();
    use_aliases();
    use_processes();
    use_servers();
    for (int relation = 0; relation < 3; relation++) start_and_use(relation);
}

/* --- the tests -------------------------------------------------------------------------------- */
static int quiet_runs(const ks_simulation *simulation)
{
    ks_log_set_level(KS_LOG_CRITICAL);
    int failed = ks_simulate(simulation, everything);
    ck_assert_int_eq(opened, released);
    return failed;
}

START_TEST(with_enough_memory_everything_works)
{
    ck_assert_int_eq(quiet_runs(&(ks_simulation){ .runs = 50 }), 0);
    ck_assert(whole);
}
END_TEST

START_TEST(by_chance)
{
    static const double chances[] = { 0.005, 0.02, 0.05, 0.1, 0.2 };
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++)
        ck_assert_int_eq(quiet_runs(&(ks_simulation){ .runs = SEEDS,
                             .out_of_memory = chances[i],
                             .may_leave = true,
                             .time_limit = 600000 }),
            0);
}
END_TEST

/* One after the other, until a run has no allocation of that number. */
static void sweep(uint64_t seed)
{
    uint64_t n = 1;
    for (; n < SWEEP_MAX; n += SWEEP_STEP) {
        const ks_simulation simulation = {
            .seed = seed, .fail_allocation = n, .may_leave = true, .time_limit = 600000
        };
        int failed = quiet_runs(&simulation);
        ck_assert_msg(failed == 0, "allocation %llu", (unsigned long long)n);
    }
    ck_assert(whole);
}

START_TEST(each_alone)
{
    sweep(1);
    sweep(2);
}
END_TEST

/* --- a link for which the other side has no memory -------------------------------------------- */
static bool deserted, linked_well; /* the other one ended, and who had linked to it did not hear */

static void waits_for_ever(void *arg) { (void)ks_receive(KS_INFINITY); }

static void links(void *arg)
{
    ks_trap_exit(true);
    ks_pid other = ks_spawn(waits_for_ever, NULL);
    ks_link(other);
    const ks_msg *msg = ks_receive(1000);
    if (!msg && !ks_is_none(other)) deserted |= !ks_is_alive(other);
    linked_well |= !msg && ks_is_alive(other);
}

static void link_scenario(void)
{
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(links, NULL, &monitor);
    if (!ks_is_none(pid)) (void)ks_receive_ref(monitor, KS_INFINITY);
}

START_TEST(who_linked_hears_of_an_end_for_the_lack_of_a_record)
{
    deserted = false;
    uint64_t n = 0;
    do {
        linked_well = false;
        const ks_simulation simulation = { .seed = 1, .fail_allocation = ++n, .may_leave = true };
        ck_assert_int_eq(ks_simulate(&simulation, link_scenario), 0);
        ck_assert_msg(!deserted, "allocation %llu", (unsigned long long)n);
    } while (!linked_well && n < SWEEP_MAX);
    ck_assert(linked_well);
}
END_TEST

int main(void)
{
    return run_suite("out of memory", 100,
        TESTS(with_enough_memory_everything_works, by_chance, each_alone,
            who_linked_hears_of_an_end_for_the_lack_of_a_record));
}
