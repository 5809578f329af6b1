"""slice.indices() of a slice whose bounds say by `__index__` what they are: they see their caller, and may change what it uses."""

import collections
import sys

seen = collections.Counter()


class Bound:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        frame = sys._getframe(1)
        seen[frame.f_code.co_name, *sorted(frame.f_locals)] += 1
        seen["length"] += frame.f_locals["length"]
        return self.value


def indices(part, number):
    length = number % 7 + 5
    return part.indices(length)


def work(part):
    total = 0
    for i in range(2000):
        start, stop, step = indices(part, i)
        total += start * 100 + stop * 10 + step
    return total


print(work(slice(1, 9, 2)), work(slice(Bound(1), Bound(-2), Bound(2))), work(slice(None, Bound(3))))
print(sorted(map(str, seen.items())))
