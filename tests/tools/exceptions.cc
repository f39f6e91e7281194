/* SPDX-License-Identifier: Apache-2.0 */
/* exceptions.cc - see exceptions.c. */
#include "exceptions.h"

#include <exception>
#include <stdexcept>
#include <string>

namespace {

struct waits_while_unwinding {
    ~waits_while_unwinding()
    {
        KS_CHECK(std::uncaught_exceptions() == 1);
        ks_sleep(2);
        KS_CHECK(std::uncaught_exceptions() == 1);
    }
};

void throw_after_blocking(const std::string &name)
{
    waits_while_unwinding guard;
    ks_sleep(1);
    KS_CHECK(std::uncaught_exceptions() == 0);
    throw std::runtime_error(name);
}

/* The exception that is being handled is ours, also when it is thrown again. */
void check_caught(const std::exception &e, const std::string &name)
{
    KS_CHECK(e.what() == name);
    KS_CHECK(std::uncaught_exceptions() == 0);
    try {
        throw;
    } catch (const std::exception &again) {
        KS_CHECK(&again == &e);
    }
}

void block_in_catch(const std::exception &e, const std::string &name)
{
    check_caught(e, name);
    KS_CHECK(ask_server(7) == 8);
    check_caught(e, name);
    ks_yield();
    check_caught(e, name);
    try {
        throw_after_blocking("inner");
    } catch (const std::exception &inner) {
        ks_sleep(3);
        check_caught(inner, "inner");
    }
    check_caught(e, name);
}

} /* namespace */

extern "C" void cpp_looks(void *)
{
    KS_CHECK(std::uncaught_exceptions() == 0);
    KS_CHECK(std::current_exception() == nullptr);
}

extern "C" void cpp_throws_and_catches(int64_t value)
{
    const std::string name = "served " + std::to_string(value);
    cpp_looks(nullptr);
    try {
        throw_after_blocking(name);
    } catch (const std::exception &e) {
        check_caught(e, name);
    }
    cpp_looks(nullptr);
}

extern "C" void cpp_blocks_everywhere(void *)
{
    for (int i = 0; i < 3; i++) {
        const std::string name = "thrown by " + std::to_string(ks_self().id + i);
        cpp_looks(nullptr);
        try {
            throw_after_blocking(name);
        } catch (const std::exception &e) {
            block_in_catch(e, name);
        }
        cpp_looks(nullptr);
    }
}

/* It is killed in here: the frames are forgotten, and so is the exception. */
extern "C" void cpp_sleeps_in_catch(void *)
{
    try {
        throw 1;
    } catch (int) {
        ks_sleep(KS_INFINITY);
    }
}

extern "C" void cpp_exits_in_catch(void *)
{
    try {
        throw 2;
    } catch (int) {
        ks_exit(ks_because(1));
    }
}

/* Where a compiler sees that the destructor never returns there is nothing to catch for it. */
volatile bool does_exit = true;
struct exits_while_unwinding {
    ~exits_while_unwinding()
    {
        if (does_exit) ks_exit(ks_because(1));
    }
};

extern "C" void cpp_exits_while_unwinding(void *)
{
    try {
        exits_while_unwinding guard;
        throw 3;
    } catch (int) {
        KS_CHECK(false);
    }
}
