# Tuples and slices: packing, comparison, hashing, slice objects, star in literals and subscripts.
t = (1, "a", 2.5)
print(t, t[0], t[-1], t[1:], t + (4,), t * 2, len(t), "a" in t, t.index("a"), t.count(1), (), (1,), tuple("ab"),
    tuple([1, 2]))
print((1, 2) < (1, 3), (1, 2) < (1, 2, 0), (2,) > (1, 9), () == (), (1, (2, 3)) == (1, (2, 3)), (1, 2) == [1, 2])
print(hash((1, 2)) == hash((1, 2)), hash(()) == hash(tuple([])), {(1, 2): "x"}[(1, 2)],
    {(0, 0), (0, 0), (1, 0)} == {(0, 0), (1, 0)})
single = 1,
nothing = ()
print(single, nothing, type(single).__name__, (1), ((1)), ((1,),))
a, b = 1, 2
a, b = b, a
(c, d), e = (3, 4), 5
[f, g] = "xy"
print(a, b, c, d, e, f, g)
s = slice(1, 10, 2)
print(s, s.start, s.stop, s.step, s.indices(5), slice(None, -2).indices(10), slice(None, None, -1).indices(4),
    slice(5), slice(1, 2) == slice(1, 2))
print(list(range(20))[s], "abcdefghijklmnop"[s], tuple(range(12))[s], slice(-3, None).indices(5),
    slice(10, None, -3).indices(7), slice(0, 100).indices(3))


class Show:
    def __getitem__(self, key):
        return key

    def __setitem__(self, key, value):
        print("set", key, value)

    def __delitem__(self, key):
        print("del", key)


show = Show()
print(show[1], show[1:2], show[::], show[1:2, 3], show[...], show[1, 2], show[()], show[:, ::-1], show["a":"b"],
    show[(1, 2)], show[*[1, 2], 3])
show[1:2] = 5
show[1, ..., :] = 6
del show[::2]
print((*range(3), *"ab"), [*[1], 2, *(3, 4)], {*[1, 2], 3} == {1, 2, 3}, {**{"a": 1}, "b": 2, **{"a": 3}}, (*(), 1))
for operation in (lambda: t[5], lambda: t["a"], lambda: t.index(9), lambda: t + [1], lambda: tuple(5),
        lambda: hash(([],)), lambda: t.__setitem__):
    try:
        print(operation())
    except (IndexError, TypeError, ValueError, AttributeError) as problem:
        print(type(problem).__name__)
try:
    t[0] = 1
except TypeError as problem:
    print(problem)
mutable = ([1], 2)
mutable[0].append(3)
try:
    mutable[0] += [4]
except TypeError as problem:
    print("changed all the same:", mutable)


class Pair(tuple):
    def __new__(cls, a, b):
        return super().__new__(cls, (a, b))

    @property
    def first(self):
        return self[0]

    def __repr__(self):
        return f"Pair{tuple(self)}"


p = Pair(1, 2)
x, y = p
print(p, p.first, x, y, p == (1, 2), hash(p) == hash((1, 2)), p + (3,), p[::-1],
    sorted([Pair(2, 1), Pair(1, 5), Pair(1, 2)]))
print(sum(((1,), (2, 3)), ()), max((1, 5), (2, 1)), sorted([(2, "a"), (1, "b"), (1, "a")]), dict([(1, 2), (3, 4)]),
    list(zip(*[(1, 2), (3, 4)])))
nested = (1, (2, (3, (4, (5,)))))
depth = 0
while isinstance(nested, tuple) and len(nested) > 1:
    depth += nested[0]
    nested = nested[1]
print(depth, nested)
words = "the quick brown fox".split()
print(words[::-1], words[-1][::-1], " ".join(w[::-1] for w in words), words[1:-1], [w[1:] + w[:1] for w in words])
print("abcdef"[-4:-1], "abcdef"[4:1:-1], "abcdef"[::2], "abcdef"[-1:-7:-1], "abcdef"[:-10], "abcdef"[10:],
    range(10)[2:8:2], range(10)[::-1], range(5)[-1])
