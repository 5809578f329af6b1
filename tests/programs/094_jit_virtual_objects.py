"""Objects that loops make and forget: instances, tuples, and what becomes of them where a loop is left."""


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def plus(self, other):
        return Point(self.x + other.x, self.y + other.y)

    def times(self, factor):
        return Point(self.x * factor, self.y * factor)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a = a
        self.b = b


class Noisy:
    ended = []

    def __init__(self, n):
        self.n = n

    def __del__(self):
        Noisy.ended.append(self.n)


def short_lived(n):
    total = 0.0
    base = Point(1.0, 2.0)
    for i in range(n):
        p = base.plus(base).times(0.5)
        total += p.x + p.y
    return total, p.x, p.y


def carried(n):
    p, step = Point(0, 0.0), Point(1, 0.5)
    for i in range(n):
        p = p.plus(step)
    return type(p).__name__, sorted(vars(p).items())


def slots(n):
    s = Slotted(0, "z")
    for i in range(n):
        s = Slotted(s.a + 1, s.b)
    return s.a, s.b


def two(a, b):
    return b, a + 1


def tuples(n):
    a, b, t = 0, 1, (0, 1)
    for i in range(n):
        a, b = two(a, b)
        t = (t[1], (t[0] + t[1]) % 1009)
    return a, b, t


def kept_sometimes(n):
    kept = []
    for i in range(n):
        p = Point(i, -i)
        if i % 97 == 0:
            kept.append(p)
    return len(kept), [(p.x, p.y) for p in kept[-3:]], p is kept[-1]


def twice_the_same(n):
    kept = None
    for i in range(n):
        p = Point(i, i)
        q = p
        p.x = i + 1
        if i == n - 1:
            kept = (p, q)
    return kept[0] is kept[1], kept[1].x


def nested(n):
    outer = None
    for i in range(n):
        inner = Point(i, 0.5)
        outer = Point(inner, (inner, i))
        inner.y = outer.y[1] * 2
        if i > n - 3 and outer.x.y > 1e9:
            break
    return outer.x is outer.y[0], outer.x.y, outer.y[1], inner is outer.x


def raises(n):
    caught = 0
    for i in range(n):
        p = Point(i, n - i)
        try:
            if p.y % 50 == 0:
                raise ValueError(p)
        except ValueError as error:
            caught += error.args[0].x
    return caught


def noisy(n):
    for i in range(n):
        Noisy(i)
        if len(Noisy.ended) != i + 1:
            return "late", i
    return "in time", Noisy.ended[-1]


def class_changes(n):
    out = []
    for i in range(n):
        p = Point(i, 1)
        if i == n // 2:
            Point.plus = lambda self, other: other
        if i == n - 2:
            p.__class__ = Other
        p = p.plus(Point(2, 3))
        if i >= n - 2:
            out.append((type(p).__name__, p.x))
    return out


class Other:
    def plus(self, other):
        return Other()

    x = "class attribute"


def seen_by_others(n):
    import sys

    def look():
        return sys._getframe(1).f_locals["p"]

    same = 0
    for i in range(n):
        p = Point(i, i)
        if i % 40 == 0:
            same += look() is p
    return same


for function in (short_lived, carried, slots, tuples, kept_sometimes, twice_the_same, nested, raises, noisy,
                 seen_by_others, class_changes):
    print(function.__name__, function(1000))
