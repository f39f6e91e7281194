/* SPDX-License-Identifier: Apache-2.0 */
/* keep_test - errno, and what ks_keep_thread_state names, are a handler's own while it blocks. */
#include "support/scenario.h"

#include <errno.h>
#include <kiosk/keep.h>
#include <stdlib.h>
#include <string.h>

/* --- a library that keeps a word for each thread ---------------------------------------------- */
static _Thread_local const char *word; /* malloc's; NULL: none */
static int words_alive, words_discarded;

static void say_word(const char *text)
{
    if (word) words_alive--;
    free((void *)(uintptr_t)word);
    word = text ? strdup(text) : NULL;
    if (word) words_alive++;
}
static bool word_is(const char *text)
{
    return text ? word && strcmp(word, text) == 0 : word == NULL;
}
static void *save_word(void)
{
    char *saved = (char *)(uintptr_t)word;
    word = NULL;
    return saved;
}
static void restore_word(void *saved)
{
    say_word(NULL);
    word = saved;
}
static void discard_word(void *saved)
{
    words_discarded++;
    words_alive--;
    free(saved);
}

/* --- handlers that spoil what the thread has -------------------------------------------------- */
static void spoil(int number, const char *text)
{
    errno = number;
    say_word(text);
}
static bool is_spoiled(int number, const char *text) { return errno == number && word_is(text); }

KS_MODULE(vandal, void);
KS_CALL(vandal, ask, ks_int, ks_int);
struct vandal {
    int asked;
};
static ks_next vandal_handle_ask(vandal *self, const ks_int *value, ks_int *reply)
{
    *reply = *value + 1;
    spoil(EDOM, self->asked++ % 2 ? "theirs" : NULL);
    return ks_reply();
}
KS_GEN_SERVER(vandal, .ops = KS_OPS(vandal, ask));

static void runs_wild(void *arg)
{
    for (int i = 0; i < 20; i++) {
        spoil(ERANGE, i % 2 ? "wild" : NULL);
        ks_sleep(1 + i % 3);
        KS_CHECK(is_spoiled(ERANGE, i % 2 ? "wild" : NULL));
    }
    say_word(NULL);
}

static void call_and_check(ks_pid server, const char *text)
{
    ks_int reply;
    KS_CHECK_OK(vandal_call_ask(server, &(ks_int){ 7 }, &reply, 1000));
    KS_CHECK(reply == 8);
    KS_CHECK(is_spoiled(EXDEV, text));
}

/* Every way to block; the thread is found as it was left. */
static void blocks_in_every_way(ks_pid server, const char *text)
{
    spoil(EXDEV, text);
    call_and_check(server, text);
    ks_sleep(2);
    KS_CHECK(is_spoiled(EXDEV, text));
    (void)ks_receive(2);
    KS_CHECK(is_spoiled(EXDEV, text));
    ks_yield();
    KS_CHECK(is_spoiled(EXDEV, text));
    ks_ref monitor;
    ks_spawn_monitor(runs_wild, NULL, &monitor);
    errno = EXDEV;
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(is_spoiled(EXDEV, text));
    say_word(NULL);
}

static void client(void *arg) { blocks_in_every_way(*(ks_pid *)arg, "mine"); }

static void the_thread_is_found_as_it_was_left(void)
{
    ks_pid server;
    ks_ref monitors[3];
    KS_CHECK_OK(ks_start(KS_CHILD(vandal), &server));
    for (int i = 0; i < 3; i++) {
        const ks_spawn_options options = { .ret_monitor = &monitors[i],
            .stack_size = i ? 64 << 10 : 0 };
        KS_CHECK_OK(ks_spawn_with(client, &server, &options, NULL));
    }
    blocks_in_every_way(server, NULL);
    for (int i = 0; i < 3; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
    kill_and_wait(server);
    say_word(NULL);
    KS_CHECK(words_alive == 0 || ks_scheduler_count() > 1); /* others have last ones */
}

/* --- ends ------------------------------------------------------------------------------------- */
static void sleeps(void *arg)
{
    say_word("the last one");
    ks_sleep(KS_INFINITY);
}
static void who_is_killed_while_blocked_discards(void)
{
    words_discarded = 0;
    ks_pid pid = ks_spawn(sleeps, NULL);
    ks_sleep(1);
    KS_CHECK(words_alive == 1 && word_is(NULL));
    kill_and_wait(pid);
    KS_CHECK(words_alive == 0 && words_discarded == 1);
}

static void exits(void *arg)
{
    say_word("nobody's");
    ks_exit(KS_SHUTDOWN);
}
static void looks(void *arg) { *(bool *)arg = word_is(NULL); }
static void who_ends_in_the_middle_leaves_nothing(void)
{
    bool clean = false;
    ks_ref monitors[2];
    ks_spawn_monitor(exits, NULL, &monitors[0]);
    ks_spawn_monitor(looks, &clean, &monitors[1]); /* often the very next to run */
    KS_CHECK(ended_with(monitors[0], KS_REASON_SHUTDOWN));
    KS_CHECK(ended_with(monitors[1], KS_REASON_NORMAL));
    KS_CHECK(clean && words_alive == 0);
}

/* --- registration ----------------------------------------------------------------------------- */
static void wrong_ones_are_refused(void)
{
    KS_CHECK(ks_keep_thread_state(&(ks_thread_state){ .save = save_word }) == KS_BADARG);
}

int main(void)
{
    const ks_thread_state state = { save_word, restore_word, discard_word };
    if (ks_keep_thread_state(&state)) return EXIT_FAILURE;
    return run_scenarios("keep", 100,
        SCENARIOS(SCENARIO(the_thread_is_found_as_it_was_left),
            SCENARIO(who_is_killed_while_blocked_discards),
            SCENARIO(who_ends_in_the_middle_leaves_nothing), SCENARIO(wrong_ones_are_refused)));
}
