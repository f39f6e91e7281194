/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/kiosk.h - everything of libkiosk but the test tools. */
#ifndef KIOSK_KIOSK_H
#define KIOSK_KIOSK_H
#include "blocking.h"
#include "client.h"
#include "drain.h"
#include "file.h"
#include "gen_server.h"
#include "info.h"
#include "io.h"
#include "keep.h"
#include "log.h"
#include "runtime.h"
#include "spawn.h"
#include "supervisor.h"
#include "tcp.h"
#include "timer.h"
#include "udp.h"
#include "version.h"
#endif
