# Sorting: stability, keys, reverse, errors, partially ordered input, min and max ties, large inputs.
data = [("b", 2), ("a", 2), ("c", 1), ("a", 1), ("b", 1)]
print(sorted(data), sorted(data, key=lambda p: p[1]), sorted(data, key=lambda p: p[1], reverse=True),
    sorted(data, key=lambda p: (-p[1], p[0])))
print(sorted("Hello World".split(), key=str.lower), sorted("hello"), sorted({3: "a", 1: "b"}),
    sorted([True, False, 2, 0.5]), sorted([[2], [1, 5], [1]]), sorted([(1, "b"), (1, "a")]))
print(min(data, key=lambda p: p[1]), max(data, key=lambda p: p[1]), min(3, 1, 2), max("ab", "b", key=len),
    min([], default="nothing"), max(range(5), key=lambda x: -abs(x - 2)))
lst = [3, 1, 2]
print(lst.sort(), lst, lst.sort(reverse=True), lst)
calls = []


def key(x):
    calls.append(x)
    return -x


print(sorted([2, 3, 1], key=key), calls)


class Item:
    compared = 0

    def __init__(self, k, tag):
        self.k, self.tag = k, tag

    def __lt__(self, other):
        Item.compared += 1
        return self.k < other.k

    def __repr__(self):
        return f"{self.k}{self.tag}"


items = [Item(i * 7 % 5, "abcdefghij"[i]) for i in range(10)]
print(sorted(items), sorted(items, reverse=True), Item.compared > 0)
Item.compared = 0
sorted([Item(i, "") for i in range(100)])
print("already sorted:", Item.compared)
Item.compared = 0
sorted([Item(-i, "") for i in range(100)])
print("reversed:", Item.compared)
state, big = 1, []
for i in range(5000):
    state = (state * 1103515245 + 12345) % 2 ** 31
    big.append(state % 1000)
s = sorted(big)
print(s[:5], s[-5:], all(a <= b for a, b in zip(s, s[1:])), sum(s) == sum(big), sorted(big, reverse=True) == s[::-1])
indexed = sorted(range(5000), key=big.__getitem__)
print(all(big[a] < big[b] or (big[a] == big[b] and a < b) for a, b in zip(indexed, indexed[1:])))
runs = list(range(100, 200)) + list(range(50)) + list(range(300, 250, -1)) + [7] * 20
print(sorted(runs)[::40], sorted(runs, reverse=True)[::40], sorted(map(float, runs))[::60],
    sorted(map(str, runs))[::60])
print(sorted([2 ** 70, 5, -2 ** 65, 2 ** 70 - 1]), sorted([1.5, 1, 2 ** 60, -0.5]),
    sorted(["b", "é", "a", "z", "😀", "B"]), sorted([b"b", b"a"]), sorted([0.0, -0.0, 0]))
for bad in ([1, "a"], [None, None], [1j, 2j], [{}, {}], [object(), object()]):
    try:
        print(sorted(bad))
    except TypeError:
        print("TypeError", end=" ")
print()


class Fails:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        if self.n == 3 or other.n == 3:
            raise ValueError("no comparing 3")
        return self.n < other.n


broken = [Fails(n) for n in (5, 1, 3, 2)]
try:
    broken.sort()
except ValueError as e:
    print(e, sorted(f.n for f in broken))
changing = [3, 1, 2]
try:
    changing.sort(key=lambda x: changing.append(x) or x)
except ValueError as e:
    print("changed while sorted")
print([sorted(x) for x in ([], [1], "", (), {5})], sorted(iter([2, 1])), list(reversed(sorted([1, 3, 2]))))
import bisect
import heapq
a = [1, 3, 3, 5]
print(bisect.bisect(a, 3), bisect.bisect_left(a, 3), bisect.bisect_right(a, 0), bisect.bisect(a, 9),
    bisect.bisect_left(a, 4, 1, 3), bisect.bisect_left([(1, "a"), (5, "b")], 3, key=lambda p: p[0]))
bisect.insort(a, 4)
bisect.insort_left(a, 3)
print(a)
h = [5, 2, 8, 1, 9, 3]
heapq.heapify(h)
print(h, heapq.heappop(h), heapq.heappush(h, 0), heapq.heappushpop(h, 4), heapq.heapreplace(h, 7), h,
    heapq.nsmallest(3, [5, 1, 4, 2]), heapq.nlargest(2, "hello"), heapq.nlargest(2, data, key=lambda p: p[1]),
    list(heapq.merge([1, 4], [2, 3], [0, 9])), list(heapq.merge([3, 1], [2], reverse=True)))
out = []
while h:
    out.append(heapq.heappop(h))
print(out)
for x in big[:200]:
    heapq.heappush(h, (x, -x))
print([heapq.heappop(h)[0] for _ in range(10)])


def insertion(a):
    a = a[:]
    for i in range(1, len(a)):
        j = i
        while j and a[j - 1] > a[j]:
            a[j - 1], a[j] = a[j], a[j - 1]
            j -= 1
    return a


def quick(a):
    return a if len(a) < 2 else quick([x for x in a[1:] if x < a[0]]) + [a[0]] + quick([x for x in a[1:] if x >= a[0]])


print(insertion(big[:100]) == sorted(big[:100]) == quick(big[:100]), quick(big) == s)
words = "the cat sat on the mat with the hat and the bat".split()
print(sorted(set(words), key=lambda w: (-words.count(w), w)), sorted(words, key=len, reverse=True)[:4],
    sorted(enumerate(words), key=lambda p: (p[1], -p[0]))[:5])
