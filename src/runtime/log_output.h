/* SPDX-License-Identifier: Apache-2.0 */
/* log_output.h - standard error, without waiting for it.
 *
 * A line is written at once when the descriptor takes it now, so that the last word before an abort
 * gets out. What it does not take stands in a queue, bounded in lines and bytes, and a thread that
 * exists from the first such line on waits in its place. While no runtime runs there is no thread:
 * whoever logs waits, a second at most. docs/design/0012. Any thread. */
#ifndef KSI_RUNTIME_LOG_OUTPUT_H
#define KSI_RUNTIME_LOG_OUTPUT_H
#include <kiosk/log.h>

/* A line, with its line break. Never fails: what is not written is counted. json: the form in
 * which the count is told. */
void ksi_log_output_write(ks_level level, bool json, const char *line, size_t size);
/* Standard error is a terminal that shows colours, and nobody said NO_COLOR. */
bool ksi_log_output_colours(void);
/* A runtime begins, before it opens any descriptor: who finds standard error closed leaves its
 * number alone, since it may become that of a connection. */
void ksi_log_output_open(void);
/* It has ended: waits until the queue is empty, timeout at most; the last one ends the thread. */
void ksi_log_output_close(ks_ms timeout);

#endif
