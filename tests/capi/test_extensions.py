"""Uses the test extensions; what it prints is compared with expected.txt."""
import gc
import importlib
import sys
import weakref

import capi_single as s


def attempt(function, *args, **kwargs):
    try:
        print(function(*args, **kwargs))
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


print(s.__name__, s.__doc__, s.__file__.endswith(".so"), s.answer, s.varargs.__doc__, s.varargs.__text_signature__)
attempt(s.varargs, 1, "abc", 2.5)
attempt(s.varargs, 1, b"a\0c", 2, [])
attempt(s.varargs, 1)
attempt(s.varargs, "x", "y", 0)
attempt(s.varargs, 2**31, "y", 0)
attempt(s.varargs, 1, 2, 0)
attempt(s.varargs, 1, "a", 0, k=1)
attempt(s.keywords, 1)
attempt(s.keywords, 1, [2], flag=[])
attempt(s.keywords, 1, b=[2])
attempt(s.keywords, 1, (2,))
attempt(s.keywords)
attempt(s.keywords, 1, c=3)
attempt(s.keywords, 1, [2], b=[3])
attempt(s.keywords, 1, [2], 3)
attempt(s.noargs)
attempt(s.noargs, 1)
attempt(s.one, "é")
attempt(s.one)
attempt(s.fast, 1, 2, 3)
attempt(s.fast, 1, k=2)
attempt(s.fastkw, 1, 2, a=3, b=4)
attempt(s.nested, 1, (2, 3))
attempt(s.nested, 1, (2,))
attempt(s.nested, 1, (2, "x"))
attempt(s.nested, 1, 2)
attempt(s.buffer_sum, b"\1\2\3")
attempt(s.buffer_sum, memoryview(bytearray(b"abc"))[::2])
attempt(s.buffer_sum, "text")
attempt(s.format)
attempt(s.doubles)
attempt(s.fail, [1])
attempt(s.call, lambda *a: a)
attempt(s.swallow, lambda: int("x"))
attempt(s.swallow, lambda: {}["missing"])
attempt(s.unpack, 1)
attempt(s.unpack)
attempt(s.unpack, 1, 2, 3)
seen = []
s.from_thread(seen.append)
s.from_thread(lambda x: seen.append(x + 1))
print(seen)

import capi_multi as m

print(m.__doc__, m.imported, m.Box, m.Counter, m.Counter.__module__, m.Counter.__qualname__, m.Box.__doc__)
box = m.Box(1.5)
print(box, box + 2, 2 + box, box + box, bool(m.Box(0)), len(box), list(box), box[-1], hash(box), box == m.Box(1.5), box != m.Box(2))
attempt(lambda: box + "x")
attempt(lambda: box[3])
attempt(lambda: box < box)
attempt(m.Box)
attempt(m.Box, 1, 2, 3)
print(box(1, 2, k=3), box.value, box.count, box.half)
box.half = 4
box.value += 1
print(box.value, box.method("x")[1], m.Box.make(), m.Box.method.__text_signature__, m.Box.__add__(box, 1))
attempt(lambda: box.link)
attempt(setattr, box, "count", 1)
attempt(delattr, box, "half")
attempt(setattr, box, "other", 1)
attempt(setattr, m.Box, "other", 1)
print("other" in m.Box.__dict__)
view = memoryview(box)
print(view.nbytes, view.format, view.readonly, box.count)
view.release()
print(box.count)

ref = weakref.ref(box, lambda r: print("gone"))
del box, view
print(ref())
gc.collect()
before = m.Box.alive()
loop = m.Box(1)
loop.link = m.Box(2, loop)
print(m.Box.alive() - before, gc.is_tracked(loop))
del loop
gc.collect()
print(m.Box.alive() - before)


class Sub(m.Box):
    """A Python class on a C type."""

    def __init__(self, value):
        super().__init__(value * 2)
        self.extra = "more"

    def __len__(self):
        return 1

    def __repr__(self):
        return f"Sub<{super().__repr__()}>"


sub = Sub(3)
print(sub, sub.extra, len(sub), list(sub), sub + 1, sub.__dict__, Sub.__mro__)
sub.link = sub
ref = weakref.ref(sub)
del sub
gc.collect()
print(ref(), m.Box.alive() - before)


attempt(lambda: type("Both", (m.Counter, m.Box), {}))
attempt(lambda: type("Both", (m.Counter, list), {}))
c = m.Counter(1, 2)
print(c.n, c.add(1, 2), c.add(), m.Counter().add(5), type(c).__flags__ & (1 << 9) != 0)
attempt(c.add, "x")


class SubCounter(m.Counter):
    pass


d = SubCounter()
print(d.add(10), d.n)
print(m.Tagged(7), m.Tagged(7) + 1, m.Tagged.__mro__, isinstance(m.Tagged(1), int), m.Tagged(10**30) % 7)

attempt(s.key_error, (1, 2))
attempt(s.from_cause, dict)
try:
    s.from_cause(lambda: {}["x"])
except ValueError as error:
    print(error, repr(error.__cause__), error.__context__ is error.__cause__)


def generator():
    return 5
    yield


attempt(s.returned, lambda: next(generator()))
attempt(s.returned, lambda: next(iter(())))
attempt(s.returned, lambda: 1 / 0)

import os
import threading
import tracemalloc

calls = []
os.register_at_fork(before=lambda: calls.append("before"), after_in_parent=lambda: calls.append("parent"),
                    after_in_child=lambda: calls.append("child"))


def in_child():
    assert calls == ["before", "child"] and threading.active_count() == 1
    thread = threading.Thread(target=lambda: calls.append([]))
    thread.start()
    thread.join()
    assert calls[-1] == []


tracemalloc.start()
print(s.forks(in_child), calls)
tracemalloc.stop()
print(s.pieces(bytearray(b"abc")))
attempt(s.pieces, 5)


class Named:
    naïve = 3


print(s.by_static_names(Named))
attempt(s.by_static_names, 5)

again = importlib.reload(s)
print(again is s, s.answer)
del sys.modules["capi_single"]
import capi_single

print(capi_single is s, capi_single.answer)
try:
    import capi_missing
except ImportError as error:
    print(type(error).__name__, "PyNothing_OfThisName" in str(error), error.name, error.path == capi_single.__file__.replace("single", "missing"))

# A C thread calls back, many times.
seen = []
for _ in range(1000):
    s.from_thread(seen.append)
print(len(seen))


# Files that are no module of ours are refused, each with the reason.
def refused(name, data):
    import importlib.machinery
    import importlib.util
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        spec = importlib.util.spec_from_file_location("capi_broken", path, loader=importlib.machinery.ExtensionFileLoader("capi_broken", path))
        try:
            importlib.util.module_from_spec(spec)
        except ImportError as error:
            print(name, type(error).__name__, error.name, error.path == path, str(error).replace(path, "PATH"))


with open(s.__file__, "rb") as file:
    whole = file.read()
refused("truncated.so", whole[:3000])
refused("empty.so", b"")
refused("text.so", b"this is no library\n")
refused("foreign_machine.so", whole[:18] + b"\xb7\x00" + whole[20:])  # AArch64
refused("other_name.so", whole)

import io
import traceback

import capi_rules as r

Own = r.own_type()
own = Own()
own.attribute = 5
ref = weakref.ref(own)
print(own(1, 2, 3), own.attribute, ref() is own, Own.__basicsize__, Own.__dictoffset__, Own.__weakrefoffset__)
del own
print(ref())
attempt(r.small_type, int)
print([r.thread_ends() for _ in range(3)])


def entries(function, *args):
    try:
        function(*args)
    except Exception as error:
        return [(entry.filename.endswith(".c"), entry.name, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)][1:]


def caught():
    try:
        int("x")
    except ValueError as error:
        return error


print(entries(r.restore, caught()), entries(r.line_of_c))
print([r.fill(b"abcdef", order) for order in "CFA"], r.fill(b"abcd", "A"))
print(r.encoded("é"), r.encoded(b"a\0b"), r.encoded(bytearray(b"abc")))
attempt(r.encoded, 5)


class Pair(tuple):
    """A tuple of a class of its own."""


print(r.built(), r.spread(lambda *args: args, Pair((1, 2))))
for text, base in (b"12", 10), (b" 0x1f ", 0), (b"12abc", 10), (b"1_", 10), (b"12 x", 10), (b"", 10), (b"12", 99):
    print(text, base, r.int_from(text, base))
for value in 127, 128, 255, 256, -128, -129:
    print(value, r.native(value))
print([r.positions(UnicodeDecodeError("x", data, *at, "")) for data, *at in ((b"abc", 1, 2), (b"abc", 10, 20), (b"abc", -5, -5))])
for make in io.StringIO, lambda text: io.BytesIO(text.encode()):
    file = make("one\ntwo\nthree")
    print([r.line(file, n) for n in (2, 0, -1, -1)])
    attempt(r.line, file, -1)


def cycle():
    loop = []
    loop.append(loop)


gc.disable()
cycle()
print(r.collect(), gc.collect() > 0)
gc.enable()
cycle()
print(r.collect())
print(ascii(r.decoded("\ud800")), r.decoded(b"name"))
attempt(r.decoded, "a\0")
print(ascii(r.wide(0x10FFFF)), ascii(r.written(0x10FFFF)))
attempt(r.wide, 0x110000)
attempt(r.written, 0x110000)
attempt(r.exec_module, compile("1 / 0", "made", "exec"))
print("capi_rules_made" in sys.modules)
print(r.exec_module(compile("x = 5", "made", "exec")).x, sys.modules["capi_rules_made"].x)
early = r.early_attribute([1])
print(early, early.early, type(early()), early.__mro__)

import importlib.util
import marshal
import tempfile
import warnings

import capi_older as o

attempt(o.parsed_object, "abc")
attempt(o.parsed_object, 5)
for function in o.parsed_keywords, o.va_parsed:
    attempt(function, "text")
    attempt(function, b"a\0b", number=3)
    attempt(function, "text", 3, number=4)
    attempt(function, 5)
    attempt(function, "text", "x")


def placed(a):
    return a(
        1).b


print([o.location(placed.__code__, offset)[0] for offset in (-1, 0)])
for unit, (line, end_line, column, end_column) in enumerate(placed.__code__.co_positions()):
    expected = tuple(-1 if part is None else part for part in (line, column, end_line, end_column))
    assert o.location(placed.__code__, 2 * unit)[1:] == expected, (unit, expected)
first = placed.__code__.co_firstlineno
print(o.location(placed.__code__, -1) == (1, first, 0, first, 0))
for slice_ in slice(None), slice(1, -1), slice(None, None, -1), slice(2, 20), slice(20, 30), slice(None, None, 0), slice("a"), slice(2**70):
    print(slice_, end=" ")
    attempt(o.slice_indices, slice_, 10)
for encoding, data in (
    ("utf-7", b"a+AOk-b+AO"), ("utf-7", b"+//"), ("utf-8", b"a\xc3\xa9\xe2\x82"), ("utf-8", b"\xff"),
    ("utf-16", b"\xff\xfea\0b"), ("utf-16", b"\xfe\xff\0a\xd8"), ("utf-16", b"a\0"),
    ("utf-32", b"\xff\xfe\0\0a\0\0\0b\0"), ("utf-32", b"\0\0\xfe\xff\0\0\0a"), ("utf-32", b"a\0\0\0"),
):
    attempt(lambda: ascii(o.decoded(encoding, data)))
    attempt(lambda: ascii(o.decoded(encoding, data, 0, True)))
attempt(o.decoded, "utf-16", b"\0a\0b", 1)
attempt(o.decoded, "utf-32", b"\0\0\0a", -1)
attempt(lambda: ascii(o.decoded("raw", b"\\u00e9\\n\xe9\\u12")))
attempt(o.charmap_decoded, b"a\xe9")
attempt(o.charmap_decoded, b"\0\1", "xy")
attempt(o.charmap_decoded, b"\0\2", "xy")
attempt(o.charmap_decoded, b"\0\1", {0: "long", 1: 65})
attempt(lambda: type(o.encoding_map("\0" + "".join(map(chr, range(1, 256))))).__name__)
attempt(o.encoding_map, "xy")
attempt(o.encoding_map, "")
attempt(o.encoding_map, 5)
attempt(o.charmap_encoded, "yx", o.encoding_map("xy"))
attempt(o.charmap_encoded, "z", o.encoding_map("xy"))
attempt(o.charmap_encoded, "z")
attempt(o.charmap_encoded, 5, {})
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    attempt(o.transformed, 0, "nop", "rot13")
    attempt(o.transformed, 1, "nop", "rot13")
    attempt(o.transformed, 2, "nop", "rot13")
    attempt(o.transformed, 3, "nop", "rot13")
    attempt(o.transformed, 2, "nop", None)
    attempt(o.transformed, 3, "nop", None)
    attempt(o.transformed, 1, "6161", "hex")
    attempt(o.transformed, 1, "ab", "unicode_escape")
    attempt(o.transformed, 0, b"nop", "rot13")
for warning in caught:
    print(warning.category.__name__, warning.message)
attempt(o.old_size, "text")
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "program.py")

    def write(source):
        with open(path, "wb") as file:
            file.write(source)
        return path

    space = {}
    attempt(o.run_file, write(b"# coding: latin-1\nx = '\xe9'\nf = lambda: 1 / 0"), 257, space)
    print(ascii(space["x"]), space["f"].__code__.co_filename == path)
    attempt(o.run_file, write(b"len(x) + 1"), 258, space)
    attempt(o.run_file, write(b"missing"), 258, space)
    attempt(o.run_file, write(b"x ="), 257, space)
    sys.excepthook = lambda kind, value, traceback: print("shown", kind.__name__, value)
    main = sys.modules["__main__"]
    kept = main.__file__, main.__loader__
    attempt(o.run_main, write(b"print(__name__, __file__ != 'name'); ran = 1"), "name")
    attempt(o.run_main, write(b"1 / 0"), None)
    print(main.ran, main.__loader__.path)
    del main.__file__
    attempt(o.run_main, write(b"print(__file__, __cached__)"), "name")
    print(hasattr(main, "__file__"), hasattr(main, "__cached__"))
    code = compile("print('compiled')", "compiled.py", "exec")
    attempt(o.run_main, write(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code)), path)
    main.__file__, main.__loader__ = kept
    attempt(o.run_text, "print(ran)")
    attempt(o.run_text, "1 / 0")
    sys.excepthook = sys.__excepthook__
traced, profiled, ready, go = [], [], threading.Event(), threading.Event()


def in_thread():
    pass


def wait():
    ready.set()
    go.wait()
    in_thread()


thread = threading.Thread(target=wait)
thread.start()
ready.wait()
o.watch_all(traced, profiled)
go.set()
thread.join()
o.watch_all(None, None)
in_thread()
print(traced.count("in_thread"), profiled.count("in_thread"), sys.gettrace(), sys.getprofile())


def free():
    a = 3

    def inner(b, c=None, *, d=None, e=5):
        return a, b, c, d, e

    return inner


attempt(o.called, 0, sorted, ([2, 1],), {"reverse": True})
attempt(o.called, 1, dict)
attempt(o.called, 1, dict, (), {"a": 1})
attempt(o.called, 1, dict, [], {})
attempt(o.called, 1, dict, (), 5)
attempt(o.called, 2, lambda a, b: (a, b is not None))
attempt(o.called, 3, dict)
attempt(o.called, 4, "banana")
attempt(o.evaluated, free().__code__, globals(), {"e": 6}, free().__closure__)
function = free()
o.set_closure(function, (type(function.__closure__[0])(9),))
attempt(function, 1)
attempt(o.set_closure, function, [])
for file, cached in ((None, None), ("made.py", None), ("made.py", "made.pyc")):
    made = o.exec_module("capi_older_made", compile("x = __name__, __file__", "inside.py", "exec"), file, cached)
    print(made.x, made.__cached__, made.__spec__.name, made is sys.modules["capi_older_made"])
attempt(o.exec_module, "capi_older_gone", compile("import sys; del sys.modules[__name__]", "gone", "exec"), None, None)
finder = o.importer(os.path.dirname(os.__file__))
print(type(finder).__name__, finder is o.importer(os.path.dirname(os.__file__)), o.importer("/nowhere/at/all.txt") is None)
print(o.frozen("__hello__no"), o.frozen("zipimport"))
print(o.codec_part(0, "utf-16-le", None, None).encode("a"), o.codec_part(1, "ascii", "replace", None).decode(b"\xff") == "\ufffd")
print(o.codec_part(2, "utf-8", None, io.BytesIO(b"ab")).read())
stream = io.BytesIO()
o.codec_part(3, "ascii", "ignore", stream).write("a\xe9b")
print(stream.getvalue())
attempt(o.codec_part, 0, "no such codec", None, None)
attempt(o.copied, bytearray(5), b"abc")
attempt(lambda: o.copied(memoryview(bytearray(6))[::2], b"abc").obj)
attempt(o.copied, bytearray(2), b"abc")
attempt(o.copied, bytearray(2), 5)
block = bytearray(b"abc")
print(o.memory(block), block, o.memory(5))
attempt(o.memory, b"abc")
attempt(o.pickle_buffer, b"abc")
attempt(o.released_view, 5)


class Weak:
    pass


weak = Weak()
print(o.weakly(weak), o.weakly(5))
reference = weakref.ref(weak)
print(o.weakly(weak))
o.add_audit_hook()
sys.audit("capi_older.count", 1)
sys.audit("capi_older.count")
print(o.audit_count())
attempt(sys.audit, "capi_older.refuse", 1, 2)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "source.py")
    with open(path, "wb") as file:
        file.write(b"one\ntwo \xc3\xa9\r\nthree\rlonger line")
    for arguments in (path, 2, 3, 3, 5), (path, 1, -1, 1, -1), ("missing", 2, 3, 0, 0), (path, 1, 0, 0, 0), (None, 1, 1, 1, 1):
        try:
            o.syntax_error(*arguments)
        except SyntaxError as error:
            name = error.filename and os.path.basename(error.filename)
            print(name, error.lineno, error.offset, error.end_lineno, error.end_offset, ascii(error.text), error.msg)
    print([ascii(o.program_text(path, line)) for line in (0, 1, 2, 9)], o.program_text("missing", 1))
    print(ascii(o.universal_lines(path, 16)), ascii(o.universal_lines(path, 9)))
    print(ascii(o.asked(path)))
warn_options, x_options = list(sys.warnoptions), dict(sys._xoptions)
print(o.options(), sys.warnoptions, sys._xoptions["capi_flag"], sys._xoptions["capi_name"])
sys.warnoptions[:] = warn_options
print(o.paths() == (sys.prefix, sys.exec_prefix, sys.executable))
print(o.statuses())
watched = {"a": 1}
dict_id = o.watch(0, None)
o.watch(1, watched, dict_id)
watched["b"] = 2
watched["a"] = 3
del watched["b"]
watched.update(c=4)
watched.pop("c")
watched.setdefault("d", 5)
sys.unraisablehook = lambda told: print(told.err_msg.split(" <")[0], repr(told.exc_value), told.object)
watched["e"] = None
sys.unraisablehook = sys.__unraisablehook__
watched.clear()
print(o.heard())
o.watch(2, watched, dict_id)
watched["unseen"] = 1
o.watch(1, watched, dict_id)
del watched
print(o.heard())
attempt(o.watch, 1, [], dict_id)
attempt(o.watch, 1, {}, 7)
attempt(o.watch, 1, {}, 8)
attempt(o.watch, 3, None, -1)
o.watch(3, None, dict_id)
attempt(o.watch, 1, {}, dict_id)


class Base:
    pass


class Derived(Base):
    pass


type_id = o.watch(4, None)
o.watch(5, Derived, type_id)
Base.x = 1
Derived.x
Derived.y = 2
print([event for event, _, _ in o.heard()])
o.watch(6, Derived, type_id)
Derived.x
Derived.z = 3
print(o.heard())
attempt(o.watch, 5, 5, type_id)
attempt(o.watch, 5, Base, 7)
attempt(o.watch, 5, Base, 8)
o.watch(7, None, type_id)
print(o.collectable([1]), o.collectable(5))

import capi_errors as e


def blamed(function, *args):
    try:
        print(function(*args))
    except SystemError as error:
        print(error, repr(error.__cause__), error.__context__ is error.__cause__)


for _ in range(3):
    blamed(e.left_one, 1)
    blamed(lambda: e.left_one(1))
    blamed(lambda: e.left_tuple(1))
    blamed(lambda: e.left_fast(1))
    blamed(lambda: list(map(e.left_one, [1])))
    blamed(lambda: e.nothing_one(1))
    blamed(lambda: e.nothing_tuple(1))


class Counted(Exception):
    def __init__(self, text):
        super().__init__(max(text, key=ord), len(text))


class Shown:
    def __repr__(self):
        return max(["shown"], key=len)


class Dying:
    def __del__(self):
        print("dying", max(1, 2))


attempt(e.raised_over, Counted, "text", 0)
attempt(e.raised_over, Counted, Shown(), 1)
attempt(e.dropped, [Dying()])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    attempt(e.dropped, [open(os.devnull)])


def event_hook(event, args):
    if event == "capi_errors.event":
        print(event, args)
        if args[0]:
            raise KeyError(*args)
    elif event in ("sys.settrace", "sys.setprofile"):
        events.append(event)


events = []
sys.addaudithook(event_hook)
attempt(e.audited, None)
attempt(e.audited, "no")
o.watch_all(None, None)
print(sorted(set(events)))
attempt(e.no_number, OSError)
attempt(e.no_number, Exception)
attempt(e.import_failed, ModuleNotFoundError)
attempt(e.import_failed, ValueError)
sys.excepthook = lambda kind, value, traceback: print("shown", kind.__name__, value)
sys.last_exc = None
e.printed(0)
print(sys.last_exc)
e.printed(1)
print(repr(sys.last_exc))
sys.excepthook = sys.__excepthook__

import signal

print(e.interrupt(0), e.interrupt(65))
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
print(e.interrupt(signal.SIGUSR1))
signal.signal(signal.SIGUSR1, lambda number, frame: print("handled", number == signal.SIGUSR1))
print(e.interrupt(signal.SIGUSR1))


def alarm(handler):
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02)


print(e.waited(0))
alarm(lambda number, frame: print("handled"))
print(e.waited(100))
alarm(lambda number, frame: 1 / 0)
attempt(e.waited, 60_000)
print(e.thread_exits())
attempt(e.frozen, Counted)
attempt(e.frozen, Derived)
attempt(e.odd_type)
attempt(e.latin, {})
attempt(e.resized)


class Renamed:
    __name__ = "no function"

    def method(self):
        pass


for function in blamed, Renamed().method, len, [].append, Renamed(), Renamed:
    print(e.function_name(function))


class Caller(e.caller_type()):
    def __call__(self, *args):
        return super().__call__(*args, None)


class Plain(Caller.__base__):
    pass


print(Caller()(1, 2), Plain()(1, 2), Plain.__call__(Caller(), 1))
Plain.__call__ = lambda self: super(Plain, self).__call__()
print(Plain()())
