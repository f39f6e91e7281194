# SPDX-License-Identifier: Apache-2.0
# bench.awk - tables of what kiosk-bench printed. Input, a line each:
#     SIDE ROUND SCHEDULERS METRIC {a line of kiosk-bench}
# -v how=table: the side `run`, median and spread of each workload, and how two schedulers compare
# with one where both were measured. -v how=compare: the sides `old` and `new`, run in pairs:
# medians, their ratio, the least and the largest ratio of a pair. What doubled has the ratio 2.

function field(line, name,    at, rest) {
    at = index(line, "\"" name "\":")
    if (!at) return ""
    rest = substr(line, at + length(name) + 3)
    if (substr(rest, 1, 1) == "\"") {
        rest = substr(rest, 2)
        return substr(rest, 1, index(rest, "\"") - 1)
    }
    sub(/[,}].*/, "", rest)
    return rest
}

# Of the values list[key, 1] ... list[key, n]; sorts them.
function median(list, key, n,    i, j, value) {
    for (i = 2; i <= n; i++) {
        value = list[key, i]
        for (j = i - 1; j >= 1 && list[key, j] > value; j--) list[key, j + 1] = list[key, j]
        list[key, j + 1] = value
    }
    return n % 2 ? list[key, (n + 1) / 2] : (list[key, n / 2] + list[key, n / 2 + 1]) / 2
}

function human(value) {
    return sprintf(value >= 1000 || value == int(value) ? "%.0f" : "%.3g", value)
}

{
    side = $1; round = $2; metric = $4
    json = substr($0, index($0, "{"))
    name = field(json, "workload")
    part = field(json, "part")
    value = field(json, metric) + 0
    key = name SUBSEP part SUBSEP $3
    if (!(key in label)) {
        keys[++key_count] = key
        label[key] = part == "" ? name : name " " part
        metrics[key] = metric
    }
    cores_of[side, key] = field(json, "cores")
    values[side, key, ++count[side, key]] = value
    in_round[side, key, round] = value
    if (round > rounds) rounds = round
}

# Of a workload that was measured with one scheduler and with two.
function print_scaling(    i, parts, one, two) {
    for (i = 1; i <= key_count; i++) {
        two = keys[i]
        split(two, parts, SUBSEP)
        one = parts[1] SUBSEP parts[2] SUBSEP 1
        if (parts[3] != 2 || !(one in medians) || !medians[two]) continue
        printf "%s: %.2f times as much with two schedulers as with one\n", label[two],
            medians[one] / medians[two]
    }
}

function print_table(    i, key, n, middle, low, high) {
    printf "%-49s %5s %-18s %12s %7s %4s\n", "workload", "cores", "field", "median", "spread", "runs"
    for (i = 1; i <= key_count; i++) {
        key = keys[i]
        n = count["run", key]
        middle = medians[key] = median(values, "run" SUBSEP key, n)
        low = values["run", key, 1]
        high = values["run", key, n]
        printf "%-49s %5s %-18s %12s %6.0f%% %4d\n", label[key], cores_of["run", key],
            metrics[key], human(middle), middle ? 100 * (high - low) / middle : 0, n
    }
    print_scaling()
}

# The least and the largest ratio of a pair, as a text.
function extremes(key,    r, ratio, least, most) {
    least = most = ""
    for (r = 1; r <= rounds; r++) {
        if (!(("old", key, r) in in_round) || !(("new", key, r) in in_round)) continue
        if (!in_round["old", key, r]) continue
        ratio = in_round["new", key, r] / in_round["old", key, r]
        if (least == "" || ratio < least) least = ratio
        if (most == "" || ratio > most) most = ratio
    }
    return least == "" ? "-" : sprintf("%.2f..%.2f", least, most)
}

function print_comparison(    i, key, old, new, cores, others) {
    printf "%-49s %5s %-18s %12s %12s %6s  %s\n", "workload", "cores", "field", "old", "new", "ratio",
        "of a pair"
    for (i = 1; i <= key_count; i++) {
        key = keys[i]
        if (!count["old", key] || !count["new", key]) {
            printf "%-49s only in %s\n", label[key],
                count["new", key] ? "new" : "old"
            continue
        }
        old = median(values, "old" SUBSEP key, count["old", key])
        new = median(values, "new" SUBSEP key, count["new", key])
        cores = cores_of["new", key]
        if (cores_of["old", key] != cores) {
            cores = cores_of["old", key] "/" cores
            others = 1
        }
        printf "%-49s %5s %-18s %12s %12s %6s  %s\n", label[key], cores, metrics[key], human(old),
            human(new), old ? sprintf("%.2f", new / old) : "-", extremes(key)
    }
    if (others) print "old/new: the two had another number of schedulers"
}

END {
    if (how == "compare") print_comparison()
    else print_table()
}
