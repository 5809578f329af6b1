# Lifetime: prompt destruction, __del__, weak references, resurrection, finalizers.
import sys
import weakref

log = []


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append("del " + self.name)

    def __repr__(self):
        return self.name


def take():
    out = log[:]
    log.clear()
    return out


a = Noisy("a")
del a
print(take())
b = Noisy("b")
b = None
print(take())


def scope():
    x = Noisy("local")
    y = Noisy("returned")
    log.append("leaving")
    return y


kept = scope()
print(take())
Noisy("temporary")
print(take())
items = [Noisy("i%d" % i) for i in range(3)]
items[1] = None
print(take())
items.pop()
print(take())
del items
print(take())
d = {"k": Noisy("value")}
d["k"] = Noisy("other")
print(take())
d.clear()
print(take())
t = (Noisy("in tuple"), [Noisy("nested")])
alias = t
del t
print(take())
alias = 0
print(sorted(take()))


def raises():
    n = Noisy("in frame")
    raise ValueError


try:
    raises()
except ValueError as e:
    log.append("handling")
print(take())
for i in range(2):
    n = Noisy("loop %d" % i)
print(take())
n = None
take()


def generator():
    g = Noisy("in generator")
    yield 1
    yield 2


g = generator()
next(g)
log.append("before")
del g
print(take())
f = lambda n=Noisy("default"): n
del f
print(take())


class Holder:
    def __init__(self):
        self.child = Noisy("child")


h = Holder()
h.child = 5
print(take())
h.child = Noisy("second child")
del h
print(take())


def closure():
    c = Noisy("closed over")
    return lambda: c


fn = closure()
print(take(), fn())
fn = None
print(take())
print(sys.getrefcount(kept) >= 1)
x = y = Noisy("two names")
del x
print(take())
del y
print(take())


class Obj:
    pass


o = Obj()
r = weakref.ref(o)
r2 = weakref.ref(o, lambda ref: log.append(("callback", ref is r2)))
print(r() is o, r is weakref.ref(o), r2 is not r, weakref.getweakrefcount(o), r == weakref.ref(o), hash(r) == hash(o))
del o
print(r(), r2(), take(), r == r2)
p = Obj()
p.v = 5
proxy = weakref.proxy(p)
proxy.w = 6
print(proxy.v, p.w, type(proxy).__name__, isinstance(proxy, Obj))
del p
try:
    proxy.v
except ReferenceError as e:
    print(e)
values = weakref.WeakValueDictionary()
keys = weakref.WeakKeyDictionary()
ws = weakref.WeakSet()
o1, o2 = Obj(), Obj()
values["a"], values["b"] = o1, o2
keys[o1], keys[o2] = 1, 2
ws.add(o1)
ws.add(o2)
print(len(values), len(keys), len(ws), sorted(values), keys[o1], o1 in ws)
del o1
print(len(values), len(keys), len(ws), "a" in values, list(values), values.get("a"))
fin = weakref.finalize(o2, log.append, "finalized")
print(fin.alive)
del o2
print(take(), fin.alive, fin())


class Resurrected:
    saved = []

    def __del__(self):
        log.append("del")
        Resurrected.saved.append(self)


z = Resurrected()
del z
print(take(), len(Resurrected.saved))
Resurrected.saved.clear()
print(take())


class Method:
    def m(self):
        return "called"


m = Method()
wm = weakref.WeakMethod(m.m)
dead = weakref.ref(m.m)
print(wm()(), dead())
del m
print(wm())
for thing in (5, "s", (), None, [], {}):
    try:
        weakref.ref(thing)
        print("weak", end=" ")
    except TypeError:
        print("none", end=" ")
print(weakref.ref(set()) is not None, weakref.ref(Obj)() is Obj, weakref.ref(len)() is len,
    weakref.ref(generator)() is generator)


class Chain:
    def __init__(self, n):
        self.n = n
        self.next = Chain(n - 1) if n else None

    def __del__(self):
        log.append(self.n)


c = Chain(5)
del c
print(take())


class Node:
    pass


head = None
for i in range(100000):
    node = Node()
    node.next = head
    head = node
del node, head
print("a long chain went")
nested = []
for i in range(100000):
    nested = [nested]
del nested
nested = ()
for i in range(100000):
    nested = (nested,)
del nested
nested = {}
for i in range(20000):
    nested = {"k": nested}
nested = None
print("deep nests went")


class Slotted:
    __slots__ = ("v", "__weakref__")

    def __del__(self):
        log.append("slotted")


s = Slotted()
s.v = Noisy("in slot")
w = weakref.ref(s)
del s
print(take(), w())


class DelRaises:
    def __del__(self):
        raise ValueError("ignored")


sys.unraisablehook = lambda u: log.append((u.exc_type.__name__, str(u.exc_value)))
DelRaises()
print(take())
sys.unraisablehook = sys.__unraisablehook__
try:
    raise ValueError(Noisy("in exception"))
except ValueError as e:
    pass
print(take())


def swap():
    p, q = Noisy("p"), Noisy("q")
    p, q = q, p
    del p
    log.append("p gone")


swap()
print(take())
kept = None
print(take())
