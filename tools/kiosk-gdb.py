# SPDX-License-Identifier: Apache-2.0
# kiosk-gdb.py - gdb commands that know kiosk's processes, in a live program or a core file:
#
#     ks ps [WORD]          all processes, or those whose line has the word
#     ks bt PID...          backtraces of their stacks; PID: 0.7.1, <0.7.1>, 7, a name, or `all`
#     ks in PID COMMAND     any gdb command on that stack: ks in 0.7.1 frame apply all info locals
#     ks schedulers         what each runs, and what waits for it
#     ks gcore FILE         as gdb's own, which leaves out stacks that MADV_GUARD_INSTALL guards
#
# Installed for gdb to find with the shared library; elsewhere: source kiosk-gdb.py. It reads the
# structs of the runtime by their names, so libkiosk needs its debug information. But for ks gcore
# nothing is called in the program, and nothing is written to it. Frame 0 of a blocked process is
# that of the thread that is selected: gdb is told that it was called from where the process was put
# aside.
import contextlib
import re

import gdb
import gdb.unwinder

CHUNK, TICK_NS = 4096, 62500  # slots that are read at once, KSI_TICK_NS

Trouble = gdb.GdbError  # what the user can do something about: told in a line


# --- what is there --------------------------------------------------------------------------------
def runtimes():
    """Of this program, the oldest first."""
    if gdb.selected_thread() is None:
        raise Trouble("kiosk: no program runs here: `run` it, attach to it, or load a core file")
    found = gdb.lookup_global_symbol("ksi_runtimes")
    if found is None:
        raise Trouble(why_no_symbol())
    runtime, all_of_them = found.value(), []
    while runtime:
        all_of_them.insert(0, runtime)
        runtime = runtime["next"]
    if not all_of_them:
        raise Trouble("kiosk: no runtime: ks_run was not called yet, or has returned")
    return all_of_them


def why_no_symbol():
    try:
        gdb.parse_and_eval("(long)&ksi_runtimes")
    except gdb.error:
        pass
    else:
        return (
            "kiosk: libkiosk has no debug information: build it with -g, or give gdb the file"
            " that it was stripped of (symbol-file, add-symbol-file)"
        )
    for objfile in gdb.objfiles():
        if "libkiosk" in objfile.filename:
            return "kiosk: %s is stripped: give gdb its symbols" % objfile.filename
    return "kiosk: no kiosk in this program, or it has no symbols"


def constants(enum):
    return {field.name: field.enumval for field in gdb.lookup_type("enum " + enum).fields()}


def offset(type_, name):
    return next(f.bitpos // 8 for f in type_.fields() if f.name == name)


def processes(runtime):
    """Those that live."""
    table = runtime["processes"]
    slots, used = table["slots"], int(table["table"]["used"])
    type_ = slots.type.target()
    size, in_use = type_.sizeof, offset(type_, "in_use")
    for first in range(1, used, CHUNK):
        count = min(CHUNK, used - first)
        memory = gdb.selected_inferior().read_memory(int(slots) + first * size, count * size)
        flags = bytes(memory)[in_use::size]
        for i in range(count):
            if flags[i]:
                yield slots[first + i]


def schedulers(runtime):
    return [runtime["schedulers"][i] for i in range(int(runtime["scheduler_count"]))]


# --- texts ----------------------------------------------------------------------------------------
def string(pointer):
    try:
        return pointer.string(errors="replace") if pointer else ""
    except gdb.MemoryError:
        return "?"


def behind(pointer):
    """The text that stands behind a header."""
    return string((pointer + 1).cast(gdb.lookup_type("char").pointer())) if pointer else ""


def pid_of(process):
    return int(process["generation"]) << 32 | int(process["index"])


def pid_text(pid):
    return "<0.%d.%d>" % (pid & 0xFFFFFFFF, pid >> 32) if pid else "nobody"


def name_of(process):
    """Its name; else its label."""
    name = process["name"]
    if name and int(name["holder"]) == pid_of(process):
        return behind(name)
    return behind(process["cold"]["label"]) if process["cold"] else ""


def described(runtime, pid):
    """A pid, with the name of who has it."""
    if not pid:
        return "nobody"
    process = runtime["processes"]["slots"][pid & 0xFFFFFFFF]
    alive = int(process["generation"]) == pid >> 32 and process["in_use"]
    return " ".join(filter(None, [pid_text(pid), name_of(process) if alive else "(ended)"]))


def operation(message):
    """What a message is, in words."""
    public = message["public"]
    if public["op"]:
        words = {1: "call ", 2: "cast ", 3: ""}
        return words.get(int(public["op"]["kind"]), "") + string(public["op"]["name"])
    return string(public["type"]["name"]) if public["type"] else ""


# --- what a process does --------------------------------------------------------------------------
class View:
    """A process, with what must be known to say what it does."""

    def __init__(self, runtime, process):
        self.runtime, self.process = runtime, process
        self.flags, self.wait = int(process["flags"]), int(process["wait"])
        self.scheduler = process["scheduler"]
        self.is_current = self.scheduler["current"] == process.address
        stack = process["stack"]
        self.is_late = bool(stack) and stack["runner"]["process"] == process.address
        self.has = constants("ksi_process_flag")
        self.waits = constants("ksi_wait")

    def flag(self, name):
        return bool(self.flags & self.has[name])

    def blocked(self):
        return bool(self.process["stack"]) and not self.runs()

    def runs(self):
        """Perhaps late: in a handler that lost the scheduler to another thread."""
        return self.is_current or self.is_late

    def state(self):
        if self.flag("KSI_EXITING"):
            return "exiting"
        if self.flag("KSI_SUSPENDED"):
            return "suspended"
        if self.runs():
            return "late" if self.is_late else "running"
        if self.wait != self.waits["KSI_WAIT_NOTHING"]:
            return "waiting"
        return "ready" if self.process["stack"] or self.flag("KSI_QUEUED") else "idle"

    def queue_length(self):
        """The request that it is started by is no message."""
        first = self.process["mailbox"]
        start = constants("ksi_kind")["KSI_START"]
        return int(self.process["queue_length"]) - bool(first and int(first["kind"]) == start)

    def peer(self):
        return described(self.runtime, int(self.process["call"]["target"]))

    def reply(self):
        if self.process["call"]["for_room"]:
            return "room in the mailbox of " + self.peer()
        request = self.process["request"]
        what = operation(request) if request else ""
        return "%s by %s" % (what or "start", self.peer())

    def descriptor(self):
        """Of the sockets and the waits of its scheduler, the one that is its."""
        io = self.scheduler["io"].cast(gdb.lookup_type("struct ksi_io").pointer())
        pid = pid_of(self.process)
        slots = io["sockets"]["base"].cast(gdb.lookup_type("struct ksi_socket_slot").pointer())
        for i in range(1, int(io["sockets"]["used"])):
            socket = slots[i]["socket"]
            if socket and int(socket["owner"]) == pid and int(socket["waits"]):
                return "socket, descriptor %d" % int(socket["fd"])
        waiting, size = io["waiting"], int(io["waiting_size"])
        found = [fd for fd in range(size) if int(waiting[fd]["pid"]) == pid]
        return "descriptor %d" % found[0] if found else "a descriptor"

    def at_most(self):
        """How long it waits from now on: by the clock of its scheduler's latest slice."""
        if self.flag("KSI_PENDING_TIMER"):
            return "%d ms" % int(self.process["timer_ms"])
        if not self.process["timer"]["next"]:
            return ""
        left = int(self.process["timer"]["due"]) * TICK_NS - int(self.scheduler["now_ns"])
        return "%d ms" % max(left // 1000000, 0)

    def waits_for(self):
        if self.wait == self.waits["KSI_WAIT_TIME"]:
            return self.at_most() or "time"
        words = {
            "KSI_WAIT_NOTHING": lambda: "",
            "KSI_WAIT_REPLY": self.reply,
            "KSI_WAIT_MESSAGE": lambda: "a message",
            "KSI_WAIT_EVENT": self.descriptor,
            "KSI_WAIT_THREAD": lambda: "its thread, which is in the handler of another process",
        }
        name = next((n for n, value in self.waits.items() if value == self.wait), "")
        what, time = words.get(name, lambda: name)(), self.at_most()
        return what + (", at most " + time if what and time else "")

    def handles(self):
        """The message that its handler was given."""
        message = self.process["current"]
        if not message or self.flag("KSI_STARTING"):
            return ""
        sender = int(message["from"])
        return operation(message) + (" of " + pid_text(sender) if sender else "")

    def doing(self):
        parts = []
        if self.flag("KSI_STARTING"):
            parts.append("starts")
        if self.handles():
            parts.append("handles " + self.handles())
        if self.state() == "waiting":
            parts.append("waits for " + self.waits_for())
        return "; ".join(parts)

    def row(self):
        return [
            pid_text(pid_of(self.process)),
            str(int(self.scheduler["number"])),
            self.state(),
            str(self.queue_length()),
            name_of(self.process),
            string(self.process["module"]["name"]) if self.process["module"] else "",
            self.doing(),
        ]


def views(runtime):
    for process in processes(runtime):
        yield View(runtime, process)


def find(word):
    """All that a word on the command line means, in all runtimes."""
    number = re.fullmatch(r"<?(?:0\.)?(\d+)(?:\.(\d+))?>?", word)
    found, ended = [], False
    for runtime in runtimes():
        for view in views(runtime):
            process = view.process
            if not number:
                same = name_of(process) == word
            else:
                same = int(process["index"]) == int(number[1])
                if same and number[2] and int(process["generation"]) != int(number[2]):
                    ended, same = True, False
            if same:
                found.append(view)
    if found:
        return found
    if ended:
        raise Trouble("kiosk: %s has ended; somebody else has its slot" % word)
    raise Trouble("kiosk: no process %s: `ks ps` lists them" % word)


def show_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        gdb.write("  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() + "\n")


def for_each_runtime(show):
    all_of_them = runtimes()
    for number, runtime in enumerate(all_of_them, 1):
        if len(all_of_them) > 1:
            gap = "\n" if number > 1 else ""
            gdb.write("%sruntime %d, %s\n" % (gap, number, hex(int(runtime))))
        show(runtime)


# --- stacks ---------------------------------------------------------------------------------------
LOST = (
    "kiosk: the stacks are not in this core file: the one that gdb writes stops at the first guard"
    " page; `ks gcore`, and the kernel when it dumps core, write all of it"
)


class Context:
    """The registers of a stack that was left: src/runtime/context.h."""

    def __init__(self, stack):
        if not stack["lowest"]:
            raise Trouble(LOST)
        self.place = stack["place"]
        self.sp = int(self.place["sp"])
        name = gdb.selected_frame().architecture().name()
        if "x86-64" in name:
            self.registers = self.x86_64()
        elif "aarch64" in name:
            self.registers = self.aarch64()
        else:
            raise Trouble("kiosk: stacks of %s are not known" % name)

    def word(self, place):
        return int.from_bytes(gdb.selected_inferior().read_memory(self.sp + place, 8), "little")

    def x86_64(self):
        words = {"rip": "pc", "rsp": "sp", "rbx": "rbx", "rbp": "rbp"}
        return {register: int(self.place[word]) for register, word in words.items()}

    def aarch64(self):
        saved = {"x%d" % (19 + i): self.word(8 * i) for i in range(12)}
        return dict(saved, pc=saved["x30"], sp=self.sp + 160)

    def pc(self):
        return self.registers.get("rip", self.registers.get("pc"))


class Unwinder(gdb.unwinder.Unwinder):
    """While there is a context, it is the caller of frame 0."""

    def __init__(self):
        super().__init__("kiosk")
        self.context = None

    def __call__(self, pending):
        if self.context is None or pending.level() != 0:
            return None
        word = gdb.lookup_type("unsigned long")

        class FrameId:
            sp = gdb.Value(self.context.sp - 64).cast(word)  # below, as a callee's is
            pc = gdb.Value(self.context.pc()).cast(word)

        info = pending.create_unwind_info(FrameId)
        for name, value in self.context.registers.items():
            of_frame = pending.read_register(name)
            info.add_saved_register(name, gdb.Value(value).cast(word).cast(of_frame.type))
        return info


unwinder = Unwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)


@contextlib.contextmanager
def on_stack(view):
    """Frames 1 and above are those of the process."""
    context = Context(view.process["stack"])
    unwinder.context = context
    gdb.invalidate_cached_frames()
    try:
        yield
    finally:
        unwinder.context = None
        gdb.invalidate_cached_frames()


@contextlib.contextmanager
def selected(thread):
    before = gdb.selected_thread()
    thread.switch()
    try:
        yield
    finally:
        before.switch()


def thread_on(stack):
    """Who stands on a stack now."""
    low, size = int(stack["lowest"]), int(stack["size"])
    for thread in gdb.selected_inferior().threads():
        with selected(thread):
            sp = int(gdb.newest_frame().read_register("sp"))
        if low <= sp <= low + size:
            return thread
    return None


def thread_of(scheduler):
    stack = scheduler["stack"]
    return thread_on(stack) if stack and stack["lowest"] else None


def run_on(view, command):
    """A gdb command, its output as text, on the stack of a process; None: it has none."""
    if view.runs():
        late = view.is_late
        thread = thread_on(view.process["stack"]) if late else thread_of(view.scheduler)
        if thread is None:
            return "it runs, but no thread stands on its stack\n"
        with selected(thread):
            return gdb.execute(command, to_string=True)
    if not view.process["stack"]:
        return None
    with on_stack(view):
        return gdb.execute(command, to_string=True)


def without_frame_0(text):
    """Of a backtrace: it is not the process's."""
    start = re.search(r"^#1 ", text, re.M)
    return text[start.start() :] if start else text


def show_backtrace(view, options):
    process = view.process
    doing = ", ".join(filter(None, [view.state(), view.doing()]))
    gdb.write("%s: %s\n" % (described(view.runtime, pid_of(process)), doing))
    text = run_on(view, "backtrace " + options)
    if text is None:
        text = "no stack: it is between two messages\n"
    gdb.write(without_frame_0(text) if view.blocked() else text)


# --- commands -------------------------------------------------------------------------------------
class Ks(gdb.Command):
    """Processes of kiosk: ks ps, ks bt PID, ks in PID COMMAND, ks schedulers."""

    def __init__(self):
        super().__init__("ks", gdb.COMMAND_STACK, prefix=True)

    def invoke(self, argument, from_tty):
        gdb.execute("help ks")


class Command(gdb.Command):
    """What all have in common."""

    def __init__(self, name):
        super().__init__("ks " + name, gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        try:
            self.run(argument)
        except gdb.MemoryError as error:
            raise Trouble("kiosk: the core file, or the program, lacks memory: %s" % error)
        except (gdb.error, KeyError, StopIteration) as error:
            raise Trouble("kiosk: not the libkiosk that this script knows: %s" % error)


class Ps(Command):
    """All processes: ks ps [WORD]. With a word, those whose line has it."""

    def run(self, word):
        def show(runtime):
            rows = [view.row() for view in views(runtime)]
            if word:
                rows = [row for row in rows if word in " ".join(row)]
            heads = ["PID", "SCHED", "STATE", "QUEUE", "NAME", "MODULE", "DOES"]
            show_table([heads] + rows)
            gdb.write("%d processes\n" % len(rows))

        for_each_runtime(show)


class Bt(Command):
    """Backtraces of processes: ks bt PID..., ks bt all; options are those of gdb's: -full."""

    def run(self, argument):
        words = argument.split()
        options = " ".join(word for word in words if word.startswith("-"))
        words = [word for word in words if not word.startswith("-")]
        if not words:
            raise Trouble("kiosk: ks bt PID..., or ks bt all")
        if words == ["all"]:
            chosen = [v for r in runtimes() for v in views(r) if v.blocked() or v.runs()]
        else:
            chosen = [view for word in words for view in find(word)]
        for i, view in enumerate(chosen):
            if i:
                gdb.write("\n")
            show_backtrace(view, options)


class In(Command):
    """A gdb command on the stack of a process: ks in PID COMMAND. Its frames begin at 1."""

    def run(self, argument):
        words = argument.split(None, 1)
        if len(words) < 2:
            raise Trouble("kiosk: ks in PID COMMAND")
        for view in find(words[0]):
            text = run_on(view, words[1])
            if text is None:
                raise Trouble("kiosk: %s has no stack" % pid_text(pid_of(view.process)))
            gdb.write(text)


class Schedulers(Command):
    """The schedulers of each runtime."""

    def ready(self, normal, high, low):
        ranked = " (%d high, %d low)" % (high, low) if high or low else ""
        return str(normal + high + low) + ranked

    def row(self, runtime, s):
        thread = thread_of(s)
        current = int(s["current"]) and pid_of(s["current"].dereference())
        stacks = s["runner"]["stacks"]
        return [
            str(int(s["number"])),
            "%d (LWP %d)" % (thread.num, thread.ptid[1]) if thread else "?",
            described(runtime, current) if current else "-",
            self.ready(*(int(s[name]["length"]) for name in ("queue", "high", "low"))),
            "%d of %d" % (int(stacks["count"]) - int(stacks["in_pool"]), int(stacks["count"])),
            "yes" if s["hungry"] else "no",
        ]

    def run(self, argument):
        heads = ["SCHED", "THREAD", "RUNS", "READY", "STACKS", "WAITS"]

        def show(runtime):
            show_table([heads] + [self.row(runtime, s) for s in schedulers(runtime)])

        for_each_runtime(show)


class Gcore(Command):
    """A core file with all stacks, of a live program: ks gcore FILE. The guards of the stacks are
    taken away for as long as it takes, by calls of madvise() in the program."""

    REMOVE, INSTALL = 103, 102  # MADV_GUARD_...

    def advise(self, start, size, advice):
        madvise = "((int (*)(void *, unsigned long, int))madvise)"
        if int(gdb.parse_and_eval("%s((void *)%d, %d, %d)" % (madvise, start, size, advice))):
            raise Trouble("kiosk: madvise failed in the program")

    def pools(self, runtime):
        for s in schedulers(runtime):
            runner = s["runners"]
            while runner:
                first, last = runner["apart"].type.range()
                yield runner["stacks"]
                yield from (runner["apart"][i] for i in range(first, last + 1))
                runner = runner["next"]

    def guards(self):
        """Where they are, of all stacks that are guarded so."""
        pools = [pool for runtime in runtimes() for pool in self.pools(runtime)]
        installed = constants("ks_guard_mode")["KS_GUARD_INSTALL"]
        for pool in pools:
            if int(pool["guard"]) != installed:
                continue
            size, stride = self.layout(pool)
            region = pool["regions"]
            region = region.cast(region_type().pointer())
            while region:
                start, end = int(region["start"]), int(region["start"] + region["size"])
                if start <= int(pool["next"]) < end:
                    end = int(pool["next"])  # the newest one is not used up
                yield from ((at, size) for at in range(start, end, stride))
                region = region["next"]

    def layout(self, pool):
        """Of each stack: bytes of its guard, and from one to the next."""
        if "guard_size" not in [field.name for field in pool.type.fields()]:
            return 4096, int(pool["size"])
        return int(pool["guard_size"]), int(pool["size"]) + int(pool["guard_size"])

    def run(self, argument):
        locking = gdb.parameter("scheduler-locking")
        guards = list(self.guards())
        gdb.execute("set scheduler-locking on")
        try:
            for at, size in guards:
                self.advise(at, size, self.REMOVE)
            gdb.execute("generate-core-file " + argument)
        finally:
            for at, size in guards:
                self.advise(at, size, self.INSTALL)
            gdb.execute("set scheduler-locking " + locking)


def region_type():
    """Of stack.c, not of another file that has one of the same name."""
    symbol = gdb.lookup_global_symbol("ksi_stack_new")
    block = symbol.symtab.static_block()
    return gdb.lookup_type("struct ksi_region", block)


Ks()
Gcore("gcore")
Ps("ps")
Bt("bt")
In("in")
Schedulers("schedulers")
