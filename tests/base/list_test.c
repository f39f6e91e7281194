/* SPDX-License-Identifier: Apache-2.0 */
/* list_test - order, removal from anywhere, joining, and a random walk against a model. */
#include "base/list.h"

#include "base/base.h"
#include "base/random.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct item {
    int number;
    struct ksi_list node;
};

static int number_of(struct ksi_list *node)
{
    return KSI_CONTAINER_OF(node, struct item, node)->number;
}

/* The list is the count numbers, forwards and backwards. */
static void assert_list(struct ksi_list *list, const int *numbers, int count)
{
    int i = 0;
    KSI_LIST_EACH(list, node, following) ck_assert_int_eq(number_of(node), numbers[i++]);
    ck_assert_int_eq(i, count);
    for (struct ksi_list *node = list->prev; node != list; node = node->prev)
        ck_assert_int_eq(number_of(node), numbers[--i]);
    ck_assert_int_eq(i, 0);
    ck_assert(ksi_list_is_empty(list) == (count == 0));
}

START_TEST(both_ends_keep_their_order)
{
    struct ksi_list list;
    struct item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };
    ksi_list_init(&list);
    ck_assert_ptr_null(ksi_list_pop_front(&list));
    ksi_list_push_back(&list, &items[1].node);
    ksi_list_push_back(&list, &items[2].node);
    ksi_list_push_front(&list, &items[0].node);
    ksi_list_push_back(&list, &items[3].node);
    assert_list(&list, (int[]){ 0, 1, 2, 3 }, 4);
    ck_assert_int_eq(number_of(ksi_list_pop_front(&list)), 0);
    ksi_list_remove(&items[2].node);
    ksi_list_remove(&items[2].node); /* harmless */
    assert_list(&list, (int[]){ 1, 3 }, 2);
}
END_TEST

START_TEST(a_loop_may_remove_what_it_looks_at)
{
    struct ksi_list list;
    struct item items[6];
    ksi_list_init(&list);
    for (int i = 0; i < 6; i++) {
        items[i].number = i;
        ksi_list_push_back(&list, &items[i].node);
    }
    KSI_LIST_EACH(&list, node, following)
    if (number_of(node) % 2 == 0) ksi_list_remove(node);
    assert_list(&list, (int[]){ 1, 3, 5 }, 3);
}
END_TEST

START_TEST(joining_keeps_both_orders)
{
    struct ksi_list a, b;
    struct item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };
    ksi_list_init(&a);
    ksi_list_init(&b);
    ksi_list_append_all(&a, &b);
    assert_list(&a, NULL, 0);
    ksi_list_push_back(&b, &items[0].node);
    ksi_list_push_back(&b, &items[1].node);
    ksi_list_append_all(&a, &b);
    assert_list(&a, (int[]){ 0, 1 }, 2);
    assert_list(&b, NULL, 0);
    ksi_list_push_back(&b, &items[2].node);
    ksi_list_push_back(&b, &items[3].node);
    ksi_list_append_all(&a, &b);
    assert_list(&a, (int[]){ 0, 1, 2, 3 }, 4);
    assert_list(&b, NULL, 0);
}
END_TEST

enum { ITEMS = 20 };

static int take_out(int *model, int count, int number)
{
    for (int i = 0; i < count; i++)
        if (model[i] == number) {
            memmove(model + i, model + i + 1, sizeof *model * (size_t)(count - i - 1));
            return count - 1;
        }
    return count;
}

START_TEST(random_use_agrees_with_a_model)
{
    struct ksi_random random;
    struct ksi_list list;
    struct item items[ITEMS];
    int model[ITEMS], count = 0;
    ksi_random_seed(&random, 3);
    ksi_list_init(&list);
    for (int i = 0; i < ITEMS; i++) {
        items[i].number = i;
        ksi_list_init(&items[i].node);
    }
    for (int step = 0; step < 5000; step++) {
        int number = (int)ksi_random_below(&random, ITEMS);
        ksi_list_remove(&items[number].node);
        count = take_out(model, count, number);
        if (ksi_random_below(&random, 3) == 0) {
            ksi_list_push_front(&list, &items[number].node);
            memmove(model + 1, model, sizeof *model * (size_t)count++);
            model[0] = number;
        } else if (ksi_random_below(&random, 3) > 0) {
            ksi_list_push_back(&list, &items[number].node);
            model[count++] = number;
        }
        assert_list(&list, model, count);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list");
    TCase *tcase = tcase_create("list");
    tcase_add_test(tcase, both_ends_keep_their_order);
    tcase_add_test(tcase, a_loop_may_remove_what_it_looks_at);
    tcase_add_test(tcase, joining_keeps_both_orders);
    tcase_add_test(tcase, random_use_agrees_with_a_model);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
