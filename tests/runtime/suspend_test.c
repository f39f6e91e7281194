/* SPDX-License-Identifier: Apache-2.0 */
/* suspend_test - suspended processes rest, whatever comes, until all who suspended them let go. */
#include "support/scenario.h"

#include <kiosk/info.h>
#include <kiosk/spawn.h>

KS_MODULE(worker, void);
KS_CALL(worker, work, ks_int, ks_int);
struct worker {
    ks_int done;
};

static ks_next worker_handle_work(worker *self, const ks_int *duration, ks_int *reply)
{
    ks_sleep(*duration);
    *reply = ++self->done;
    return ks_reply();
}

KS_GEN_SERVER(worker, .ops = KS_OPS(worker, work));

static ks_process_state state_of(ks_pid pid)
{
    ks_process_snapshot info;
    KS_CHECK_OK(ks_process_info(pid, &info));
    return info.state;
}

static ks_pid start_worker(size_t stack_size)
{
    ks_pid pid;
    const ks_child row = { KS_START(worker), .stack_size = stack_size };
    KS_CHECK_OK(ks_start(&row, &pid));
    return pid;
}

static void messages_gather(void)
{
    for (int i = 0; i < 2; i++) {
        ks_int reply;
        ks_pid pid = start_worker((size_t)i << 20);
        KS_CHECK_OK(ks_suspend_process(pid));
        KS_CHECK(state_of(pid) == KS_PROCESS_SUSPENDED);
        KS_CHECK(worker_call_work(pid, &(ks_int){ 1 }, &reply, 100) == KS_TIMEOUT);
        worker_work_request request = worker_send_work(pid, &(ks_int){ 1 });
        KS_CHECK(worker_wait_work(request, &reply, 100) == KS_TIMEOUT);
        KS_CHECK_OK(ks_resume_process(pid));
        KS_CHECK_OK(worker_receive_work(request, &reply, 100));
        KS_CHECK(reply == 1);
        KS_CHECK(state_of(pid) == KS_PROCESS_WAITING);
        kill_and_wait(pid);
    }
}

/* Its sleep is over meanwhile; the handler goes on when it may. */
static void it_stops_where_it_blocks(void)
{
    for (int i = 0; i < 2; i++) {
        ks_int reply;
        ks_pid pid = start_worker((size_t)i << 20);
        worker_work_request request = worker_send_work(pid, &(ks_int){ 50 });
        ks_sleep(10);
        KS_CHECK_OK(ks_suspend_process(pid));
        KS_CHECK(worker_wait_work(request, &reply, 500) == KS_TIMEOUT);
        ks_ms begin = ks_now();
        KS_CHECK_OK(ks_resume_process(pid));
        KS_CHECK_OK(worker_receive_work(request, &reply, 500));
        KS_CHECK(ks_now() - begin < 10);
        kill_and_wait(pid);
    }
}

/* Resumed before anything came: it goes on waiting for what it waited for. */
static void a_wait_outlives_a_suspension(void)
{
    ks_int reply;
    ks_pid pid = start_worker(0);
    worker_work_request request = worker_send_work(pid, &(ks_int){ 100 });
    ks_sleep(10);
    for (int i = 0; i < 5; i++) {
        KS_CHECK_OK(ks_suspend_process(pid));
        KS_CHECK_OK(ks_resume_process(pid));
        ks_sleep(1);
    }
    KS_CHECK(worker_wait_work(request, &reply, 50) == KS_TIMEOUT);
    KS_CHECK_OK(worker_receive_work(request, &reply, 500));
    kill_and_wait(pid);
}

static void suspensions_are_counted(void)
{
    ks_int reply;
    ks_pid pid = start_worker(0);
    for (int i = 0; i < 3; i++) KS_CHECK_OK(ks_suspend_process(pid));
    for (int i = 0; i < 2; i++) KS_CHECK_OK(ks_resume_process(pid));
    KS_CHECK(worker_call_work(pid, &(ks_int){ 1 }, &reply, 100) == KS_TIMEOUT);
    KS_CHECK_OK(ks_resume_process(pid));
    KS_CHECK_OK(worker_call_work(pid, &(ks_int){ 1 }, &reply, 100));
    KS_CHECK(ks_resume_process(pid) == KS_NOT_FOUND);
    kill_and_wait(pid);
    KS_CHECK(ks_suspend_process(pid) == KS_NOPROC && ks_resume_process(pid) == KS_NOPROC);
    KS_CHECK(ks_suspend_process(ks_self()) == KS_CALLING_SELF);
}

static void suspends_twice(void *arg)
{
    KS_CHECK_OK(ks_suspend_process(*(const ks_pid *)arg));
    KS_CHECK_OK(ks_suspend_process(*(const ks_pid *)arg));
    ks_receive(KS_INFINITY);
}

static void they_end_with_their_maker(void)
{
    ks_int reply;
    ks_pid pid = start_worker(0);
    ks_pid maker = ks_spawn(suspends_twice, &pid);
    ks_sleep(10);
    KS_CHECK(ks_resume_process(pid) == KS_NOT_FOUND);
    KS_CHECK_OK(ks_suspend_process(pid));
    KS_CHECK(worker_call_work(pid, &(ks_int){ 1 }, &reply, 100) == KS_TIMEOUT);
    kill_and_wait(maker);
    KS_CHECK(worker_call_work(pid, &(ks_int){ 1 }, &reply, 100) == KS_TIMEOUT);
    KS_CHECK_OK(ks_resume_process(pid));
    KS_CHECK_OK(worker_call_work(pid, &(ks_int){ 1 }, &reply, 100));
    kill_and_wait(pid);
}

static void a_suspended_one_can_be_killed(void)
{
    ks_int reply;
    for (int i = 0; i < 2; i++) {
        ks_pid pid = start_worker(0);
        if (i) (void)!worker_call_work(pid, &(ks_int){ 1000 }, &reply, 10);
        KS_CHECK_OK(ks_suspend_process(pid));
        KS_CHECK(worker_call_work(pid, &(ks_int){ 1 }, &reply, 10) == KS_TIMEOUT);
        kill_and_wait(pid);
        KS_CHECK(!ks_is_alive(pid));
    }
}

static int resumed;
static void suspend_without_memory(void)
{
    ks_int reply;
    ks_pid pid;
    if (ks_start(KS_CHILD(worker), &pid)) return;
    ks_status status = ks_suspend_process(pid);
    KS_CHECK(status == KS_OK || status == KS_NOMEM);
    KS_CHECK((state_of(pid) == KS_PROCESS_SUSPENDED) == (status == KS_OK));
    if (!status) KS_CHECK_OK(ks_resume_process(pid));
    status = worker_call_work(pid, &(ks_int){ 0 }, &reply, 100);
    KS_CHECK(status == KS_OK || status == KS_NOMEM);
    if (!status) resumed++;
    ks_ref monitor = ks_monitor(pid);
    ks_exit_process(pid, KS_KILL);
    if (monitor.id[0]) end_of(monitor);
    ks_sleep(1);
}

static bool sweep(void)
{
    resumed = 0;
    for (uint64_t n = 1; n < 30; n++) {
        const ks_simulation one = { .seed = 1, .fail_allocation = n };
        if (ks_simulate(&one, suspend_without_memory)) return false;
    }
    return resumed > 10 && resumed < 28;
}

/* --- without a simulator a reply goes on at once where it can: not when suspended ------------- */
KS_MODULE(asker, void);
KS_CALL(asker, ask, ks_pid, ks_int);
KS_CALL(asker, asked, void, ks_int);
struct asker {
    int replies;
};

static ks_next asker_handle_ask(asker *self, const ks_pid *other, ks_int *reply)
{
    ks_status status = asker_call_asked(*other, reply, 1000);
    self->replies++;
    return status ? ks_fail(status) : ks_reply();
}

/* Suspends who asks, replies, and blocks. */
static ks_next asker_handle_asked(asker *self, ks_int *reply)
{
    ks_pid caller = ks_caller();
    KS_CHECK_OK(ks_suspend_process(caller));
    asker_reply_asked(asker_from_asked(), &(ks_int){ 1 });
    ks_sleep(50);
    KS_CHECK_OK(ks_resume_process(caller));
    return ks_noreply();
}

KS_GEN_SERVER(asker, .ops = KS_OPS(asker, ask, asked));

static bool a_reply_does_not_resume(void)
{
    ks_pid first, second;
    ks_int reply;
    if (ks_step_start(KS_CHILD(asker), &first) || ks_step_start(KS_CHILD(asker), &second))
        return false;
    if (asker_call_ask(first, &second, &reply, 20) != KS_TIMEOUT) return false;
    bool rests = ks_step_state(asker, first)->replies == 0;
    ks_step_time(100);
    bool goes_on = ks_step_state(asker, first)->replies == 1;
    ks_step_end();
    return rests && goes_on;
}

int main(void)
{
    if (!sweep()) return 1;
    if (!a_reply_does_not_resume()) return 2;
    return run_scenarios("suspend", 100,
        SCENARIOS(SCENARIO(messages_gather), SCENARIO(it_stops_where_it_blocks),
            SCENARIO(a_wait_outlives_a_suspension), SCENARIO(suspensions_are_counted),
            SCENARIO(they_end_with_their_maker), SCENARIO(a_suspended_one_can_be_killed)));
}
