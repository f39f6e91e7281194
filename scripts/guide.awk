# SPDX-License-Identifier: Apache-2.0
# guide.awk - one chapter of the guide, a C program, as Markdown: comments that begin a line are the
# text, what stands between them is code. -v before=FILE.md -v after=FILE.md: its neighbours.
function flush_code() {
    sub(/\n+$/, "", code)
    if (code != "") printf "\n```c\n%s\n```\n", code
    code = ""
}

function say(line) {
    print line
}

FNR == 1 { next } # the licence
FNR == 2 {
    title = $0
    sub(/^\/\* [^ ]+ - /, "", title)
    inside = !sub(/\.? *\*\/ *$/, "", title)
    sub(/\.$/, "", title)
    say("# " title)
    next
}
/^\/\* clang-format (on|off) \*\/$/ { next }
!inside && /^\/\*/ {
    flush_code()
    say("")
    inside = 1
    sub(/^\/\*/, " *")
}
inside {
    ends = sub(/ *\*\/ *$/, "")
    sub(/^ \*? ?/, "")
    if (!ends || $0 != "") say($0)
    if (ends) inside = 0
    next
}
code != "" || $0 != "" { code = code $0 "\n" }

END {
    flush_code()
    name = FILENAME
    sub(/.*\//, "", name)
    printf "\n---\n\n"
    if (before) printf "[Back](%s) | ", before
    printf "[All chapters](README.md)"
    if (after) printf " | [Next](%s)", after
    printf "\n\nWritten by `make guide` from [%s](%s), which the tests compile and run;", name, name
    printf " what stands behind `//=>` is what it prints.\n"
}
