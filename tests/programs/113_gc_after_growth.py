"""Cycles are found in good time, also by a collector that has found nothing for a long while."""

import gc
import weakref


class Node:
    pass


class Small:
    __slots__ = ("a", "b")

    def __init__(self, i):
        self.a = i
        self.b = float(i)


def rounds_until_gone(limit):
    node = Node()
    node.me = node
    seen = weakref.ref(node)
    del node
    junk = []
    for _ in range(limit // 100):
        for _ in range(100):
            junk.append([])
        if seen() is None:
            return True
    return False


gc.collect()
print(gc.get_threshold()[0] > 0, rounds_until_gone(10_000))
data = [Small(i) for i in range(150_000)]
print(sum(s.b for s in data) == sum(s.a for s in data))
more = [(i, [i]) for i in range(50_000)]
print(rounds_until_gone(10_000), rounds_until_gone(10_000))
del data, more
print(rounds_until_gone(10_000), gc.collect() >= 0)
gc.set_threshold(500, 5, 5)
print(rounds_until_gone(10_000), gc.get_threshold())
gc.set_threshold(0)
print(rounds_until_gone(10_000))
