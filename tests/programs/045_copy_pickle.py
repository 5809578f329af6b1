# copy and pickle.
import collections
import copy
import copyreg
import io
import pickle


class Plain:
    def __init__(self, v):
        self.v = v

    def __eq__(self, o):
        return type(o) is type(self) and self.__dict__ == o.__dict__

    def __repr__(self):
        return f"{type(self).__name__}({self.__dict__})"


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b

    def __eq__(self, o):
        return (self.a, self.b) == (o.a, o.b)


class State(Plain):
    def __getstate__(self):
        return {"saved": self.v}

    def __setstate__(self, state):
        self.v = state["saved"] + 1


class Reduce:
    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return Reduce, self.args, {"extra": 1}, None, None


class NewArgs(tuple):
    def __new__(cls, a, b):
        return super().__new__(cls, (a, b))

    def __getnewargs__(self):
        return tuple(self)


class NewArgsEx:
    def __new__(cls, *, x):
        self = super().__new__(cls)
        self.x = x
        return self

    def __getnewargs_ex__(self):
        return (), {"x": self.x}


class MyList(list):
    pass


class MyDict(dict):
    pass


class Custom:
    def __init__(self, n):
        self.n = n

    def __copy__(self):
        return Custom(self.n + 1)

    def __deepcopy__(self, memo):
        return Custom(self.n + 100)


def function(x):
    return x + 1


l = MyList([1, 2])
l.attr = "kept"
d = MyDict(a=1)
d.attr = [1]
Point = collections.namedtuple("Point", "x y")
values = [None, True, 0, -1, 255, 256, 65536, -2 ** 31, 2 ** 31, 2 ** 70, -2 ** 100, 1.5, float("inf"), 1 + 2j, "",
    "text", "é€😀", "\ud800", "x" * 300, b"", b"bytes", b"x" * 300, bytearray(b"ba"), (), (1,), (1, 2), (1, 2, 3),
    (1, 2, 3, 4), [], [1, [2]], {}, {"k": [1], 2: "v"}, {1, 2}, frozenset("ab"), range(1, 10, 2), slice(1, 2),
    Ellipsis, NotImplemented, int, len, function, Plain, Plain([1]), Point(1, 2), collections.OrderedDict(a=1),
    collections.Counter("ab"), collections.deque([1], 5), collections.defaultdict(list, a=[1]), ValueError("v", 1),
    NewArgs(1, 2), l, d, Plain.__init__, "abc".upper() and str.upper]
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    same = [pickle.loads(pickle.dumps(v, protocol)) == v if not isinstance(v,
        Exception) else pickle.loads(pickle.dumps(v, protocol)).args == v.args for v in values]
    print(protocol, all(same), [repr(v) for v, s in zip(values, same) if not s])
print(pickle.loads(pickle.dumps(State(5))), pickle.loads(pickle.dumps(Reduce(1, 2))).__dict__,
    pickle.loads(pickle.dumps(NewArgsEx(x=9))).x, pickle.loads(pickle.dumps(l)).attr,
    pickle.loads(pickle.dumps(d)).attr)
print([pickle.loads(pickle.dumps(Slots(1, [2]), protocol)) == Slots(1, [2]) for protocol in range(2, 6)])
shared = [1]
both = pickle.loads(pickle.dumps([shared, shared, (shared, shared)]))
loop = [1]
loop.append(loop)
p = Plain(None)
p.v = {"me": p}
again, q = pickle.loads(pickle.dumps(loop)), pickle.loads(pickle.dumps(p))
print(both[0] is both[1] is both[2][0], again[1] is again, q.v["me"] is q)
print(pickle.dumps([1, "a", None], 0), pickle.dumps((1, 2.5), 2), pickle.dumps({"a": True}, 4),
    pickle.loads(b"(lp0\nI1\naI01\naS'x'\na."), pickle.loads(b"\x80\x04K\x05."))
for bad in (lambda: pickle.dumps(lambda: 0), lambda: pickle.dumps((i for i in [])), lambda: pickle.loads(b""),
        lambda: pickle.loads(b"garbage"), lambda: pickle.loads(b"\x80\x04K"), lambda: pickle.dumps(open(__file__)),
        lambda: pickle.dumps(1, 99)):
    try:
        bad()
    except Exception as e:
        print(type(e).__name__ in ("PicklingError", "TypeError", "EOFError", "UnpicklingError", "AttributeError",
            "ValueError", "KeyError", "IndexError"), end=" ")
print()
f = io.BytesIO()
pickler = pickle.Pickler(f, 4)
for x in (1, "two", [3]):
    pickler.dump(x)
pickle.dump({"last": 1}, f)
f.seek(0)
u = pickle.Unpickler(f)
print(u.load(), u.load(), u.load(), pickle.load(f))


class Refs(pickle.Pickler):
    def persistent_id(self, obj):
        return ("ref", obj.v) if isinstance(obj, Plain) else None


class Unrefs(pickle.Unpickler):
    def persistent_load(self, pid):
        return "loaded " + str(pid)

    def find_class(self, module, name):
        if name == "Slots":
            return Plain
        return super().find_class(module, name)


f = io.BytesIO()
Refs(f).dump([Plain(7), {"x": Plain(8)}])
print(Unrefs(io.BytesIO(f.getvalue())).load())
copyreg.pickle(Custom, lambda c: (Custom, (c.n * 2,)))
print(pickle.loads(pickle.dumps(Custom(4))).n, copy.copy(Custom(1)).n, copy.deepcopy([Custom(1)])[0].n)
big = pickle.dumps([list(range(2000)), {str(i): i for i in range(2000)}, ("t",) * 2000])
print(pickle.loads(big)[1]["1999"], len(pickle.loads(big)[2]), pickle.loads(big)[0][1500])
out_of_band = []
data = pickle.dumps(pickle.PickleBuffer(bytearray(b"big data")), 5, buffer_callback=out_of_band.append)
print(len(out_of_band), bytes(pickle.loads(data, buffers=out_of_band)))
a = [1, [2, 3], {"k": [4]}, (5, [6])]
b, c = copy.copy(a), copy.deepcopy(a)
a[1].append("changed")
print(b[1], c[1], c[3][1] is not a[3][1], b[3] is a[3], copy.copy((1, 2)), copy.deepcopy(loop)[1][0],
    copy.deepcopy(p).v["me"].v is not p.v)
for v in (1, "s", (1, 2), None, int, len, b"x", 1.5, ..., function):
    assert copy.copy(v) is v and copy.deepcopy(v) is v
t = ([1],)
print(copy.deepcopy(t) is not t, copy.deepcopy((1, (2, 3))) == (1, (2, 3)), copy.copy(l).attr, copy.copy(l) == l,
    copy.copy(d), copy.copy(Plain([1])).v, copy.deepcopy({1, 2}), copy.copy(bytearray(b"x")),
    copy.copy(collections.deque([1])), copy.deepcopy(Slots(1, [2])) == Slots(1, [2]), copy.copy(State(5)))
memo = {}
x = [shared, shared]
y = copy.deepcopy(x, memo)
print(y[0] is y[1], y[0] is not shared, id(shared) in memo)
