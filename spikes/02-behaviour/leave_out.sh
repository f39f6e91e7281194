#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# leave_out.sh FEATURE TREE - takes one feature of a call out of a copy of the sources. Fails when a
# line that it would change is not there.
feature=$1
runtime=$2/src/runtime

edit() { # FILE SCRIPT
    cp "$1" "$1.before"
    sed -i -E "$2" "$1"
    cmp -s "$1" "$1.before" && { echo "$feature: nothing to change in $1"; exit 1; }
    [ -s "$1" ] || exit 1
}

monitor() { # the request as the monitor of the call
    edit "$runtime/call.c" 's/^    self->request = m;//'
    edit "$runtime/signal.c" 's/if \(!p \|\| !p->request\) return false;/if (!p) return false;/'
    edit "$runtime/signal.c" 's/^    p->request = NULL;.*//'
}
timeout() { # the embedded timer, even of KS_INFINITY
    edit "$runtime/block.h" \
        's/^    ksi_start_timer\(s, p, timeout\);//'
    edit "$runtime/signal.c" '/apply_reply/,/^}/s/^    ksi_cancel_timer\(s, p\);//'
    edit "$runtime/block.h" \
        's/^    if \(KSI_LIKELY\(!\(p->flags & KSI_TIMED_OUT.*/    return KS_OK;/'
}
deadline() {
    edit "$runtime/call.c" 's/^    m->deadline = timeout;//'
    edit "$runtime/call.c" 's/^    if \(timeout < KS_INFINITY\) m->flags \|= KSI_RELATIVE;//'
    edit "$runtime/call.c" 's/^    ks_ms left = time_left\(s\);/    ks_ms left = KS_INFINITY;/'
    edit "$runtime/serve.c" \
        's/^    if \(!m->public.op \|\| m->public.op->kind != KS_OP_CALL.*/    return false;/'
}
limit() { # the length of the mailbox, which is all that a direct hand-over pays for
    edit "$runtime/signal.h" 's/^    target->queue_length\+\+;//'
    edit "$runtime/mailbox.h" 's/^    p->queue_length--;//'
}
recorder() {
    edit "$runtime/recorder.h" 's/^    event->(to|from|what|kind) = .*//'
    edit "$runtime/recorder.h" 's/^    struct ksi_event \*event = .*//'
}
check() { # of module and operation
    edit "$2/src/behaviours/gen_server.c" 's/__builtin_expect\(op->module != module, 0\)/0/'
    edit "$runtime/call.c" \
        's/if \(m && m->kind == KSI_MESSAGE && m->public.op == op.*/if (m) return m;/'
}
errno() { # kept for the process where it blocks
    edit "$runtime/block.h" 's/^    (int kept = errno|errno = kept);//'
}
simulator() { # the look for a seeded runner
    edit "$runtime/scheduler.h" 's/^    if \(s && __builtin_expect\(s->simulator.*//'
    edit "$runtime/signal.c" 's/KSI_UNLIKELY\(s->simulator != NULL\)/0/'
    edit "$runtime/signal.c" 's/ &&$/ \&\&/; s/^        !s->simulator\) \{/        1) {/'
}
all() {
    for one in monitor timeout deadline limit recorder check errno simulator; do "$one" "$@"; done
}
"$feature" "$@"
