/* SPDX-License-Identifier: Apache-2.0 */
/* visit.cpp - the consumer in C++17: the same visit, with what C++ has: an exception that passes a
 * call, and a destructor. */
#include "till.h"
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

struct broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

int64_t add(int64_t cash)
{
    int64_t sum = 0;
    if (till_add(ks_named("till"), cash, &sum)) throw broken("no till");
    return sum;
}

/* Breaks it, and throws why it ended. */
void break_till()
{
    ks_ref monitor = ks_monitor(ks_named("till"));
    till_break(ks_named("till"));
    const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 5000));
    char why[80];
    throw broken(down ? ks_reason_text(down->reason, why, sizeof why) : "it lives");
}

std::string reason_of_break()
{
    try {
        break_till();
    } catch (const broken &e) {
        while (ks_is_none(ks_whereis("till"))) ks_sleep(1); /* blocks in the handler */
        return e.what();
    }
    return "nothing";
}

} /* namespace */

void visit(void)
{
    int64_t before = add(20);
    std::string why = reason_of_break();
    std::cout << "kiosk " << ks_version() << ": " << before << ", " << why << ", " << add(3)
              << std::endl;
}

int main(int argc, char **argv)
{
    ks_child root = {};
    root.module = &shop_module;
    return ks_main(argc, argv, &root);
}
