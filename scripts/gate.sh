#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gate.sh [STEP...] - builds and tests in several configurations, quietly. Without arguments: what
# every change must pass; `all`: every step there is. Each configuration has
# its own folder and log under build/gate/. The last line is the sum over all steps, `N passed,
# N failed`: a test, a check of the files, and a build that fails count one each.
set -u
cd "$(dirname "$0")/.." || exit 1
usual="gcc asan-clang tidy format shell"
every="$usual clang asan-gcc tsan-gcc tsan-clang mean valgrind aarch64 analyzer flood seeds \
    models stress deb"
out=build/gate
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}
began=$(date +%s)
passed=0
failed=0

say() {
    printf '[%4ds] %s\n' $(($(date +%s) - began)) "$*"
}

# Shows why a step failed. WHAT LOG
show() {
    say "$1: FAILED"
    awk '/The following tests FAILED/, 0' "$2" | grep -E '^[[:space:]]+[0-9]+ - ' |
        sed 's/^[[:space:]]*/        /'
    echo "        the end of $2:"
    grep -v -E '^\[ *[0-9]+%\]|^[0-9]+ warnings? generated\.$' "$2" | tail -n 40 |
        sed 's/^/        | /'
}

# Counts a check that is not a ctest run. NAME COMMAND...
check() {
    name=$1
    shift
    if "$@" >"$out/$name.log" 2>&1; then
        passed=$((passed + 1))
        say "$name: ok"
        return
    fi
    failed=$((failed + 1))
    show "$name" "$out/$name.log"
    return 1
}

# NAME CC [CMAKE OPTION...]
configure() {
    name=$1 cc=$2
    shift 2
    cmake -S . -B "$out/$name" -DCMAKE_C_COMPILER="$cc" -DCMAKE_ASM_COMPILER="$cc" \
        -DKIOSK_WERROR=ON -DKIOSK_TESTS=ON "$@" >"$out/$name.log" 2>&1
}

# NAME CC [CMAKE OPTION...]: false when it does not build.
build() {
    say "$1: building"
    configure "$@" && cmake --build "$out/$name" -j "$jobs" >>"$out/$name.log" 2>&1 && return
    failed=$((failed + 1))
    show "$name (build)" "$out/$name.log"
    return 1
}

# Prints the number of ctest's result lines whose verdict fits a pattern. LOG PATTERN
verdicts() {
    grep -c -E "^ *[0-9]+/[0-9]+ Test +#[0-9]+: .*$2" "$1"
}

# Runs the tests of a configuration that is built. NAME[:PART] WRAPPER, then arguments for ctest
run_tests() {
    name=$1 folder=${1%%:*} wrapper=$2
    shift 2
    log=$out/$(echo "$name" | tr : -).test.log
    # The wrapper is a list of words.
    # shellcheck disable=SC2086
    $wrapper ctest --test-dir "$out/$folder" -j2 --output-on-failure --no-tests=error "$@" \
        >"$log" 2>&1
    status=$?
    good=$(verdicts "$log" ' Passed +[0-9.]+ sec')
    skipped=$(verdicts "$log" '\*\*\*(Skipped|Not Run \(Disabled\))')
    bad=$(($(verdicts "$log" '\*\*\*') - skipped))
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    passed=$((passed + good))
    failed=$((failed + bad))
    if [ "$bad" -ne 0 ]; then
        show "$name" "$log"
    elif [ "$skipped" -ne 0 ]; then
        say "$name: $good passed, $skipped skipped"
    else
        say "$name: $good passed"
    fi
}

# ThreadSanitizer of gcc 12 cannot start under the widest address randomisation.
plain_addresses() {
    setarch "$(uname -m)" -R true 2>/dev/null && echo "setarch $(uname -m) -R"
}

# Every source file of the library and the examples, as clang's configuration compiles them.
# [ARGUMENT OF CLANG-TIDY...]
clang_tidy() {
    (configure clang clang) || { # keeps the name of the check
        cat "$out/clang.log"
        return 1
    }
    root=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$out/clang/CMakeCache.txt")
    sed -n 's/^ *"file": "\(.*\.c\)",\{0,1\}$/\1/p' "$out/clang/compile_commands.json" | sort -u |
        awk -v s="$root/src/" -v e="$root/examples/" 'index($0, s) == 1 || index($0, e) == 1' |
        tr '\n' '\0' | xargs -0 -P "$jobs" -n 1 clang-tidy --quiet -p "$out/clang" "$@"
}

# Ten million casts at a slow server, by each policy. What it prints is in the log.
floods() {
    for policy in refuse drop_newest drop_oldest block; do
        "$out/gcc/bench/kiosk-bench" "flood_$policy" || return 1
    done
}

# The rules and the behaviours with a thousand seeds instead of a hundred. SCHEDULERS
thousand_seeds() {
    for program in "$out"/gcc/tests/rules/*_test "$out"/gcc/tests/behaviours/*_test \
        "$out"/gcc/tests/conformance/*_test; do
        case $1-$program in [!1]-*rule_10_*_cost_test) continue ;; esac # they measure one
        check "seeds-$(basename "$program")-$1" env KIOSK_SCHEDULERS="$1" KIOSK_RUNS=1000 \
            CK_TIMEOUT_MULTIPLIER=60 "$program"
    done
}

# The unit tests as aarch64 programs, under emulation: instructions, sizes and the switch of stacks
# are tested; memory is as strongly ordered as here, which is not what the processor does.
aarch64() {
    root=$PWD/build/aarch64
    cross=aarch64-linux-gnu
    check aarch64-root scripts/aarch64_root.sh "$root" || return
    export PKG_CONFIG_LIBDIR="$root/usr/lib/$cross/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"
    build aarch64 $cross-gcc -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
        -DCMAKE_CXX_COMPILER=NOTFOUND "-DKIOSK_TEST_WRAPPER=qemu-aarch64;-L;/usr/$cross" &&
        run_tests aarch64 "env CK_TIMEOUT_MULTIPLIER=20" \
            -LE 'static|uses|guide|tools|examples|bench|stress|several'
    unset PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
}

# So many seconds on one, two and eight schedulers, in a build that is there. NAME WRAPPER
stress_one() {
    for schedulers in 1 2 8; do
        # The wrapper is a list of words.
        # shellcheck disable=SC2086
        check "stress-$1-$schedulers" $2 "$out/$1/tests/stress" "$schedulers" "$seconds" "$seed"
    done
}

# The release, ThreadSanitizer and mean builds, SECONDS each, from another seed each day.
stress() {
    seconds=$((${SECONDS_EACH:-600} / 3))
    seed=$(($(date +%s) / 86400))
    build gcc gcc && stress_one gcc ""
    build tsan-gcc gcc -DKIOSK_SANITIZE=thread && stress_one tsan-gcc "$(plain_addresses)"
    build mean gcc -DKIOSK_MEAN=ON -DKIOSK_SANITIZE=address && stress_one mean ""
}

# Under ASan each process ends with a look for leaks, which takes longer than most tests.
one_process="env CK_FORK=no"

step() {
    case $1 in
    gcc)
        build gcc gcc && {
            run_tests gcc "" -LE several
            run_tests gcc:several "env KIOSK_RUNS=10" -L several
        }
        ;;
    # What is measured, and what one thread simulates of several schedulers: as with gcc; the latter
    # under ASan in the mean build. On one scheduler; gcc's are on one for each core.
    clang)
        build clang clang &&
            run_tests clang "env KIOSK_SCHEDULERS=1" -LE 'static|several|bench|cost'
        ;;
    asan-gcc)
        build asan-gcc gcc -DKIOSK_SANITIZE=address &&
            run_tests asan-gcc "$one_process" -LE 'static|several|cost'
        ;;
    asan-clang)
        build asan-clang clang -DKIOSK_SANITIZE=address &&
            run_tests asan-clang "$one_process KIOSK_SCHEDULERS=1 KIOSK_RUNS=20" \
                -LE 'static|several|cost'
        ;;
    tsan-gcc | tsan-clang)
        # Some thirty times slower where stacks are switched. One thread has no races.
        build "$1" "${1#tsan-}" -DKIOSK_SANITIZE=thread &&
            run_tests "$1" "env CK_TIMEOUT_MULTIPLIER=15 $(plain_addresses)" -LE 'static|several'
        ;;
    mean)
        build mean gcc -DKIOSK_MEAN=ON -DKIOSK_SANITIZE=address &&
            run_tests mean "$one_process" -LE static
        ;;
    valgrind)
        wrapper="valgrind;-q;--error-exitcode=99;--suppressions=$PWD/scripts/valgrind.supp"
        build valgrind gcc "-DKIOSK_TEST_WRAPPER=$wrapper" &&
            run_tests valgrind "env CK_TIMEOUT_MULTIPLIER=20" -LE 'static|uses|guide|tools|several'
        ;;
    aarch64) aarch64 ;;
    flood)
        build gcc gcc && check flood floods
        ;;
    seeds) build gcc gcc && for count in 1 2 3; do thousand_seeds $count; done ;;
    models) build gcc gcc && run_tests gcc "env FULL=1" -L models ;;
    stress) stress ;;
    deb) check deb scripts/deb.sh ;;
    tidy) check tidy clang_tidy '--checks=-clang-analyzer-*' ;; # which take most of its time
    analyzer) check analyzer clang_tidy ;;
    style) build gcc gcc && check style "$out/gcc/tests/tidy_test" . ;;
    format) check format scripts/format.sh --check ;;
    shell) check shell shellcheck scripts/*.sh tests/*/*.sh .ci/run ;;
    *)
        echo "gate: no step $1; there are: $every style" >&2
        exit 2
        ;;
    esac
}

mkdir -p "$out"
# Under make, its children would name every folder they enter.
export MAKEFLAGS=--no-print-directory
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export TSAN_OPTIONS="halt_on_error=1${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
[ $# -eq 0 ] && steps=$usual || steps="$*"
[ "$steps" = all ] && steps=$every
for name in $steps; do
    step "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
