/* SPDX-License-Identifier: Apache-2.0 */
/* memory_test - ks_alloc and its kin: limits, foreign memory, texts of a turn. */
#include "support/scenario.h"

#include <string.h>

static bool because_of(ks_ref monitor, ks_status status)
{
    ks_reason reason = end_of(monitor);
    return reason.kind == KS_REASON_STATUS && reason.code == status;
}

static void memory_is_zeroed_aligned_and_grows(void)
{
    char *memory = ks_realloc(NULL, 1);
    KS_CHECK(memory[0] == 0);
    for (size_t size = 1; size < 20000; size = size * 3 + 1) {
        memset(memory, 'x', size);
        memory = ks_realloc(memory, size * 3 + 1);
        KS_CHECK((uintptr_t)memory % 16 == 0);
        for (size_t i = 0; i < size; i++) KS_CHECK(memory[i] == 'x');
        for (size_t i = size; i < size * 3 + 1; i++) KS_CHECK(memory[i] == 0);
    }
    memory = ks_realloc(memory, 3);
    KS_CHECK(memcmp(memory, "xxx", 3) == 0);
    ks_free(memory);
    ks_free(NULL);
    ks_free(ks_alloc(0));
    char *copy = ks_strdup(ks_lit("text"));
    KS_CHECK(strcmp(copy, "text") == 0);
    KS_CHECK(strcmp(ks_strdup((ks_text){ NULL, 0 }), "") == 0);
}

static void what_is_not_freed_goes_with_the_process(void)
{
    uint64_t before = ks_process_memory(ks_self());
    for (size_t i = 0; i < 100; i++) (void)ks_alloc(i * 100);
    KS_CHECK(ks_process_memory(ks_self()) >= before + 495000);
}

/* --- the limit -------------------------------------------------------------------------------- */
typedef struct hungry_args {
    int32_t count;
    bool gives_back;
} hungry_args;
KS_TYPE(hungry_args, count, gives_back);
KS_MODULE(hungry, hungry_args);
static void hungry_main(const hungry_args *args)
{
    for (int i = 0; i < args->count; i++) {
        void *memory = ks_alloc(1000);
        if (args->gives_back) ks_free(memory);
    }
}
KS_PROCESS(hungry);

static void a_process_above_its_limit_ends(void)
{
    ks_ref monitor;
    ks_child row = { KS_START(hungry, .count = 10), .memory_max = 10000 };
    KS_CHECK_OK(ks_start_monitor(&row, NULL, &monitor));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    row.memory_max = 9999;
    KS_CHECK_OK(ks_start_monitor(&row, NULL, &monitor));
    KS_CHECK(because_of(monitor, KS_NOMEM));
    row = (ks_child){ KS_START(hungry, .count = 100, .gives_back = true), .memory_max = 1000 };
    KS_CHECK_OK(ks_start_monitor(&row, NULL, &monitor));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static int grown; /* how far it came */
KS_MODULE(growing, void);
static void growing_main(const ks_none *args)
{
    grown = 0;
    char *memory = ks_alloc(600);
    memory[599] = 'x';
    memory = ks_realloc(memory, 1000); /* what counts is what it has in the end */
    KS_CHECK(memory[599] == 'x');
    memory = ks_realloc(memory, 100);
    memory = ks_realloc(memory, 900);
    KS_CHECK(memory[599] == 0);
    (void)ks_alloc(100);
    grown++;
    (void)ks_realloc(memory, 901);
    grown++;
}
KS_PROCESS(growing);

static void growing_counts_what_it_comes_to(void)
{
    ks_ref monitor;
    const ks_child row = { KS_START(growing), .memory_max = 1000 };
    KS_CHECK_OK(ks_start_monitor(&row, NULL, &monitor));
    KS_CHECK(because_of(monitor, KS_NOMEM));
    KS_CHECK(grown == 1);
}

static void asks_too_much(void *arg) { (void)ks_alloc(*(const size_t *)arg); }

static void no_size_is_too_large_to_ask_for(void)
{
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 31, SIZE_MAX / 2, SIZE_MAX / 4 + 1 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ks_ref monitor;
        ks_spawn_monitor(asks_too_much, (void *)(uintptr_t)&sizes[i], &monitor);
        KS_CHECK(because_of(monitor, KS_NOMEM));
    }
}

/* --- memory of others ------------------------------------------------------------------------- */
static void frees(void *arg) { ks_free(arg); }
static void resizes(void *arg) { (void)ks_realloc(arg, 10); }

static void freeing_what_is_not_ours_ends_us(void)
{
    ks_ref monitor;
    char *mine = ks_alloc(10);
    ks_spawn_monitor(frees, mine, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    ks_spawn_monitor(resizes, mine, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    mine[9] = 'x';
    ks_free(mine);
}

/* --- texts ------------------------------------------------------------------------------------ */
static void a_formatted_text_lives_until_the_turn_ends(void)
{
    const char *texts[50];
    for (int i = 0; i < 50; i++) texts[i] = ks_format("%d and %0*d", i, 10 * i, i);
    for (int i = 0; i < 50; i++) KS_CHECK(strlen(texts[i]) >= (size_t)(10 * i));
    KS_CHECK(strcmp(texts[0], "0 and 0") == 0);
    KS_CHECK(strcmp(ks_format("%s", ""), "") == 0);
    ks_end_turn();
}

typedef struct order {
    ks_text buyer;
    KS_LIST_OF(ks_text) lines;
} order;
KS_TYPE(order, buyer, (list, lines, ks_text));

static void a_copy_is_one_block_of_ours(void)
{
    ks_text lines[] = { ks_lit("one"), ks_lit("two") };
    order mine = { .buyer = ks_lit("ann"), .lines = { lines, 2 } };
    order *copy = ks_copy(order, &mine);
    lines[1] = ks_lit("three");
    KS_CHECK(ks_text_eq(copy->lines.items[1], ks_lit("two")));
    KS_CHECK(!ks_equal(order, copy, &mine));
    ks_free(copy);
}

typedef struct parcel {
    ks_text to;
    ks_bin *content;
} parcel;
KS_TYPE(parcel, to, content);
static int given_back;

static void count_release(void *ptr) { given_back++; }

static void copies(void *arg)
{
    parcel *first = ks_copy(parcel, (const parcel *)arg);
    KS_CHECK(ks_bin_bytes(first->content).len == 5);
    (void)ks_copy(parcel, first);
    ks_free(first);
}

/* By ks_free, or with the process. */
static void a_copy_gives_back_what_it_owns(void)
{
    ks_ref monitor;
    parcel mine = { .to = ks_lit("ann") };
    given_back = 0;
    mine.content = ks_bin_take((void *)(uintptr_t) "bytes", 5, count_release);
    ks_spawn_monitor(copies, &mine, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(given_back == 0);
    ks_bin_unref(mine.content);
    KS_CHECK(given_back == 1);
}

int main(void)
{
    return run_scenarios("memory", 20,
        SCENARIOS(SCENARIO(memory_is_zeroed_aligned_and_grows),
            SCENARIO(what_is_not_freed_goes_with_the_process),
            SCENARIO(a_process_above_its_limit_ends), SCENARIO(growing_counts_what_it_comes_to),
            SCENARIO(no_size_is_too_large_to_ask_for), SCENARIO(freeing_what_is_not_ours_ends_us),
            SCENARIO(a_formatted_text_lives_until_the_turn_ends),
            SCENARIO(a_copy_is_one_block_of_ours), SCENARIO(a_copy_gives_back_what_it_owns)));
}
