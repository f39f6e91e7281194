/* SPDX-License-Identifier: Apache-2.0 */
/* check_cpp.cc - a C++ handler that blocks inside try, in a destructor while unwinding, and inside
 * catch, and keeps its thread inside catch until its scheduler is gone.
 * The state of the process is its echo server; value: how long it waits, in us, and in the lowest
 * digit 1 for the one which keeps its thread. */
#include <exception>
#include <stdexcept>
#include <string>

#include "check.h"

namespace {

struct waits_while_unwinding {
    ~waits_while_unwinding()
    {
        rt_sleep(1500);
        expect(std::uncaught_exceptions() == 1, "C++ destructor", "uncaught count");
    }
};

void throw_after_blocking(struct process *echo, long us, const std::string &name)
{
    waits_while_unwinding guard;
    expect(rt_call(echo, us) == us, "C++ try", "reply");
    expect(std::uncaught_exceptions() == 0, "C++ try", "uncaught count");
    throw std::runtime_error(name);
}

void check_caught(const std::exception &e, const std::string &name, const char *where)
{
    expect(e.what() == name, where, "exception object");
    expect(std::current_exception() != nullptr, where, "current exception");
    expect(std::uncaught_exceptions() == 0, where, "uncaught count");
    try {
        throw;
    } catch (const std::exception &again) {
        expect(&again == &e, where, "rethrown object");
    }
}

} /* namespace */

extern "C" void cpp_handler(struct process *self, struct request *request, long value)
{
    struct process *echo = static_cast<struct process *>(rt_state(self));
    const std::string name = "thrown by " + std::to_string(value);
    try {
        throw_after_blocking(echo, value, name);
    } catch (const std::exception &e) {
        check_caught(e, name, "C++ catch");
        rt_sleep(value);
        check_caught(e, name, "C++ catch after sleep");
        if (value % 10 == 1) {
            spin_until_taken();
            expect(rt_is_late(), "C++ catch", "was not taken for a hog");
            check_caught(e, name, "C++ catch after hand-over");
        }
        rt_call(echo, value);
        check_caught(e, name, "C++ catch after call");
    }
    expect(std::current_exception() == nullptr, "C++ after catch", "current exception");
    rt_reply(request, value);
}
