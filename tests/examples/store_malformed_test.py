#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# store_malformed_test.py - each input of malformed.txt, whole and byte by byte, has its answer.
#
#     store_malformed_test.py build/examples/store
# Exit: 0 all held, 1 some did not.

import codecs
import os
import socket

from store import Raw, Server, expect, run


def rows():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "malformed.txt")
    with open(path) as file:
        for line in file:
            if not line.startswith("#"):
                yield [codecs.decode(part, "unicode_escape").encode("latin1")
                       for part in line.rstrip("\n").split("\t")]


def answer_to(port, pieces):
    raw = Raw(port)
    raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for piece in pieces:
            raw.send(piece)
        raw.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it was closed before all was sent
    answer = raw.all()
    raw.close()
    return answer


def table(program, _):
    count = 0
    with Server(program) as server:
        for request, answer in rows():
            count += 1
            expect(repr(request), answer_to(server.port, [request]), answer)
            pieces = [request[i:i + 1] for i in range(len(request))]
            expect(f"{request!r}, byte by byte", answer_to(server.port, pieces), answer)
        expect("it still serves", answer_to(server.port, [b"PING\r\n"]), b"+PONG\r\n")
        expect("with the same shards", b"restarts:0\r\n" in
               answer_to(server.port, [b"INFO kiosk\r\n"]), True)
    expect("there are enough of them", count >= 200, True)
    print(f"{count} inputs")


run("malformed", table)
