# Bound methods called with arguments in a tuple or a dict: in the loop of their caller, also where caller and callee run the same code.
import functools
import sys


class Tree:
    def visit(self, depth, x):
        total = 0
        for i in range(40):
            if (i + x) % 3 == 0 and depth > 0:
                rest = (depth - 1, x + 1)
                total += self.visit(*rest)
            total += i
        return total

    def walk(self, depth=0, x=0):
        total = x
        for i in range(30):
            if i % 5 == 2 and depth:
                rest = {"depth": depth - 1, "x": i}
                total += self.walk(**rest)
            total += 1
        return total

    def count(self, *items, step=1, **named):
        return len(items) + step + sum(named.values())

    def yielding(self, n):
        for i in range(n):
            yield self.count(*range(i), **{"step": i})

    def deep(self, *rest):
        return self.deep(*rest, 1) if len(rest) < 30 else len(rest)

    def endless(self, *rest):
        return 1 + self.endless(*rest)


tree = Tree()
print(sum(tree.visit(2, i) for i in range(100)))
print(sum(tree.walk(2, i) for i in range(100)))


def deco(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


class Plus:
    @deco
    def one(self, x):
        return x + 1


plus_one = deco(Plus().one)
bound = Plus().one


def loop(n):
    total = 0
    for i in range(n):
        if i % 3 == 0:
            total += plus_one(i)
        total += bound(*(i,))
    return total


print(loop(20000))
print([sum(tree.yielding(k % 7)) for k in range(300)][-7:])
print([tree.deep() for _ in range(100)][-1])

counted = 0
for i in range(2000):
    t = tuple(range(i % 5))
    counted += tree.count(*t, step=2) + tree.count(*t, **{"a": i, "step": 3})
print(counted)

for call in (
    lambda: tree.visit(*(1, 2, 3)),
    lambda: tree.visit(*(1,)),
    lambda: tree.visit(**{"depth": 1, "y": 2}),
    lambda: tree.visit(*(1, 2), **{"x": 2}),
    lambda: tree.count(**{1: 2}),
    lambda: tree.count(*3),
):
    try:
        call()
    except TypeError as error:
        print(error)

try:
    tree.endless(*(1, 2))
except RecursionError as error:
    print(error)


# Who looks at the frames finds them all.
class Looker:
    def look(self, n, *rest):
        names = []
        frame = sys._getframe(1)
        while frame is not None:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        return names if n == 0 else self.look(*(n - 1,), *rest)


print([Looker().look(*(2, i)) for i in range(200)][-1])


def fails(looker, n):
    try:
        for i in range(n):
            looker.look(*("a", i))
    except TypeError as error:
        frames = []
        tb = error.__traceback__
        while tb is not None:
            frames.append(tb.tb_frame.f_code.co_name)
            tb = tb.tb_next
        return frames


print([fails(Looker(), 3) for _ in range(100)][-1])
