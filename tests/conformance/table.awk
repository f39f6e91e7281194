# SPDX-License-Identifier: Apache-2.0
# table.awk - from results (standard input, suite|case|passed) and cases.txt to docs/conformance.md.
# Everything that does not fit is said on standard error, and makes the result 1.
BEGIN {
    FS = "|"
    named["A"] = named["B"] = named["N"] = 1
    said["passed"] = "passed"
    said["adapted"] = "adapted"
    said["waiting"] = "waiting"
    said["inapplicable"] = "not applicable"
}

function wrong(what) {
    print FILENAME ":" FNR ": " what >"/dev/stderr"
    errors++
}

function trim(text) {
    gsub(/^ +| +$/, "", text)
    return text
}

FILENAME == "-" {
    if (($1, $2) in result) wrong("a second test named " $1 " " $2)
    result[$1, $2] = $3
    next
}

/^#/ || /^ *$/ { next }

{
    suite = trim($1); name = trim($2); class = trim($3); status = trim($4); remark = trim($5)
    if (NF != 5) wrong("five fields: suite | case | class | status | remark")
    if (!(class in named)) wrong("no class " class)
    if (!(status in said)) wrong("no status " status)
    if ((suite, name) in line) wrong("a second line for " suite " " name)
    if (status != "passed" && remark == "") wrong(status " without a remark: " suite " " name)
    if (class == "N" && status != "inapplicable") wrong("N, but " status ": " suite " " name)
    tested = status == "passed" || status == "adapted"
    if (tested && result[suite, name] == "") wrong("no test of " suite " " name " has run")
    if (tested && result[suite, name] == "failed") wrong(suite " " name " has failed")
    line[suite, name] = "| `" name "` | " class " | " said[status] " | " remark " |"
    claims[suite, name] = tested
    if (!(suite in cases)) suites[++suite_count] = suite
    order[suite, ++cases[suite]] = name
    counts[suite, status]++
    total[status]++
    all++
}

END {
    for (key in result) {
        split(key, part, SUBSEP)
        if (!claims[part[1], part[2]]) wrong("a test, but no case that passes: " part[1] " " part[2])
    }
    if (errors) exit 1
    print "# Conformance"
    print ""
    print "Cases of the test suites of Erlang/OTP 27 and of Elixir, each run here by a test of the same"
    print "name, in forty seeded runs. `make conformance` writes this page from the results; the list of"
    print "cases is `tests/conformance/cases.txt`. Class A applies to a runtime in C as it is, B with a"
    print "change, N is about the BEAM only. *Adapted* means that the test keeps the case's point in another"
    print "form, which the remark names; *waiting*, that nothing is claimed yet."
    print ""
    print "| suite | cases | passed | adapted | waiting | not applicable |"
    print "|---|---:|---:|---:|---:|---:|"
    for (i = 1; i <= suite_count; i++) {
        s = suites[i]
        printf "| %s | %d | %d | %d | %d | %d |\n", s, cases[s], counts[s, "passed"],
            counts[s, "adapted"], counts[s, "waiting"], counts[s, "inapplicable"]
    }
    printf "| all | %d | %d | %d | %d | %d |\n", all, total["passed"], total["adapted"],
        total["waiting"], total["inapplicable"]
    for (i = 1; i <= suite_count; i++) {
        s = suites[i]
        print "\n## " s "\n"
        print "| case | class | result | remark |"
        print "|---|---|---|---|"
        for (j = 1; j <= cases[s]; j++) print line[s, order[s, j]]
    }
}
