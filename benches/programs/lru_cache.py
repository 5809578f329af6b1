"""Caches that forget what was used least recently: one of linked nodes, one of an ordered dict, and functools'."""

import functools
from collections import OrderedDict

SIZE = 24000
CHECK = {
    1200: ((32246583, 517, 683), True, True, 718139),
    24000: ((643696164, 10230, 13770), True, True, 718139),
}


class Node:
    __slots__ = ("key", "value", "before", "after")

    def __init__(self, key, value):
        self.key = key
        self.value = value


class LinkedCache:
    def __init__(self, capacity):
        self.capacity = capacity
        self.nodes = {}
        self.root = Node(None, None)
        self.root.before = self.root.after = self.root
        self.hits = self.misses = 0

    def unlink(self, node):
        node.before.after = node.after
        node.after.before = node.before

    def to_front(self, node):
        node.before = self.root
        node.after = self.root.after
        self.root.after.before = node
        self.root.after = node

    def get(self, key):
        node = self.nodes.get(key)
        if node is None:
            self.misses += 1
            return None
        self.hits += 1
        self.unlink(node)
        self.to_front(node)
        return node.value

    def put(self, key, value):
        node = self.nodes.get(key)
        if node is not None:
            node.value = value
            self.unlink(node)
        else:
            if len(self.nodes) >= self.capacity:
                oldest = self.root.before
                self.unlink(oldest)
                del self.nodes[oldest.key]
            node = self.nodes[key] = Node(key, value)
        self.to_front(node)


class DictCache:
    def __init__(self, capacity):
        self.capacity = capacity
        self.items = OrderedDict()
        self.hits = self.misses = 0

    def get(self, key):
        if key not in self.items:
            self.misses += 1
            return None
        self.hits += 1
        self.items.move_to_end(key)
        return self.items[key]

    def put(self, key, value):
        self.items[key] = value
        self.items.move_to_end(key)
        if len(self.items) > self.capacity:
            self.items.popitem(last=False)


def keys(n):
    seed = 12345
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % 2147483648
        spread = 40 if seed & 4096 else 400
        yield (seed >> 16) % spread


def exercise(cache, n):
    total = 0
    for key in keys(n):
        value = cache.get(key)
        if value is None:
            value = key * key
            cache.put(key, value)
        total += value
    return total, cache.hits, cache.misses


def run(n):
    linked = exercise(LinkedCache(64), n)
    ordered = exercise(DictCache(64), n)

    @functools.lru_cache(maxsize=64)
    def square(key):
        return key * key

    total = sum(square(key) for key in keys(n))
    info = square.cache_info()

    @functools.lru_cache(maxsize=None)
    def paths(x, y):
        return 1 if x == 0 or y == 0 else paths(x - 1, y) + paths(x, y - 1)

    return linked, linked == ordered, (total, info.hits, info.misses) == linked, paths(60, 60) % 1000003


if __name__ == "__main__":
    from driver import main
    main(globals())
