"""What compiled code mentions ends when nobody else refers to it: classes, functions and their code, in cycles through traces."""

import gc
import weakref

SOURCE = """
class Point:
    def __init__(self, x):
        self.x = x
    def moved(self, by):
        return Point(self.x + by)

class Far(Point):
    def moved(self, by):
        return super().moved(by * 2)

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def nested(n):
    def inner(k):
        return len([Point(j) for j in range(k)]) + nested.extra
    return sum(inner(i) for i in range(n))
nested.extra = 1

def steps(n):
    for i in range(n):
        yield Far(i)

def work(n):
    total = 0
    for i in range(n):
        p, f = Point(i), Far(i)
        total += p.moved(2).x + f.moved(3).x
        if i % 3 == 0:
            total += nested.extra
    for p in steps(n):
        total += p.x
    return total

def drive():
    return work(3000), fib(15), sum([nested(i % 20) for i in range(200)])
"""

NAMES = "Point", "Far", "fib", "nested", "steps", "work", "drive"


def define():
    """Weak references to all that one execution of the source has made; it is over when this returns."""
    space = {}
    exec(SOURCE, space)
    print(space["drive"](), space["drive"]())
    refs = [weakref.ref(space[name]) for name in NAMES]
    refs += [weakref.ref(space[name].__code__) for name in NAMES[2:]]
    refs.append(weakref.ref(space["Point"].moved.__code__))
    return refs


for _ in range(3):
    refs = define()
    gc.collect()
    print([name for name, ref in zip([*NAMES, *NAMES[2:], "moved"], refs) if ref() is not None])

# A code object whose traces were let go of runs on, and may be compiled again.
space = {}
exec(SOURCE, space)
drive = space.pop("drive")
print(drive())
code, values = drive.__code__, drive.__globals__
del drive, space
gc.collect()
print(eval(code, values), eval(code, values))
