# Pickle: the bytes of every protocol, hooks, buffers, broken data.
import collections
import copyreg
import functools
import hashlib
import io
import pickle


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    class Inner:
        def method(self):
            return "inner"


class Slotted:
    __slots__ = ("a", "b")


class Keyword:
    def __new__(cls, *, size):
        self = super().__new__(cls)
        self.size = size
        return self

    def __getnewargs_ex__(self):
        return (), {"size": self.size}


class Items(list):
    pass


class Mapping(dict):
    pass


def setter(obj, state):
    obj.state = ("set", state)


class Full:
    def __reduce_ex__(self, protocol):
        return Items, (), {"n": 1}, iter([1, 2]), None, setter


def digest(data):
    return hashlib.sha256(data).hexdigest()[:8]


cycle = [1]
cycle.append(cycle)
knot = ([],)
knot[0].append(knot)
slotted = Slotted()
slotted.a = 1
items = Items([1, 2])
items.name = "named"
values = {
    "atoms": [None, True, False, 0, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 2**63, -(2**63), 2**100, -(2**2047), 1.5],
    "strings": ["", "abc", "\xe9\u20ac\U0001f600", "\udc80", "a\\b\n\r\0\x1a", "x" * 300, "y" * 70000],
    "bytes": [b"", b"abc", b"z" * 300, b"w" * 70000, bytearray(b""), bytearray(b"ba")],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "long list": list(range(2500)),
    "long dict": {i: str(i) for i in range(2500)},
    "sets": [{1}, frozenset([1]), set(range(1200)), frozenset()],
    "shared": [values := ["a"], values, {"k": values}],
    "cycle": cycle,
    "knot": knot,
    "globals": [Point, Point.Inner, functools.reduce, collections.OrderedDict, type(None), type(...), NotImplemented],
    "instances": [Point(1, [2]), items, Mapping(a=1), complex(1, 2), range(3), slice(1, 2), collections.deque([1], 2)],
    "method": Point.Inner().method,
    "error": ValueError("text", 1),
    "full": Full(),
}
for name, value in values.items():
    print(name, *[digest(pickle.dumps(value, protocol)) for protocol in range(6)])
    for protocol in range(6):
        data = pickle.dumps(value, protocol)
        assert pickle.dumps(pickle.loads(data), protocol) == data or name in ("sets", "full", "strings", "bytes"), (name, protocol)
        file = io.BytesIO()
        pickle.dump(value, file, protocol)
        assert file.getvalue() == data, (name, protocol)
        for reader in (io.BytesIO, lambda data: io.BufferedReader(io.BytesIO(data), 16)):
            file = reader(data + b"rest")
            pickle.load(file)
            assert file.read() == b"rest"
for protocol in range(2, 6):
    copy = pickle.loads(pickle.dumps([slotted, Keyword(size=3)], protocol))
    print(protocol, copy[0].a, hasattr(copy[0], "b"), copy[1].size, pickle.loads(pickle.dumps(Full(), protocol)).state)
restored = pickle.loads(pickle.dumps(knot))
print(restored[0][0] is restored, pickle.loads(pickle.dumps(cycle))[1][1][0])


class Hooked(pickle.Pickler):
    dispatch_table = copyreg.dispatch_table.copy()
    dispatch_table[complex] = lambda value: (complex, (value.imag, value.real))

    def persistent_id(self, obj):
        return ("id", obj.x) if isinstance(obj, Point) else None

    def reducer_override(self, obj):
        return (str, ("a set" if isinstance(obj, set) else "an iterator",)) if isinstance(obj, type(iter([]))) else NotImplemented


class Unhooked(pickle.Unpickler):
    def persistent_load(self, pid):
        return Point(pid[1], "found")

    def find_class(self, module, name):
        print("find", module, name)
        return super().find_class(module, name)


file = io.BytesIO()
pickler = Hooked(file, 4)
pickler.dump([Point(7, 0), 1 + 2j, iter([])])
pickler.dump("again")
print(len(pickler.memo.copy()), sorted(index for index, _ in pickler.memo.copy().values()))
file.seek(0)
unpickler = Unhooked(file)
loaded = unpickler.load()
print(loaded[0].x, loaded[0].y, loaded[1:], unpickler.load(), sorted(unpickler.memo.copy()))

buffers = []
data = pickle.dumps([pickle.PickleBuffer(b"read only"), pickle.PickleBuffer(bytearray(b"writable"))], 5, buffer_callback=buffers.append)
print([bytes(b) for b in buffers], len(data), [bytes(b) for b in pickle.loads(data, buffers=buffers)])
print([type(b) for b in pickle.loads(pickle.dumps([pickle.PickleBuffer(b"x"), pickle.PickleBuffer(bytearray(b"y"))], 5))])
view = pickle.PickleBuffer(memoryview(bytearray(range(6))).cast("B", (2, 3)))
print(view.raw().shape, view.raw().format, view.release(), view.release())

for data in (b"", b"N", b".", b"(.", b"a", b"]a", b"0", b"R", b"h\x05.", b"K", b"X\x05\0\0\0ab.", b"\x80\x09.", b"\xff", b"'", b"Ix\n.",
             b"Fx\n.", b"S'a\n.", b"(Nd.", b"}(Nu.", b"}N\x93.", b"N)\x81.", b"cbuiltins\nint\nN\x81.", b"cnowhere\nx\n.",
             b"cbuiltins\nnothing\n.", b"\x80\x04\x8c\x08builtins\x8c\x07int.bad\x93.", b"\x84\0\0\0\0.", b"\x82\x7f.", b"\x97.", b"p-1\n.",
             b"P1\n.", b"]}b.", b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", b"\x95\0\0\0\0\0\0\0\x10N."):
    try:
        print(data, pickle.loads(data))
    except Exception as error:
        print(data, type(error).__name__)
deep = []
for _ in range(100000):
    deep = [deep]
try:
    pickle.dumps(deep)
except RecursionError:
    print("too deep")
print(len(pickle.loads(b"]" * 50000 + b"a" * 49999 + b".")))
for action in (lambda: pickle.dumps(1, 9), lambda: pickle.dumps(1, 4, buffer_callback=print),
               lambda: pickle.loads("text"), lambda: pickle.Pickler(object()), lambda: pickle.Unpickler(object()),
               lambda: setattr(pickler, "memo", 1), lambda: pickle.dumps(io), lambda: pickle.Pickler.__new__(pickle.Pickler).dump(1)):
    try:
        action()
    except Exception as error:
        print(type(error).__name__)
