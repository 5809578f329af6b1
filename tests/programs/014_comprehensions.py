# Comprehensions and generator expressions: nesting, conditions, scope, unpacking, laziness.
print([x * 2 for x in range(5)], [x for x in range(20) if x % 2 if x % 3], [(x, y) for x in range(3) for y in range(x)])
print({x: x ** 2 for x in range(4)}, sorted({x % 3 for x in range(9)}), list(x + 1 for x in range(3)),
    tuple(c for c in "abc"))
print([[i * j for j in range(3)] for i in range(3)], [x for row in [[1, 2], [3]] for x in row],
    [y for x in "ab" for y in (x, x.upper())])
print([x if x > 2 else -x for x in range(5)], [a + b for a, b in [(1, 2), (3, 4)]],
    [k for k, (v, w) in {"a": (1, 2)}.items() if v < w])
print([a for a, *b in ["xyz", "q"]], [b for a, *b in ["xyz", "q"]], {k: v for k, v in [("a", 1), ("a", 2)]},
    [*range(3), *[x for x in "ab"]])
x = "outer"
print([x for x in range(3)], x, [x + str(y) for y in range(2)], {x: 1 for x in "p"}, x)


def scopes(n):
    m = 10
    return [i * m + n for i in range(3)], [(lambda: i + m)() for i in range(3)], [f() for f in [lambda: i for i in range(3)]]


print(scopes(1))


class Body:
    size = 3
    squares = [i * i for i in range(size)]
    names = {str(i): i for i in range(size)}
    try:
        bad = [size for _ in range(1)]
    except NameError:
        bad = "class names are not seen inside"


print(Body.squares, Body.names, Body.bad)
log = []


def noisy(x):
    log.append(x)
    return x


lazy = (noisy(x) for x in range(5))
print(log, next(lazy), next(lazy), log, list(lazy), log)
first = (noisy(x) for x in [noisy("source")])
print(log[-1], list(first))
print(sum(x * x for x in range(10)), max((len(w), w) for w in ["aa", "b", "ccc"]), any(x > 3 for x in range(5)),
    all(x > 3 for x in range(5)), ",".join(str(x) for x in range(3)))
print([y := 5, y ** 2], [last := i for i in range(3)], last, [z for i in range(4) if (z := i * i) > 1], z)
matrix = [[1, 2, 3], [4, 5, 6]]
print([[row[i] for row in matrix] for i in range(3)], [sum(col) for col in zip(*matrix)],
    [(i, j) for i, row in enumerate(matrix) for j, v in enumerate(row) if v % 2])
print([f"{a}{b}{c}" for a in "ab" for b in "xy" for c in "12" if (a, c) != ("b", "2")])
functions = [lambda x, i=i: x + i for i in range(3)]
print([f(10) for f in functions])
try:
    [1 // x for x in (1, 0)]
except ZeroDivisionError as e:
    print(type(e).__name__)
try:
    list(int(v) for v in ["1", "x"])
except ValueError as e:
    print(e)


def generator_in_arguments(*args, **kw):
    return [list(a) for a in args], {k: list(v) for k, v in kw.items()}


print(generator_in_arguments((i for i in range(2)), [3], a=(c for c in "xy")))
print([[[k for k in range(j)] for j in range(i)] for i in range(3)],
    {(i, j): {k for k in range(i)} for i in range(2) for j in range(2)})
g = (i for i in range(3))
print(next(g), type(g).__name__, list(g), list(g), g.gi_frame)


def deep():
    a = 1

    def inner():
        b = 2
        return [[a + b + c + d for c in range(2)] for d in range(2)]
    return inner()


print(deep())
print([i for i in range(5) if i if i > 1 if i < 4], [not i for i in (0, 1)], [(i, i) [0] for i in range(2)],
    [i for i in ([1, 2] if True else [])])
print([x for x in [1, 2, 3] for x in [x, x * 10]], [[x for x in range(x)] for x in range(3)],
    [(lambda x: x)(x) for x in "ab"])
primes = [p for p in range(2, 50) if all(p % d for d in range(2, int(p ** 0.5) + 1))]
print(primes, [(a, b, c) for c in range(1, 20) for b in range(1, c) for a in range(1, b) if a * a + b * b == c * c])
print(locals().get("i", "no i"), "p" in globals())
