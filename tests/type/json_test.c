/* SPDX-License-Identifier: Apache-2.0 */
/* json_test - described values as JSON: each kind, what is cut, and that it is valid anyway. */
#include "base/random.h"
#include "support/json.h"
#include "support/suite.h"
#include "type/json.h"
#include <kiosk/log_with.h>
#include <math.h>
#include <stdio.h>

typedef enum colour { RED, GREEN } colour;
KS_ENUM(colour, RED, GREEN);
typedef struct small {
    int64_t number;
    const char *password;
} small;
KS_TYPE(small, number, (secret, password));
typedef struct large {
    bool truth;
    int8_t tiny;
    uint64_t huge;
    double real;
    float narrow;
    ks_pid pid;
    ks_reason reason;
    ks_text text;
    const char *string;
    ks_blob bytes;
    colour shade;
    char name[8];
    uint16_t ports[3];
    small one;
    const small *other;
    KS_LIST_OF(small) many;
    ks_any any;
} large;
KS_TYPE(large, truth, tiny, huge, real, narrow, pid, reason, text, string, bytes,
    (enum, shade, colour), (array, name), (array, ports), (record, one, small),
    (maybe, other, small), (list, many, small), any);

static char buffer[20000];

static const char *shown(const ks_type *type, const void *value)
{
    struct ksi_json out = { .buffer = buffer, .size = sizeof buffer - 1 };
    ksi_json_value(&out, type, value, 0);
    ck_assert(!out.full);
    buffer[out.length] = 0;
    ck_assert_msg(json_is_valid(buffer, out.length), "%s", buffer);
    return buffer;
}

START_TEST(each_kind_has_its_form)
{
    static const small items[] = { { 1, "a" }, { 2, "b" } };
    const large value = { .truth = true,
        .tiny = -8,
        .huge = UINT64_MAX,
        .real = 0.5,
        .narrow = 3,
        .reason = { .kind = KS_REASON_ERROR, .text = "disk full" },
        .text = { "a\"b\\c\n\x01", 7 },
        .string = NULL,
        .bytes = { (const uint8_t *)"\x01\xff", 2 },
        .shade = GREEN,
        .name = "abcdefgh",
        .ports = { 1, 2, 3 },
        .one = { 5, "sesame" },
        .many = { items, 2 },
        .any = { &small_type, &items[1] } };
    ck_assert_str_eq(shown(&large_type, &value),
        "{\"truth\":true,\"tiny\":-8,\"huge\":18446744073709551615,\"real\":0.5,\"narrow\":3.0,"
        "\"pid\":\"none\",\"reason\":\"error: disk full\",\"text\":\"a\\\"b\\\\c\\n\\u0001\","
        "\"string\":null,\"bytes\":\"<<01ff>>\",\"shade\":\"GREEN\",\"name\":\"abcdefgh\","
        "\"ports\":[1,2,3],\"one\":{\"number\":5,\"password\":\"***\"},\"other\":null,"
        "\"many\":[{\"number\":1,\"password\":\"***\"},{\"number\":2,\"password\":\"***\"}],"
        "\"any\":{\"number\":2,\"password\":\"***\"}}");
}
END_TEST

START_TEST(values_that_are_no_numbers_are_null)
{
    ck_assert_str_eq(shown(&ks_float_type, &(double){ (double)INFINITY }), "null");
    ck_assert_str_eq(shown(&ks_float_type, &(double){ (double)NAN }), "null");
    ck_assert_str_eq(shown(&ks_natural_type, &(uint64_t){ UINT64_MAX }), "18446744073709551615");
}
END_TEST

START_TEST(what_is_no_utf8_is_replaced)
{
    const ks_text text = { "a\xff\xc3(\xed\xa0\x80", 7 };
    ck_assert_str_eq(shown(&ks_text_type, &text),
        "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}
END_TEST

START_TEST(long_texts_and_lists_are_cut)
{
    static char letters[5000];
    static small items[100];
    memset(letters, 'x', sizeof letters);
    const large value = { .text = { letters, sizeof letters }, .many = { items, 100 } };
    const char *text = shown(&large_type, &value);
    ck_assert_ptr_nonnull(strstr(text, "xxx... (5000 bytes)\""));
    ck_assert_ptr_nonnull(strstr(text, ",\"... (100 items)\"]"));
    ck_assert_uint_lt(strlen(text), 3000);
}
END_TEST

/* Whatever the bytes: a string, valid, and never longer than it may be. */
START_TEST(any_bytes_make_a_valid_string)
{
    struct ksi_random random;
    ksi_random_seed(&random, 7);
    for (int i = 0; i < 20000; i++) {
        char bytes[24];
        size_t len = (size_t)ksi_random_below(&random, sizeof bytes);
        size_t max = (size_t)ksi_random_below(&random, 40);
        for (size_t k = 0; k < len; k++) bytes[k] = (char)ksi_random_next(&random);
        struct ksi_json out = { .buffer = buffer, .size = sizeof buffer };
        ksi_json_string(&out, bytes, len, max);
        ck_assert(json_is_valid(buffer, out.length));
        ck_assert_uint_le(out.length, max + 24);
    }
}
END_TEST

START_TEST(what_does_not_fit_is_told)
{
    const small value = { 12345, NULL };
    struct ksi_json out = { .buffer = buffer, .size = 10 };
    memset(buffer, '#', 20);
    ksi_json_value(&out, &small_type, &value, 0);
    ck_assert(out.full && out.length <= 10);
    ck_assert_int_eq(buffer[10], '#');
}
END_TEST

int main(void)
{
    return run_suite("json", 60,
        TESTS(each_kind_has_its_form, values_that_are_no_numbers_are_null,
            what_is_no_utf8_is_replaced, long_texts_and_lists_are_cut,
            any_bytes_make_a_valid_string, what_does_not_fit_is_told));
}
