/* SPDX-License-Identifier: Apache-2.0 */
/* glob_test - patterns of KEYS and SCAN, and that none takes for ever. */
#include "../../examples/store/glob.h"
#include "parts/check.h"

static const struct row {
    const char *pattern, *text;
    bool fits;
} rows[] = {
    { "", "", true },
    { "", "a", false },
    { "a", "a", true },
    { "a", "A", false },
    { "a", "ab", false },
    { "ab", "a", false },
    { "*", "", true },
    { "*", "anything", true },
    { "**", "", true },
    { "a*", "a", true },
    { "a*", "abc", true },
    { "a*", "ba", false },
    { "*c", "abc", true },
    { "*c", "abcd", false },
    { "a*c", "ac", true },
    { "a*c", "abcbc", true },
    { "a*b*c", "axbxc", true },
    { "a*b*c", "axcxb", false },
    { "*ab", "aab", true },
    { "*aab*", "aaab", true },
    { "?", "a", true },
    { "?", "", false },
    { "??", "a", false },
    { "a?c", "abc", true },
    { "?*", "", false },
    { "*?", "x", true },
    { "[abc]", "b", true },
    { "[abc]", "d", false },
    { "[^abc]", "d", true },
    { "[^abc]", "b", false },
    { "[a-c]x", "bx", true },
    { "[c-a]", "b", true },
    { "[a-c]", "d", false },
    { "[a-]", "-", false }, /* from a to ] */
    { "[a-]", "_", true },
    { "[\\]]", "]", true },
    { "[\\-]", "-", true },
    { "[", "a", false },
    { "[a", "a", true },
    { "[]a", "a", false },
    { "h[a-z]*o", "hello", true },
    { "\\*", "*", true },
    { "\\*", "a", false },
    { "\\?", "?", true },
    { "\\\\", "\\", true },
    { "a\\", "a\\", true },
    { "key:*:[0-9]", "key:x:7", true },
    { "key:*:[0-9]", "key:x:77", false },
};

START_TEST(each_pattern_fits_what_it_should)
{
    const struct row *row = &rows[_i];
    ck_assert_msg(glob_matches(text(row->pattern), text(row->text)) == row->fits, "'%s' and '%s'",
        row->pattern, row->text);
}
END_TEST

START_TEST(case_counts_unless_it_does_not)
{
    ck_assert(glob_matches_any_case(text("MAX*"), text("maxmemory")));
    ck_assert(glob_matches_any_case(text("m[A-B]x*"), text("MAXMEMORY")));
    ck_assert(!glob_matches(text("MAX*"), text("maxmemory")));
}
END_TEST

START_TEST(bytes_are_unsigned)
{
    ck_assert(glob_matches(text("[\x80-\xff]"), text("\xe4")));
    ck_assert(!glob_matches(text("[a-\xff]"), text("A")));
    ck_assert(glob_matches((ks_text){ "a\0*", 3 }, (ks_text){ "a\0b", 3 }));
}
END_TEST

/* With a step for each way to share the text among the stars this would not end. */
START_TEST(many_stars_take_moderate_time)
{
    char pattern[400], much[4000];
    for (size_t i = 0; i < sizeof pattern; i += 2) memcpy(pattern + i, "*a", 2);
    memset(much, 'a', sizeof much);
    pattern[sizeof pattern - 1] = 'b';
    ck_assert(!glob_matches((ks_text){ pattern, sizeof pattern }, (ks_text){ much, sizeof much }));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("glob");
    TCase *tcase = tcase_create("glob");
    tcase_add_loop_test(
        tcase, each_pattern_fits_what_it_should, 0, (int)(sizeof rows / sizeof rows[0]));
    tcase_add_test(tcase, case_counts_unless_it_does_not);
    tcase_add_test(tcase, bytes_are_unsigned);
    tcase_add_test(tcase, many_stars_take_moderate_time);
    suite_add_tcase(suite, tcase);
    return run_all(suite);
}
