# Recursion: depth, limits, recovery, mutual recursion, recursive data.
import sys


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


print(depth(900), sys.getrecursionlimit())


def endless(n):
    return endless(n + 1) + 1


for _ in range(3):
    try:
        endless(0)
    except RecursionError as e:
        print(type(e).__name__, str(e)[:32], isinstance(e, RuntimeError))


class Loop:
    def __getattr__(self, name):
        return getattr(self, name + "x")

    def __eq__(self, other):
        return self == other

    def __repr__(self):
        return repr(self)

    def __call__(self):
        return self()

    def __len__(self):
        return len(self)

    def __iter__(self):
        return iter(self)

    def __hash__(self):
        return hash(self)

    def __add__(self, other):
        return self + other

    def __getitem__(self, i):
        return self[i]

    def __str__(self):
        return f"{self}"


x = Loop()
for operation in (lambda: x.attr, lambda: x == 1, lambda: repr(x), lambda: x(), lambda: len(x), lambda: list(x),
        lambda: hash(x), lambda: x + 1, lambda: x[0], lambda: str(x), lambda: {x: 1}, lambda: x in [1]):
    try:
        operation()
        print("ended?")
    except RecursionError:
        print("RecursionError", end=" ")
print()


def recovers():
    def go(n):
        nonlocal deepest
        deepest = max(deepest, n)
        go(n + 1)
    deepest = 0
    try:
        go(0)
    except RecursionError:
        pass
    return deepest > 500


print(recovers(), recovers(), depth(900))


def is_even(n):
    return n == 0 or is_odd(n - 1)


def is_odd(n):
    return n != 0 and is_even(n - 1)


print(is_even(800), is_odd(801))
sys.setrecursionlimit(5000)
print(depth(4500))
sys.setrecursionlimit(300)
try:
    depth(400)
except RecursionError:
    print("a lower limit holds")
sys.setrecursionlimit(1000)
for bad in (0, -1, "x"):
    try:
        sys.setrecursionlimit(bad)
    except (ValueError, TypeError) as e:
        print(type(e).__name__, end=" ")
print()


def ackermann(m, n):
    return n + 1 if m == 0 else ackermann(m - 1, 1) if n == 0 else ackermann(m - 1, ackermann(m, n - 1))


print(ackermann(2, 6))


def hanoi(n, a="A", b="B", c="C"):
    return [] if n == 0 else hanoi(n - 1, a, c, b) + [(a, c)] + hanoi(n - 1, b, a, c)


print(len(hanoi(10)), hanoi(2))


def power_set(s):
    return [[]] if not s else [x + y for x in power_set(s[1:]) for y in ([], [s[0]])]


print(power_set([1, 2, 3]), sum(len(p) for p in power_set(list(range(10)))))


def flood(grid, x, y):
    if 0 <= y < len(grid) and 0 <= x < len(grid[0]) and grid[y][x] == ".":
        grid[y][x] = "#"
        return 1 + flood(grid, x + 1, y) + flood(grid, x - 1, y) + flood(grid, x, y + 1) + flood(grid, x, y - 1)
    return 0


print(flood([list(r) for r in ("..x.", ".xx.", "....", "xx.x")], 0, 0))
deep = []
for _ in range(2000):
    deep = [deep]
try:
    print(len(repr(deep)))
except RecursionError:
    print("RecursionError in repr")
level, n = deep, 0
while level:
    level, n = level[0], n + 1
print(n)


def generator_depth(n):
    if n:
        yield from generator_depth(n - 1)
    yield n


print(sum(generator_depth(300)))


def exceptions_all_the_way(n):
    try:
        return exceptions_all_the_way(n - 1) if n else 1 / 0
    except ZeroDivisionError:
        raise
    finally:
        counted.append(n)


counted = []
try:
    exceptions_all_the_way(200)
except ZeroDivisionError:
    print(len(counted), counted[:3])
fact = lambda n: 1 if n < 2 else n * fact(n - 1)
y = (lambda f: (lambda x: x(x))(lambda x: f(lambda *a: x(x)(*a))))(lambda self: lambda n: 1 if n < 2 else n * self(n - 1))
print(fact(30) == y(30), y(20))
memo = {}


def collatz(n):
    if n not in memo:
        memo[n] = 0 if n == 1 else 1 + collatz(n // 2 if n % 2 == 0 else 3 * n + 1)
    return memo[n]


print(max(range(1, 3000), key=collatz), collatz(27))
import functools


@functools.lru_cache(maxsize=None)
def ways(n, coins=(50, 20, 10, 5, 2, 1)):
    return 1 if n == 0 else 0 if n < 0 or not coins else ways(n - coins[0], coins) + ways(n, coins[1:])


print(ways(100))
