#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_test.sh - scripts/bench.sh and scripts/bench-compare.sh with programs whose figures are
# known: what they print, what they leave behind, and when they fail. The commit to compare with is
# one of a repository that is made here, built by a project of three lines.
# Functions that are run by name.
# shellcheck disable=SC2317
set -u
command -v git >/dev/null || exit 77
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work/tmp" HOME="$work" GIT_CONFIG_NOSYSTEM=1
unset BENCH_PROGRAM BENCH_OUT RUNS
mkdir -p "$TMPDIR"
failed=0

check() { # WHAT, then a command
    what=$1
    shift
    "$@" && return
    echo "FAILED: $what"
    sed 's/^/    | /' "$work/out"
    failed=1
}
shows() { grep -q -E -e "$1" "$work/out"; }
hides() { ! shows "$1"; }
is_gone() { [ -z "$(ls "$TMPDIR")" ] && [ "$(git worktree list | wc -l)" -eq 1 ]; }
run() { # EXPECTED_STATUS COMMAND...
    expected=$1
    shift
    "$@" >"$work/out" 2>&1
    status=$?
    check "$*: exit status $status instead of $expected" [ "$status" -eq "$expected" ]
}

# A kiosk-bench whose workloads take FACTOR times 100, 110, 120... ns, a step more each time; with
# two schedulers half of it. What it cannot do: UNKNOWN.
fake() { # FILE FACTOR UNKNOWN
    cat >"$1" <<END
#!/bin/sh
case \$1 in
--list)
    printf '%s\n' 'ring 2 ns_per_op' 'work 1,2 ns_per_op' 'parts 1 bytes' 'broken 1 ns_per_op'
    exit ;;
$3) exit 2 ;;
broken) echo 'the reason' >&2; exit 1 ;;
esac
count=\$(cat "$1.\$1.\$PEER_CORES" 2>/dev/null || echo 0)
echo \$((count + 1)) >"$1.\$1.\$PEER_CORES"
value=\$(((100 + count * 10) * $2 / PEER_CORES))
line="{\"workload\":\"\$1\",\"cores\":\$PEER_CORES,\"ns_per_op\":\$value.00"
echo "a line that is none of ours"
[ "\$1" != parts ] && echo "\$line}" && exit
echo "\$line,\"bytes\":\$value,\"part\":\"all: of it\"}"
echo "\$line,\"bytes\":7,\"part\":\"rest\"}"
END
    chmod +x "$1"
}

# --- a repository with two commits ---------------------------------------------------------------
cd "$work" || exit 1
mkdir -p repository/scripts repository/build/bench && cd repository || exit 1
cp "$root"/scripts/bench* scripts/
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.13)
project(fake NONE)
set(program ${CMAKE_BINARY_DIR}/bench/kiosk-bench)
add_custom_target(bench COMMAND cp ${CMAKE_SOURCE_DIR}/program ${program})
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
END
echo build/ >.gitignore
commit() {
    git -c user.name=nobody -c user.email=nobody@localhost -c commit.gpgsign=false commit -q "$@"
}
git init -q . && fake program 2 parts && git add -A && commit -m first && git tag first
echo 'project(' >CMakeLists.txt && git add -A && commit -m second && git tag second
git checkout -q first && fake build/bench/kiosk-bench 1 nothing
forget() { rm -f build/bench/kiosk-bench.* program.*; }

# --- one side ------------------------------------------------------------------------------------
run 0 scripts/bench.sh ring parts work
check "medians of three" shows '^ring +2 ns_per_op +55 +18% +3$'
check "parts by their own metric" shows '^parts all: of it +1 bytes +110 +18% +3$'
check "another part" shows '^parts rest +1 bytes +7 +0% +3$'
check "one and two schedulers" shows '^work: 2.00 times as much with two schedulers as with one$'
check "the lines as they were" [ "$(grep -c '^{"workload"' build/bench/results.jsonl)" -eq 15 ]
check "nothing but them" [ "$(wc -l <build/bench/results.jsonl)" -eq 15 ]
check "nothing is left" is_gone
forget
RUNS=4 run 0 scripts/bench.sh ring
check "an even number: the mean of the middle two" shows '^ring +2 ns_per_op +57.5 '
forget
run 1 scripts/bench.sh
check "a workload that fails is named" shows 'bench: broken failed with exit status 1'
run 1 scripts/bench.sh ring rung
check "so is one that is unknown" shows 'no workload rung'

# --- two sides -----------------------------------------------------------------------------------
forget
run 0 scripts/bench-compare.sh first ring work parts
check "medians of seven, and the ratio" shows '^ring +2 ns_per_op +130 +65 +0.50  0.50..0.50$'
check "each number of schedulers by itself" shows '^work +1 ns_per_op +260 +130 +0.50'
check "the other one" shows '^work +2 ns_per_op +130 +65 +0.50'
check "what the commit does not know yet" shows '^parts rest +only in new$'
check "the same number of schedulers" hides 'another number'
check "nothing is left" is_gone
forget
RUNS=8 run 0 scripts/bench-compare.sh first ring
check "eight pairs" [ "$(cat build/bench/kiosk-bench.ring.2)" -eq 8 ]
RUNS=6 run 1 scripts/bench-compare.sh first ring
check "too few pairs" shows 'at least 7'
run 1 scripts/bench-compare.sh first broken
check "the reason of a failure" shows 'broken: exit status 1: the reason'
check "nothing is left of it" is_gone
run 1 scripts/bench-compare.sh second ring
check "a commit that does not build" shows 'does not build'
check "nothing is left of that" is_gone
run 1 scripts/bench-compare.sh third ring
check "no such commit" shows 'no commit third'
run 1 scripts/bench-compare.sh
check "no commit at all" shows 'usage'
exit "$failed"
