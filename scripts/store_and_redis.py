#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# store_and_redis.py - requests a second of examples/store beside redis-server, in the same run.
#
# Three servers without files stand beside each other: redis-server, the store with one scheduler,
# and the store as it starts by itself, with a scheduler for each core. redis-benchmark asks one
# after the other, in an order drawn anew for each round, since no machine is equally fast always.
# Printed are medians, and the median of the ratios to redis-server within a round.
#
# Needs redis-server and redis-benchmark (Debian: redis-server, redis-tools), and `make`.
import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import time

TESTS = ("set", "get", "incr", "mset")
FIRST_PORT = 7501


def start(command, schedulers=None):
    environment = dict(os.environ)
    environment.pop("KIOSK_SCHEDULERS", None)
    if schedulers:
        environment["KIOSK_SCHEDULERS"] = schedulers
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def start_all(store):
    ports = [str(FIRST_PORT + i) for i in range(3)]
    return [
        start(["redis-server", "--port", ports[0], "--save", "", "--bind", "127.0.0.1"]),
        start([store, "--port", ports[1]], "1"),
        start([store, "--port", ports[2]]),
    ]


def ask(port, test, pipeline, requests):
    command = ["redis-benchmark", "-p", str(port), "-c", "50", "-n", str(requests), "-r", "100000"]
    command += ["-P", str(pipeline), "-t", test, "--csv"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return float(run.stdout.splitlines()[1].split(",")[1].strip('"'))


def one_round(test, pipeline, requests):
    row = [0.0] * 3
    for i in random.sample(range(3), 3):
        row[i] = ask(FIRST_PORT + i, test, pipeline, requests)
    return row


def line(pipeline, test, rows):
    medians = [statistics.median(row[i] for row in rows) for i in range(3)]
    ratios = [statistics.median(row[i] / row[0] for row in rows) for i in range(3)]
    return (
        f"-P {pipeline:<3} {test:5} {medians[0]:10,.0f} {medians[1]:10,.0f} {ratios[1]:5.2f}"
        f" {medians[2]:10,.0f} {ratios[2]:5.2f}"
    )


def main():
    parser = argparse.ArgumentParser(description="examples/store beside redis-server")
    parser.add_argument("--store", default="build/examples/store", help="the program")
    parser.add_argument("--rounds", type=int, default=15, help="of each test (15)")
    options = parser.parse_args()
    servers = start_all(options.store)
    try:
        time.sleep(1)
        print("              redis-server  one scheduler    one for each core", flush=True)
        for pipeline, requests in ((1, 10000), (16, 100000)):
            for test in TESTS:
                rows = [one_round(test, pipeline, requests) for _ in range(options.rounds)]
                print(line(pipeline, test, rows), flush=True)
    finally:
        for server in servers:
            server.send_signal(signal.SIGTERM)
        for server in servers:
            server.wait(timeout=60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
