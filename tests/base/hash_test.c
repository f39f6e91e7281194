/* SPDX-License-Identifier: Apache-2.0 */
/* hash_test - SipHash by its paper's vector, by its authors' first ones, and by another program. */
#include "base/hash.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void count_up(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)i;
}

/* Appendix A of the paper: key 00 to 0f, input 00 to 0e. The others are the reference table's. */
START_TEST(siphash_2_4_of_the_paper)
{
    static const uint64_t expected[16] = { [0] = 0x726fdb47dd0e0e31,
        [1] = 0x74f839c593dc67fd,
        [2] = 0x0d6c8009d9a94f5a,
        [3] = 0x85676696d7fb7e2d,
        [15] = 0xa129ca6149be45e5 };
    struct ksi_hash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    uint8_t bytes[16];
    count_up(bytes, sizeof bytes);
    for (size_t len = 0; len < 16; len++)
        if (expected[len]) ck_assert_uint_eq(ksi_siphash(key, bytes, len, 2, 4), expected[len]);
}
END_TEST

/* What CPython 3.11 says with PYTHONHASHSEED=0, whose key is zero: hash(bytes(range(len))). */
START_TEST(siphash_1_3_of_another_program)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } expected[] = {
        { 1, 0x68a914128e01e473 },
        { 2, 0x010bac45c41e3669 },
        { 3, 0x4d4c9a4a8ef6e0ad },
        { 7, 0x2f098ab0c751325a },
        { 8, 0xead411e67ebe2eea },
        { 9, 0x75927f9d95124362 },
        { 15, 0xf30eb725bb91c9ea },
        { 16, 0x8972188433a5c5b7 },
        { 17, 0x4883c49a2c009c1d },
        { 63, 0x385d3e39e5f37359 },
        { 64, 0x75e05fd5bbc870c6 },
        { 100, 0x1c6a66e1506e7908 },
    };
    uint8_t bytes[100];
    count_up(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        ck_assert_uint_eq(
            ksi_hash((struct ksi_hash_key){ 0, 0 }, bytes, expected[i].len), expected[i].hash);
}
END_TEST

START_TEST(any_alignment_gives_the_same)
{
    struct ksi_hash_key key = ksi_hash_key_random();
    uint8_t bytes[64], moved[72];
    count_up(bytes, sizeof bytes);
    uint64_t hash = ksi_hash(key, bytes, sizeof bytes);
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(moved + shift, bytes, sizeof bytes);
        ck_assert_uint_eq(ksi_hash(key, moved + shift, sizeof bytes), hash);
    }
}
END_TEST

START_TEST(both_halves_of_the_key_count)
{
    struct ksi_hash_key key = { 1, 2 }, other = { 1, 3 }, another = { 2, 2 };
    ck_assert_uint_ne(ksi_hash(key, "kiosk", 5), ksi_hash(other, "kiosk", 5));
    ck_assert_uint_ne(ksi_hash(key, "kiosk", 5), ksi_hash(another, "kiosk", 5));
    struct ksi_hash_key a = ksi_hash_key_random(), b = ksi_hash_key_random();
    ck_assert(a.k0 != b.k0 && a.k1 != b.k1 && a.k0 != a.k1);
}
END_TEST

START_TEST(no_bytes_have_a_hash)
{
    struct ksi_hash_key key = { 0, 0 };
    ck_assert_uint_eq(ksi_hash(key, NULL, 0), ksi_hash(key, "", 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *tcase = tcase_create("hash");
    tcase_add_test(tcase, siphash_2_4_of_the_paper);
    tcase_add_test(tcase, siphash_1_3_of_another_program);
    tcase_add_test(tcase, any_alignment_gives_the_same);
    tcase_add_test(tcase, both_halves_of_the_key_count);
    tcase_add_test(tcase, no_bytes_have_a_hash);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
