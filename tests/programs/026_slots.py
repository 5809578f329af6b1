# __slots__: layout, inheritance, conflicts, weak references, defaults, copying.
class P:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


p = P(1, 2)
p.x += 5
print(p.x, p.y, hasattr(p, "__dict__"), P.__slots__, type(P.x).__name__)
for operation in (lambda: setattr(p, "z", 1), lambda: p.z, lambda: vars(p), lambda: setattr(p, "__class__", int)):
    try:
        operation()
    except (AttributeError, TypeError) as e:
        print(type(e).__name__)
del p.x
try:
    p.x
except AttributeError as e:
    print("deleted:", e)
try:
    del p.x
except AttributeError as e:
    print("deleted twice")
p.x = "back"
print(p.x, P.x.__get__(p), P.__dict__["y"].__get__(p))


class Q(P):
    __slots__ = ("z",)


class R(P):
    pass


q, r = Q(1, 2), R(3, 4)
q.z = 9
r.free = "dict"
print(q.x, q.z, hasattr(q, "__dict__"), r.free, r.__dict__, r.x)


class WithDict:
    __slots__ = ("a", "__dict__")


class WithWeak:
    __slots__ = ("__weakref__",)


w = WithDict()
w.a, w.b = 1, 2
print(w.a, w.b, w.__dict__)
import weakref
weakref.ref(WithWeak())
try:
    weakref.ref(p)
except TypeError:
    print("no weak reference")
for body in (dict(__slots__=("a",), a=1), dict(__slots__=("1bad",)), dict(__slots__=(1,))):
    try:
        type("Bad", (), body)
    except (ValueError, TypeError) as e:
        print(type(e).__name__)
try:
    class Two(type("A", (), {"__slots__": ("a",)}), type("B", (), {"__slots__": ("b",)})):
        pass
except TypeError:
    print("layouts conflict")


class Empty1:
    __slots__ = ()


class Joined(Empty1, P):
    __slots__ = ("j",)


j = Joined(1, 2)
j.j = 3
print(j.x, j.j)


class Single:
    __slots__ = "only"


s = Single()
s.only = 1
print(s.only, Single.__slots__)


class Doc:
    __slots__ = {"a": "the a", "b": "the b"}


print(Doc.a.__doc__, sorted(Doc.__slots__))


class Mangled:
    __slots__ = ("__private",)

    def __init__(self):
        self.__private = 5

    def get(self):
        return self.__private


print(Mangled().get(), [n for n in dir(Mangled) if "private" in n])
import copy
c = copy.copy(P(5, [6]))
d = copy.deepcopy(P(5, [6]))
print(c.x, c.y, d.y)


class Tup(tuple):
    __slots__ = ()

    @property
    def first(self):
        return self[0]


t = Tup((1, 2))
print(t.first, hasattr(t, "__dict__"))


class Node:
    __slots__ = ("value", "next")

    def __init__(self, value, next=None):
        self.value, self.next = value, next


head = None
for i in range(10000):
    head = Node(i, head)
total, node = 0, head
while node is not None:
    total += node.value
    node = node.next
print(total)
P.x = "class attribute replaces the slot"
try:
    P(1, 2)
except AttributeError:
    print("read-only now")
