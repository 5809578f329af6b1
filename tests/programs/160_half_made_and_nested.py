"""Chains of objects that pass a request on to each other end in `RecursionError`; streams, maps and classes that are changed in the
middle of a request stay whole. CPython dies of some of this."""

import functools
import io
import mmap
import types

DEPTH = 300_000


def chain(wrap, start):
    for _ in range(DEPTH):
        start = wrap(start)
    return start


def tried(what, action):
    try:
        action()
    except (RecursionError, MemoryError) as error:
        print(what, type(error).__name__)
    else:
        print(what, "done")


# What calls itself, or another of its kind.
partial = functools.partial(print)
partial.__setstate__((partial, (), {}, {}))
tried("a partial that calls itself", partial)
tried("with keywords", lambda: partial(a=1))
partial.__setstate__((print, (), {}, {}))

wrapper = chain(lambda x: x.__call__, (1).__add__)
tried("wrappers of wrappers", lambda: wrapper(2))
del wrapper

# What asks the function that it wraps.
for name, wrap in [
    ("staticmethod", staticmethod),
    ("classmethod", classmethod),
    ("property", property),
]:
    nested = chain(wrap, print)
    tried(name + " that may be abstract", lambda: nested.__isabstractmethod__)
    del nested

method = chain(lambda x: types.MethodType(x, 1), print)
tried("an attribute of methods of methods", lambda: method.unknown)
tried("their hash", lambda: hash(method))
del method

alias = chain(lambda x: types.GenericAlias(x, int), list)
tried("an attribute of aliases of aliases", lambda: alias.unknown)
tried("their hash", lambda: hash(alias))
del alias

proxy = chain(types.MappingProxyType, {})
for name, action in [
    ("length", lambda: len(proxy)),
    ("iteration", lambda: iter(proxy)),
    ("union", lambda: proxy | proxy),
    ("get", lambda: proxy.get(1)),
    ("keys", lambda: proxy.keys()),
    ("values", lambda: proxy.values()),
    ("items", lambda: proxy.items()),
    ("copy", lambda: proxy.copy()),
    ("reversed", lambda: reversed(proxy)),
    ("hash", lambda: hash(proxy)),
    ("equality", lambda: proxy == proxy),
]:
    tried("proxies of proxies: " + name, action)
del proxy

nested = chain(slice, 1)
tried("slices of slices: hash", lambda: hash(nested))
del nested

# More than there is memory for is found out at once.
for make in (list, tuple, set, sorted, lambda r: [].extend(r), lambda r: [1].extend(r)):
    if make is not set:
        tried("a very long range", lambda: make(range(2**62)))


# A class's dict is not handed out.
class Plain:
    attribute = 1


state = object.__getstate__(Plain)
state.clear()
print(Plain.attribute, "attribute" in vars(Plain), object.__getstate__(int))


# A map that shrinks while the bounds of a slice are asked for.
class Shrinking:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        memory.resize(4096)
        return self.value


for action in [
    lambda: memory[Shrinking(5000):6000],
    lambda: memory[Shrinking(0):6000:1000],
    lambda: memory.__setitem__(slice(Shrinking(4090), 4099), b"x" * 9),
    lambda: memory.__setitem__(slice(Shrinking(4090), 8192), b"abcdef"),
]:
    memory = mmap.mmap(-1, 8192, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        print(action())
    except IndexError as error:
        print("IndexError:", error)
    memory.close()


# A raw stream that takes the buffer away, and one that begins the buffered stream anew.
class Thief(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, view):
        target = view.obj
        view.release()
        if target is not None:
            target.clear()
        return 5


print(len(io.BufferedReader(Thief(), 16).read1(8)) in (0, 5))


class Restarting(io.RawIOBase):
    restart = False

    def readable(self):
        return True

    def seekable(self):
        return True

    def readinto(self, view):
        view[:] = bytes(range(len(view)))
        return len(view)

    def tell(self):
        return self.seek(0)

    def seek(self, offset, whence=0):
        if self.restart:
            self.restart = False
            stream.__init__(self, 16)
        return 16


raw = Restarting()
stream = io.BufferedReader(raw, 16)
print(stream.read(10))
raw.restart = True
stream.seek(12)
print(stream.read(3))
stream.read(1)
for offset in (2**63 - 1, -(2**63)):
    stream.seek(offset, 1)
    stream.read(1)
