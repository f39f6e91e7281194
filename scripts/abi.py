# SPDX-License-Identifier: Apache-2.0
# abi.py - run by gdb, from abi.sh: prints the binary interface of libkiosk, a fact a line, sorted.
#
# It reads two files: an object that includes every public header, for types and constants, and the
# library, for what it exports. Names that do not begin with ks_ or KS_ are nobody's business.
import os
import subprocess

import gdb

OURS = ("ks_", "KS_")


def spelled(kind):
    """The type as C writes it."""
    return " ".join(str(kind).split()).replace("(void)", "()")


def fields(name, kind, base=0):
    for field in kind.fields():
        at = base + field.bitpos // 8
        inner = field.type.strip_typedefs()
        if not field.name or str(field.type).endswith("{...}"):  # without a name of its own
            prefix = name + ("." + field.name if field.name else "")
            yield from fields(prefix, inner, at)
        else:
            yield "struct %s.%s: at %d, %s" % (name, field.name, at, spelled(field.type))


def described(symbol):
    name, kind = symbol.name, symbol.type.strip_typedefs()
    if symbol.addr_class == gdb.SYMBOL_LOC_CONST:
        yield "constant %s = %d" % (name, int(symbol.value()))
    elif kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        yield "struct %s: %d bytes" % (name, kind.sizeof)
        if kind.sizeof:
            yield from fields(name, kind)
    elif symbol.addr_class == gdb.SYMBOL_LOC_TYPEDEF:
        yield "type %s: %s, %d bytes" % (name, spelled(kind).split(" {")[0], kind.sizeof)


def of_headers():
    symtab = gdb.lookup_global_symbol("abi_probe").symtab
    for block in (symtab.global_block(), symtab.static_block()):
        for symbol in block:
            if symbol.name.startswith(OURS) and not symbol.name.endswith("_"):
                yield from described(symbol)


def of_library(path):
    listed = subprocess.run(["nm", "-D", "--defined-only", path], check=True, capture_output=True)
    for line in listed.stdout.decode().splitlines():
        name = line.split()[-1].split("@")[0]
        if not name.startswith(OURS):
            continue
        symbol = gdb.lookup_global_symbol(name)
        if symbol is None:
            raise gdb.GdbError("abi: %s has no debug information" % name)
        yield "%s %s: %s" % ("function" if symbol.is_function else "object", name,
                             spelled(symbol.type))


gdb.execute("set width 0")
library = os.environ["ABI_LIBRARY"]
# The headers before the library is known, or what is opaque in them were looked up there.
facts = set(of_headers())
gdb.execute("add-symbol-file " + library)
facts |= set(of_library(library))
with open(os.environ["ABI_OUT"], "w", encoding="ascii") as out:
    out.write("\n".join(sorted(facts)) + "\n")
