# Sets and frozensets. Sets are printed sorted, since their order is nobody's business.
def show(s):
    return "%s%s" % (type(s).__name__, sorted(s, key=lambda x: (str(type(x)), x)))


a, b = {1, 2, 3, 4}, {3, 4, 5}
print(show(a | b), show(a & b), show(a - b), show(a ^ b), show(b - a))
print(show(a.union(b, [9], "x")), show(a.intersection([1, 2], (2, 3))), show(a.difference([1], [2])),
    show(a.symmetric_difference([4, 5])))
print(a < b, {3} < b, {3} <= {3}, a > {1}, a >= {1, 9}, a.issubset(range(10)), a.issuperset([1]),
    a.isdisjoint([7, 8]), a == {4, 3, 2, 1}, a != b)
s = set()
s.add(1)
s.add(1)
s.add("a")
s.update([2, 3], "bc")
s.discard(99)
s.remove("a")
print(show(s), len(s), 1 in s, "a" in s, s.pop() is not None, len(s))
s = {1, 2, 3}
s |= {4}
s &= {2, 3, 4, 5}
s -= {2}
s ^= {3, 9}
print(show(s))
s.intersection_update([4, 9, 1])
s.difference_update([9])
s.symmetric_difference_update([7])
print(show(s), show(s.copy()), s.clear(), show(s), set() == s, bool(s))
print({1, 1.0, True}, len({0, False, 0.0, -0.0}), {"a"} == frozenset("a"), show(set("hello")),
    show({x % 3 for x in range(10)}))
f = frozenset([1, 2])
print(show(f), hash(f) == hash(frozenset([2, 1])), {f: "found"}[frozenset([2, 1])], show(f | {3}), show({3} | f),
    f in {frozenset([1, 2])}, {1, 2} in [{2, 1}], f.union([5]) == {1, 2, 5})
print(set([1, 2]) in {frozenset([1, 2])}, {frozenset(), frozenset([frozenset()])} == {frozenset([frozenset()]),
    frozenset()})
print(repr(set()), repr(frozenset()), repr({5}), repr(frozenset({5})), repr({None}), str({"x"}))
for operation in (lambda: {1}.remove(2), lambda: set().pop(), lambda: {[]}, lambda: {1} | [2], lambda: {1} < [1, 2],
        lambda: set(5), lambda: hash({1}), lambda: frozenset().add(1)):
    try:
        print(operation())
    except (KeyError, TypeError, AttributeError) as e:
        print(type(e).__name__)
walked = {1, 2, 3}
try:
    for x in walked:
        walked.add(x + 10)
except RuntimeError as e:
    print(e)
big = set(range(1000))
for i in range(0, 1000, 3):
    big.discard(i)
big |= set(range(2000, 2100))
print(len(big), sum(big), 3 in big, 4 in big, min(big), max(big))
words = "a b a c b d".split()
seen = set()
print([w for w in words if not (w in seen or seen.add(w))])


class Bag(set):
    def add(self, x):
        super().add(str(x))


bag = Bag([1])
bag.add(2)
print(sorted(map(str, bag)), type(bag | {3}).__name__, type(bag.copy()).__name__, isinstance(bag, set))
print(sorted([{3}, {1, 2}], key=len), max([{1}, {1, 2}], key=len) == {1, 2}, {1} < {1, 2} < {1, 2, 3},
    any(x in {1, 2} for x in (5, 2)))
primes = {p for p in range(2, 60) if not {d for d in range(2, p) if p % d == 0}}
print(sorted(primes))
