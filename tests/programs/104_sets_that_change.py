# Keys whose comparison changes the sets that are being compared.
class Key:
    def __init__(self, name, act=None):
        self.name, self.act = name, act

    def __hash__(self):
        return 7

    def __eq__(self, other):
        if self.act:
            act, self.act = self.act, None
            act()
        return isinstance(other, Key) and self.name == other.name

    def __repr__(self):
        return f"<{self.name}>"


def names(keys):
    return sorted(key.name for key in keys)


a, b = Key("a"), Key("b")
print(names({a, b, Key("a")}), {a} <= {Key("a"), b}, {a, b} == {Key("b"), Key("a")}, {a} <= {b})
print(names(frozenset([a, b]) - {Key("a")}), names(frozenset([a, b]) & {Key("b")}), {a}.isdisjoint({Key("a")}))

# The set that is searched is emptied, or grows, in the middle of the search; the walked one loses the key that is compared.
other = set()
other.add(Key("x", act=other.clear))
print({Key("x")} <= other, other)
other = set()
other.add(Key("x", act=lambda: other.update(Key(f"k{i}") for i in range(40))))
print({Key("y")} <= other, len(other))
for operation in (lambda a, b: a <= b, lambda a, b: names(a - b), lambda a, b: names(a & b), lambda a, b: a.isdisjoint(b)):
    walked = {Key("y")}
    other = {Key("x", act=lambda: walked.clear())}
    print(operation(walked, other), len(walked), len(other))
    walked = {Key("y")}
    other = {Key("y", act=lambda: other.clear())}
    print(operation(walked, other), len(walked), len(other))

# Numbers that are equal, with the same hash; those that are not, in one place of the table.
print({1, 2.0} <= {1.0, 2, 3}, {True} == {1}, frozenset([0, 64, 128]) <= {128, 64, 0}, {-1} <= {-2}, {-1, -2} <= {-2, -1})
many = frozenset(range(0, 6400, 64))
print(many <= set(range(6400)), many - set(range(0, 6400, 128)) == set(range(64, 6400, 128)), len(many & set(range(640))))
full = set(range(100))
for i in range(0, 100, 2):
    full.discard(i)
print({1, 3} <= full, {2} <= full, full <= set(range(100)), sorted(full & {0, 1, 2, 3}))

# `min` and `max` of what compares in several ways.
print(min({5, 3, 2**70, -(2**70)}), max(3, 2.5, True), min(frozenset([2, 1.5, 1])), max([1, True]), min([True, 1]))
print(min("b", "a", "c", key=lambda s: -ord(s)), max([[1], [1, 2]]), min({1: 2, 0: 3}), max(range(5), key=lambda n: n % 3))
try:
    print(min({1, "a"}))
except TypeError:
    print("TypeError")
