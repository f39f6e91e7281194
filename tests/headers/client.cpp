/* SPDX-License-Identifier: Apache-2.0 */
/* client.cpp - what a client in C++17 writes: log events with fields. Compiled only. */
#include <kiosk/kiosk.h>

typedef struct order {
    int64_t id;
} order;
KS_DECLARE_TYPE(order);

void client(ks_pid to, const order *described);
void client(ks_pid to, const order *described)
{
    const char *name = "joe";
    size_t size = 12;
    ks_log_info("%s has %zu", name, size);
    ks_report(KS_LOG_INFO, "client connected", KS_WITH("name", name), KS_WITH("size", size),
        KS_WITH("to", to), KS_WITH("ratio", 0.5), KS_WITH("good", true), KS_WITH("code", -1),
        KS_WITH_TYPE("order", order, described));
    ks_log_event event = {};
    event.level = KS_LOG_ERROR;
    event.message = ks_str("made");
    ks_log_submit(&event);
    char text[100];
    (void)ks_log_json(&event, nullptr, text, sizeof text);
}
