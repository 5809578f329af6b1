# collections: namedtuple, deque, Counter, OrderedDict, defaultdict, ChainMap, User*.
from collections import (
    ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, abc, defaultdict, deque, namedtuple,
)

Point = namedtuple("Point", "x y z", defaults=[0])
p = Point(1, y=2)
x, y, z = p
print(p, p.x, p[1], p[-1], len(p), p == (1, 2, 0), p._replace(x=9), p._asdict(), Point._fields,
    Point._make([4, 5, 6]), Point._field_defaults, hash(p) == hash((1, 2, 0)), p + (3,), isinstance(p, tuple),
    Point.__name__)
for bad in (lambda: Point(1), lambda: Point(1, 2, 3, 4), lambda: setattr(p, "x", 1), lambda: namedtuple("N", "a a"),
        lambda: namedtuple("N", "class"), lambda: p._replace(q=1)):
    try:
        print(bad())
    except (TypeError, AttributeError, ValueError) as e:
        print(type(e).__name__, end=" ")
print(namedtuple("R", "a class a", rename=True)._fields)


class Named(namedtuple("Base", ["a", "b"])):
    __slots__ = ()

    def total(self):
        return self.a + self.b


print(Named(1, 2).total(), Named(1, 2), Point.x.__doc__)
d = deque([1, 2, 3], maxlen=4)
d.append(4)
d.append(5)
d.appendleft(0)
print(d, d[0], d[-1], len(d), d.maxlen, d.pop(), d.popleft(), d, 3 in d, d.index(3), d.count(3))
d.extend([7, 8, 9])
d.extendleft("ab")
d.rotate(1)
print(d, d.rotate(-2), d, d.reverse(), d, list(reversed(d)), d == deque(d), d.copy() == d, deque("abc") + deque("d"),
    deque("ab") * 2, deque([1]) < deque([2]))
d.insert(1, "i") if len(d) < d.maxlen else d.popleft()
d.remove(d[0])
del d[0]
d[0] = "set"
print(d, d.clear(), d, bool(d))
try:
    d.pop()
except IndexError as e:
    print(e)
big = deque()
for i in range(1000):
    big.append(i) if i % 3 else big.appendleft(i)
print(big[0], big[500], big[-1], sum(big), len(big))
try:
    for item in big:
        big.append(item)
except RuntimeError as e:
    print(e)
c = Counter("abracadabra")
print(c, c["a"], c["z"], c.most_common(2), sorted(c.elements()), c.total(), len(c), Counter(a=1, b=2) + Counter(b=3),
    Counter(a=3) - Counter(a=1, b=5), Counter("ab") & Counter("bc"), Counter("ab") | Counter("bc"),
    +Counter(a=-1, b=2), -Counter(a=-1))
c.update("aaa")
c.subtract({"b": 10})
c["new"] += 1
del c["new"]
print(c["a"], c["b"], c == Counter(c), Counter("a") <= Counter("aa"), dict(Counter([1, 1, 2])),
    Counter({"x": 0})["x"], Counter(["b", "a", "b", "a"]).most_common())
o = OrderedDict([("a", 1), ("b", 2), ("c", 3)])
o.move_to_end("a")
o.move_to_end("c", last=False)
print(o, list(o), o.popitem(), o.popitem(last=False), o, o == {"b": 2},
    OrderedDict(a=1, b=2) == OrderedDict(b=2, a=1), dict(a=1, b=2) == OrderedDict(b=2, a=1),
    list(reversed(OrderedDict(x=1, y=2))), OrderedDict(a=1) | {"b": 2}, OrderedDict.fromkeys("ab", 0))
dd = defaultdict(list, {"k": [0]})
dd["a"].append(1)
dd["a"].append(2)
print(dd, dd["missing"], len(dd), dd.get("nothing"), dd.default_factory is list, defaultdict(int)["x"],
    defaultdict(lambda: "made")["q"], dd == {"k": [0], "a": [1, 2], "missing": []}, dd.copy() == dd)
try:
    defaultdict()["x"]
except KeyError as e:
    print("KeyError", e)
tree = lambda: defaultdict(tree)
t = tree()
t["a"]["b"]["c"] = 1
print(t["a"]["b"]["c"], len(t), list(t["a"]))
m = ChainMap({"a": 1}, {"a": 2, "b": 3})
m["c"] = 4
n = m.new_child({"a": 0})
print(m["a"], m["b"], sorted(m), len(m), m.maps, n["a"], n.parents["a"], "b" in n, dict(n), m.get("zz", "no"),
    list(ChainMap({"x": 1}, {"y": 2})))


class Lower(UserDict):
    def __setitem__(self, k, v):
        super().__setitem__(k.lower(), v)


class Loud(UserList):
    def append(self, x):
        super().append(str(x) + "!")


l = Lower(A=1)
l.update(B=2)
u = Loud([1])
u.append(2)
s = UserString("abc")
print(l, dict(l), u, u[0:1], len(u), u + [5], s.upper(), s + "d", s == "abc", type(s.upper()).__name__)


class Seq(abc.Sequence):
    def __len__(self):
        return 3

    def __getitem__(self, i):
        if i >= 3 or i < -3:
            raise IndexError
        return i * 10


class MyMap(abc.MutableMapping):
    def __init__(self):
        self.d = {}

    def __getitem__(self, k):
        return self.d[k]

    def __setitem__(self, k, v):
        self.d[k] = v

    def __delitem__(self, k):
        del self.d[k]

    def __iter__(self):
        return iter(self.d)

    def __len__(self):
        return len(self.d)


class MySet(abc.Set):
    def __init__(self, items):
        self.items = sorted(set(items))

    def __contains__(self, x):
        return x in self.items

    def __iter__(self):
        return iter(self.items)

    def __len__(self):
        return len(self.items)


q = Seq()
mm = MyMap()
mm.update(a=1, b=2)
print(list(q), q.index(20), q.count(10), 10 in q, list(reversed(q)), mm.pop("a"), mm.setdefault("c", 3),
    list(mm.items()), mm.get("z"), "b" in mm, mm == {"b": 2, "c": 3}, mm.popitem(), len(mm))
a, b = MySet([1, 2, 3]), MySet([2, 3, 4])
print(list(a & b), list(a | b), list(a - b), list(a ^ b), a <= b, MySet([2]) < a, a.isdisjoint([9]),
    a == MySet([3, 2, 1]))
print([isinstance(v, k) for v in ([], {}, set(), (), "", 5, iter([]), len, (x for x in [])) for k in (abc.Sequence,
    abc.Mapping, abc.Hashable, abc.Iterable)])
print(issubclass(dict, abc.MutableMapping), issubclass(list, abc.MutableSequence), isinstance(range(1), abc.Sequence),
    isinstance({}.keys(), abc.KeysView), isinstance(lambda: 0, abc.Callable),
    isinstance((i for i in ""), abc.Generator))
