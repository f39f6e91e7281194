#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# store_snapshot_test.py - what a snapshot holds outlasts the program, however it ends; what is no
# whole snapshot is not loaded, and not overwritten.
#
#     store_snapshot_test.py build/examples/store
# Exit: 0 all held, 1 some did not, 77 python3-redis is missing.

import os
import stat
import subprocess
import threading
import time

from store import Server, expect, expect_between, expect_error, run, skip

try:
    import redis
except ImportError:
    skip("python3-redis is missing")


def client_of(server):
    return redis.Redis(port=server.port, decode_responses=True, socket_timeout=20)


def file_of(folder):
    return os.path.join(folder, "store.snapshot")


def fill(r, count, value):
    """Not all at once: a request has a limit."""
    for first in range(0, count, 200):
        r.mset({f"k{i}": value(i) for i in range(first, min(count, first + 200))})


def contents(r):
    names = sorted(r.keys())
    return dict(zip(names, r.mget(names))) if names else {}


def ordered_stop(program, scratch):
    with Server(program, "--data-dir", scratch, "--snapshot-every", "0") as server:
        r = client_of(server)
        r.mset({f"k{i}": "v" * i for i in range(500)})
        r.set("soon", 1, px=100)
        r.set("later", 1, ex=1000)
        expect("none was made so far", r.info("persistence")["rdb_last_save_time"], 0)
    mode = stat.S_IMODE(os.stat(file_of(scratch)).st_mode)
    expect("the file is private", oct(mode), "0o600")
    expect("nothing else is left there", os.listdir(scratch), ["store.snapshot"])
    time.sleep(0.1)
    with Server(program, "--data-dir", scratch, "--shards", "7") as server:
        r = client_of(server)
        expect("all is there, with other shards", r.dbsize(), 501)
        expect("with its value", r.get("k499"), "v" * 499)
        expect("what expired meanwhile is not", r.exists("soon"), 0)
        expect_between("what expires later does so then", r.ttl("later"), 990, 1000)


class Load(threading.Thread):
    """Raises its counters one after the other, without end; knows what was acknowledged."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.client = client_of(server)
        self.number = number
        self.acknowledged = {}

    def run(self):
        n = 0
        try:
            while True:
                n += 1
                key = f"load{self.number}:{n % 500}"
                self.acknowledged[key] = self.client.incr(key)
        except (redis.RedisError, OSError):
            pass  # the server is gone


def kill_under_load(program, scratch):
    """What was acknowledged before a completed snapshot began is there after kill -9."""
    with Server(program, "--data-dir", scratch, "--snapshot-every", "0") as server:
        r = client_of(server)
        fill(r, 20000, lambda i: f"{i}" * 100)
        loads = [Load(server, n) for n in range(4)]
        for load in loads:
            load.start()
        for _ in range(3):  # each replaces the one before
            time.sleep(0.2)
            promised = {}
            for load in loads:
                promised.update(load.acknowledged.copy())
            made = r.info("persistence")["snapshots_made"]
            r.bgsave()
            while r.info("persistence")["snapshots_made"] == made:
                time.sleep(0.005)
        expect_between("the load went on meanwhile", sum(promised.values()), 500, 10**9)
        expect_between("lastsave", r.lastsave().timestamp(), time.time() - 10, time.time() + 1)
        server.kill()
        for load in loads:
            load.join()
    acknowledged = {key: value for load in loads for key, value in load.acknowledged.items()}
    with Server(program, "--data-dir", scratch) as server:
        got = contents(client_of(server))
        lost = [key for key, value in promised.items() if int(got.get(key, 0)) < value]
        expect("what the snapshot held is there", lost, [])
        invented = [key for key in got if key.startswith("load")
                    and int(got[key]) > acknowledged.get(key, 0) + 1]  # one may be unanswered
        expect("and nothing that nobody wrote", invented, [])
        expect("and all that never changed", all(got[f"k{i}"] == f"{i}" * 100
                                                 for i in range(20000)), True)


def kill_in_the_middle(program, scratch):
    """A snapshot that was not completed changes nothing of the one before."""
    with Server(program, "--data-dir", scratch, "--snapshot-every", "0") as server:
        r = client_of(server)
        fill(r, 20000, lambda i: "v" * 1000)
        r.save()
        before = open(file_of(scratch), "rb").read()
        fill(r, 20000, lambda i: "w" * 1000)
        r.bgsave()
        server.kill()
    after = open(file_of(scratch), "rb").read()
    whole = after == before
    if not whole:  # it was quick: then it is whole, too
        expect("the file is one of the two", len(after), len(before))
    with Server(program, "--data-dir", scratch) as server:
        r = client_of(server)
        expect("all of one moment", set(r.mget([f"k{i}" for i in range(20000)])),
               {("v" if whole else "w") * 1000})
        expect("what was left beside it is gone", os.listdir(scratch), ["store.snapshot"])


def now_and_then(program, scratch):
    with Server(program, "--data-dir", scratch, "--snapshot-every", "1") as server:
        r = client_of(server)
        r.set("k", "v")
        end = time.monotonic() + 10
        while r.info("persistence")["snapshots_made"] < 2 and time.monotonic() < end:
            time.sleep(0.02)
        expect_between("one each second", r.info("persistence")["snapshots_made"], 2, 10)
        server.kill()
    with Server(program, "--data-dir", scratch) as server:
        expect("it is loaded", client_of(server).get("k"), "v")


def refused(program, scratch, what, why):
    damaged = open(file_of(scratch), "rb").read()
    try:
        with Server(program, "--data-dir", scratch, "--shards", "2"):
            expect(f"{what}: it does not start", True, False)
    except RuntimeError as error:
        expect(f"{what}: exit code 1", "exit code 1:" in str(error), True)
        expect(f"{what}: it is said", f"store.snapshot is damaged: {why}" in str(error), True)
    expect(f"{what}: the file is kept", open(file_of(scratch), "rb").read() == damaged, True)


def damaged_snapshots(program, scratch):
    with Server(program, "--data-dir", scratch) as server:
        client_of(server).mset({f"k{i}": "value" for i in range(1000)})
    good = open(file_of(scratch), "rb").read()

    def write(data):
        with open(file_of(scratch), "wb") as file:
            file.write(data)

    middle = len(good) // 2
    for what, data, why in (
            ("cut", good[:middle], "its end is missing"),
            ("a byte changed", good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:], ""),
            ("a byte more", good + b"x", "something follows its end"),
            ("empty", b"", "its end is missing"),
            ("of something else", b"REDIS0011" + good, "it is no snapshot"),
            ("a wrong sum", good[:-1] + bytes([good[-1] ^ 128]), "the checksum is wrong")):
        write(data)
        refused(program, scratch, what, why)
    write(good)
    with Server(program, "--data-dir", scratch) as server:
        expect("whole again, it is loaded", client_of(server).dbsize(), 1000)


def too_large(program, scratch):
    with Server(program, "--data-dir", scratch) as server:
        fill(client_of(server), 1000, lambda i: "v" * 1000)
    try:
        with Server(program, "--data-dir", scratch, "--maxmemory", "100kb"):
            expect("it starts with less memory than it needs", True, False)
    except RuntimeError as error:
        expect("that is said", "does not fit into --maxmemory" in str(error), True)


def one_at_a_time(program, scratch):
    with Server(program, "--data-dir", scratch):
        other = subprocess.run([program, "--port", "0", "--data-dir", scratch],
                               capture_output=True, text=True, timeout=20)
        expect("a second program: exit code", other.returncode, 1)
        expect("a second program: message", "another store does" in other.stderr, True)
    with Server(program) as server:
        expect_error("save without a directory", "no snapshots without --data-dir",
                     client_of(server).save)


def crashed_shard(program, scratch):
    """It begins with what the last snapshot held; others keep what they have."""
    with Server(program, "--demo", "--data-dir", scratch) as server:
        r = client_of(server)
        r.mset({f"k{i}": "old" for i in range(100)})
        r.save()
        r.mset({f"k{i}": "new" for i in range(100)})
        r.execute_command("DEBUG", "CRASH-SHARD", "k0")
        end = time.monotonic() + 10
        while r.info("kiosk")["restarts"] != 1 and time.monotonic() < end:
            time.sleep(0.01)
        got = contents(r)
        expect("its keys are as they were saved", got["k0"], "old")
        expect("no key is lost", len(got), 100)
        expect_between("others are as they were", list(got.values()).count("new"), 40, 99)


def flushed_meanwhile(program, scratch):
    """FLUSHALL disturbs a snapshot; it begins again, and holds what is there then."""
    with Server(program, "--data-dir", scratch) as server:
        r = client_of(server)
        for _ in range(5):
            fill(r, 5000, lambda i: "v" * 500)
            r.bgsave()
            r.flushall()
            while r.info("persistence")["rdb_bgsave_in_progress"]:
                time.sleep(0.005)
        r.set("last", 1)
        r.save()
        server.kill()
    with Server(program, "--data-dir", scratch) as server:
        expect("only what was there", contents(client_of(server)), {"last": "1"})


run("snapshots", ordered_stop, kill_under_load, kill_in_the_middle, now_and_then,
    damaged_snapshots, too_large, one_at_a_time, crashed_shard, flushed_meanwhile)
