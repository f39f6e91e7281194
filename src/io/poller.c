/* SPDX-License-Identifier: Apache-2.0 */
/* poller.c - see poller.h. */
#include "io/poller.h"
#include "base/atomic.h"
#include "base/base.h"
#include "base/clock.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };
enum { BATCH = KSI_KNOB(256, 2) };
/* A wake is some 5 us on a machine of its own, 30 to 40 on a virtual one; measured as we go. */
enum { WAKE_NS = 30000, WAKE_NS_MIN = 2000, WAKE_NS_MAX = KSI_KNOB(100000, 1000) };
enum { SKIPPED_MAX = 1023, SPINNERS_MAX = 2 };
/* While it spins: looks for work for each one at the descriptors, which is a system call; more of
 * them when it was work that ended the last one. And how long descriptors may go unseen while there
 * is work again and again. */
enum { LOOKS = KSI_KNOB(8, 1), LOOKS_MORE = KSI_KNOB(256, 2), UNSEEN_NS_MAX = 50000 };
enum park { RUNNING, WAITING, WOKEN };
#define EVENT_DATA UINT64_MAX /* of the eventfd */

/* --- waiting ---------------------------------------------------------------------------------- */
static int wait_ms(struct ksi_poller *poller, struct epoll_event *events, int64_t timeout_ns)
{
    int64_t ms = timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0); /* never early */
    return epoll_wait(poller->epoll, events, BATCH, ms > INT32_MAX ? -1 : (int)ms);
}

/* Less than 0: nothing, for whatever reason; the scheduler looks again anyway. */
static int wait_for(struct ksi_poller *poller, struct epoll_event *events, int64_t timeout_ns)
{
    if (timeout_ns <= 0) return epoll_wait(poller->epoll, events, BATCH, 0);
    if (timeout_ns == INT64_MAX) return epoll_wait(poller->epoll, events, BATCH, -1);
    if (!poller->no_pwait2) {
        struct timespec timeout = { timeout_ns / NS_PER_S, timeout_ns % NS_PER_S };
        int count = epoll_pwait2(poller->epoll, events, BATCH, &timeout, NULL);
        if (count >= 0 || errno == EINTR) return count;
        poller->no_pwait2 = true;
    }
    return wait_ms(poller, events, timeout_ns);
}

bool ksi_poller_rests(struct ksi_poller *poller)
{
    /* acq_rel, and an exchange: either it reads WOKEN, and sees the work that was published before,
     * or the exchange in unpark() comes later and reads WAITING. */
    if (ksi_exchange_acq_rel(&poller->word, WAITING) != WOKEN) return true;
    ksi_store_relaxed(&poller->word, RUNNING); /* an unpark in between: its work is taken next */
    return false;
}

void ksi_poller_wakes(struct ksi_poller *poller)
{
    /* acq_rel: what was published before an unpark is seen now; pairs with the one in unpark() */
    (void)ksi_exchange_acq_rel(&poller->word, RUNNING);
}

/* Of all runtimes: who talks to each other across two schedulers needs two. */
static _Atomic(int) spinners;

/* Looks at what others write first of all: the word is in a line of its own, and as long as nobody
 * reads that, it need not travel. It is taken back when it is seen; what is not seen makes the next
 * wait end at once. */
static bool is_woken(struct ksi_poller *poller, int looks)
{
    for (int i = 0; i < looks; i++) {
        if (poller->scheduler && ksi_has_work(poller->scheduler)) return true;
        ksi_relax();
    }
    /* relaxed: only a hint; the exchange decides */
    if (ksi_load_relaxed(&poller->word) != WOKEN) return false;
    ksi_poller_wakes(poller);
    return true;
}

/* Until something has come, or for as long as it would take to be woken: true. */
static bool look_on(
    struct ksi_poller *poller, struct epoll_event *events, int64_t timeout_ns, int *ret_count)
{
    int64_t now = ksi_clock_monotonic();
    int64_t end = now + (timeout_ns < poller->wake_ns ? timeout_ns : poller->wake_ns);
    bool seen = now - poller->seen_ns < UNSEEN_NS_MAX;
    while (now < end) {
        if (seen && is_woken(poller, poller->awaits_work ? LOOKS_MORE : LOOKS)) {
            poller->awaits_work = true;
            return true;
        }
        seen = true;
        poller->seen_ns = now;
        *ret_count = epoll_wait(poller->epoll, events, BATCH, 0);
        if (*ret_count) {
            poller->awaits_work = false;
            return true;
        }
        now = ksi_clock_monotonic();
    }
    return false;
}

/* Looks again and again before it sleeps, since to be woken takes long; but only while that pays:
 * each spin in vain doubles the number of waits that do without. True: something has come, perhaps
 * of the descriptors. */
static bool spin(
    struct ksi_poller *poller, struct epoll_event *events, int64_t timeout_ns, int *ret_count)
{
    if (!poller->spins || poller->skipped++ < poller->to_skip) return false;
    /* relaxed: a count, no more */
    bool may = ksi_add_relaxed(&spinners, 1) < SPINNERS_MAX;
    bool good = may && look_on(poller, events, timeout_ns, ret_count);
    ksi_add_relaxed(&spinners, -1);
    poller->skipped = 0;
    if (good)
        poller->to_skip = 0;
    else if (may && poller->to_skip < SKIPPED_MAX)
        poller->to_skip = poller->to_skip * 2 + 1;
    return good;
}

/* Somebody woke us: how long did it take? */
static void measure_wake(struct ksi_poller *poller)
{
    /* relaxed: a time, no more */
    int64_t began = ksi_load_relaxed(&poller->woken_ns);
    if (!began) return;
    ksi_store_relaxed(&poller->woken_ns, 0);
    int64_t ns = ksi_clock_monotonic() - began;
    ns = ns < WAKE_NS_MIN ? WAKE_NS_MIN : ns > WAKE_NS_MAX ? WAKE_NS_MAX : ns;
    poller->wake_ns = (7 * poller->wake_ns + ns) / 8;
}

static void poll_seam(void *arg, int64_t timeout_ns)
{
    struct ksi_poller *poller = arg;
    struct epoll_event events[BATCH];
    int count = 0;
    if (timeout_ns > 0 && spin(poller, events, timeout_ns, &count) && !count) return;
    bool waits = !count && timeout_ns > 0 && ksi_poller_rests(poller);
    if (!count) count = wait_for(poller, events, waits ? timeout_ns : 0);
    if (waits) ksi_poller_wakes(poller);
    if (waits) measure_wake(poller);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == EVENT_DATA) continue; /* edge-triggered: need not be read */
        poller->on_event(poller->arg, events[i].data.u64, events[i].events);
    }
}

void ksi_poller_ring(struct ksi_poller *poller)
{
    int error = errno;
    uint64_t one = 1;
    ksi_store_relaxed(&poller->woken_ns, ksi_clock_monotonic()); /* a time, no more */
    ssize_t written = write(poller->event, &one, sizeof one);
    KSI_ASSERT(written == sizeof one); /* its counter would be full after 2^64 of them */
    errno = error;
}

static void unpark(void *arg)
{
    struct ksi_poller *poller = arg;
    /* acq_rel: publishes the caller's work; pairs with the exchanges in ksi_poller_rests() and
     * ksi_poller_wakes(). Nobody waits: no system call. */
    if (ksi_exchange_acq_rel(&poller->word, WOKEN) == WAITING) ksi_poller_ring(poller);
}

/* --- the other seams -------------------------------------------------------------------------- */
static int64_t monotonic_ns(void *arg) { return ksi_clock_monotonic(); }
static int64_t wall_ns(void *arg) { return ksi_clock_wall(); }
static uint32_t choose(void *arg, uint32_t count) { return 0; }

static uint64_t random_number(void *arg)
{
    struct ksi_poller *poller = arg;
    return ksi_random_next(&poller->random);
}

struct ksi_seams ksi_real_seams(struct ksi_poller *poller)
{
    return (struct ksi_seams){ .monotonic_ns = monotonic_ns,
        .wall_ns = wall_ns,
        .random = random_number,
        .choose = choose,
        .poll = poll_seam,
        .unpark = unpark,
        .arg = poller };
}

/* --- a poller --------------------------------------------------------------------------------- */
ks_status ksi_poller_set(
    struct ksi_poller *poller, int operation, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = { .events = events, .data.u64 = data };
    return epoll_ctl(poller->epoll, operation, fd, &event) ? -errno : KS_OK;
}

ks_status ksi_poller_add_bell(struct ksi_poller *poller, int fd)
{
    return ksi_poller_set(poller, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, EVENT_DATA);
}

void ksi_poller_end(struct ksi_poller *poller)
{
    if (poller->event >= 0) close(poller->event);
    if (poller->epoll >= 0) close(poller->epoll);
    poller->event = poller->epoll = -1;
}

ks_status ksi_poller_init(struct ksi_poller *poller)
{
    *poller = (struct ksi_poller){ .epoll = -1, .event = -1 };
    /* On a single processor nobody could do meanwhile what is waited for. */
    poller->spins = sysconf(_SC_NPROCESSORS_ONLN) > 1;
    poller->wake_ns = KSI_KNOB(WAKE_NS, WAKE_NS_MAX);
    ksi_random_seed(&poller->random, ksi_random_entropy());
    ks_status status = KS_OK;
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll < 0) status = -errno;
    if (!status) poller->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!status && poller->event < 0) status = -errno;
    if (!status) status = ksi_poller_add_bell(poller, poller->event);
    if (status) ksi_poller_end(poller);
    return status;
}
