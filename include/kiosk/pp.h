/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/pp.h - preprocessor tools behind KS_TYPE, KS_CALL and friends. Not for users. */
#ifndef KIOSK_PP_H
#define KIOSK_PP_H
#define KS_CAT_(a, b) a##b
#define KS_CAT(a, b) KS_CAT_(a, b)
#define KS_SECOND_(a, b, ...) b
#define KS_SECOND(...) KS_SECOND_(__VA_ARGS__)
#define KS_UNPAREN(...) __VA_ARGS__

/* KS_EACH(m, c, x, y, z): m(c, x) m(c, y) m(c, z); up to 32. */
#define KS_33RD_(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18,  \
    _19, _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, N, ...)                  \
    N
#define KS_COUNT(...)                                                                              \
    KS_33RD_(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15,  \
        14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define KS_EACH_1(m, c, x) m(c, x)
#define KS_EACH_2(m, c, x, ...) m(c, x) KS_EACH_1(m, c, __VA_ARGS__)
#define KS_EACH_3(m, c, x, ...) m(c, x) KS_EACH_2(m, c, __VA_ARGS__)
#define KS_EACH_4(m, c, x, ...) m(c, x) KS_EACH_3(m, c, __VA_ARGS__)
#define KS_EACH_5(m, c, x, ...) m(c, x) KS_EACH_4(m, c, __VA_ARGS__)
#define KS_EACH_6(m, c, x, ...) m(c, x) KS_EACH_5(m, c, __VA_ARGS__)
#define KS_EACH_7(m, c, x, ...) m(c, x) KS_EACH_6(m, c, __VA_ARGS__)
#define KS_EACH_8(m, c, x, ...) m(c, x) KS_EACH_7(m, c, __VA_ARGS__)
#define KS_EACH_9(m, c, x, ...) m(c, x) KS_EACH_8(m, c, __VA_ARGS__)
#define KS_EACH_10(m, c, x, ...) m(c, x) KS_EACH_9(m, c, __VA_ARGS__)
#define KS_EACH_11(m, c, x, ...) m(c, x) KS_EACH_10(m, c, __VA_ARGS__)
#define KS_EACH_12(m, c, x, ...) m(c, x) KS_EACH_11(m, c, __VA_ARGS__)
#define KS_EACH_13(m, c, x, ...) m(c, x) KS_EACH_12(m, c, __VA_ARGS__)
#define KS_EACH_14(m, c, x, ...) m(c, x) KS_EACH_13(m, c, __VA_ARGS__)
#define KS_EACH_15(m, c, x, ...) m(c, x) KS_EACH_14(m, c, __VA_ARGS__)
#define KS_EACH_16(m, c, x, ...) m(c, x) KS_EACH_15(m, c, __VA_ARGS__)
#define KS_EACH_17(m, c, x, ...) m(c, x) KS_EACH_16(m, c, __VA_ARGS__)
#define KS_EACH_18(m, c, x, ...) m(c, x) KS_EACH_17(m, c, __VA_ARGS__)
#define KS_EACH_19(m, c, x, ...) m(c, x) KS_EACH_18(m, c, __VA_ARGS__)
#define KS_EACH_20(m, c, x, ...) m(c, x) KS_EACH_19(m, c, __VA_ARGS__)
#define KS_EACH_21(m, c, x, ...) m(c, x) KS_EACH_20(m, c, __VA_ARGS__)
#define KS_EACH_22(m, c, x, ...) m(c, x) KS_EACH_21(m, c, __VA_ARGS__)
#define KS_EACH_23(m, c, x, ...) m(c, x) KS_EACH_22(m, c, __VA_ARGS__)
#define KS_EACH_24(m, c, x, ...) m(c, x) KS_EACH_23(m, c, __VA_ARGS__)
#define KS_EACH_25(m, c, x, ...) m(c, x) KS_EACH_24(m, c, __VA_ARGS__)
#define KS_EACH_26(m, c, x, ...) m(c, x) KS_EACH_25(m, c, __VA_ARGS__)
#define KS_EACH_27(m, c, x, ...) m(c, x) KS_EACH_26(m, c, __VA_ARGS__)
#define KS_EACH_28(m, c, x, ...) m(c, x) KS_EACH_27(m, c, __VA_ARGS__)
#define KS_EACH_29(m, c, x, ...) m(c, x) KS_EACH_28(m, c, __VA_ARGS__)
#define KS_EACH_30(m, c, x, ...) m(c, x) KS_EACH_29(m, c, __VA_ARGS__)
#define KS_EACH_31(m, c, x, ...) m(c, x) KS_EACH_30(m, c, __VA_ARGS__)
#define KS_EACH_32(m, c, x, ...) m(c, x) KS_EACH_31(m, c, __VA_ARGS__)
#define KS_EACH(m, c, ...) KS_CAT(KS_EACH_, KS_COUNT(__VA_ARGS__))(m, c, __VA_ARGS__)

#define KS_PAREN_PROBE(...) ~, 1,
#define KS_IS_PAREN(x) KS_SECOND(KS_PAREN_PROBE x, 0, ~)

/* `void` in a protocol row removes the parameter. */
#define KS_VOID_PROBE_void ~, 1
#define KS_IS_VOID(T) KS_SECOND(KS_CAT(KS_VOID_PROBE_, T), 0, ~)
#define KS_IN_0(T, x) , const T *x
#define KS_IN_1(T, x)
#define KS_IN(T, x) KS_CAT(KS_IN_, KS_IS_VOID(T))(T, x)
#define KS_OUT_0(T, x) , T *x
#define KS_OUT_1(T, x)
#define KS_OUT(T, x) KS_CAT(KS_OUT_, KS_IS_VOID(T))(T, x)
/* The same as a first parameter, with the comma behind it. */
#define KS_LEADING_IN_0(T, x) const T *x,
#define KS_LEADING_IN_1(T, x)
#define KS_LEADING_IN(T, x) KS_CAT(KS_LEADING_IN_, KS_IS_VOID(T))(T, x)
#define KS_LEADING_OUT_0(T, x) T *x,
#define KS_LEADING_OUT_1(T, x)
#define KS_LEADING_OUT(T, x) KS_CAT(KS_LEADING_OUT_, KS_IS_VOID(T))(T, x)
#define KS_PASS_0(T, x) , x
#define KS_PASS_1(T, x)
#define KS_PASS(T, x) KS_CAT(KS_PASS_, KS_IS_VOID(T))(T, x)
#define KS_PTR_0(T, x) x
#define KS_PTR_1(T, x) NULL
#define KS_PTR(T, x) KS_CAT(KS_PTR_, KS_IS_VOID(T))(T, x)
#define KS_DESC_0(T) &T##_type
#define KS_DESC_1(T) &ks_none_type
#define KS_DESC(T) KS_CAT(KS_DESC_, KS_IS_VOID(T))(T)
#define KS_NONVOID_0(T) T
#define KS_NONVOID_1(T) ks_none
#define KS_NONVOID(T) KS_CAT(KS_NONVOID_, KS_IS_VOID(T))(T)

#define KS_TYPE_NAME_0(T) T##_type
#define KS_TYPE_NAME_1(T) ks_none_type
#define KS_TYPE_NAME(T) KS_CAT(KS_TYPE_NAME_, KS_IS_VOID(T))(T)

#define KS_STUB __attribute__((unused)) static inline
#endif
