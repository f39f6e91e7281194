#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# man.py ROOT OUT - writes the man pages, made of the comments of the public headers.
#
# One page a header, OUT/man3/kiosk_NAME.3; one line that leads there for each function, macro and
# type, so that `man ks_spawn` works; and OUT/man7/kiosk.7 from docs/man/kiosk.7.in. What it reads
# is the form that the headers have: a first comment with the header's name and purpose, comments
# with dashes as headings, and comments that stand before the declarations which they explain, up to
# a blank line or the next comment. A field's comment stands beside or above it. A header that does
# not begin like that, or a declaration without an end, stops it with the place.
import datetime
import os
import pathlib
import re
import sys
import textwrap

WIDTH = 70  # columns of a declaration
ROOM = 94  # what a line of a comment holds, without its mark
INNER = {"pp.h", "type_pp.h"}  # for the library's own macros
# Public macros that stand in an inner header, and whether what is said there is for users.
LENT = {"type.h": ("type_pp.h", {"KS_TYPE": False, "KS_ENUM": True})}
ATTRIBUTES = re.compile(
    r"\b(?:KS_API|KS_STUB|KS_MUST_USE|static inline|__extension__"
    r"|KS_PRINTF\([^)]*\)|__attribute__\(\(.*?\)\))\s*"
)


class Item:
    """A declaration: its names, how it is shown, and what its parts mean."""

    def __init__(self, names, lines, parts=()):
        self.names, self.lines, self.parts = names, lines, list(parts)
        self.inner = all(name.endswith("_") for name in names)


class Block:
    """What one comment explains; or a heading, which is all text."""

    def __init__(self, text="", heading=False):
        self.text, self.heading, self.items = text, heading, []


# --- reading --------------------------------------------------------------------------------------
def comment_text(comment):
    """Without its marks; line breaks and what is indented stay."""
    lines = comment[2:-2].split("\n")
    lines = [lines[0].lstrip()] + [re.sub(r"^ *\*? ?", "", l, count=1) for l in lines[1:]]
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def flat(text):
    return " ".join(text.split())


def skip_string(text, at):
    end = at + 1
    while text[end] != text[at]:
        end += 2 if text[end] == "\\" else 1
    return end + 1


def pieces(text, ends):
    """Splits at the characters `ends` outside of brackets: (comments before, code, the end), and
    comments that follow on the same line as (comment, None, None)."""
    at, depth, code, before = 0, 0, "", []
    while at < len(text):
        if text.startswith("/*", at):
            stop = text.index("*/", at) + 2
            comment = text[at:stop]
            fresh = text[:at].rsplit("\n", 1)[-1].strip() == ""
            if code.strip() or (fresh and depth == 0):
                before.append(comment)
            else:
                yield (comment, None, None)
            at = stop
            continue
        if text[at] in "\"'":
            stop = skip_string(text, at)
            code += text[at:stop]
            at = stop
            continue
        char = text[at]
        depth += (char in "([{") - (char in ")]}")
        if char in ends and depth == 0:
            yield (before, code, char)
            code, before = "", []
        else:
            code += char
        at += 1
    if code.strip() or before:
        yield (before, code, "")


class Parts:
    """The inside of a struct or an enum: lines to show, and what the comments say of whom."""

    def __init__(self, end, whole=None):
        self.end, self.lines, self.said, self.latest = end, [], [], whole

    def say(self, name, comment):
        if name is None:
            raise ValueError("a comment that belongs to nothing: " + comment)
        self.said.append((name, flat(comment_text(comment))))

    def read(self, text, indent):
        """A comment right behind the brace is about the whole."""
        own = re.match(r"[ \t]*(/\*.*?\*/)", text, re.S)
        if own and self.latest:
            self.say(self.latest, own[1])
            text = text[own.end():]
        for before, code, _ in pieces(text, self.end):
            if code is None:
                self.say(self.latest, before)
                continue
            if not code.strip():  # comments behind the last one
                for comment in before:
                    self.say(self.latest, comment)
                continue
            self.one(before, code, indent)

    def one(self, before, code, indent):
        inner = re.fullmatch(r"\s*(union|struct) \{(.*)\}\s*(\w*)\s*", code, re.S)
        if inner:
            self.lines.append("%s%s {" % (indent, inner[1]))
            self.latest = inner[3] or None
            self.read(inner[2], indent + "    ")
            self.lines.append(("%s} %s" % (indent, inner[3])).rstrip() + ";")
            return
        shown = flat(re.sub(r"/\*.*?\*/", "", code, flags=re.S))
        self.latest = part_name(shown, self.end)
        mark = "," if self.end == "," else ";"
        self.lines += wrapped(shown + mark, indent)
        for comment in before:
            self.say(self.latest, comment)


def part_name(code, end):
    if end == ",":
        return re.match(r"\w+", code)[0]
    pointer = re.search(r"\(\*(\w+)\)", code)
    if pointer:
        return pointer[1]
    return ", ".join(re.findall(r"(\w+)(?:\[[^]]*\])?\s*(?=,|$)", code))


def wrapped(code, indent=""):
    """Code on one line, or broken behind commas and opening brackets."""
    lines, line = [], indent + code
    while len(line) > WIDTH:
        cut = max(line.rfind(", ", 0, WIDTH) + 1, line.rfind(" | ", 0, WIDTH) + 2)
        if cut <= len(indent) + 4:
            cut = line.rfind("(", 0, WIDTH) + 1
        if cut <= len(indent) + 4:
            break
        lines.append(line[:cut].rstrip())
        line = indent + "    " + line[cut:].lstrip()
    return lines + [line]


def read_enum(head, body, tail):
    parts = Parts(",")
    parts.read(body, "    ")
    names = [flat(tail)] if tail.strip() else []
    names += re.findall(r"\benum (\w+)", head)
    names += [re.match(r"\s*(\w+)", line)[1] for line in parts.lines]
    lines = [flat(head) + " {"] + parts.lines + [flat("} " + tail) + ";"]
    short = flat("%s { %s } %s" % (head, " ".join(map(str.strip, parts.lines)), tail)) + ";"
    if not parts.said and len(short) <= WIDTH:
        lines = [short.replace(", }", " }")]
    return Item(unique(names), lines, parts.said)


def read_struct(head, body, tail):
    names = [flat(tail)] if tail.strip() else re.findall(r"\b(?:struct|union) (\w+)", head)
    parts = Parts(";", names[0])
    parts.read(body, "    ")
    return Item(unique(names), [flat(head) + " {"] + parts.lines + [flat("} " + tail) + ";"],
                parts.said)


def unique(names):
    return list(dict.fromkeys(names))


def declared_names(code):
    """Of a declaration without a body."""
    function = re.search(r"(\w+)\(", code)
    if function and not code.startswith("typedef"):
        return [function[1]]
    typedef = re.search(r"\(\*?(\w+)\)\(", code) or re.search(r"(\w+)(?:\(.*\))?$", code)
    if code.startswith("typedef"):
        return [typedef[1]]
    return [part.split()[-1].lstrip("*") for part in code.split(",")]


def read_declaration(code):
    shown = ATTRIBUTES.sub("", flat(re.sub(r"/\*.*?\*/", " ", code, flags=re.S)))
    shown = flat(shown).replace("( ", "(")
    return Item(declared_names(shown), wrapped(shown + ";"))


def read_macro(text):
    text = re.sub(r" *\\\n", "\n", text)
    head = re.match(r"#define (\w+(?:\([^)]*\))?)\s*(.*)", text, re.S)
    name = re.match(r"\w+", head[1])[0]
    value = flat(re.sub(r"/\*.*?\*/", "", head[2], flags=re.S))
    said = [(name, flat(comment_text(c))) for c in re.findall(r"/\*.*?\*/", head[2], re.S)]
    slots = re.search(r"struct P##_callbacks \{(.*?)\n *\} P##_callbacks", head[2], re.S)
    if slots:
        parts = Parts(";")
        parts.read(slots[1].replace("P * self", "P *self"), "    ")
        return Item([name], [head[1] + ", with these fields:"] + parts.lines, parts.said)
    stubs = made_functions(head[2])
    if stubs and (not name.endswith("_") or "P_" in stubs[0]):
        first = [] if name.endswith("_") else [head[1]]
        item = Item([name], first + [line for stub in stubs for line in wrapped(stub)])
        item.inner = False
        return item
    if "(" in head[1] or name.endswith("_") or not value:
        return Item([name], wrapped(head[1]), said if "(" not in head[1] else ())
    return Item([name], wrapped("#define %s %s" % (name, value)), said)


def made_functions(body):
    """The functions that a row such as KS_CALL makes, as it would be written by hand."""
    out = []
    for code in re.findall(r"KS_STUB ([^{]*)\{", body):
        code = re.sub(r"KS_(?:LEADING_)?IN\((\w+), (\w+)\)", r"@const \1 *\2@", flat(code))
        code = re.sub(r"KS_(?:LEADING_)?OUT\((\w+), (\w+)\)", r"@\1 *\2@", code)
        code = re.sub(r"[ @]*@[ @]*", ", ", ATTRIBUTES.sub("", code))
        code = re.sub(r", ,", ",", code).replace("( ", "(").replace("(, ", "(")
        name = re.search(r"(\w[\w#]*)\(", code)[1]
        if not name.endswith("_") and "lists_every" not in name:
            out.append(code.replace("##", "").replace(", )", ")").strip() + ";")
    return out


class Header:
    """A header, read from top to bottom into blocks."""

    def __init__(self, path):
        self.path, self.name = path, path.name
        self.text = path.read_text()
        self.blocks, self.at = [Block()], 0
        self.known = set()
        self.read_top()
        while self.at < len(self.text):
            self.step()

    def fail(self, why):
        line = self.text.count("\n", 0, self.at) + 1
        sys.exit("man: %s:%d: %s" % (self.path, line, why))

    def read_top(self):
        top = re.match(r"/\* SPDX.*?\*/\n(/\* kiosk/(\S+) - (.*?)\*/)\n", self.text, re.S)
        if not top or top[2] != self.name:
            self.fail("it does not begin with its licence, name and purpose")
        text = comment_text(top[1]).split(" - ", 1)[1]
        first, _, rest = text.partition("\n\n")
        summary, _, more = flat(first).partition(". ")
        self.summary = summary.rstrip(".")
        self.blocks[0].text = (more + "\n\n" + rest).strip("\n")
        self.at = top.end()

    def take(self, pattern):
        found = re.compile(pattern, re.S | re.M).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def step(self):
        if self.take(r"\n\s*"):
            self.blocks.append(Block())
        elif self.take(r"/\* clang-format (on|off) \*/\n"):
            pass
        elif self.text.startswith("/*", self.at):
            self.read_comment(self.take(r"/\*.*?\*/[ \t]*\n?")[0].strip())
        elif self.text.startswith("#", self.at):
            self.read_directive(self.take(r"#(?:\\\n|/\*.*?\*/|[^\n])*\n")[0])
        else:
            self.read_code()

    def read_comment(self, comment):
        heading = re.match(r"/\* -{3,} ?(.*?)[ *-]*(?:\n|\*/)(.*)", comment, re.S)
        if not heading:
            self.blocks.append(Block(comment_text(comment)))
            return
        title = comment_text(comment).strip("- \n")
        first, _, rest = title.partition("\n\n")
        self.blocks.append(Block(re.sub(r"\s*-{3,}\s*", " ", flat(first)).strip(), heading=True))
        self.blocks.append(Block(re.sub(r"-{3,}", "", rest)))

    def read_directive(self, text):
        if re.match(r"#ifdef __cplusplus", text):
            self.skip_branch()
        elif re.match(r"#define (?!KIOSK_)", text):
            self.add(read_macro(text.rstrip("\n")), after=None)

    def skip_branch(self):
        """What is for C++ is not shown: on to #else or #endif of this #ifdef."""
        depth = 1
        while depth:
            line = self.take(r"[^\n]*\n")
            if line is None:
                self.fail("an #ifdef without its end")
            depth += line[0].startswith("#if")
            depth -= line[0].startswith("#endif") or (depth == 1 and line[0].startswith("#else"))

    def read_code(self):
        start, depth, at = self.at, 0, self.at
        while True:
            if at >= len(self.text):
                self.fail("a declaration without an end")
            if self.text.startswith("/*", at):
                at = self.text.index("*/", at) + 2
                continue
            char = self.text[at]
            depth += (char in "([{") - (char in ")]}")
            at += 1
            if depth == 0 and (char == ";" or (char == "}" and self.body_ends(start, at))):
                break
        self.at = at
        trailing = self.take(r"[ \t]*(/\*.*?\*/)?[ \t]*\n?")
        self.add(self.declaration(self.text[start:at]), after=trailing[1])

    def body_ends(self, start, at):
        return re.search(r"\)\s*(/\*.*?\*/\s*)?\{", self.text[start:at], re.S) is not None

    def declaration(self, code):
        form = r"((?:typedef )?(?:enum|struct|union)\b[^;({]*)\{(.*)\}([^}]*);$"
        kind = re.match(form, code, re.S)
        if kind:
            read = read_enum if re.search(r"\benum\b", kind[1]) else read_struct
            return read(kind[1].strip(), kind[2], kind[3])
        body = re.search(r"\)\s*(?:/\*.*?\*/\s*)?\{", code, re.S)
        if body:
            said = re.findall(r"/\*.*?\*/", code[: body.end()], re.S)
            item = read_declaration(code[: body.start() + 1])
            item.parts = [(item.names[0], flat(comment_text(c))) for c in said]
            return item
        if re.match(r"KS_(WITH_ROW_|DECLARE_TYPE|DECLARE_ENUM)\(", code):
            return None
        return read_declaration(code.rstrip(";"))

    def add(self, item, after):
        if item is None or set(item.names) <= self.known:
            return
        self.known |= set(item.names)
        if after:
            item.parts.append((item.names[0], flat(comment_text(after))))
        said = [bool(other.parts) for other in self.blocks[-1].items]
        kinds = {len(other.lines) > 2 and "{" in other.lines[0] for other in self.blocks[-1].items}
        # What stands beside one is not about its neighbour, nor what is said of a struct about a
        # function.
        if said and (item.parts or said[-1] or kinds == {True}):
            self.blocks.append(Block())
        self.blocks[-1].items.append(item)


# --- writing --------------------------------------------------------------------------------------
def roff(text):
    for plain, name in ("\\", "e"), ("^", "(ha"), ("~", "(ti"), ("`", "(ga"):
        text = text.replace(plain, "\\" + name)
    return re.sub(r"(?<!\w)-(?=\w|-)", r"\\-", text)


def code_line(line, names=()):
    line = roff(line)
    for name in names:
        line = re.sub(r"\b%s\b" % name, r"\\fB%s\\fP" % name, line, count=1)
    return "\\&" + line if line[:1] in (".", "'") else line


def words(text, pages):
    """Names in bold, headers as the pages that they have."""
    def one(found):
        if found[2] is None:
            return "\\fB%s\\fP" % found[0]
        return "\\fB%s\\fP(3)" % pages[found[2]] if found[2] in pages else found[0]
    text = re.sub(r"\b(?:ks|KS|KIOSK)_\w+|(?<![\w/<])(kiosk/)?(\w+\.h)\b", one, roff(text))
    lines = textwrap.wrap(text, 79, break_long_words=False, break_on_hyphens=False)
    return ["\\&" + line if line[:1] in (".", "'") else line for line in lines]


def paragraph(lines, pages):
    if lines[0].startswith("    "):
        least = min(len(l) - len(l.lstrip()) for l in lines)
        if re.match(r" +\d+\. ", lines[0]):
            return numbered([l.strip() for l in lines], pages)
        return [".PP", ".RS 4", ".nf"] + [code_line(l[least:]) for l in lines] + [".fi", ".RE"]
    return [".PP"] + words(flat(" ".join(lines)), pages)


def numbered(lines, pages):
    out, text = [], ""
    for line in lines + ["0. "]:
        if not re.match(r"\d+\. ", line):
            text += " " + line
            continue
        if text:
            number, _, rest = text.partition(" ")
            out += [".IP %s 4" % number] + words(flat(rest), pages)
        text = line
    return out


def paragraphs(text, pages):
    """Breaks also where code that is set in ends or begins, and where the author broke a line that
    had room for the next word."""
    out, now = [], []
    for line in text.split("\n") + [""]:
        code = line.startswith("    ") and bool(line.strip())
        early = now and not code and len(now[-1] + " " + (line.split() or [""])[0]) <= ROOM
        if now and (not line or early or code != now[0].startswith("    ")):
            out += paragraph(now, pages)
            now = []
        if line:
            now.append(line)
    return out


def declarations(block):
    """The inner ones where nothing else is explained."""
    inner = block.text and all(item.inner and item.lines[-1].endswith(";") for item in block.items)
    shown = [item for item in block.items if inner or not item.inner]
    if not shown:
        return []
    out = [".PP", ".nf"]
    for item in shown:
        out += [code_line(line, item.names if n == 0 or len(item.names) > 1 else ())
                for n, line in enumerate(item.lines)]
    return out + [".fi"]


def explanations(block, pages):
    out, latest = [], None
    for name, text in [part for item in block.items for part in item.parts]:
        if name in block.items[0].names[:1]:
            out += [".PP"] + words(text, pages)
        elif name == latest:
            out += words(text, pages)
        else:
            out += [".TP", "\\fB%s\\fP" % name] + words(text, pages)
        latest = name
    return out


def block_lines(block, pages):
    if block.heading:
        title = block.text[:1].upper() + block.text[1:]
        return [".SS " + roff(title.replace('"', ""))]
    lines = declarations(block)
    text = paragraphs(block.text, pages)
    if block.items:
        text += explanations(block, pages)
    return lines + [".RS 4"] + text + [".RE"] if lines and text else lines + text


def title(name, section, context):
    return ['.\\" Written by scripts/man.py: change the header, not the page.',
            '.TH %s %d %s "kiosk %s" "kiosk"'
            % (name.upper(), section, context["date"], context["version"]), ".nh", ".ad l"]


def page(header, context):
    name = page_name(header.name)
    lines = title(name, 3, context)
    lines += [".SH NAME", name + " \\- " + roff(header.summary).replace("\\fB", "")]
    lines += [".SH SYNOPSIS", ".nf", ".B #include <kiosk/%s>" % header.name, ".PP",
              "cc ... $(pkg\\-config \\-\\-cflags \\-\\-libs kiosk)", ".fi", ".SH DESCRIPTION"]
    body = []
    for block in header.blocks:
        body += block_lines(block, context["pages"])
    lines += tidy(body)
    lines += [".SH SEE ALSO", see_also(header, context)]
    return "\n".join(lines) + "\n"


def tidy(lines):
    """Without headings above nothing, and paragraphs that a heading makes needless."""
    out = []
    for line in lines:
        if line.startswith(".SS") and out and out[-1].startswith(".SS"):
            out.pop()
        if line == ".PP" and (not out or out[-1].startswith((".SS", ".RS"))):
            continue
        out.append(line)
    while out and out[-1].startswith(".SS"):
        out.pop()
    return out


def see_also(header, context):
    pages = context["pages"]
    near = re.findall(r'^#include "(\w+\.h)"', header.text, re.M)
    near += re.findall(r"(?<![\w/<\"])(\w+\.h)\b", header.text)
    names = sorted({pages[h] for h in near if h in pages and h != header.name})
    return ",\n".join(["\\fB%s\\fP(3)" % name for name in names] + ["\\fBkiosk\\fP(7)"])


def page_name(header):
    return "kiosk_" + header[:-2]


def overview(template, headers, root, context):
    lines = []
    for header in headers:
        lines += [".TP", "\\fB%s\\fP(3)" % page_name(header.name), roff(header.summary) + "."]
    text = template.read_text().replace("@PAGES@", "\n".join(lines))

    def example(found):
        code = (root / found[1]).read_text().split("\n", 2)[2].rstrip("\n")
        return "\n".join(code_line(line) for line in code.split("\n"))

    text = re.sub(r"@FILE (\S+)@", example, text)
    return "\n".join(title("kiosk", 7, context)) + "\n" + text


# --- all of it ------------------------------------------------------------------------------------
def read_headers(folder):
    headers = {path.name: Header(path) for path in sorted(folder.glob("*.h"))}
    for name, (lender, wanted) in LENT.items():
        for block in headers[lender].blocks:
            for item in block.items:
                if item.names[0] in wanted:
                    lent = Block(block.text if wanted[item.names[0]] else "")
                    lent.items = [item]
                    headers[name].blocks.append(lent)
    return [header for header in headers.values() if header.name not in INNER]


def date_of(headers):
    """As reproducible builds want it; else that of the newest header."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    at = int(told) if told else max(header.path.stat().st_mtime for header in headers)
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d")


def version_of(folder):
    text = (folder / "version.h").read_text()
    numbers = re.findall(r"KS_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text)
    return ".".join(numbers)


def names_of(header):
    for block in header.blocks:
        for item in block.items:
            if not item.inner or block.text:
                yield from (name for name in item.names if re.match(r"(?i)ks_", name))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main():
    root, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder = root / "include" / "kiosk"
    headers = read_headers(folder)
    context = {"date": date_of(headers), "version": version_of(folder),
               "pages": {h.name: page_name(h.name) for h in headers}}
    for old in out.glob("man[37]/*.[37]"):
        old.unlink()
    for header in headers:
        write(out / "man3" / (page_name(header.name) + ".3"), page(header, context))
        for name in names_of(header):
            write(out / "man3" / (name + ".3"), ".so man3/%s.3\n" % page_name(header.name))
    template = root / "docs" / "man" / "kiosk.7.in"
    write(out / "man7" / "kiosk.7", overview(template, headers, root, context))


if __name__ == "__main__":
    main()
