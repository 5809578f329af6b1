# The cycle collector.
import gc
import weakref

gc.collect()
gc.disable()
print(gc.isenabled())
log = []


class Node:
    def __init__(self, name):
        self.name = name
        self.links = []

    def __del__(self):
        log.append(self.name)


def cycle(*names):
    nodes = [Node(n) for n in names]
    for i, n in enumerate(nodes):
        n.links.append(nodes[(i + 1) % len(nodes)])
    return weakref.ref(nodes[0])


r = cycle("a", "b", "c")
print(log, r() is not None)
n = gc.collect()
print(sorted(log), r(), n >= 3)
log.clear()
l = []
l.append(l)
d = {}
d["d"] = d
t = ([],)
t[0].append(t)


class Slot:
    __slots__ = ("me", "__weakref__")


s = Slot()
s.me = s
refs = weakref.ref(s)
del l, d, t, s
print(gc.collect() >= 4, refs())


def closure_cycle():
    def f():
        return f
    return weakref.ref(f)


def generator_cycle():
    def g():
        me = yield
        yield me
    it = g()
    next(it)
    it.send(it)
    return weakref.ref(it)


def method_cycle():
    n = Node("method")
    n.bound = n.links.append
    n.self_method = n.__repr__
    n.own = lambda: n
    return weakref.ref(n)


def class_cycle():
    class Local:
        pass
    Local.me = Local
    return weakref.ref(Local)


def exception_cycle():
    n = Node("exception")
    try:
        raise ValueError
    except ValueError as e:
        n.error = e
    return weakref.ref(n)


for make in (closure_cycle, generator_cycle, method_cycle, class_cycle, exception_cycle):
    r = make()
    gc.collect()
    print(make.__name__, r() is None)
print(sorted(log))
log.clear()
keep = Node("kept")
keep.links.append(keep)
gc.collect()
print(log, gc.is_tracked(keep), gc.is_tracked([]), gc.is_tracked(5), gc.is_tracked("s"))
inner = Node("reachable from kept")
keep.links.append(inner)
inner.links.append(inner)
del inner
gc.collect()
print(log, [n.name for n in keep.links])
del keep
gc.collect()
print(sorted(log))
log.clear()


class Resurrect:
    saved = None

    def __init__(self):
        self.me = self

    def __del__(self):
        log.append("del")
        Resurrect.saved = self


Resurrect()
gc.collect()
print(log, Resurrect.saved is not None, Resurrect.saved.me is Resurrect.saved)
Resurrect.saved = None
gc.collect()
print(log)
callbacks = []
gc.callbacks.append(lambda phase, info: callbacks.append((phase, sorted(info))))
gc.collect()
gc.callbacks.clear()
print(callbacks)
r = cycle("x", "y")
w = weakref.WeakValueDictionary({"k": r()})
called = []
r3 = weakref.ref(w["k"], called.append)
gc.collect()
print(len(w), len(called), r())
a, b = [], []
a.append(b)
print(b in gc.get_referents(a), any(x is a for x in gc.get_referrers(b)), len(gc.get_objects()) > 100,
    len(gc.get_threshold()), len(gc.get_count()), gc.garbage)
gc.set_threshold(500, 10, 10)
print(gc.get_threshold()[0], gc.get_stats()[0].keys() >= {"collections", "collected", "uncollectable"})
gc.enable()
count = 0


class Counted:
    alive = 0

    def __init__(self):
        Counted.alive += 1
        self.me = self

    def __del__(self):
        Counted.alive -= 1


most = 0
for i in range(30000):
    Counted()
    most = max(most, Counted.alive)
print("collected by itself:", most < 20000)
gc.collect()
print(Counted.alive)
gc.freeze()
print(gc.get_freeze_count() > 0)
gc.unfreeze()
big = [[] for _ in range(1000)]
for i, x in enumerate(big):
    x.append(big[(i * 7 + 1) % 1000])
del big, x
print(gc.collect() >= 1000, gc.collect(0) >= 0, gc.collect(1) >= 0)
try:
    gc.collect(9)
except ValueError:
    print("no such generation")

# The oldest generation is not gone through each time that some more objects have grown old.
gc.enable()
gc.set_threshold(2000, 10, 0)
before = gc.get_stats()[2]["collections"]
kept = [[] for _ in range(100_000)]
print("few full collections:", gc.get_stats()[2]["collections"] - before <= 2)
