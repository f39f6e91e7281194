#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# store_limits_test.py - memory: of many who say nothing, of one who asks for much, and of keys.
#
#     store_limits_test.py build/examples/store [--plain]
# --plain: figures of memory count, too (a sanitizer takes more).
# Exit: 0 all held, 1 some did not, 77 python3-redis is missing.

import resource
import sys

from store import Raw, Server, expect, expect_between, expect_error, run, skip

try:
    import redis
except ImportError:
    skip("python3-redis is missing")

PLAIN = "--plain" in sys.argv


def client_of(server):
    return redis.Redis(port=server.port, decode_responses=True, socket_timeout=20)


def idle_clients(program, _):
    """Each has asked something once, as clients do."""
    count = 10000 if PLAIN else 500
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < count + 100:
        count = hard - 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000) if hard > 0 else
                                                count + 1000, hard))
    with Server(program, "--max-connections", "20000") as server:
        r = client_of(server)
        r.set("k", "v")
        before = server.resident()
        others = []
        for _ in range(count):
            others.append(Raw(server.port))
            others[-1].send(b"GET k\r\n")
            if others[-1].line() != b"$1":
                expect("each is served", False, True)
        expect("all are connected", r.info("clients")["connected_clients"], count + 1)
        each = (server.resident() - before) / count
        print(f"{count} idle clients: {each:.0f} bytes each")
        if PLAIN:
            expect_between("bytes of each", each, 100, 10240)
        for other in others:
            other.close()


def maxmemory(program, _):
    with Server(program, "--maxmemory", "4mb") as server:
        r = client_of(server)
        said = "OOM command not allowed when used memory > 'maxmemory'"
        written, refusal = 0, ""
        try:
            while written < 100000:
                r.set(f"k{written}", "v" * 1000)
                written += 1
        except redis.ResponseError as error:
            refusal = str(error)
        expect("it is refused in the words of Redis", said.split(" ", 1)[1] in refusal or
               said in refusal, True)
        expect_between("near the limit", r.info("memory")["used_memory_dataset"],
                       2 * 2**20, 4 * 2**20)
        expect("what is there is still read", r.get("k0"), "v" * 1000)
        expect("and deleted", r.delete(*[f"k{i}" for i in range(written)]), written)
        expect("then there is room again", r.set("again", "v" * 1000), True)


def large_answers(program, _):
    with Server(program, "--max-output", "1mb") as server:
        r = client_of(server)
        r.set("k", "v" * 100000)
        expect("an answer that fits", r.mget(["k"] * 9), ["v" * 100000] * 9)
        expect_error("one that does not", "larger than --max-output", r.mget, ["k"] * 11)
        pipe = r.pipeline(transaction=False)
        for _ in range(200):
            pipe.get("k")
        expect("many that fit", set(pipe.execute()), {"v" * 100000})
        expect("the connection goes on", r.ping(), True)


def large_requests(program, _):
    with Server(program, "--max-request", "1mb") as server:
        r = client_of(server)
        expect("one that fits", r.set("k", "v" * 1000000), True)
        expect("comes back", r.strlen("k"), 1000000)
        expect_error("one that does not", "Protocol error", r.set, "k", "v" * 1100000)


run("limits", idle_clients, maxmemory, large_answers, large_requests)
