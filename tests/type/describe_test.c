/* SPDX-License-Identifier: Apache-2.0 */
/* describe_test - what KS_TYPE and KS_ENUM write down: kinds, offsets, flat, owns; and that they
 * take any names and any number of fields. */
#include "type/sample.h"

#include <check.h>

/* A type of one field for each kind. */
#define ONE(name_, c_type, ...)                                                                    \
    typedef struct name_ {                                                                         \
        c_type field;                                                                              \
    } name_;                                                                                       \
    KS_TYPE(name_, __VA_ARGS__)
typedef KS_LIST_OF(point) point_list;
ONE(one_bool, bool, field);
ONE(one_i8, int8_t, field);
ONE(one_u8, uint8_t, field);
ONE(one_i16, int16_t, field);
ONE(one_u16, uint16_t, field);
ONE(one_i32, int32_t, field);
ONE(one_u32, uint32_t, field);
ONE(one_i64, int64_t, field);
ONE(one_u64, uint64_t, field);
ONE(one_f32, float, field);
ONE(one_f64, double, field);
ONE(one_enum, colour, (enum, field, colour));
ONE(one_pid, ks_pid, field);
ONE(one_ref, ks_ref, field);
ONE(one_local, FILE *, (local, field));
ONE(one_socket, ks_socket, field);
ONE(one_bin, ks_bin *, field);
ONE(one_reason, ks_reason, field);
ONE(one_cstr, const char *, field);
ONE(one_text, ks_text, field);
ONE(one_blob, ks_blob, field);
ONE(one_record, point, (record, field, point));
ONE(one_list, point_list, (list, field, point));
ONE(one_maybe, const point *, (maybe, field, point));
ONE(one_secret, int32_t, (secret, field));
typedef struct one_chars {
    char field[3];
} one_chars;
KS_TYPE(one_chars, (array, field));

/* The rule that `flat` counts on: exactly these are copied by memcpy and need no release. */
static const struct {
    const ks_type *type;
    ks_kind kind;
    bool flat;
    bool owns;
} kinds[] = {
    { &one_bool_type, KS_KIND_BOOL, true, false },
    { &one_i8_type, KS_KIND_I8, true, false },
    { &one_u8_type, KS_KIND_U8, true, false },
    { &one_i16_type, KS_KIND_I16, true, false },
    { &one_u16_type, KS_KIND_U16, true, false },
    { &one_i32_type, KS_KIND_I32, true, false },
    { &one_u32_type, KS_KIND_U32, true, false },
    { &one_i64_type, KS_KIND_I64, true, false },
    { &one_u64_type, KS_KIND_U64, true, false },
    { &one_f32_type, KS_KIND_F32, true, false },
    { &one_f64_type, KS_KIND_F64, true, false },
    { &one_chars_type, KS_KIND_CHAR, true, false },
    { &one_enum_type, KS_KIND_ENUM, true, false },
    { &one_pid_type, KS_KIND_PID, true, false },
    { &one_ref_type, KS_KIND_REF, true, false },
    { &one_local_type, KS_KIND_LOCAL, true, false },
    { &one_socket_type, KS_KIND_SOCKET, false, true },
    { &one_bin_type, KS_KIND_BIN, false, true },
    { &one_reason_type, KS_KIND_REASON, false, false },
    { &one_cstr_type, KS_KIND_CSTR, false, false },
    { &one_text_type, KS_KIND_TEXT, false, false },
    { &one_blob_type, KS_KIND_BLOB, false, false },
    { &one_record_type, KS_KIND_RECORD, false, true },
    { &one_list_type, KS_KIND_LIST, false, true },
    { &one_maybe_type, KS_KIND_MAYBE, false, true },
};

START_TEST(every_kind_is_described)
{
    size_t count = sizeof kinds / sizeof *kinds;
    ck_assert_uint_eq(count, KS_KIND_MAYBE + 1);
    for (size_t i = 0; i < count; i++) {
        const ks_type *type = kinds[i].type;
        ck_assert_int_eq(kinds[i].kind, (int)i);
        ck_assert_uint_eq(type->field_count, 1);
        ck_assert_msg(type->fields[0].kind == kinds[i].kind, "%s", type->name);
        ck_assert_msg(type->flat == kinds[i].flat, "%s", type->name);
        ck_assert_msg(type->owns == kinds[i].owns, "%s", type->name);
        ck_assert_str_eq(type->fields[0].name, "field");
        ck_assert_uint_eq(type->fields[0].offset, 0);
        ck_assert(type->fields[0].array == (kinds[i].kind == KS_KIND_CHAR));
        ck_assert_uint_eq(type->fields[0].width * type->fields[0].count, type->size);
    }
    ck_assert(!one_secret_type.flat && one_secret_type.owns && one_secret_type.fields[0].secret);
}
END_TEST

START_TEST(values_themselves_have_one_field_without_a_name)
{
    static const struct {
        const ks_type *type;
        ks_kind kind;
        size_t size;
    } values[] = {
        { &ks_bool_type, KS_KIND_BOOL, sizeof(ks_bool) },
        { &ks_int_type, KS_KIND_I64, sizeof(ks_int) },
        { &ks_float_type, KS_KIND_F64, sizeof(ks_float) },
        { &ks_text_type, KS_KIND_TEXT, sizeof(ks_text) },
        { &ks_blob_type, KS_KIND_BLOB, sizeof(ks_blob) },
        { &ks_pid_type, KS_KIND_PID, sizeof(ks_pid) },
        { &ks_ref_type, KS_KIND_REF, sizeof(ks_ref) },
        { &ks_reason_type, KS_KIND_REASON, sizeof(ks_reason) },
        { &ks_socket_type, KS_KIND_SOCKET, sizeof(ks_socket) },
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const ks_type *type = values[i].type;
        ck_assert_uint_eq(type->field_count, 1);
        ck_assert_ptr_null(type->fields[0].name);
        ck_assert_int_eq(type->fields[0].kind, values[i].kind);
        ck_assert_uint_eq(type->size, values[i].size);
        ck_assert_uint_eq(type->fields[0].width, values[i].size);
        ck_assert(type->flat == (values[i].kind < KS_KIND_SOCKET));
        ck_assert(type->owns == (values[i].kind == KS_KIND_SOCKET));
    }
    ck_assert_uint_eq(ks_none_type.field_count, 0);
    ck_assert_uint_eq(ks_none_type.size, sizeof(ks_none));
    ck_assert(ks_none_type.flat && !ks_none_type.owns);
}
END_TEST

START_TEST(fields_know_where_they_are_and_of_what)
{
    ck_assert_str_eq(every_type.name, "every");
    ck_assert_uint_eq(every_type.field_count, 32);
    const ks_field *f = every_type.fields;
    for (int i = 1; i < 32; i++) ck_assert_uint_gt(f[i].offset, f[i - 1].offset);
    ck_assert_uint_eq(f[12].offset, offsetof(every, numbers));
    ck_assert_uint_eq(f[12].count, 5);
    ck_assert_uint_eq(f[12].width, 2);
    ck_assert(f[12].array && !f[10].array);
    ck_assert_ptr_eq(f[14].names, &colour_enum);
    ck_assert_ptr_eq(f[31].of, &node_type);
    ck_assert_ptr_eq(node_type.fields[2].of, &node_type);
    ck_assert(every_type.owns && !every_type.flat && point_type.flat);
}
END_TEST

START_TEST(enums_have_names_widths_and_signs)
{
    ck_assert_str_eq(colour_enum.name, "colour");
    ck_assert_uint_eq(colour_enum.count, 3);
    ck_assert_uint_eq(colour_enum.size, sizeof(colour));
    ck_assert(!colour_enum.negative && sign_enum.negative);
    ck_assert_uint_eq(sign_enum.size, 1);
    ck_assert_str_eq(ksi_enum_name(&colour_enum, 6), "BLUE");
    ck_assert_ptr_null(ksi_enum_name(&colour_enum, 4));
    ck_assert_int_eq(ksi_enum_get(&sign_enum, &(sign){ MINUS }), -1);
    ck_assert_int_eq(ksi_enum_get(&colour_enum, &(colour){ BLUE }), 6);
    uint16_t short_bits = 0xfffe;
    ck_assert_int_eq(ksi_enum_get(&(ks_enum){ .size = 2, .negative = true }, &short_bits), -2);
    ck_assert_int_eq(ksi_enum_get(&(ks_enum){ .size = 2 }, &short_bits), 0xfffe);
    uint64_t long_bits = UINT64_MAX;
    ck_assert_int_eq(ksi_enum_get(&(ks_enum){ .size = 8, .negative = true }, &long_bits), -1);
}
END_TEST

/* Every parameter of the generating macros, and every member of the descriptors, as a field. */
typedef struct T {
    int32_t T, f, x, U, E, v, m, c, a, b, N, how, form, name, kind, size, items, count, of, value;
    ks_text fields, offset, width, array, secret, record, list, maybe, local, plain, listed_;
} T;
KS_TYPE(T, T, f, x, U, E, v, m, c, a, b, N, how, form, name, kind, size, items, count, of, value,
    fields, offset, width, array, secret, record, list, maybe, local, plain, listed_);

START_TEST(any_name_will_do)
{
    T value = { .T = 1, .listed_ = ks_lit("last") };
    char text[512];
    ks_print(T, &value, text, sizeof text);
    ck_assert_int_eq(strncmp(text, "T{T: 1, f: 0, x: 0, U: 0, E: 0, v: 0,", 37), 0);
    ck_assert_ptr_nonnull(strstr(text, "plain: \"\", listed_: \"last\"}"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("describe");
    TCase *tcase = tcase_create("describe");
    tcase_add_test(tcase, every_kind_is_described);
    tcase_add_test(tcase, values_themselves_have_one_field_without_a_name);
    tcase_add_test(tcase, fields_know_where_they_are_and_of_what);
    tcase_add_test(tcase, enums_have_names_widths_and_signs);
    tcase_add_test(tcase, any_name_will_do);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
