# Dicts: order, methods, views, merging, missing keys, hashing rules, changes while walking.
d = {"b": 1, "a": 2, 3: "three", (1, 2): [4], None: None}
print(d, len(d), d["b"], d[(1, 2)], d.get("x"), d.get("x", 0), "a" in d, "z" in d, 2 in d)
d["new"] = 5
d["b"] = 10
del d[3]
print(d, list(d), list(d.values()), list(d.items()))
print(d.pop("new"), d.pop("new", "gone"), d.popitem(), d.setdefault("a", 9), d.setdefault("c", []), d)
d.update(x=1, b="B")
d.update([("y", 2), ["z", 3]])
d.update({"a": "A"})
print(d)
print({1: "a"} | {2: "b", 1: "c"}, {"a": 1} == {"a": 1.0}, {"a": 1, "b": 2} == {"b": 2, "a": 1}, {} == {},
    {1: 2} != {1: 3})
e = {1: 1}
e |= {2: 2}
e |= [(3, 3)]
print(e, dict(a=1, b=2), dict([(1, 2)]), dict({1: 2}, x=3), dict(zip("ab", range(2))), dict.fromkeys("abc"),
    dict.fromkeys([1, 2], 0))
print({1: "int", 1.0: "float", True: "bool"}, {0: "a", False: "b"}, {"1": 1, 1: 2}, {-1: "x", -1.0: "y"})
keys, values, items = e.keys(), e.values(), e.items()
e[4] = 4
print(keys, values, items, len(keys), 4 in keys, (4, 4) in items, 4 in values)
print(keys & {1, 2, 99}, keys | {99}, keys - {1}, keys ^ {1, 99}, keys == {1, 2, 3, 4}, keys <= {1, 2, 3, 4, 5},
    keys.isdisjoint([7]), items & {(1, 1)}, keys > {1})
print(list(reversed(e)), list(reversed(e.values())), list(reversed(e.items())), next(iter(e)))
copy = e.copy()
copy[1] = "changed"
e.clear()
print(copy, e, bool(e), bool(copy))
order = {}
for i in range(8):
    order[i] = i
for i in (3, 0, 5):
    del order[i]
order[3] = "again"
order[0] = "again"
print(order)
many = {}
for i in range(2000):
    many["key%d" % (i * 7919 % 2000)] = i
for i in range(0, 2000, 2):
    del many["key%d" % i]
print(len(many), list(many)[:4], list(many)[-3:], sum(many.values()), "key7" in many, "key8" in many)
for operation in (lambda: {}["x"], lambda: {}[1, 2], lambda: {}.pop("k"), lambda: {}.popitem(),
        lambda: {1: 2}.__delitem__(3)):
    try:
        print(operation())
    except KeyError as problem:
        print(type(problem).__name__, problem, problem.args)
for operation in (lambda: {[]: 1}, lambda: dict([1]), lambda: dict([(1, 2, 3)]), lambda: {} < {}, lambda: {} + {},
        lambda: dict(5), lambda: {1: 2} | [(1, 2)]):
    try:
        print(operation())
    except (TypeError, ValueError) as problem:
        print(type(problem).__name__)
for change in (lambda: walked.update({9: 9}), lambda: walked.pop(1)):
    walked = {1: 1, 2: 2}
    try:
        for key in walked:
            change()
    except RuntimeError as problem:
        print(problem)
walked = {1: 1, 2: 2, 3: 3}
for key in walked:
    walked[key] = key * 10
for key in list(walked):
    if key != 2:
        del walked[key]
print(walked)


class Key:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return self.value % 3

    def __eq__(self, other):
        return isinstance(other, Key) and self.value == other.value

    def __repr__(self):
        return "K%d" % self.value


clash = {Key(i): i for i in range(10)}
del clash[Key(4)]
print(clash, clash[Key(7)], Key(4) in clash, clash.get(Key(100)), len(clash))


class Unequal:
    __hash__ = None


try:
    {Unequal(): 1}
except TypeError as problem:
    print("unhashable")


class Default(dict):
    def __missing__(self, key):
        value = self[key] = key * 2
        return value


default = Default()
print(default[3], default["a"], default, default.get(9), 9 in default)


class Upper(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key.upper(), value)

    def __getitem__(self, key):
        return super().__getitem__(key.upper())


u = Upper()
u["a"] = 1
u.update(b=2)
print(u, u["a"], dict(u), {**u}, type(u.copy()).__name__)
loop = {}
loop["self"] = loop
print(loop)
nested = {"a": {"b": {"c": 1}}}
nested["a"]["b"]["d"] = 2
print(nested, nested["a"]["b"].keys())
print(sorted({"b": 1, "a": 2}), max({"b": 1, "a": 2}), sum({1: 2, 3: 4}),
    sorted({"x": 3, "y": 1}.items(), key=lambda kv: kv[1]), min({3: 1}, key=lambda k: -k))
print({k: v for k, v in zip("abc", range(3)) if v}, {v: k for k, v in {"a": 1}.items()},
    {i: {j: i * j for j in range(2)} for i in range(2)})


def kw(**kwargs):
    return kwargs


print(kw(**{"a": 1}, b=2), kw(), kw(z=1, y=2, x=3), list(kw(z=1, y=2, x=3)))
