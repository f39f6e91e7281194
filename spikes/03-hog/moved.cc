/* SPDX-License-Identifier: Apache-2.0 */
/* moved.cc - the contrast: the stack of a blocked handler goes on in another thread. Prints what is
 * no longer right.  Exit status 0 if at least errno broke, as this is to show that it does. */
#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>

static ucontext_t handler_context, thread_context[2];
static int on_thread, broken;
static bool errno_broke;
static char stack[256 * 1024];
static sem_t moved;

static void judge(bool good, const char *what)
{
    printf("  stack moved: %-44s %s\n", what, good ? "right" : "BROKEN");
    broken += !good;
}

static void move(void)
{
    swapcontext(&handler_context, &thread_context[on_thread]);
}

static void handler(void)
{
    pthread_mutex_t mutex;
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &kind);
    pthread_mutex_lock(&mutex);
    ERR_raise(ERR_LIB_USER, 5);
    try {
        throw std::runtime_error("thrown before the move");
    } catch (const std::exception &) {
        errno = 11;
        move();
        close(-1); /* sets errno of the thread it runs in: EBADF */
        int error = errno;
        errno_broke = error != EBADF;
        judge(!errno_broke, "errno after a failing close");
        judge(ERR_GET_REASON(ERR_peek_error()) == 5, "OpenSSL error queue");
        judge(pthread_mutex_unlock(&mutex) == 0, "unlock of a recursive mutex");
        judge(std::current_exception() != nullptr, "C++ current exception inside catch");
        move(); /* the rest would end in std::terminate */
    }
}

static void *other_main(void *arg)
{
    sem_wait(&moved);
    on_thread = 1;
    swapcontext(&thread_context[1], &handler_context);
    return arg;
}

int main(void)
{
    pthread_t other;
    sem_init(&moved, 0, 0);
    pthread_create(&other, nullptr, other_main, nullptr);
    getcontext(&handler_context);
    handler_context.uc_stack.ss_sp = stack;
    handler_context.uc_stack.ss_size = sizeof stack;
    makecontext(&handler_context, handler, 0);
    swapcontext(&thread_context[0], &handler_context);
    sem_post(&moved);
    pthread_join(other, nullptr);
    return !errno_broke;
}
