#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# store_test.sh - the real store program, driven by redis-cli, redis-benchmark and raw bytes.
#
#     store_test.sh build/examples/store
# Starts it on free ports, stops all that it started, and says for each check whether it held.
# Exit: 0 all held, 1 some did not, 77 redis-cli or redis-benchmark is missing.
# Requests stand in single quotes: the dollar signs in them are the protocol's.
# shellcheck disable=SC2016
set -u

store=${1:?usage: store_test.sh path/to/store}
for tool in redis-cli redis-benchmark; do
    command -v "$tool" >/dev/null || { echo "SKIP: $tool is missing"; exit 77; }
done
scratch=$(mktemp -d)
declare -A started=() # by process id; one that was waited for is taken out: its id may be another's
failed=0
checks=0

clean_up() {
    for pid in "${!started[@]}"; do
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

check() { # what expected got
    checks=$((checks + 1))
    [ "$2" = "$3" ] && return
    failed=$((failed + 1))
    printf 'FAILED: %s\n  expected: %q\n  got:      %q\n' "$1" "$2" "$3"
}

check_match() { # what pattern got
    checks=$((checks + 1))
    # The pattern is meant as one.
    # shellcheck disable=SC2053
    [[ $3 == $2 ]] && return
    failed=$((failed + 1))
    printf 'FAILED: %s\n  expected: %s\n  got:      %q\n' "$1" "$2" "$3"
}

until_true() { # seconds command...: polls; false when time is over
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -ge "$end" ] && return 1
        sleep 0.05
    done
}

# Sets pid and port; output goes to $scratch/NAME.out and .err.
start() { # name options...
    local name=$1
    shift
    rm -f "$scratch/$name.out" # of an earlier one with this name
    # A shell starts what runs in the background with SIGINT ignored; a user's terminal does not.
    env --default-signal=INT "$store" --port 0 "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" &
    pid=$!
    started[$pid]=1
    if ! until_true 10 grep -qs '^READY port ' "$scratch/$name.out"; then
        echo "FAILED: $name did not become ready; its words:"
        cat "$scratch/$name.out" "$scratch/$name.err"
        exit 1
    fi
    port=$(sed -n 's/^READY port //p' "$scratch/$name.out")
}

cli() { timeout 10 redis-cli -p "$port" "$@"; }

# Sends bytes (a printf format), reads what comes until the server closes or 0.5 s have passed.
# CR LF is shown as "~".
raw() {
    local answer
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return
    # The bytes are given as a format on purpose.
    # shellcheck disable=SC2059
    printf "$1" >&3
    answer=$(timeout 0.5 cat <&3 | tr '\r' '~' | tr -d '\n')
    exec 3>&-
    printf '%s' "$answer"
}

# True when the server closes the connection after these bytes.
closes_after() {
    local result
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return
    # shellcheck disable=SC2059
    printf "$1" >&3
    timeout 3 cat <&3 >/dev/null
    result=$?
    exec 3>&-
    [ "$result" -ne 124 ]
}

basic_commands() {
    check "PING" "PONG" "$(cli PING)"
    check "PING with a message" "hi there" "$(cli PING "hi there")"
    check "ECHO" "hello" "$(cli ECHO hello)"
    check "GET of nothing" "" "$(cli GET nothing)"
    check "SET" "OK" "$(cli SET greeting hello)"
    check "GET" "hello" "$(cli GET greeting)"
    check "names in any case" "hello" "$(cli gEt greeting)"
    check "INCR of nothing" "1" "$(cli INCR counter)"
    check "INCR" "2" "$(cli INCR counter)"
    check "INCR of a text" "ERR value is not an integer or out of range" \
        "$(cli INCR greeting | head -1)"
    cli SET big 9223372036854775807 >/dev/null
    check "INCR beyond 64 bits" "ERR increment or decrement would overflow" \
        "$(cli INCR big | head -1)"
    check "EXISTS counts" "2" "$(cli EXISTS greeting greeting nothing)"
    check "DBSIZE" "3" "$(cli DBSIZE)"
    check "DEL counts" "2" "$(cli DEL big counter nothing)"
    check "DBSIZE after DEL" "1" "$(cli DBSIZE)"
    check "SELECT 0" "OK" "$(cli SELECT 0)"
    check "SELECT 1" "ERR DB index is out of range" "$(cli SELECT 1 | head -1)"
    check "CLIENT SETNAME" "OK" "$(cli CLIENT SETNAME me)"
    check "too few arguments" "ERR wrong number of arguments for 'get' command" \
        "$(cli GET | head -1)"
    check "an unknown command" "ERR unknown command 'FOO', with args beginning with: 'a' 'b' " \
        "$(cli FOO a b | head -1)"
    check_match "INFO kiosk" "*processes:*shards:4*restarts:0*keys:1*" "$(cli INFO kiosk)"
    check_match "INFO" "*# Server*# Clients*# Memory*# Kiosk*" "$(cli INFO)"
    check_match "DEBUG without --demo" "ERR DEBUG needs*" "$(cli DEBUG CRASH-SHARD k | head -1)"
}

binary_values() {
    local value
    value=$(printf 'a\r\nb\001\377' | cli -x SET binary && cli GET binary | od -An -c | tr -d ' \n')
    check_match "a value of any bytes" 'OK*a\\r\\nb001377*' "$value"
    head -c 400000 /dev/urandom | base64 -w0 | head -c 500000 >"$scratch/big"
    check "a value of 500000 bytes is taken" "OK" "$(cli -x SET big <"$scratch/big")"
    check "a value of 500000 bytes comes back" "$(md5sum <"$scratch/big")" \
        "$(cli GET big | head -c 500000 | md5sum)"
    cli DEL big binary >/dev/null
}

pipelines() {
    check "a pipeline is answered in order" "+OK~:1~:2~\$1~2~+PONG~" \
        "$(raw 'SET p 0\r\nINCR p\r\nINCR p\r\nGET p\r\nPING\r\n')"
    check "arrays and lines mixed" "+PONG~\$2~hi~+PONG~" \
        "$(raw '*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nPING\r\n')"
    check "empty lines get no answer" "+PONG~" "$(raw '\r\n*0\r\nPING\r\n')"
    check "nothing after QUIT" "+PONG~+OK~" "$(raw 'PING\r\nQUIT\r\nPING\r\n')"
    cli DEL p >/dev/null
}

in_pieces() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    local piece
    for piece in '*2\r' '\n$4\r\nEC' 'HO\r\n$5' '\r\nhe' 'llo' '\r' '\n'; do
        # shellcheck disable=SC2059
        printf "$piece" >&3
        sleep 0.03
    done
    check "a request in pieces" "\$5~hello~" "$(timeout 0.5 cat <&3 | tr '\r' '~' | tr -d '\n')"
    exec 3>&-
}

bad_protocol() {
    local e='-ERR Protocol error:'
    check "bad count" "$e invalid multibulk length~" "$(raw '*x\r\n')"
    check "huge count" "$e invalid multibulk length~" "$(raw '*99999999\r\n')"
    check "no bulk" "$e expected '\$', got ':'~" "$(raw '*1\r\n:1\r\n')"
    check "negative bulk" "$e invalid bulk length~" "$(raw '*1\r\n$-1\r\n')"
    check "huge bulk" "$e invalid bulk length~" "$(raw '*1\r\n$999999999\r\n')"
    check "bad end" "$e expected CR LF after a bulk string~" "$(raw '*1\r\n$4\r\nPINGxx')"
    check "good, then bad" "+PONG~$e invalid multibulk length~" "$(raw 'PING\r\n*x\r\nPING\r\n')"
    check "a line without end" "$e too big inline request~" \
        "$(raw "$(head -c 70000 /dev/zero | tr '\0' x)")"
    check "an error stays one line" "-ERR unknown command 'a  +OK', with args beginning with: ~" \
        "$(raw '*1\r\n$6\r\na\r\n+OK\r\n')"
    check_match "HTTP" "-ERR Protocol error*" "$(raw 'POST / HTTP/1.1\r\nHost: x\r\n\r\n')"
    checks=$((checks + 1))
    closes_after '*x\r\n' || { failed=$((failed + 1)); echo "FAILED: it closes after an error"; }
    check "it still serves" "PONG" "$(cli PING)"
}

# Clients that go away in the middle of everything: nobody else notices.
rude_clients() {
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    for _ in 1 2 3 4 5 6 7 8; do
        exec 3<>"/dev/tcp/127.0.0.1/$port"
        printf '*2\r\n$3\r\nGET\r\n$100\r\nhalf' >&3
        exec 3>&-
    done
    (redis-benchmark -p "$port" -t set -n 100000000 -q >/dev/null 2>&1 & load=$!
        sleep 0.3
        kill -KILL "$load"
        wait "$load" 2>/dev/null)
    printf 'PING\r\n' >&4
    check "an older connection lives on" "+PONG~" \
        "$(timeout 0.5 cat <&4 | tr '\r' '~' | tr -d '\n')"
    exec 4>&-
    check "new ones are served" "PONG" "$(cli PING)"
    only_one_client() { [[ $(cli INFO clients) == *connected_clients:1[^0-9]* ]]; }
    until_true 5 only_one_client
    check_match "the processes of those who left are gone" "*connected_clients:1[^0-9]*" \
        "$(cli INFO clients)"
}

# It asks for much and reads nothing: the others are served, and memory does not grow with it.
client_that_never_reads() {
    head -c 300000 /dev/zero | tr '\0' v | cli -x SET big >/dev/null
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    for _ in $(seq 3000); do printf 'GET big\r\n'; done >&4
    sleep 0.5
    check "others are served meanwhile" "PONG" "$(cli PING)"
    local kib
    kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
    checks=$((checks + 1))
    if [ "$kib" -gt 300000 ]; then # 3000 answers would take 900 MB
        failed=$((failed + 1))
        echo "FAILED: a client that never reads is bounded: $kib KiB resident"
    fi
    exec 4>&-
    cli DEL big >/dev/null
}

benchmark() {
    local pipeline got
    for pipeline in 1 16; do
        got=$(timeout 60 redis-benchmark -p "$port" -t set,get -n 20000 -r 1000 -q \
            -P "$pipeline" 2>&1 | tr '\r' '\n' | grep 'requests per second')
        check_match "redis-benchmark -P $pipeline" "*SET:*requests per second*GET:*requests*" "$got"
        printf '%s\n' "$got"
    done
}

crashing_shard() {
    start demo --demo --data-dir "$scratch/data"
    check "the data directory is private" "700" "$(stat -c %a "$scratch/data")"
    until_true 5 grep -q redis-benchmark "$scratch/demo.out"
    check_match "the demo shows the tree" "*shard 0*shard 3*" "$(cat "$scratch/demo.out")"
    cli SET victim here >/dev/null
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    check "DEBUG CRASH-SHARD" "OK" "$(cli DEBUG CRASH-SHARD victim)"
    restarted() { [[ $(cli INFO kiosk) == *restarts:1* ]]; }
    until_true 5 restarted
    check_match "the restart is counted" "*restarts:1*" "$(cli INFO kiosk)"
    check "the new shard is empty" "" "$(cli GET victim)"
    check "and takes keys" "OK" "$(cli SET victim again)"
    check_match "the crash is reported" "*asked to crash*" "$(cat "$scratch/demo.err")"
    printf 'GET victim\r\n' >&4
    check "connections do not notice" "\$5~again~" \
        "$(timeout 0.5 cat <&4 | tr '\r' '~' | tr -d '\n')"
    exec 4>&-
}

too_many_clients() {
    start few --max-connections 2
    exec 4<>"/dev/tcp/127.0.0.1/$port" 5<>"/dev/tcp/127.0.0.1/$port"
    printf 'PING\r\n' >&4
    printf 'PING\r\n' >&5
    timeout 0.3 cat <&4 >/dev/null
    check "one client too many" "-ERR max number of clients reached~" "$(raw '')"
    exec 4>&- 5>&-
    has_room() { [ "$(cli PING 2>&1)" = PONG ]; }
    until_true 5 has_room
    check "there is room again" "PONG" "$(cli PING)"
}

idle_clients() {
    start idle --idle-timeout 1
    checks=$((checks + 1))
    closes_after '' || { failed=$((failed + 1)); echo "FAILED: an idle client is closed"; }
}

port_in_use() {
    local words
    words=$(timeout 10 "$store" --port "$port" 2>&1 >/dev/null)
    check "a taken port: exit code" 1 $?
    check_match "a taken port: message" \
        "*store: cannot listen on 127.0.0.1:$port: Address already in use*" "$words"
}

command_line() {
    local words
    words=$(timeout 10 "$store" --port banana 2>&1)
    check "a bad number: exit code" 2 $?
    check_match "a bad number: message" "store: --port takes a number*'banana'*" "$words"
    timeout 10 "$store" --no-such-option >/dev/null 2>&1
    check "a bad option: exit code" 2 $?
    timeout 10 "$store" stray >/dev/null 2>&1
    check "a stray argument: exit code" 2 $?
    timeout 10 "$store" --bind localhost >/dev/null 2>&1
    check "a name to bind to: exit code" 2 $?
    check_match "--help" "*USAGE*--port N*" "$("$store" --help)"
    check_match "--version" "store [0-9]*" "$("$store" --version)"
    words=$(timeout 10 "$store" --port 0 --data-dir /dev/null 2>&1)
    check "a data directory that is none: exit code" 1 $?
    check_match "a data directory that is none: message" "store: cannot use /dev/null*" "$words"
}

# With clients connected, one of them in the middle of a request.
stops_in_order() { # signal
    start stopping
    exec 4<>"/dev/tcp/127.0.0.1/$port" 5<>"/dev/tcp/127.0.0.1/$port"
    printf '*1\r\n$4\r\nPI' >&4
    kill -"$1" "$pid"
    gone() { ! kill -0 "$pid" 2>/dev/null; }
    local began=$EPOCHREALTIME took
    until_true 5 gone || { kill -KILL "$pid"; }
    took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
    wait "$pid"
    check "$1: exit code" 0 $?
    unset "started[$pid]"
    checks=$((checks + 1))
    [ "$took" -lt 2000 ] || {
        failed=$((failed + 1))
        echo "FAILED: $1 stops within 2 s: $took ms"
    }
    exec 4>&- 5>&-
}

command_line
start main
basic_commands
binary_values
pipelines
in_pieces
bad_protocol
rude_clients
client_that_never_reads
benchmark
port_in_use
crashing_shard
too_many_clients
idle_clients
stops_in_order TERM
stops_in_order INT
echo "store: $checks checks, $failed failed"
[ "$failed" -eq 0 ]
