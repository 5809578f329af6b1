"""Calls of every kind: recursion, keywords, defaults, star arguments, methods, built-ins, classes, callbacks."""

SIZE = 18
CHECK = {
    9: (144, 21, 4, 4675, 1024, 497, 4950, 328350, 5150),
    18: (10946, 39, 8, 940089331, 268435456, 134209537, 4950, 328350, 5150),
}


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def tak(x, y, z):
    if y >= x:
        return z
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


def defaults(a, b=2, *rest, c=3, **named):
    return a + b + sum(rest) + c + len(named)


def forward(*args, **kwargs):
    return defaults(*args, **kwargs)


def only(a, /, b, *, c):
    return a - b + c


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def moved(self, dx, dy=0):
        return Point(self.x + dx, self.y + dy)

    def __call__(self, factor):
        return self.x * factor + self.y


def apply(function, values):
    total = 0
    for value in values:
        total += function(value)
    return total


def run(n):
    total = 0
    point = Point(0, 0)
    for i in range(1 << (n - 4)):
        total += defaults(i)
        total += defaults(i, 1, 2, 3, c=4)
        total += forward(i, c=5, d=6, e=7)
        total += forward(*(i, 1), **{"c": 2})
        total += only(i, b=2, c=3)
        point = point.moved(i, dy=1)
        total += max(i, 5) + min(i, 7) + abs(-i) + len((i, i)) + int(isinstance(i, int))
    move = point.moved
    values = list(range(100))
    return (fib(n + 3), ackermann(2, n), tak(n - 5, 8, 4), total, point(2), move(1).x,
            apply(abs, values), apply(lambda v: v * v, values), apply(Point(1, 2), values))


if __name__ == "__main__":
    from driver import main
    main(globals())
