# SPDX-License-Identifier: Apache-2.0
# store.py - servers under test: started on a free port of 127.0.0.1, and stopped in any case.

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77


class Server:
    """with Server(program, "--shards", "2") as server: ...server.port..."""

    def __init__(self, program, *options):
        self.log_file = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            [program, "--port", "0", *options],
            stdout=subprocess.PIPE, stderr=self.log_file, text=True)
        words = ""
        for line in self.process.stdout:
            words += line
            ready = re.match(r"READY port (\d+)", line)
            if ready:
                self.port = int(ready.group(1))
                return
        self.code = self.process.wait(20)
        raise RuntimeError(f"not ready, exit code {self.code}: {words}{self.log()}")

    def log(self):
        self.log_file.seek(0)
        return self.log_file.read()

    def resident(self):
        """Bytes of memory."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """In order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            code = self.stop()
            if kind is None:
                expect("it stops in order", code, 0)
        self.process.stdout.close()


class Raw:
    """A connection without a client library."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)

    def send(self, data):
        self.socket.sendall(data)

    def all(self):
        """What comes until the other side closes."""
        answer = b""
        try:
            while piece := self.socket.recv(65536):
                answer += piece
        except socket.timeout:
            return answer + b"(not closed)"
        except ConnectionError:
            return answer + b"(reset)"
        return answer

    def line(self):
        line = b""
        while not line.endswith(b"\r\n"):
            piece = self.socket.recv(1)
            if not piece:
                break
            line += piece
        return line[:-2]

    def close(self):
        self.socket.close()


_failed = _checks = 0


def expect(what, got, wanted):
    global _failed, _checks
    _checks += 1
    if got != wanted:
        _failed += 1
        print(f"FAILED: {what}\n  expected: {wanted!r}\n  got:      {got!r}")


def expect_error(what, words, action, *arguments):
    """A client library's error, with these words in it."""
    try:
        got = action(*arguments)
    except Exception as error:  # which class it is, is the library's matter
        got = str(error)
        if words in got:
            got = words
    expect(what, got, words)


def expect_between(what, got, least, most):
    expect(f"{what}: {got} is in {least}..{most}", least <= got <= most, True)


def skip(why):
    print("SKIP:", why)
    sys.exit(SKIPPED)


def run(name, *tests):
    """Each test is called with the program, and a scratch folder that is its own."""
    program = sys.argv[1]
    for test in tests:
        scratch = tempfile.mkdtemp()
        began = time.monotonic()
        try:
            test(program, scratch)
        finally:
            shutil.rmtree(scratch)
        print(f"{test.__name__}: {time.monotonic() - began:.1f} s")
    print(f"{name}: {_checks} checks, {_failed} failed")
    sys.exit(1 if _failed else 0)
