# SPDX-License-Identifier: Apache-2.0
# names.py FOLDER - the names that files below FOLDER declare for all the program, one a line:
# functions, objects, types, tags and constants, from clang's tree on standard input.
import json
import sys

KINDS = {"FunctionDecl", "VarDecl", "TypedefDecl", "RecordDecl", "EnumDecl", "EnumConstantDecl"}


class Places:
    """Where a declaration stands: clang names a file only when it is not that of the last place."""

    def __init__(self):
        self.file = ""

    def note(self, node):
        for key in ("loc", "range"):
            self.walk(node.get(key, {}))

    def walk(self, place):
        for key, value in place.items():
            if key == "file":
                self.file = value
            elif isinstance(value, dict) and key != "includedFrom":
                self.walk(value)


def names(node, folder, places, top):
    places.note(node)
    here = places.file.startswith(folder)
    kind = node.get("kind")
    if top and here and kind in KINDS and node.get("name") and not node.get("isImplicit"):
        yield node["name"]
    for child in node.get("inner", []):
        inner = kind in ("TranslationUnitDecl", "EnumDecl", "RecordDecl", "LinkageSpecDecl")
        inside = child.get("kind") in KINDS | {"LinkageSpecDecl"}
        yield from names(child, folder, places, top and inner and inside)


def main():
    tree = json.load(sys.stdin)
    for name in dict.fromkeys(names(tree, sys.argv[1], Places(), True)):
        print(name)


main()
