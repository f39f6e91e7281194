/* SPDX-License-Identifier: Apache-2.0 */
/* death.c - the end of a process, in the order that others may rely on:
 *
 *     report, sockets of a start that failed go back, deferred functions, what it owns (newest
 *     first), names, then: the last reply, links, monitors, everybody whose request it held, its
 *     starter; memory and slot last.
 *
 * Every step takes a thing out before it acts on it, so that a release hook that itself ends (by
 * ks_exit) leaves only the rest to be done. Runs on a stack of the loop. */
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/client.h"
#include "runtime/inherited.h"
#include "runtime/mailbox.h"
#include "runtime/memory.h"
#include "runtime/request.h"
#include "runtime/signal.h"
#include "runtime/socket_hooks.h"
#include "runtime/timer.h"
#include "type/type.h"
#include <kiosk/log.h>
#include <stdio.h>
#include <string.h>

/* --- reasons ---------------------------------------------------------------------------------- */
static size_t cut(const char *text)
{
    size_t length = strnlen(text, KS_REASON_TEXT_MAX);
    if (text[length] == 0) return length;
    /* whole UTF-8 only */
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
    return length;
}

struct ksi_block *ksi_reason_text_new(struct ksi_scheduler *s, const char *text)
{
    if (!text || !text[0]) return NULL;
    size_t length = cut(text);
    uint8_t size_class;
    struct ksi_block *block = ksi_pool_get(&s->pool, sizeof *block + length + 1, &size_class);
    if (!block) return NULL;
    block->next = NULL;
    block->size_class = size_class;
    char *copy = memcpy(block + 1, text, length);
    copy[length] = 0;
    return block;
}

void ksi_set_reason(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason)
{
    p->reason_kind = (int32_t)reason.kind;
    p->reason_code = reason.code;
    if (!reason.text || !reason.text[0]) return;
    struct ksi_cold *cold = ksi_cold(s, p);
    if (cold) cold->reason_text = ksi_reason_text_new(s, reason.text);
}

ks_reason ksi_reason_of(const struct ksi_process *p)
{
    ks_reason reason = { .kind = (ks_reason_kind)p->reason_kind, .code = p->reason_code };
    if (p->cold) reason.text = ksi_block_text(p->cold->reason_text);
    return reason;
}

void ksi_condemn(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason)
{
    if (p->flags & KSI_EXITING) return; /* the first one wins */
    if (KSI_UNLIKELY(s->client) && ksi_is_client(p)) {
        ksi_client_cut(s, reason);
        return;
    }
    ksi_cancel_timer(s, p);
    (void)ksi_request_cancel(s, p); /* false: an answer will come, and be dropped */
    if (KSI_UNLIKELY(p->wait == KSI_WAIT_THREAD)) ksi_unstrand(p);
    p->wait = KSI_WAIT_NOTHING;
    p->flags |= KSI_EXITING;
    ksi_set_reason(s, p, reason);
    if (p != s->current) ksi_ready(s, p);
}

/* --- what it owns ----------------------------------------------------------------------------- */
static void release_record(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record)
{
    switch (ksi_load_relaxed(&record->kind)) {
    case KSI_RECORD_MONITOR:
        ksi_monitor_end(s, p, record); /* frees it, now or when the other side let go */
        return;
    case KSI_RECORD_MARKS: ksi_marks_end(s, p, record); return;
    case KSI_RECORD_ALIAS: ksi_alias_end(s, p, record); return;
    case KSI_RECORD_REQUEST: ksi_async_end(s, p, record); return;
    case KSI_RECORD_SUSPENSION: ksi_suspension_end(s, p, record); return;
    case KSI_RECORD_TIMEOUT: ksi_timeout_end(s, p, record); return;
    case KSI_RECORD_TIMER: ksi_timing_end(s, record); break;
    case KSI_RECORD_OWNED:
    case KSI_RECORD_RESOURCE: {
        void (*release)(void *) = record->own.release;
        void *resource = record->own.resource;
        bool ours = ksi_load_relaxed(&record->kind) == KSI_RECORD_RESOURCE;
        ksi_record_remove(s, p, record);
        ksi_record_free(s, record);
        if (!ours) ksi_go_out();
        release(resource);
        ksi_come_in();
        return;
    }
    default: break;
    }
    ksi_record_remove(s, p, record);
    ksi_record_free(s, record);
}

static void move_to(ks_socket *socket, void *to)
{
    KSI_INSIDE(s);
    const struct ksi_socket_hooks *hooks = s->runtime->sockets;
    (void)hooks->detach(s, socket); /* false: it was still in flight, or is not its own any more */
    hooks->attach(s, socket, to);   /* nothing, when it is somebody's */
}

/* A start that failed: the sockets that it was given are the starter's again. */
static void give_back(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_message *m = p->current ? p->current : p->mailbox;
    if (!(p->flags & KSI_STARTING) || !m || m->kind != KSI_START) return;
    if (!m->public.type || !m->public.type->owns || !m->public.body) return;
    struct ksi_process *starter = ksi_process_of(s, p->parent);
    if (!starter || !ksi_is_home(s, starter) || (starter->flags & KSI_EXITING) ||
        !s->runtime->sockets)
        return;
    s->current = p;
    ksi_type_each_socket(m->public.type, m->body, move_to, starter);
    m->flags &= (uint8_t)~KSI_MOVES;
    s->current = NULL;
}

static void release_owned(struct ksi_scheduler *s, struct ksi_process *p)
{
    s->current = p;
    p->flags |= KSI_IN_HOOK;
    ksi_turn_end(s, p);
    while (p->owned) {
        release_record(s, p, ksi_record_at(s, p->owned));
        ksi_turn_end(s, p); /* a hook may format, or defer */
    }
    s->current = NULL;
}

/* --- who must hear of it ---------------------------------------------------------------------- */
static void unlink_starter(struct ksi_scheduler *s, struct ksi_process *p)
{
    if ((p->flags & (KSI_STARTING | KSI_LINK_STARTER)) != (KSI_STARTING | KSI_LINK_STARTER)) return;
    struct ksi_record *record = ksi_link_find(s, p, p->parent);
    if (!record) return;
    ksi_link_remove(s, p, record);
    ksi_signal_send(
        s, &(struct ksi_signal){ .kind = KSI_UNLINK, .from = ksi_process_id(p), .to = p->parent });
}

static void fail_request(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    ks_status status = KS_NOPROC;
    if (m->kind == KSI_START) {
        status = p->cold && p->cold->start_status ? p->cold->start_status : KS_EXITED;
        if (p->reason_kind == KS_REASON_STATUS && p->reason_code == KS_NOMEM) status = KS_NOMEM;
    }
    ksi_request_fail(s, m, status);
    ksi_request_done(s, m);
}

/* It leaves although terminate failed; not when the process was killed in there, as it would not
 * have been sent yet. */
static void send_last_reply(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_message *m = p->cold ? p->cold->last_reply : NULL;
    if (!m) return;
    p->cold->last_reply = NULL;
    if (p->flags & KSI_OWN_END)
        ksi_reply_send(s, m, KS_OK, m->public.type, m->public.body);
    else
        ksi_reply_send(s, m, KS_NOPROC, NULL, NULL);
    /* Somebody gave the request up while we ended: its block must wait for that word. */
    if (!(m->flags & KSI_ANSWERED) && p->current) p->current->flags &= (uint8_t)~KSI_ANSWERED;
    ksi_message_free(s, m);
}

static void fail_requests(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_message *m = p->current;
    p->current = NULL;
    if (m) fail_request(s, p, m);
    while ((m = p->deferred)) {
        p->deferred = m->next;
        if (m->next) m->next->public.body = &p->deferred;
        m->public.body = NULL;
        fail_request(s, p, m);
    }
    /* Who stands in line for room gets it, one by one, and hears of the end like the others. */
    while (p->mailbox) fail_request(s, p, ksi_mailbox_take(p, &p->mailbox));
}

static void tell(struct ksi_scheduler *s, struct ksi_process *p)
{
    ks_reason reason = ksi_reason_of(p);
    unlink_starter(s, p);
    send_last_reply(s, p);
    ksi_inbox_drain(s, p);
    ksi_process_gone(s, p); /* before anybody is told, who then finds nobody, wherever he lives */
    ksi_links_end(s, p, reason);
    ksi_watchers_end(s, p, reason);
    ksi_inbox_drain(s, p);
    fail_requests(s, p);
}

/* --- what is left ----------------------------------------------------------------------------- */
static void free_blocks(struct ksi_scheduler *s, struct ksi_block *block)
{
    while (block) {
        struct ksi_block *next = block->next;
        ksi_pool_give(&s->pool, block, block->size_class);
        block = next;
    }
}

static void free_memory(struct ksi_scheduler *s, struct ksi_process *p)
{
    ksi_context_unref(s, p->context);
    if (p->limits) {
        ksi_store_relaxed(&ksi_shared_of(s, p)->dropped, 0); /* for the next tenant */
        ksi_store_relaxed(&ksi_shared_of(s, p)->policy, KS_REFUSE);
        ksi_pool_give(&s->pool, p->limits, ksi_pool_class_of(sizeof *p->limits));
    }
    if (p->state) ksi_pool_give(&s->pool, p->state, ksi_pool_class_of(p->module->state_size));
    struct ksi_cold *cold = p->cold;
    if (!cold) return;
    if (cold->start) ksi_request_done(s, cold->start);
    free_blocks(s, cold->label);
    free_blocks(s, cold->reason_text);
    free_blocks(s, cold->stop_texts);
    ksi_pool_give(&s->pool, cold, ksi_pool_class_of(sizeof *cold));
}

static void format(struct ksi_scheduler *s, struct ksi_process *p, ks_report *report)
{
    const ks_module *module = p->module;
    if (!p->state || !module->format_status) return;
    s->current = p;
    p->flags |= KSI_FORMATTING | KSI_IN_HOOK;
    ksi_go_out();
    module->format_status(p->state, report->state_text, sizeof report->state_text);
    report->state_text[sizeof report->state_text - 1] = 0;
    if (module->format_report) module->format_report(p->state, report);
    ksi_come_in();
    report->reason_text[sizeof report->reason_text - 1] = 0;
    report->message_text[sizeof report->message_text - 1] = 0;
    report->state_text[sizeof report->state_text - 1] = 0;
}

/* A formatter that does not come back leaves KSI_FORMATTING: the crash is reported without it, and
 * without the texts that it may have wanted to hide. */
static void report(struct ksi_scheduler *s, struct ksi_process *p)
{
    static const char failed[] = "(format_status failed)";
    ks_report report;
    if (!(p->flags & KSI_OWN_END) || (p->flags & KSI_REPORTED)) return;
    if (ks_is_clean(ksi_reason_of(p)) || !ks_log_enabled(KS_LOG_ERROR)) return;
    ksi_report_fill(p, &report);
    if (p->flags & KSI_FORMATTING) {
        memcpy(report.state_text, failed, sizeof failed);
        memcpy(report.message_text, failed, sizeof failed);
    } else {
        format(s, p, &report);
    }
    p->flags |= KSI_REPORTED;
    ksi_report_crash(s, p, &report);
}

void ksi_die(struct ksi_scheduler *s, struct ksi_process *p)
{
    KSI_ASSERT(!p->stack && (p->flags & KSI_EXITING));
    if (p->flags & KSI_QUEUED) return; /* when the queue gives it back */
    p->flags |= KSI_DYING;
    KSI_PROBE3(exit, KSI_PROBED_PID(p), p->reason_kind, p->reason_code);
    report(s, p);
    give_back(s, p);
    release_owned(s, p);
    if (s->parallel || ksi_load_relaxed(&p->name)) ksi_name_forbid(s, p); /* we, or who locks */
    ksi_bound_release(s, p);
    ksi_allocations_free(s, p); /* so that who is told finds nothing of it */
    tell(s, p);
    free_memory(s, p);
    ksi_process_free(s, p);
}
