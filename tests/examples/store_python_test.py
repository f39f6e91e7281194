#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# store_python_test.py - redis-py, as Debian packs it, against the store.
#
#     store_python_test.py build/examples/store
# Exit: 0 all held, 1 some did not, 77 the library is missing.

import threading
import time

from store import Server, expect, expect_between, expect_error, run, skip

try:
    import redis
except ImportError:
    skip("python3-redis is missing")


def client_of(server, **options):
    return redis.Redis(port=server.port, decode_responses=True, **options)


def values(program, _):
    with Server(program) as server, client_of(server) as r:
        expect("set", r.set("k", "v"), True)
        expect("get", r.get("k"), "v")
        expect("get of nothing", r.get("none"), None)
        expect("set nx", r.set("k", "w", nx=True), None)
        expect("set xx", r.set("none", "w", xx=True), None)
        expect("set get", r.set("k", "w", get=True), "v")
        expect("append", r.append("k", "xyz"), 4)
        expect("strlen", r.strlen("k"), 4)
        expect("getdel", r.getdel("k"), "wxyz")
        expect("type", (r.set("k", 1), r.type("k"), r.type("none")), (True, "string", "none"))
        expect("incr", (r.incr("n"), r.incr("n", 41), r.decr("n", 2)), (1, 42, 40))
        expect_error("incr of a word", "value is not an integer or out of range",
                     lambda: (r.set("w", "word"), r.incr("w")))
        r.set("n", 2**63 - 1)
        expect_error("incr too far", "increment or decrement would overflow", r.incr, "n")
        expect("mset", r.mset({f"m{i}": i for i in range(300)}), True)
        expect("mget", r.mget([f"m{i}" for i in range(300)] + ["none"]),
               [str(i) for i in range(300)] + [None])
        expect("exists", r.exists("m1", "m2", "m2", "none"), 3)
        expect("delete", r.delete("m1", "m2", "m2", "none"), 2)
        expect("setnx", (r.setnx("s", 1), r.setnx("s", 2), r.get("s")), (True, False, "1"))
        expect("echo", r.echo("hello"), "hello")
        expect("ping", r.ping(), True)
        expect_error("another database", "DB index is out of range", r.select, 1)
        expect_error("no such command", "unknown command", r.lpush, "l", 1)


def binary(program, _):
    with Server(program) as server, redis.Redis(port=server.port) as r:
        data = bytes(range(256)) * 1024
        r.set(data[:300], data)
        expect("a key and a value of any bytes", r.get(data[:300]), data)


def expiry(program, _):
    with Server(program) as server, client_of(server) as r:
        r.set("k", "v", ex=100)
        expect_between("ttl", r.ttl("k"), 99, 100)
        expect_between("pttl", r.pttl("k"), 99000, 100000)
        expect("persist", (r.persist("k"), r.ttl("k"), r.ttl("none")), (True, -1, -2))
        expect("expire", (r.expire("k", 50), r.expire("none", 50)), (True, False))
        r.set("k", "w", keepttl=True)
        expect_between("ttl after keepttl", r.ttl("k"), 49, 50)
        r.expireat("k", int(time.time()) + 1000)
        expect_between("ttl after expireat", r.ttl("k"), 998, 1000)
        r.set("k", "w", exat=int(time.time()) + 10)
        expect_between("ttl after exat", r.ttl("k"), 8, 10)
        r.set("k", "w")
        expect("ttl after set", r.ttl("k"), -1)
        expect("expire in the past", (r.pexpire("k", -1), r.get("k")), (True, None))
        expect_error("no time", "invalid expire time in 'set' command",
                     lambda: r.execute_command("SET", "k", "v", "EX", "0"))
        r.set("k", "v", px=60)
        expect("before it is over", r.get("k"), "v")
        time.sleep(0.08)
        expect("a read sees that it is over", (r.get("k"), r.exists("k")), (None, 0))


def swept(program, _):
    """What nobody asks for goes, too, and its memory."""
    with Server(program) as server, client_of(server) as r:
        pipe = r.pipeline(transaction=False)
        for i in range(5000):
            pipe.set(f"k{i}", "v" * 100, px=300 if i % 5 else None)
        pipe.execute()
        expect("all are there", r.dbsize(), 5000)
        full = r.info("memory")["used_memory_dataset"]
        end = time.monotonic() + 10
        while r.dbsize() > 1000 and time.monotonic() < end:
            time.sleep(0.02)
        expect("those that expire are gone", r.dbsize(), 1000)
        expect("and counted", r.info("stats")["expired_keys"], 4000)
        expect_between("and their memory is", r.info("memory")["used_memory_dataset"], 1, full // 3)


def all_keys(program, _):
    with Server(program) as server, client_of(server) as r:
        names = {f"key:{i}" for i in range(2000)}
        r.mset({name: 1 for name in names})
        expect("dbsize", r.dbsize(), 2000)
        expect("keys", set(r.keys("*")), names)
        expect("keys that match", sorted(r.keys("key:1[0-2]?")),
               [f"key:{i}" for i in range(100, 130)])
        expect("scan", set(r.scan_iter()), names)
        expect("scan with match and count", set(r.scan_iter(match="key:*7", count=500)),
               {name for name in names if name.endswith("7")})
        expect("scan of another type", list(r.scan_iter(_type="list")), [])
        expect_error("no cursor", "invalid cursor", r.execute_command, "SCAN", "x")
        expect("flushall", (r.flushall(), r.dbsize(), r.keys()), (True, 0, []))


def scan_while_it_changes(program, _):
    """What is there from the beginning to the end is seen, though others come and go."""
    with Server(program) as server, client_of(server) as r:
        stay = {f"stay{i}" for i in range(500)}
        r.mset({name: 1 for name in stay})
        seen, cursor, n = set(), None, 0
        while cursor != 0:
            cursor, found = r.scan(cursor or 0)
            seen.update(found)
            r.mset({f"other{n + i}": 1 for i in range(20)})
            if n > 1000:
                r.delete(*[f"other{i}" for i in range(n - 1000, n - 980)])
            n += 20
        expect("all that stayed", stay - seen, set())


def pipelines(program, _):
    with Server(program) as server, client_of(server) as r:
        pipe = r.pipeline(transaction=False)
        wanted = []
        for i in range(1000):
            pipe.incr("n").set(f"k{i % 7}", i).get(f"k{i % 7}").mget("n", "none").exists("none")
            wanted += [i + 1, True, str(i), [str(i + 1), None], 0]
        expect("answers in order", pipe.execute(), wanted)
        pipe.get("n").incr("k0x").execute_command("NOSUCH").dbsize()
        got = pipe.execute(raise_on_error=False)
        expect("errors stand in their places", (got[0], got[1], got[3]), ("1000", 1, 9))
        expect("and are errors", "unknown command" in str(got[2]), True)


def clients(program, _):
    with Server(program) as server, client_of(server) as r:
        other = redis.Redis(port=server.port, client_name="worker-1", decode_responses=True)
        expect("its name", other.client_getname(), "worker-1")
        expect("no name", r.client_getname() or None, None)
        rows = {int(row["id"]): row for row in r.client_list()}
        expect("both are listed", set(rows) >= {r.client_id(), other.client_id()}, True)
        expect("with its name", rows[other.client_id()]["name"], "worker-1")
        expect_error("no name for a client", "Client names cannot contain spaces",
                     r.client_setname, "a b")
        killed = other.client_id()
        expect("kill by id", r.client_kill_filter(_id=killed), 1)
        expect("it is gone", killed in {int(row["id"]) for row in r.client_list()}, False)
        expect("it comes again", other.ping(), True)
        address = next(row["addr"] for row in r.client_list() if row["name"] == "worker-1")
        expect("kill by address", r.client_kill(address), True)
        expect_error("of nobody", "No such client", r.client_kill, "1.2.3.4:5")
        other.close()


def about_itself(program, scratch):
    with Server(program, "--maxmemory", "1gb", "--data-dir", scratch) as server, \
            client_of(server) as r:
        info = r.info()
        for field in ("store_version", "connected_clients", "used_memory", "processes", "shards",
                      "restarts", "queued", "rdb_last_save_time", "shard3"):
            expect(f"info has {field}", field in info, True)
        expect("config get", r.config_get("max*"), {
            "maxclients": "10000", "maxmemory": str(2**30), "maxmemory-policy": "noeviction"})
        expect("command count", r.command_count(), len(r.execute_command("COMMAND")))
        expect("command", r.command()["get"]["arity"], 2)
        before = int(time.time())
        expect("save", r.save(), True)
        expect_between("lastsave", int(r.lastsave().timestamp()), before, before + 5)


def many_threads(program, _):
    """A counter that all of them raise, and keys that are each one's own."""
    with Server(program) as server, client_of(server) as r:
        failures = []

        def work(n):
            with client_of(server) as mine:
                for i in range(300):
                    mine.incr("all")
                    mine.set(f"own{n}", i)
                    if mine.get(f"own{n}") != str(i):
                        failures.append((n, i))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect("each sees what it wrote", failures, [])
        expect("none is lost", r.get("all"), "2400")


run("redis-py", values, binary, expiry, swept, all_keys, scan_while_it_changes, pipelines, clients,
    about_itself, many_threads)
