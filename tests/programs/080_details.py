"""Details that are easily missed: who finalizes what and when, what changes under one's hands, and what is the same object."""

import binascii
import gc
import io
import itertools
import os
import re
import signal
import sys
import warnings
import weakref
import zlib
from contextlib import ExitStack, contextmanager


def chain(error):
    names = []
    while error is not None:
        names.append(str(error))
        error = error.__context__
    return " < ".join(names)


@contextmanager
def failing(message):
    try:
        yield
    finally:
        raise ValueError(message)


# An exception thrown into a generator keeps its own context.
try:
    with ExitStack() as stack:
        for name in "dcb":
            stack.enter_context(failing(name))
        raise ValueError("a")
except ValueError as error:
    print(chain(error))


# Streams flush when they die; weak references are dead by then.
class Raw(io.RawIOBase):
    def __init__(self):
        self.written = []

    def writable(self):
        return True

    def write(self, data):
        self.written.append(bytes(data))
        return len(data)


raw = Raw()
writer = io.BufferedWriter(raw)
writer.write(b"abc")
del writer
print(raw.written)

seen = []


class Finalized:
    def __del__(self):
        seen.append(self.ref())


cyclic = Finalized()
cyclic.self = cyclic
cyclic.ref = weakref.ref(cyclic)
del cyclic
gc.collect()
print(seen)

# Buffers are left as failing calls find them.
reader = io.BufferedReader(io.BytesIO(b"abc"))
try:
    reader.__init__(io.BytesIO(b"def"), buffer_size=0)
except ValueError as error:
    print(error)
try:
    reader.read()
except ValueError as error:
    print(error)
print(io.BufferedReader(io.BytesIO()).writable(), sys.getsizeof(io.BufferedReader(io.BytesIO(), 4096)) > 4096)
wrapper = io.TextIOWrapper(io.BytesIO(), "ascii", "replace", "\r")
for bad in {"encoding": "locale\0"}, {"encoding": "\udcfe"}, {"errors": 42}, {"newline": "xyz"}:
    try:
        wrapper.reconfigure(**bad)
    except Exception as error:
        print(type(error).__name__, wrapper.encoding, wrapper.errors)
both = io.TextIOWrapper(io.BufferedRWPair(io.BytesIO(b"one\ntwo\n"), io.BytesIO()), encoding="ascii")
first = both.readline()
both.write(first)
print(repr(first + both.readline()))


# A signal is handled when the call that it interrupts is over.
class Interrupted(Exception):
    pass


def handler(number, frame):
    raise Interrupted


signal.signal(signal.SIGUSR1, handler)
kill = os.kill
try:
    kill(os.getpid(), signal.SIGUSR1)
    print("too late")
except Interrupted:
    print("in time")


# What is iterated may not change what it is for.
separator = bytearray(b",")


def items():
    separator.clear()
    yield b"A"


try:
    separator.join(items())
except BufferError as error:
    print(error)
pairs = itertools.pairwise([None, None])
gc.collect()
print(gc.is_tracked(next(pairs)))

# Constants of one compilation are shared.
namespace = {}
exec("f, g = lambda: (1, 'two', 3.0), lambda: (1, 'two', 3.0)", namespace)
print(namespace["f"]() is namespace["g"](), namespace["f"].__code__.co_consts is namespace["g"].__code__.co_consts)
for count in 200, 200_000:
    try:
        compile("a" + ".b" * count, "<chain>", "eval")
        print("compiled")
    except RecursionError as error:
        print("RecursionError")

# Built-in functions that comprehensions are unrolled for can still be replaced.
original = all
import builtins

builtins.all = lambda iterable: "replaced"
try:
    print((lambda: all(x for x in [1, 0]))())
finally:
    builtins.all = original
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    type("Odd", (), {1: 2})
print(caught[0].message)

# Letters that share a case.
print([bool(re.match(p, s, re.I)) for p, s in [("K", "\u212a"), ("\u017f", "S"), ("\ufb05", "\ufb06"), ("[J-M]", "\u212a")]])
print(binascii.b2a_qp(b"x y", header=True, quotetabs=True))
decompressor = zlib.decompressobj()
decompressor.decompress(zlib.compress(b"data"))
decompressor.flush()
try:
    decompressor.copy()
except ValueError as error:
    print(error)

# Wrong calls are told apart.
for wrong in (
    lambda: min(0, default=1, key=2, foo=3),
    lambda: list(itertools.product(0, repeat=1, foo=2)),
    lambda: "a b".split(maxsplt=1),
    lambda: ImportError(0, name=1, path=2, name_from=3, foo=3),
    lambda: None.__ne__(None),
):
    try:
        print(wrong())
    except TypeError as error:
        print(error)

# Calls of super() are events, too.
monitoring = sys.monitoring
events = []
monitoring.use_tool_id(3, "test")
monitoring.register_callback(3, monitoring.events.CALL, lambda code, at, callee, arg: events.append(callee.__name__))


class Base:
    def method(self):
        return 1


class Derived(Base):
    def method(self):
        return super().method()


derived = Derived()
monitoring.set_events(3, monitoring.events.CALL)
derived.method()
monitoring.set_events(3, 0)
monitoring.free_tool_id(3)
print(events[:3])

# Descriptors and paths.
for call in lambda: os.fsync(True), lambda: os.fsync(-1), lambda: os.execv("x", ("",)):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call()
    except Exception as error:
        print(type(error).__name__, error)
print(ascii(os.path.splitroot("/\udfff")), ascii(os.path.normpath("/a/../\udfff")))
event = os.eventfd(3)
os.eventfd_write(event, 4)
print(os.eventfd_read(event), os.sched_param(sched_priority=7).sched_priority, os.major(os.makedev(8, 1)))
os.close(event)
