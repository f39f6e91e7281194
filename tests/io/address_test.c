/* SPDX-License-Identifier: Apache-2.0 */
/* address_test - numeric addresses: what is one, what is none, how they are shown. */
#include "io/address.h"
#include "io/scenario.h"
#include <errno.h>

static const char *const good[][2] = {
    { "127.0.0.1:6380", "127.0.0.1:6380" },
    { "0.0.0.0:0", "0.0.0.0:0" },
    { "255.255.255.255:65535", "255.255.255.255:65535" },
    { "[::1]:80", "[::1]:80" },
    { "[0:0:0:0:0:0:0:1]:80", "[::1]:80" },
    { "[2001:DB8::a]:443", "[2001:db8::a]:443" },
    { "[::ffff:10.0.0.1]:1", "10.0.0.1:1" },
    { ":6380", "[::]:6380" },
    { "[fe80::1%lo]:80", "[fe80::1%lo]:80" },
    { "unix:/run/app.sock", "unix:/run/app.sock" },
    { "unix:app:1", "unix:app:1" },
    { "unix:@app", "unix:@app" },
    { "unix:@a\1b", "unix:@a?b" },
    { "unix:@", "unix:" },
};
static const char *const bad[] = { "", ":", "::", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
    "127.0.0.1:99999999999", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 1", "127.0.0.1:1 ",
    "127.0.0.1:0x50", "127.0.0.1:080", "127.0.0.1:00", " 127.0.0.1:1", "127.0.0:1", "127.0.0.1.1:1",
    "127.0.0.256:1", "0127.0.0.1:1", "localhost:80", "::1:80", "[::1]", "[::1]80", "[::1:80",
    "::1]:80", "[]:80", "[127.0.0.1]:80", "[::1]]:80", "[[::1]:80", "[::1]x:80", "[fe80::1%]:80",
    "[fe80::1%there_is_none]:80", "unix:", "UNIX:/a", "*:80",
    "[0000:0000:0000:0000:0000:ffff:255.255.255.255:0000:0000]:1", "host:80:80" };

START_TEST(addresses_are_read_and_shown)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct ksi_address address;
        char text[KS_ADDRESS_TEXT_MAX];
        ck_assert_msg(ksi_address_parse(good[i][0], &address), "%s", good[i][0]);
        ck_assert_int_eq(ksi_address_print(&address, text, sizeof text), KS_OK);
        ck_assert_str_eq(text, good[i][1]);
        ck_assert_int_eq(address.every, good[i][0][0] == ':');
    }
}
END_TEST

START_TEST(nothing_is_guessed)
{
    struct ksi_address address;
    ck_assert(!ksi_address_parse(NULL, &address));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!ksi_address_parse(bad[i], &address), "%s", bad[i]);
    char path[128] = "unix:/"; /* the longest has 107 bytes */
    memset(path + 6, 'p', 106);
    ck_assert(ksi_address_parse(path, &address));
    path[6 + 106] = 'p';
    ck_assert(!ksi_address_parse(path, &address));
}
END_TEST

START_TEST(a_small_buffer_is_not_overrun)
{
    struct ksi_address address;
    char text[16] = "?";
    ck_assert(ksi_address_parse("127.0.0.1:6380", &address));
    for (size_t size = 0; size <= 14; size++)
        ck_assert_int_eq(ksi_address_print(&address, text, size), -ENOSPC);
    ck_assert_str_eq(text, "?");
    ck_assert_int_eq(ksi_address_print(&address, text, 15), KS_OK);
    address.any.sa_family = AF_PACKET;
    ck_assert_int_eq(ksi_address_print(&address, text, 15), -EAFNOSUPPORT);
}
END_TEST

START_TEST(an_address_is_a_plain_value)
{
    ks_address a, b;
    char text[KS_ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_int_eq(ks_address_parse(good[i][0], &a), KS_OK);
        ck_assert_int_eq(ks_address_parse(good[i][0], &b), KS_OK);
        ck_assert(ks_same_address(&a, &b));
        ck_assert_str_eq(ks_address_text(&a, text, sizeof text), good[i][1]);
    }
    ck_assert_int_eq(ks_address_parse("127.0.0.1:1", &a), KS_OK);
    ck_assert_int_eq(ks_address_parse("127.0.0.1:2", &b), KS_OK);
    ck_assert(!ks_same_address(&a, &b));
    ck_assert_uint_eq(ks_address_port(&b), 2);
    ck_assert_str_eq(ks_address_text(&a, text, 8), "127.0.0");
    ck_assert_int_eq(ks_address_parse("unix:@x", &a), KS_OK);
    ck_assert_uint_eq(ks_address_port(&a), 0);
    ck_assert_str_eq(ks_address_text(&(ks_address){ 0 }, text, sizeof text), "none");
    ck_assert_str_eq(ks_address_text(&(ks_address){ .size = 255 }, text, sizeof text), "none");
    ck_assert_int_eq(ks_address_parse("localhost:1", &a), KS_BADARG);
}
END_TEST

RUN_SUITE("address", an_address_is_a_plain_value, addresses_are_read_and_shown, nothing_is_guessed,
    a_small_buffer_is_not_overrun)
