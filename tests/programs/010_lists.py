# Lists: methods, slices and slice assignment, copying, comparison, nesting, sorting, errors.
a = [3, 1, 2]
a.append(5)
a.extend("xy")
a.extend(range(2))
a.insert(0, "first")
a.insert(-1, "near the end")
a.insert(100, "last")
print(a, len(a), a.pop(), a.pop(0), a.pop(-2), a)
a.remove(1)
print(a, a.index(5), a.count(1), 5 in a, "q" in a)
b = a[:]
b.reverse()
print(a, b, a == b, a is not b, a[::-1] == b)
b.clear()
print(b, not b, a.copy() == a)
c = list(range(10))
print(c[2:5], c[-3:], c[:-7], c[::3], c[::-3], c[8:2:-2], c[20:], c[-20:3], c[5:5])
c[2:5] = ["a", "b"]
print(c)
c[1:1] = [100, 200]
print(c)
c[::3] = ["z"] * len(c[::3])
print(c)
c[5:] = []
print(c)
c[:] = range(3)
print(c)
c[len(c):] = [7, 8]
c += (9,)
c *= 2
print(c)
del c[0], c[-1]
print(c)
del c[::2]
print(c)
del c[1:3]
print(c)
c[0:2] = c
print(c)
print([1, 2] + [3], [0] * 3, 2 * ["a", "b"], [] + [], [1] * 0, [1] * -1)
grid = [[0] * 3] * 2
grid[0][1] = 5
print(grid, [[0] * 2 for _ in range(2)])
print([1, 2] < [1, 3], [1, 2] < [1, 2, 0], [2] > [1, 9], [] < [0], [1, "a"] == [1, "a"], [1, 2] != [2, 1],
    [1.0, True] == [1, 1])
print(list("abc"), list((1, 2)), list({"k": 1}), list(range(5, 0, -2)), list(), list(x * x for x in range(4)))
d = [5, 2, 8, 1, 9, 3]
d.sort()
print(d, sorted(d, reverse=True), sorted(["b", "A", "c"], key=str.lower), d.sort(key=lambda x: -x), d)
print(min(d), max(d), sum(d), all(d), any([]), all([]), list(map(str, d)), list(filter(lambda x: x > 4, d)),
    list(reversed(d)))
nested = [1, [2, [3, [4]]]]
copy = nested.copy()
copy[1].append("shared")
copy[0] = "own"
print(nested, copy, nested[1][1][1][0])
loop = [1]
loop.append(loop)
print(loop, loop[1] is loop, repr(loop[1][1]))
s_key = "a"
for operation in (lambda: [][0], lambda: [1].pop(5), lambda: [].pop(), lambda: [1].remove(2), lambda: [1].index(2),
    lambda: [1][s_key], lambda: [1] + (2,),
                  lambda: [1].__setitem__(3, 0), lambda: [3, "a"].sort(), lambda: list(5), lambda: [1].insert("a",
                          2), lambda: [1, 2, 3][::0]):
    try:
        print(operation())
    except (IndexError, ValueError, TypeError) as e:
        print(type(e).__name__, e if isinstance(e, IndexError) else "")
try:
    e = [1, 2, 3, 4]
    e[::2] = [1]
except ValueError as problem:
    print(problem)
print([1, 2, 3, 2].index(2, 2), [1, 2, 3].__contains__(3), [[]] * 2, [None] * 2, [1, 2, 3].__len__(), list.__name__)


class Index:
    def __index__(self):
        return 1


print([10, 20, 30][Index()], [10, 20, 30][Index():], [0] * Index(), [1, 2, 3][True])


class Stack(list):
    def push(self, x):
        self.append(x)
        return self

    def __getitem__(self, i):
        return ("item", super().__getitem__(i))


s = Stack([1]).push(2).push(3)
print(s, s[0], s[-1], s[1:], len(s), [x for x in s], s == [1, 2, 3], type(s + [4]).__name__, isinstance(s, list))
big = list(range(1000))
big[100:900] = []
print(len(big), sum(big), big[99:102])
while big:
    big.pop()
    if len(big) % 50 == 0:
        big[:10] = []
print(big)
it = iter([1, 2, 3])
print(next(it), list(it), list(it), next(it, "done"))
out = []
for x in (lst := [1, 2, 3, 4, 5, 6]):
    out.append(x)
    if x % 2:
        lst.remove(x)
print(out, lst)
