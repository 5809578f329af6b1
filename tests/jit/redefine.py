"""A program that defines its functions and classes anew, all the time, and runs each until it is compiled: does memory stay bounded?

    redefine.py [SECONDS]       (default: 5)

Prints the size of the process now and then, with the executable part of it that belongs to no file (compiled code), and fails if either has
grown by more than a fourth (and some megabytes) between the middle and the end.
"""

import sys
import time

SOURCE = """
class Point:
    __slots__ = ("x", "y")
    def __init__(self, x, y):
        self.x, self.y = x, y
    def moved(self, by):
        return Point(self.x + by, self.y - by)

class Shape:
    factor = {number}
    def __init__(self, points):
        self.points = points
    def size(self):
        total = 0
        for point in self.points:
            total += point.x * self.factor + point.y
        return total

class Round(Shape):
    def size(self):
        return super().size() + len(self.points)

def steps(n):
    for i in range(n):
        yield Point(i, {number})

def work(n):
    total = 0
    for kind in (Shape, Round):
        kind.factor = {number}
        shape = kind(list(steps(n)))
        for i in range(20):
            shape.points = [point.moved(i) for point in shape.points]
            total += shape.size()
            if i == 10:
                kind.factor += 1
    return total

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
"""


def sizes():
    """KiB of this process in memory, and of its anonymous executable mappings."""
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * 4
    code = 0
    with open("/proc/self/maps") as file:
        for line in file:
            where, rights, *rest = line.split()
            if "x" in rights and len(rest) < 4:
                start, end = where.split("-")
                code += (int(end, 16) - int(start, 16)) // 1024
    return resident, code


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    start = shown = time.monotonic()
    space, rounds, seen = {}, 0, []
    while (now := time.monotonic()) - start < seconds:
        rounds += 1
        exec(SOURCE.replace("{number}", str(rounds % 7)), space)
        first = space["work"](30), space["fib"](12)
        for _ in range(20):
            assert (space["work"](30), space["fib"](12)) == first
        if now - shown > seconds / 20:
            shown = now
            seen.append(sizes())
            print("%6.1f s, %d definitions: %d KiB, %d KiB of code" % (now - start, rounds, *seen[-1]), flush=True)
    for middle, last, slack in zip(seen[len(seen) // 2], sizes(), (16 << 10, 4 << 10)):
        assert last < middle * 1.25 + slack, (middle, last)
    print("bounded")


if __name__ == "__main__":
    main()
