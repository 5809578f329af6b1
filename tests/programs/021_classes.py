# Classes: attributes, methods, class variables, static and class methods, dynamic access, repr, equality, hashing.
class Point:
    """A point."""
    count = 0
    origin = None

    def __init__(self, x, y=0):
        self.x = x
        self.y = y
        Point.count += 1

    def __repr__(self):
        return f"Point({self.x}, {self.y})"

    def __eq__(self, other):
        if not isinstance(other, Point):
            return NotImplemented
        return (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def move(self, dx, dy):
        self.x += dx
        self.y += dy
        return self

    @classmethod
    def diagonal(cls, n):
        return cls(n, n)

    @staticmethod
    def distance(a, b):
        return ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5

    @property
    def length(self):
        return Point.distance(self, Point(0))


p, q = Point(3, 4), Point(3, 4)
print(p, p == q, p is q, p != Point(1), p == 5, len({p, q}), p.move(1, 1).move(1, 1), p == q, Point.count)
print(Point.diagonal(5), Point.distance(Point(0), Point(3, 4)), Point(3, 4).length, Point.__doc__, Point.__name__,
    p.__class__.__name__)
p.extra = "added"
Point.shared = "to all"
print(p.__dict__, q.shared, vars(q), hasattr(q, "extra"), getattr(q, "extra", "none"), Point.move(q, 1, 1))
setattr(q, "x", 100)
del p.extra
print(q.x, hasattr(p, "extra"), sorted(k for k in Point.__dict__ if not k.startswith("__")))
for operation in (lambda: p.nothing, lambda: Point.nothing, lambda: delattr(p, "nope"),
        lambda: setattr(p, "length", 5), lambda: p.move(1), lambda: Point()):
    try:
        operation()
    except (AttributeError, TypeError) as e:
        print(type(e).__name__, e)


class Counter:
    total = 0
    items = []

    def add(self, x):
        self.total += x
        self.items.append(x)
        return self


a, b = Counter().add(1).add(2), Counter().add(10)
print(a.total, b.total, Counter.total, a.items, b.items is a.items, a.__dict__)


class Empty:
    pass


e = Empty()
e.f = lambda x: x * 2
Empty.g = lambda self, x: (type(self).__name__, x)
print(e.f(4), e.g(5), e.g.__self__ is e, Empty.g(1, 2))
name = "dynamic_%d" % 1
setattr(e, name, 5)
setattr(e, "with space", 6)
print(getattr(e, name), getattr(e, "with space"), sorted(e.__dict__))
e.__dict__["direct"] = 1
print(e.direct)
e.__dict__ = {"replaced": True}
print(e.replaced, hasattr(e, "direct"))


class Access:
    def __getattr__(self, name):
        if name.startswith("get_"):
            return lambda: name[4:]
        raise AttributeError(name)

    def __setattr__(self, name, value):
        super().__setattr__(name, ("set", value))

    def __delattr__(self, name):
        print("deleting", name)
        super().__delattr__(name)


x = Access()
x.v = 1
print(x.v, x.get_name(), hasattr(x, "other"), getattr(x, "other", "default"))
del x.v
try:
    x.v
except AttributeError as e:
    print("AttributeError", e)


class Everything:
    def __getattribute__(self, name):
        if name == "secret":
            return "intercepted"
        return super().__getattribute__(name)


y = Everything()
y.secret, y.plain = 1, 2
print(y.secret, y.plain, y.__dict__)


class WithClass:
    class Inner:
        value = 5

        def method(self):
            return "inner"

    inner = Inner()
    function = len
    table = {"a": lambda self: "in a table"}

    def call(self):
        return self.inner.method(), self.Inner.value, self.function("abc"), self.table["a"](self)


print(WithClass().call(), WithClass.Inner.__qualname__, WithClass.call.__qualname__)
for i in range(3):
    class Numbered:
        number = i

        def get(self, n=i):
            return self.number, n, i
    print(Numbered().get(), end=" ")
print()
C = type("C", (Point,), {"z": 7, "double": lambda self: self.x * 2})
c = C(4)
print(c, c.double(), c.z, isinstance(c, Point), C.__name__, C.__bases__[0].__name__, type(C).__name__)
c.__class__ = Point
print(type(c).__name__, hasattr(c, "z"))


class Meta:
    def __init_subclass__(cls, /, tag=None, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.tag = tag or cls.__name__.lower()


class A(Meta):
    pass


class B(Meta, tag="given"):
    pass


print(A.tag, B.tag)


class Named:
    def __set_name__(self, owner, name):
        self.where = owner.__name__ + "." + name


class Holder:
    first = Named()
    second = Named()


print(Holder.first.where, Holder.second.where)


class New:
    cache = {}

    def __new__(cls, key):
        if key not in cls.cache:
            cls.cache[key] = super().__new__(cls)
        return cls.cache[key]

    def __init__(self, key):
        self.key = key
        self.inits = getattr(self, "inits", 0) + 1


print(New("a") is New("a"), New("a").inits, New("b").key)


class NotMine:
    def __new__(cls):
        return "a string"

    def __init__(self):
        print("never")


print(NotMine())


class Private:
    def __init__(self):
        self.__hidden = 1
        self._open = 2
        self.__dunder__ = 3

    def get(self):
        return self.__hidden


print(Private().get(), sorted(Private().__dict__), hasattr(Private(), "__hidden"), Private()._Private__hidden)
print([m for m in dir(Point(1)) if not m.startswith("__")])
print(isinstance(p, (int, Point)), issubclass(C, Point), issubclass(bool, (str, int)), type(p) is Point,
    isinstance(Point, type), type(type).__name__)
class Bad:
    def __init__(self):
        return 5
try:
    Bad()
except TypeError as e:
    print("TypeError: init returned something")
