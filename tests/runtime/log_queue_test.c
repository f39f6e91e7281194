/* SPDX-License-Identifier: Apache-2.0 */
/* log_queue_test - lines come out as they went in, in order, and the bounds hold. */
#include "base/random.h"
#include "runtime/log_queue.h"
#include "support/suite.h"
#include <string.h>

static struct ksi_log_queue queue;
enum { MODEL = 8192, LONGEST = 6000 };
static struct {
    uint32_t size;
    char letter;
} model[MODEL];

static bool put(ks_level level, char letter, uint32_t size)
{
    static char line[LONGEST];
    memset(line, letter, size);
    return ksi_log_queue_put(&queue, level, line, size, 1);
}

static void check_first(uint32_t size, char letter)
{
    const char *bytes;
    const struct ksi_log_line *line = ksi_log_queue_first(&queue, &bytes);
    ck_assert_ptr_nonnull(line);
    ck_assert_uint_eq(line->size, size);
    bool same = true;
    for (uint32_t i = 0; i < size; i++) same &= bytes[i] == letter;
    ck_assert(same);
}

START_TEST(lines_come_out_in_order)
{
    struct ksi_random random;
    unsigned in = 0, from = 0, refused = 0;
    ksi_random_seed(&random, 3);
    for (int i = 0; i < 40000; i++) {
        bool more = ksi_random_below(&random, 100) < (i / 4000 % 2 ? 30 : 70);
        if (more && in - from < MODEL) {
            uint32_t size = (uint32_t)ksi_random_below(&random, i % 7 ? 100 : LONGEST);
            char letter = (char)('a' + i % 26);
            if (!put(KS_LOG_ERROR, letter, size)) {
                refused++;
                continue;
            }
            model[in % MODEL].size = size;
            model[in++ % MODEL].letter = letter;
        } else if (from != in) {
            check_first(model[from % MODEL].size, model[from % MODEL].letter);
            ksi_log_queue_take(&queue);
            from++;
        }
        if (queue.count != in - from || queue.tail - queue.head > KSI_LOG_QUEUE_BYTES)
            ck_abort_msg("%u lines of %u", queue.count, in - from);
    }
    ck_assert_uint_gt(refused, 0); /* it was full now and then */
}
END_TEST

START_TEST(the_last_quarter_is_for_errors)
{
    uint32_t usual = 0, errors = 0;
    while (put(KS_LOG_WARNING, 'w', 10)) usual++;
    while (put(KS_LOG_ERROR, 'e', 10)) errors++;
    ck_assert_uint_eq(usual, KSI_LOG_QUEUE_LINES / 4 * 3);
    ck_assert_uint_eq(usual + errors, KSI_LOG_QUEUE_LINES);
    ck_assert(!put(KS_LOG_EMERGENCY, 'x', 1));
    check_first(10, 'w');
}
END_TEST

START_TEST(bytes_are_bounded)
{
    uint64_t bytes = 0;
    ck_assert(!ksi_log_queue_put(&queue, KS_LOG_ERROR, "", KSI_LOG_QUEUE_BYTES + 1, 1));
    while (put(KS_LOG_NOTICE, 'n', LONGEST)) bytes += LONGEST;
    ck_assert_uint_le(bytes, KSI_LOG_QUEUE_BYTES / 4 * 3);
    ck_assert_uint_gt(
        bytes + LONGEST + 16, KSI_LOG_QUEUE_LINES < 50 ? 0 : KSI_LOG_QUEUE_BYTES / 4 * 3);
    ck_assert(put(KS_LOG_ERROR, 'e', LONGEST));
}
END_TEST

START_TEST(an_empty_queue_has_no_line)
{
    const char *bytes;
    ck_assert_ptr_null(ksi_log_queue_first(&queue, &bytes));
    ck_assert(put(KS_LOG_DEBUG, 'd', 0));
    check_first(0, 'd');
    ksi_log_queue_take(&queue);
    ck_assert_ptr_null(ksi_log_queue_first(&queue, &bytes));
}
END_TEST

int main(void)
{
    return run_suite("log_queue", 60,
        TESTS(lines_come_out_in_order, the_last_quarter_is_for_errors, bytes_are_bounded,
            an_empty_queue_has_no_line));
}
