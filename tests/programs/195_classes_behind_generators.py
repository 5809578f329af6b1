"""What built-in functions make of generators goes when the generator function goes, with the classes that it has met."""

import gc
import weakref

SOURCE = """
class Item:
    def __init__(self, number):
        self.number = number
    def __hash__(self):
        return self.number
    def __eq__(self, other):
        return self.number == other.number
    def __lt__(self, other):
        return self.number < other.number

def items(n):
    for i in range(n):
        yield Item(i)

def names(n):
    for i in range(n):
        yield str(Item(i).number)

def work():
    for i in range(40):
        found = list(items(20)), set(items(20)), sorted(items(20)), tuple(items(20)), min(items(20)), max(items(20))
        text = "".join(names(20))
    return len(found[0]) + len(found[1]) + found[5].number + len(text)

total = work()
"""

kinds = []


def define(_):
    space = {}
    exec(SOURCE, space)
    kinds.append(weakref.ref(space["Item"]))
    return space["total"]


print(sum(map(define, range(30))))
gc.collect()
print(sum(kind() is not None for kind in kinds) < 3)
