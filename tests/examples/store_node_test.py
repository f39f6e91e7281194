#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# store_node_test.py - node-redis, as Debian packs it, against the store: see store_node.js.
#
#     store_node_test.py build/examples/store
# Exit: 0 all held, 1 some did not, 77 node or the library is missing.

import os
import shutil
import subprocess

from store import Server, expect, run, skip

LIBRARIES = "/usr/share/nodejs"
if not shutil.which("node") or not os.path.isdir(f"{LIBRARIES}/@redis/client"):
    skip("node-redis is missing")


def node(program, _):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "store_node.js")
    with Server(program) as server:
        done = subprocess.run(
            ["node", script, str(server.port)], env={**os.environ, "NODE_PATH": LIBRARIES},
            capture_output=True, text=True, timeout=60)
        print(done.stdout, done.stderr, sep="", end="")
        expect("the script's exit code", done.returncode, 0)


run("node-redis", node)
