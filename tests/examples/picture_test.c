/* SPDX-License-Identifier: Apache-2.0 */
/* picture_test - a picture shows its keyspace as it was at one moment, whatever is done to it while
 * the picture is taken: nothing is missing, nothing comes twice, nothing is too young. */
#include "../../examples/store/keyspace.h"
#include "../../examples/store/snapshot.h"
#include "parts/check.h"

enum { KEYS = 3000, NAMES = 6000 };
static struct keyspace keyspace;
static char expected[NAMES][16]; /* values at the moment; empty: there was no such key */
static bool seen[NAMES];
static uint64_t seed;

static uint64_t next_random(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static void act(enum deed_verb verb, int key, const char *value, int64_t number)
{
    char name[16];
    outcome result;
    deed what = { .verb = (uint8_t)verb,
        .key = numbered(name, sizeof name, "k", key),
        .value = text(value),
        .number = number };
    what.hash = table_hash(&keyspace.table, what.key);
    keyspace_do(&keyspace, &what, &result);
}

static void disturb(int times)
{
    char value[16];
    for (int i = 0; i < times; i++) {
        int key = (int)next_random(NAMES);
        numbered(value, sizeof value, "new", i);
        switch (next_random(5)) {
        case 0: act(DEED_SET, key, value, 0); break;
        case 1: act(DEED_DELETE, key, "", 0); break;
        case 2: act(DEED_APPEND, key, "+", 0); break;
        case 3: act(DEED_EXPIRE, key, "", 1); break; /* past: it is deleted */
        default: act(DEED_GET_DELETE, key, "", 0); break;
        }
    }
}

/* Each is what it was, and came once. */
static void look_at(ks_text records)
{
    static struct snapshot_reader reader;
    snapshot_begin(&reader);
    reader.has_head = true; /* these are records without it */
    while (records.len) {
        struct snapshot_row row;
        size_t consumed;
        ck_assert_int_eq(snapshot_next(&reader, records, &row, &consumed), SNAPSHOT_KEY);
        int key = number_in(row.key);
        ck_assert_msg(!seen[key], "k%d came twice", key);
        seen[key] = true;
        ck_assert_msg(expected[key][0], "k%d is too young", key);
        ck_assert(same(row.value, text(expected[key])));
        records = (ks_text){ records.ptr + consumed, records.len - consumed };
    }
}

static void begin(uint64_t with_seed)
{
    seed = with_seed;
    memset(seen, 0, sizeof seen);
    memset(expected, 0, sizeof expected);
    keyspace_init(&keyspace, sip_key_random(), 0);
    keyspace.now = 1000;
    for (int i = 0; i < KEYS; i++) {
        int key = (int)next_random(NAMES);
        numbered(expected[key], sizeof expected[key], "old", i);
        act(DEED_SET, key, expected[key], 0);
    }
}

static void end(void)
{
    keyspace_flush(&keyspace);
    while (keyspace.shredded) keyspace_tidy(&keyspace);
    while (table_shred(&keyspace.table, SIZE_MAX)) continue;
    ks_free(keyspace.dropped);
    ck_assert_uint_eq(parts_blocks, 0);
}

static uint64_t take_picture(int changes)
{
    bool more = true;
    picture_begin(&keyspace.picture);
    disturb(changes);
    while (more) {
        more = picture_slice(&keyspace.picture, &keyspace.table);
        look_at(buffer_text(&keyspace.picture.records));
        buffer_clear(&keyspace.picture.records);
        disturb(changes);
    }
    ck_assert_uint_eq(keyspace.picture.records.len, 0); /* afterwards nothing is kept */
    return keyspace.picture.count;
}

static void check_all_seen(uint64_t count)
{
    uint64_t sum = 0;
    for (int i = 0; i < NAMES; i++) {
        ck_assert_msg(seen[i] == (expected[i][0] != 0), "k%d is missing", i);
        sum += seen[i];
    }
    ck_assert_uint_eq(sum, count);
}

START_TEST(it_shows_one_moment)
{
    static const int changes[] = { 0, 1, 20, 500, 3000 };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        begin((uint64_t)_i * 10 + i);
        check_all_seen(take_picture(changes[i]));
        end();
    }
}
END_TEST

/* The next one is as whole as the first: what the last one has seen is not left out. */
START_TEST(one_after_another)
{
    begin(77);
    check_all_seen(take_picture(0));
    memset(seen, 0, sizeof seen);
    check_all_seen(take_picture(0));
    picture_begin(&keyspace.picture); /* given up half-way */
    picture_slice(&keyspace.picture, &keyspace.table);
    memset(seen, 0, sizeof seen);
    check_all_seen(take_picture(100));
    end();
}
END_TEST

START_TEST(a_flush_gives_it_up)
{
    begin(5);
    picture_begin(&keyspace.picture);
    picture_slice(&keyspace.picture, &keyspace.table);
    keyspace_flush(&keyspace);
    ck_assert(!keyspace.picture.wanted);
    ck_assert(!picture_slice(&keyspace.picture, &keyspace.table));
    ck_assert_uint_eq(keyspace.picture.records.len, 0);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("picture");
    TCase *tcase = tcase_create("picture");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, it_shows_one_moment, 0, 10);
    tcase_add_test(tcase, one_after_another);
    tcase_add_test(tcase, a_flush_gives_it_up);
    suite_add_tcase(suite, tcase);
    return run_all(suite);
}
