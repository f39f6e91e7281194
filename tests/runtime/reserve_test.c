/* SPDX-License-Identifier: Apache-2.0 */
/* reserve_test - a table grows to its last element, whatever the size of one. */
#include "runtime/reserve.h"

#include "base/base.h"
#include "support/suite.h"

#include <stdbool.h>

static void fill(size_t element, uint32_t max)
{
    char *table = ksi_reserve(element * max);
    ck_assert_ptr_nonnull(table);
    uint32_t committed = 0;
    while (committed < max) {
        uint32_t more = ksi_commit(table, element, committed, max);
        ck_assert_uint_gt(more, committed);
        ck_assert_uint_le(more, max);
        bool zeroed = true;
        for (size_t i = committed * element; i < more * element; i++) zeroed &= table[i]++ == 0;
        ck_assert(zeroed);
        committed = more;
    }
    ksi_unreserve(table, element * max);
}

START_TEST(every_element_becomes_usable)
{
    static const size_t elements[] = { 8, 56, 64, 96, 256, 1000, 4096 };
    for (size_t i = 0; i < KSI_COUNT_OF(elements); i++) {
        fill(elements[i], 1);
        fill(elements[i], (uint32_t)(5000000 / elements[i]));
    }
}
END_TEST

int main(void) { return run_suite("reserve", 60, TESTS(every_element_becomes_usable)); }
