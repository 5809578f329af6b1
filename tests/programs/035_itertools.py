# itertools, and the iterator protocol.
from itertools import (accumulate, batched, chain, combinations, combinations_with_replacement, compress, count,
    cycle, dropwhile,
                       filterfalse, groupby, islice, pairwise, permutations, product, repeat, starmap, takewhile, tee, zip_longest)
import operator

print(list(islice(count(5, 3), 4)), list(islice(count(0.5, 0.25), 3)), list(islice(cycle("ab"), 5)),
    list(repeat("x", 3)), next(count()))
print(list(chain("ab", [1], ())), list(chain.from_iterable([[1, 2], "c"])), list(accumulate([1, 2, 3, 4])),
    list(accumulate([3, 1, 4], max)), list(accumulate([1, 2], initial=10)),
    list(accumulate([1, 2, 3, 4], operator.mul)))
print(list(compress("abcdef", [1, 0, 1, 0, 1])), list(takewhile(lambda x: x < 3, [1, 2, 3, 1])),
    list(dropwhile(lambda x: x < 3, [1, 2, 3, 1])), list(filterfalse(lambda x: x % 2, range(6))),
    list(filterfalse(None, [0, 1, "", "a"])))
print([(k, list(g)) for k, g in groupby("aaabbca")],
    [(k, len(list(g))) for k, g in groupby(sorted(["apple", "bob", "cat", "angle"], key=lambda w: w[0]),
    key=lambda w: w[0])])
print(list(islice("abcdef", 2)), list(islice("abcdef", 2, 4)), list(islice("abcdef", 1, None, 2)),
    list(islice(iter(range(10)), 0, 9, 4)))
print(list(permutations("abc", 2)), len(list(permutations(range(6)))), list(combinations("abcd", 2)),
    list(combinations_with_replacement("ab", 2)), list(combinations("ab", 3)), list(product("ab", [1, 2])),
    len(list(product(range(3), repeat=4))), list(product()), list(product("a", "")))
print(list(starmap(pow, [(2, 3), (3, 2)])), list(zip_longest("abc", [1], fillvalue="-")), list(pairwise("abcd")),
    list(batched("abcdefg", 3)), list(pairwise("a")))
a, b = tee([1, 2, 3])
print(next(a), list(b), list(a), [list(t) for t in tee("xy", 3)])
g = groupby([1, 1, 2])
k, first = next(g)
k2, second = next(g)
print(list(first), list(second))
print(list(map(lambda a, b: a + b, [1, 2, 3], [10, 20])), list(filter(None, [0, 1, [], "x"])), list(zip()),
    list(zip("ab", range(9))), list(enumerate("ab", start=5)), list(reversed([1, 2])))
try:
    list(zip([1], [1, 2], strict=True))
except ValueError as e:
    print(e)
try:
    list(batched("abc", 2, strict=True))
except ValueError as e:
    print(e)


class CountDown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n


class Sequence:
    def __init__(self, *items):
        self.items = items

    def __getitem__(self, i):
        return self.items[i]


class ReIterable:
    def __iter__(self):
        return CountDown(3)


print(list(CountDown(3)), sum(CountDown(4)), list(Sequence(1, 2)), 2 in Sequence(1, 2),
    list(zip(ReIterable(), ReIterable())), sorted(CountDown(3)), max(ReIterable()), tuple(ReIterable()),
    dict.fromkeys(ReIterable(), 0), [*ReIterable()], "".join(map(str, ReIterable())))
it = iter([1, 2, 3, 4])
for x in it:
    print(x, next(it, None), end="; ")
print()
print(list(iter(CountDown(5).__next__, 2)), list(iter(lambda n=[0]: n.__setitem__(0, n[0] + 1) or n[0], 4)))
i = iter("ab")
print(iter(i) is i, next(i), next(i), next(i, "default"))
try:
    next(i)
except StopIteration as e:
    print("StopIteration", e.value)
for thing in (5, None, object()):
    try:
        iter(thing)
    except TypeError as e:
        print(e)


class BadIter:
    def __iter__(self):
        return 5


try:
    iter(BadIter())
except TypeError as e:
    print("no iterator")
print(iter([1, 2]).__length_hint__(), operator.length_hint(iter(range(5))), list(reversed(range(3))),
    [type(iter(x)).__name__ for x in ([], (), {}, "", set(), range(0), b"")])
r = range(3, 20, 4)
print(r, len(r), r[1], r[-1], 7 in r, 8 in r, r.index(11), r.count(3), r[1:], r[::-1], list(r), r == range(3, 23, 4),
    r.start, r.stop, r.step, hash(r) == hash(range(3, 23, 4)), range(10 ** 20)[10 ** 19], len(range(10, 0)),
    bool(range(0)))
e = enumerate(["x"])
print(next(e), next(e, "end"))


def primes():
    n = count(2)
    while True:
        p = next(n)
        yield p
        n = filter(p.__rmod__, n)


print(list(islice(primes(), 15)))
data = [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)]
print({k: [v for _, v in g] for k, g in groupby(sorted(data), key=operator.itemgetter(0))},
    list(map(operator.methodcaller("upper"), "ab")), [operator.attrgetter("real", "imag")(2 + 3j)])
rows = list(zip(*[iter(range(9))] * 3))
print(rows, list(zip(*rows)), list(map(sum, rows)), list(chain(*rows)))
print(sum(1 for _ in permutations(range(7))), sum(a * b for a, b in combinations(range(50), 2)),
    list(accumulate(repeat(2, 8), operator.mul))[-1])
import copy
c = cycle([1, 2])
next(c)
print(next(c), next(c), list(islice(chain(c), 2)), min(chain([3], [1, 2])), any(map(lambda x: x > 2, count())))
