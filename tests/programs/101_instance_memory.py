"""Instances come and go: what a new one finds in its memory, whatever was there before."""
import gc
import sys
import tracemalloc
import weakref


class Plain:
    pass


class Other:
    def __init__(self, *values):
        for i, value in enumerate(values):
            setattr(self, "a%d" % i, value)


class Slotted:
    __slots__ = ("x", "y", "z")


class Weak:
    __slots__ = ("x", "__weakref__")


class Both(Slotted):
    def __init__(self):
        self.w = "w"


def address(make):
    thing = make()
    return id(thing)


# The block that has just been given back is the next one's.
for make in (Plain, Slotted, Weak, Both):
    address(make)
    print(make.__name__, address(make) == address(make))

# A new instance is empty.
for round in range(5):
    full = [Other(1.5, "b", [round], None) for _ in range(100)]
    refs = [weakref.ref(o) for o in full]
    del full
    fresh = [Plain() for _ in range(100)]
    print(any(map(vars, fresh)), any(r() for r in refs), any(weakref.getweakrefcount(o) for o in fresh))
    slotted = [Slotted() for _ in range(50)]
    for s in slotted:
        s.x = s.y = s.z = round
    del slotted, s
    print(any(hasattr(s, name) for s in [Slotted() for _ in range(50)] for name in "xyz"))
    weak = [Weak() for _ in range(50)]
    refs = [weakref.ref(o) for o in weak]
    del weak
    print(any(weakref.getweakrefcount(o) for o in [Weak() for _ in range(50)]), any(r() for r in refs))


# Later instances of a class may have more room than earlier ones.
class Growing:
    pass


def grow(count):
    thing = Growing()
    for i in range(count):
        setattr(thing, "g%d" % i, [i])
    return thing


kept = []
for count in (1, 3, 5, 9, 17, 33, 40, 70):
    batch = [grow(count) for _ in range(60)]
    kept.append(batch[::2])
    del batch
    again = [grow(count) for _ in range(60)]
    print(count, all(len(vars(g)) == count for g in again), sum(vars(g)["g%d" % (count - 1)][0] for g in again))
    del again
print([sum(len(vars(g)) for g in batch) for batch in kept])
del kept


# Instances that have changed their class, or their dict.
class First:
    def __init__(self):
        self.a, self.b = 1, 2


class Second:
    def __init__(self):
        self.a = self.b = self.c = self.d = self.e = self.f = 0


for i in range(200):
    thing = First()
    thing.__class__ = Second
    thing.c = i
    if i % 3 == 0:
        thing.__dict__ = {"q": i}
    if i % 5 == 0:
        del thing.__dict__
    other = Second()
    other.__class__ = First
    del thing, other
print(vars(First()), vars(Second()))


# Cycles, long chains, finalizers.
class Node:
    def __init__(self, next):
        self.next = next


class Dying(Node):
    dead = 0

    def __del__(self):
        Dying.dead += 1


chain = None
for i in range(30000):
    chain = Node(chain)
chain = None
for i in range(300):
    loop = Node(None)
    loop.next = Node(loop)
    Dying(Node(Dying(None)))
del loop
gc.collect()
print(Dying.dead, sum(type(o) is Node for o in gc.get_objects()))


def busy(n):
    total = 0
    keep = [None] * 7
    for i in range(n):
        keep[i % 7] = Other(i, float(i), str(i))
        total += keep[i % 7].a0
        node = Node(Node(i))
        total += node.next.next
    return total


print(busy(5000))
tracemalloc.start()
print(busy(500), tracemalloc.get_traced_memory()[0] > 0)
tracemalloc.stop()
print(busy(5000))
print(sys.getrefcount(Node) < 100, sys.getrefcount(Other) < 100)
