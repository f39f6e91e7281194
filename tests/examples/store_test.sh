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
trap '' PIPE # to write to a connection that the server has closed is part of the test

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

check_between() { # what least most got
    checks=$((checks + 1))
    [ "$4" -ge "$2" ] && [ "$4" -le "$3" ] && return
    failed=$((failed + 1))
    printf 'FAILED: %s\n  expected: %s to %s\n  got:      %s\n' "$1" "$2" "$3" "$4"
}

# For what nobody tells us: polls; false when time is over.
until_true() { # seconds command...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -ge "$end" ] && return 1
        sleep 0.02
    done
}

now_ms() { printf '%s' "$((${EPOCHREALTIME/./} / 1000))"; }

# --- servers ----------------------------------------------------------------------------------
# Reads the output of the latest server, until a line fits or it ends; they are added to $words.
hear_words() { # pattern
    local line
    while IFS= read -r -t 20 -u "$out" line; do
        words+=$line$'\n'
        # shellcheck disable=SC2053
        [[ $line == $1 ]] && return
    done
    false
}

# Sets pid, port and out, a descriptor; the log goes to $scratch/NAME.err.
start() { # name options...
    local name=$1
    shift
    rm -f "$scratch/out"
    mkfifo "$scratch/out"
    # A shell starts what runs in the background with SIGINT ignored; a user's terminal does not.
    env --default-signal=INT,PIPE "$store" --port 0 "$@" >"$scratch/out" 2>"$scratch/$name.err" &
    pid=$!
    started[$pid]=1
    exec {out}<"$scratch/out"
    words=
    if ! hear_words 'READY port *'; then
        echo "FAILED: $name did not become ready; its words:"
        cat "$scratch/$name.err"
        exit 1
    fi
    port=${words##*READY port }
    port=${port%%$'\n'*}
}

# The latest server ends, which is the end of its output: sets its exit code, or kills it.
await_end() { # seconds
    local code
    IFS= read -r -t "$1" -d '' -u "$out" _
    [ $? -gt 128 ] && kill -KILL "$pid"
    wait "$pid"
    code=$?
    unset "started[$pid]"
    exec {out}<&-
    return "$code"
}

stop() {
    kill -TERM "$pid"
    await_end 20
    check "it stops in order" 0 $?
}

cli() { timeout 20 redis-cli -p "$port" "$@"; }

info() { # field: its number
    local text
    text=$(cli INFO)
    text=${text##*"$1:"}
    printf '%s' "${text%%$'\r'*}"
}
info_is() { [ "$(info "$1")" = "$2" ]; }

# --- connections ------------------------------------------------------------------------------
# Opens a connection as descriptor $c.
connect() { exec {c}<>"/dev/tcp/127.0.0.1/$port"; }

# A line of what comes over a connection.
hear() { # descriptor
    local line
    IFS= read -r -t 20 -u "$1" line || line="(nothing)"
    printf '%s' "${line%$'\r'}"
}

# A request of one line, and the first line of its answer.
ask() { # descriptor request
    printf '%s\r\n' "$2" >&"$1"
    hear "$1"
}

# What comes until the server closes the connection; CR LF is shown as "~".
hear_all() { # descriptor
    local answer
    answer=$(timeout 20 cat <&"$1" 2>&1 || echo "(not closed, or reset)")
    answer=${answer//$'\r'/\~}
    printf '%s' "${answer//$'\n'/}"
}

# Sends bytes (a printf format); all that comes.
raw() {
    local c
    connect || return
    # The bytes are given as a format on purpose.
    # shellcheck disable=SC2059
    printf "$1" >&"$c"
    hear_all "$c"
    exec {c}>&-
}

# --- what a client may ask --------------------------------------------------------------------
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
    check_match "DEBUG without --demo" "ERR unknown command 'DEBUG'*" \
        "$(cli DEBUG CRASH-SHARD k | head -1)"
}

binary_values() {
    local value
    value=$(printf 'a\r\nb\001\377' | cli -x SET binary && cli GET binary | od -An -c | tr -d ' \n')
    check_match "a value of any bytes" 'OK*a\\r\\nb001377*' "$value"
    head -c 375000 /dev/urandom | base64 -w0 >"$scratch/big"
    check "a value of 500000 bytes is taken" "OK" "$(cli -x SET big <"$scratch/big")"
    check "a value of 500000 bytes comes back" "$(md5sum <"$scratch/big")" \
        "$(cli GET big | head -c 500000 | md5sum)"
    cli DEL big binary >/dev/null
}

pipelines() {
    check "a pipeline is answered in order" "+OK~:1~:2~\$1~2~+PONG~+OK~" \
        "$(raw 'SET p 0\r\nINCR p\r\nINCR p\r\nGET p\r\nPING\r\nQUIT\r\n')"
    check "arrays and lines mixed" "+PONG~\$2~hi~+PONG~+OK~" \
        "$(raw '*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nPING\r\nQUIT\r\n')"
    check "empty lines get no answer" "+PONG~+OK~" "$(raw '\r\n*0\r\nPING\r\nQUIT\r\n')"
    check "nothing after QUIT" "+PONG~+OK~" "$(raw 'PING\r\nQUIT\r\nPING\r\n')"
    check "an error stays one line" \
        "-ERR unknown command 'a  +OK', with args beginning with: ~+OK~" \
        "$(raw '*1\r\n$6\r\na\r\n+OK\r\nQUIT\r\n')"
    cli DEL p >/dev/null
}

# More than a shard is asked at once, by one command and by many, of light and of heavy ones.
many_at_once() {
    local keys=() pairs=() values=() n
    for n in {1..300}; do
        keys+=("many:$n")
        pairs+=("many:$n" "value $n")
        values+=("value $n")
    done
    check "MSET of 300 keys" "OK" "$(cli MSET "${pairs[@]}")"
    check "MGET of 300 keys is in order" "$(printf '%s\n' "${values[@]}")" \
        "$(cli MGET "${keys[@]}")"
    check "EXISTS of 300 keys" "300" "$(cli EXISTS "${keys[@]}")"
    check "DEL of 300 keys" "300" "$(cli DEL "${keys[@]}" nothing)"
    for n in {1..300}; do
        printf 'SET many:%d %d\r\nINCR many:%d\r\nGET many:%d\r\n' "$n" "$n" $((n % 7)) "$n"
    done >"$scratch/mixed"
    printf 'QUIT\r\n' >>"$scratch/mixed"
    check "900 commands in a pipeline are answered in order" \
        "$(mixed_answers | md5sum)" "$(raw "$(<"$scratch/mixed")\n" | tr '~' '\n' | md5sum)"
    cli FLUSHALL >/dev/null
}

# What SET n, INCR n % 7, GET n answer, from 1 on.
mixed_answers() {
    local -A numbers=()
    local n low
    for n in {1..300}; do
        numbers[$n]=$n
        low=$((n % 7))
        numbers[$low]=$((${numbers[$low]:-0} + 1))
        printf '+OK\n:%d\n$%d\n%d\n' "${numbers[$low]}" "${#numbers[$n]}" "${numbers[$n]}"
    done
    printf '+OK\n'
}

# Another client is answered between the pieces, so the server has seen each by itself.
in_pieces() {
    local c piece
    connect
    for piece in '*2\r' '\n$4\r\nEC' 'HO\r\n$5' '\r\nhe' 'llo' '\r' '\n'; do
        # shellcheck disable=SC2059
        printf "$piece" >&"$c"
        cli PING >/dev/null
    done
    check "a request in pieces" "\$5 hello" "$(hear "$c") $(hear "$c")"
    exec {c}>&-
}

# --- wrong and rude clients -------------------------------------------------------------------
refused() { # error bytes
    check "refused: ${2:0:60}" "-ERR Protocol error: $1~" "$(raw "$2")"
}

# Many more stand in malformed.txt; these are too long for a table, or follow something good.
bad_protocol() {
    local count='invalid multibulk length'
    refused 'too big request' '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$524288\r\n'
    refused 'too big inline request' "$(head -c 70000 /dev/zero | tr '\0' x)"
    refused 'this is not an HTTP server' 'POST / HTTP/1.1\r\nHost: x\r\n\r\n'
    check "good, then bad" "+PONG~-ERR Protocol error: $count~" "$(raw 'PING\r\n*x\r\nPING\r\n')"
    check "it still serves" "PONG" "$(cli PING)"
    check "with the same shards" "0" "$(info restarts)"
}

# Clients that go away in the middle of everything: nobody else notices.
rude_clients() {
    local c older load
    connect
    older=$c
    for _ in 1 2 3 4 5 6 7 8; do
        connect
        printf '*2\r\n$3\r\nGET\r\n$100\r\nhalf' >&"$c"
        exec {c}>&-
    done
    redis-benchmark -p "$port" -t set -n 100000000 -q >/dev/null 2>&1 &
    load=$!
    under_load() { [ "$(cli EXISTS key:__rand_int__)" = 1 ]; }
    until_true 20 under_load
    kill -KILL "$load"
    wait "$load" 2>/dev/null
    check "an older connection lives on" "+PONG" "$(ask "$older" PING)"
    exec {older}>&-
    check "new ones are served" "PONG" "$(cli PING)"
    until_true 20 info_is connected_clients 1
    check "the processes of those who left are gone" "1" "$(info connected_clients)"
}

count_fds() {
    local fds=("/proc/$pid/fd"/*)
    printf '%s' "${#fds[@]}"
}

# As long as nobody but the one that asks is connected.
usage() { printf '%s clients, %s processes' "$(info connected_clients)" "$(info processes)"; }
has_usage() { [ "$(usage)" = "$1" ] && [ "$(count_fds)" = "$idle_fds" ]; }
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; } # file count

# Two clients have their pipelines in work; the process of one is killed.
killed_client() {
    local c victim other id before victim_asks victim_hears other_hears
    until_true 20 info_is connected_clients 1
    before=$(usage)
    connect
    victim=$c
    connect
    other=$c
    id=$(ask "$victim" 'CLIENT ID')
    id=${id#:}
    check_match "CLIENT LIST shows both" "*id=$id addr=127.0.0.1:*id=*" "$(cli CLIENT LIST)"
    seq -f ':%.0f' 30000 | sed 's/$/\r/' >"$scratch/expected"
    timeout 20 yes $'INCR victim\r' 1>&"$victim" 2>/dev/null &
    victim_asks=$!
    timeout 20 cat <&"$victim" >"$scratch/victim" 2>/dev/null &
    victim_hears=$!
    timeout 20 head -n 30000 <&"$other" >"$scratch/other" &
    other_hears=$!
    head -n 15000 "$scratch/expected" | sed 's/.*/INCR other\r/' >&"$other"
    until_true 20 has_lines "$scratch/victim" 1000
    check "CLIENT KILL ID" "1" "$(cli CLIENT KILL ID "$id")"
    head -n 15000 "$scratch/expected" | sed 's/.*/INCR other\r/' >&"$other"
    wait "$victim_asks" "$victim_hears" # they end when the server has closed the connection
    wait "$other_hears"
    check "every answer of the other came, in order" "" \
        "$(cmp "$scratch/expected" "$scratch/other" 2>&1)"
    check "the other one goes on" ":30001" "$(ask "$other" 'INCR other')"
    check "it is gone" "0" "$(cli CLIENT KILL ID "$id")"
    check_match "the kill is reported" "*child '127.0.0.1:*terminated: killed; not restarted*" \
        "$(<"$scratch/main.err")"
    exec {victim}>&- {other}>&-
    until_true 20 has_usage "$before"
    check "clients, processes and descriptors are as before" 0 $?
    check "CLIENT KILL of nobody" "0" "$(cli CLIENT KILL ID 1)"
    check "CLIENT KILL without a number" "ERR client-id should be greater than 0" \
        "$(cli CLIENT KILL ID me | head -1)"
    check "CLIENT KILL otherwise" "ERR syntax error" "$(cli CLIENT KILL me | head -1)"
    cli DEL victim other >/dev/null
}

peak_kib() { awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"; } # of resident memory

# It asks 7 million times for 64 KiB and reads nothing, until the server has enough of it.
client_that_never_reads() {
    local c rude before began sent answer took slowest=0 pings=0 asks
    # AddressSanitizer keeps what is freed; that is no memory of the server's.
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1 start patient --send-timeout 1
    head -c 65536 /dev/zero | tr '\0' v | cli -x SET big >/dev/null
    cli GET big >/dev/null
    before=$(peak_kib)
    connect
    rude=$c
    connect
    began=$(now_ms)
    (timeout 20 yes $'GET big\r' | head -c 64M >&"$rude") 2>/dev/null &
    asks=$!
    while kill -0 "$asks" 2>/dev/null; do # without a fork: it would measure the shell
        sent=${EPOCHREALTIME/./}
        printf 'PING\r\n' >&"$c"
        IFS= read -r -t 5 -u "$c" answer && [ "$answer" = $'+PONG\r' ] && pings=$((pings + 1))
        took=$(((${EPOCHREALTIME/./} - sent) / 1000))
        [ "$took" -gt "$slowest" ] && slowest=$took
        [ $((${EPOCHREALTIME/./} / 1000 - began)) -gt 20000 ] && break
    done
    took=$(($(now_ms) - began))
    wait "$asks"
    check "a client that never reads is closed before it has asked for all" 1 $?
    check_between "by the send time-out (ms)" 1000 10000 "$took"
    check_between "meanwhile others are served" 100 10000000 "$pings"
    check_between "in normal time (ms)" 0 500 "$slowest"
    check_between "and memory does not grow with what it asks for (KiB)" 0 32768 \
        $(($(peak_kib) - before))
    exec {rude}>&- {c}>&-
    until_true 20 info_is connected_clients 1
    check "its process is gone" "1" "$(info connected_clients)"
    stop
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

# --- crashes ----------------------------------------------------------------------------------
crashing_shard() {
    local c
    start demo --demo --data-dir "$scratch/data"
    check "the data directory is private" "700" "$(stat -c %a "$scratch/data")"
    hear_words '*Ctrl-C*'
    check_match "the demo shows the tree" "*shard 0*shard 3*redis-benchmark*" "$words"
    cli SET victim here >/dev/null
    connect
    check "DEBUG CRASH-SHARD" "OK" "$(cli DEBUG CRASH-SHARD victim)"
    until_true 20 info_is restarts 1
    check "the restart is counted" "1" "$(info restarts)"
    check "the new shard is empty" "" "$(cli GET victim)"
    check "and takes keys" "OK" "$(cli SET victim again)"
    check_match "the crash is reported" "*crash:*ended: error: asked to crash*" \
        "$(<"$scratch/demo.err")"
    check_match "and the restart" "*supervisor 'shards': child 'shard *; restarting (1 of 10 in*" \
        "$(<"$scratch/demo.err")"
    check "connections do not notice" "\$5 again" "$(ask "$c" 'GET victim') $(hear "$c")"
    exec {c}>&-
    stop
}

# The shards' supervisor gives up, its own supervisor starts all of it again, once.
too_many_crashes() {
    local c began crashes=0 log
    start unlucky --demo
    connect
    check "a client is served" "+PONG" "$(ask "$c" PING)"
    began=$(now_ms)
    while [ "$crashes" -lt 500 ] && [ "$(cli DEBUG CRASH-SHARD victim 2>&1)" = OK ]; do
        crashes=$((crashes + 1))
    done
    await_end 20
    check "crashes without end: exit code" 1 $?
    check_between "it ends soon (ms)" 0 5000 $(($(now_ms) - began))
    check_between "after two times 11 crashes" 22 500 "$crashes"
    check "its clients are closed" "(nothing)" "$(hear "$c")"
    exec {c}>&-
    check_match "its port is closed" "*Connection refused*" "$( (connect) 2>&1)"
    log=$(<"$scratch/unlucky.err")
    check_match "the first to give up names the child and the limit" \
        "*'shards': child 'shard *; more than 10 restarts in 5 s: giving up*" "$log"
    check_match "then the root" \
        "*'store': child 'shards' *; more than 1 restart in 5 s: giving up*" "$log"
    check_match "the last word is an error" \
        "*\[error\]*root 'store' ended: shutdown: reached max restarts" "${log##*$'\n'}"
}

# --- limits, start and stop -------------------------------------------------------------------
too_many_clients() {
    local c first
    start few --max-connections 2
    connect
    first=$c
    connect
    check "two clients are served" "+PONG +PONG" "$(ask "$first" PING) $(ask "$c" PING)"
    check "one client too many" "-ERR max number of clients reached~" "$(raw '')"
    exec {c}>&- {first}>&-
    has_room() { [ "$(cli PING 2>&1)" = PONG ]; }
    until_true 20 has_room
    check "there is room again" "PONG" "$(cli PING)"
    stop
}

idle_clients() {
    start idle --idle-timeout 1
    check "an idle client is closed" "" "$(raw '')"
    stop
}

port_in_use() {
    local words
    words=$(timeout 20 "$store" --port "$port" 2>&1 >/dev/null)
    check "a taken port: exit code" 1 $?
    check_match "a taken port: message" \
        "*store: cannot listen on 127.0.0.1:$port: Address already in use*" "$words"
}

command_line() {
    local words option
    words=$(timeout 20 "$store" --port banana 2>&1)
    check "a bad number: exit code" 2 $?
    check_match "a bad number: message" "store: --port takes a number*'banana'*" "$words"
    timeout 20 "$store" --no-such-option >/dev/null 2>&1
    check "a bad option: exit code" 2 $?
    timeout 20 "$store" stray >/dev/null 2>&1
    check "a stray argument: exit code" 2 $?
    timeout 20 "$store" --bind localhost >/dev/null 2>&1
    check "a name to bind to: exit code" 2 $?
    timeout 20 "$store" --kiosk-log=loud >/dev/null 2>&1
    check "a log level that is none: exit code" 1 $?
    check_match "--help" "*USAGE*--port N*" "$("$store" --help)"
    check_match "--version" "store [0-9]*" "$("$store" --version)"
    words=$(timeout 20 "$store" --port 0 --data-dir /dev/null 2>&1)
    check "a data directory that is none: exit code" 1 $?
    check_match "a data directory that is none: message" "store: cannot use /dev/null*" "$words"
    words=$("$store" --help)
    # Each option that it takes is in its help.
    for option in port bind data-dir snapshot-every maxmemory shards max-connections max-request \
        max-output idle-timeout send-timeout demo kiosk-log help version; do
        check_match "--help names --$option" "*--$option*" "$words"
    done
}

# With clients connected, one of them in the middle of a request.
stops_in_order() { # signal
    local c busy began
    start stopping
    connect
    busy=$c
    connect
    check "a client is served" "+PONG" "$(ask "$c" PING)"
    printf '*1\r\n$4\r\nPI' >&"$busy"
    began=$(now_ms)
    kill -"$1" "$pid"
    await_end 20
    check "$1: exit code" 0 $?
    check_between "$1: how long it takes (ms)" 0 2000 $(($(now_ms) - began))
    exec {busy}>&- {c}>&-
}

is_refused() { [[ $( (connect) 2>&1) == *"Connection refused"* ]]; }

# The server is in the middle of a pipeline, as nobody reads the answers yet, when it is told to
# stop: nobody new comes in, and all that was asked is answered.
finishes_its_work() {
    local c busy idle got
    start draining
    head -c 65536 /dev/zero | tr '\0' v | cli -x SET big >/dev/null
    connect
    idle=$c
    connect
    busy=$c
    check "an idle client is served" "+PONG" "$(ask "$idle" PING)"
    for _ in {1..400}; do printf 'GET big\r\n'; done >&"$busy"
    check "while it is busy others are served" "PONG" "$(cli PING)"
    kill -TERM "$pid"
    until_true 10 is_refused
    check "new connections are refused while it finishes" 0 $?
    kill -0 "$pid" 2>/dev/null
    check "it still runs" 0 $?
    got=$(timeout 20 cat <&"$busy" | wc -c)
    check "every answer of the pipeline came (bytes)" $((400 * (8 + 65536 + 2))) "$got"
    check "the idle client is closed" "(nothing)" "$(hear "$idle")"
    await_end 20
    check "a clean drain: exit code" 0 $?
    exec {busy}>&- {idle}>&-
    check_match "the log says what happens" "*kiosk: SIGTERM: stopping; work may be finished*" \
        "$(<"$scratch/draining.err")"
}

command_line
start main
idle_fds=$(count_fds)
basic_commands
binary_values
pipelines
many_at_once
in_pieces
bad_protocol
rude_clients
killed_client
benchmark
port_in_use
stop
client_that_never_reads
crashing_shard
too_many_crashes
too_many_clients
idle_clients
stops_in_order TERM
stops_in_order INT
finishes_its_work
echo "store: $checks checks, $failed failed"
[ "$failed" -eq 0 ]
