/* SPDX-License-Identifier: Apache-2.0 */
/* resp_fuzz - any bytes, whole and in pieces: the same answer, and never a byte outside.
 *
 * The first byte of the input chooses the pieces. Built with clang -fsanitize=fuzzer,address. */
#include "../../examples/store/resp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a run over an input gave: the two ways must agree on all of it. */
struct outcome {
    uint64_t digest; /* of all arguments and their borders */
    size_t begin;    /* where the last, unfinished or wrong, request begins */
    resp_result result;
};

static void digest(struct outcome *outcome, const char *bytes, size_t len)
{
    outcome->digest = (outcome->digest ^ len) * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < len; i++)
        outcome->digest = (outcome->digest ^ (unsigned char)bytes[i]) * 0x100000001b3u;
}

/* Goes on from outcome->begin in memory that ends where the bytes end. */
static void run(
    struct resp_command *command, struct outcome *outcome, const uint8_t *data, size_t len)
{
    static const struct resp_limits limits = { 8, 64, 256 };
    size_t rest = len - outcome->begin, done = 0, consumed = 0;
    char *bytes = malloc(rest + !rest);
    if (!bytes) abort();
    if (rest) memcpy(bytes, data + outcome->begin, rest);
    for (;;) {
        resp_result result = resp_parse(bytes + done, rest - done, &limits, command, &consumed);
        outcome->result = result;
        if (result != RESP_COMMAND) break;
        if (consumed < 1 || consumed > rest - done) abort();
        for (uint32_t i = 0; i < command->count; i++) {
            ks_text arg = resp_arg(command, i);
            digest(outcome, arg.ptr, arg.len);
        }
        digest(outcome, "", 0);
        resp_begin(command);
        done += consumed;
    }
    if (outcome->result == RESP_MORE && command->need <= rest - done) abort();
    if (outcome->result == RESP_ERROR) digest(outcome, command->error, strlen(command->error));
    outcome->begin += done;
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct resp_command command;
    if (size < 1) return 0;
    size_t piece = data[0] % 17 + 1;
    data++, size--;
    struct outcome whole = { .result = RESP_MORE }, pieces = { .result = RESP_MORE };
    resp_begin(&command);
    run(&command, &whole, data, size);
    resp_begin(&command);
    for (size_t len = 0; len < size && pieces.result == RESP_MORE;) {
        len = size - len < piece ? size : len + piece;
        run(&command, &pieces, data, len);
    }
    if (whole.digest != pieces.digest || whole.begin != pieces.begin) abort();
    if (whole.result != pieces.result) abort();
    return 0;
}
