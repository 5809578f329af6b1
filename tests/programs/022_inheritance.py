# Inheritance, super, the method resolution order, cooperation, abstract classes, built-in bases.
class A:
    def who(self):
        return "A"

    def chain(self):
        return ["A"]


class B(A):
    def who(self):
        return "B" + super().who()

    def chain(self):
        return ["B"] + super().chain()


class C(A):
    def who(self):
        return "C" + super().who()

    def chain(self):
        return ["C"] + super().chain()


class D(B, C):
    def chain(self):
        return ["D"] + super().chain()


class E(D):
    def who(self):
        return "E" + super(D, self).who() + "|" + B.who(self)


d, e = D(), E()
print([c.__name__ for c in E.__mro__], d.who(), d.chain(), e.who(), e.chain(), super(B, d).who(),
    D.mro() == list(D.__mro__))
print(D.__bases__ == (B, C), A.__subclasses__() == [B, C], issubclass(E, A), isinstance(e, C), E.__base__.__name__)
for make in (lambda: type("X", (A, B), {}), lambda: type("Y", (int, str), {}), lambda: type("Z", (bool,), {}),
        lambda: type("W", (B, B), {})):
    try:
        make()
    except TypeError:
        print("TypeError: no such class")


class Root:
    def __init__(self, **kwargs):
        self.log = ["Root"]
        assert not kwargs


class Left(Root):
    def __init__(self, left=None, **kwargs):
        super().__init__(**kwargs)
        self.log.append(("Left", left))


class Right(Root):
    def __init__(self, right=None, **kwargs):
        super().__init__(**kwargs)
        self.log.append(("Right", right))


class Bottom(Left, Right):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.log.append("Bottom")


print(Bottom(left=1, right=2).log)


class Props:
    @property
    def value(self):
        return "base"

    @classmethod
    def make(cls):
        return cls.__name__ + " made"

    @staticmethod
    def static():
        return "base static"


class Sub(Props):
    @property
    def value(self):
        return "sub " + super().value

    @classmethod
    def make(cls):
        return "sub: " + super().make()

    @staticmethod
    def static():
        return "sub " + Props.static()

    def from_nested(self):
        def inner():
            return super(Sub, self).value
        return inner(), [super(Sub, self).value for _ in range(1)]


print(Sub().value, Sub.make(), Sub().make(), Sub.static(), Sub().from_nested())


class Changing:
    def hello(self):
        return "old"


x = Changing()
print(x.hello(), end=" ")
Changing.hello = lambda self: "new"
print(x.hello(), end=" ")
x.hello = lambda: "own"
print(x.hello(), end=" ")
del x.hello, Changing.hello
print(hasattr(x, "hello"))
A.late = lambda self: "seen by all"
print(e.late())
B.who = lambda self: "patched"
print(d.who(), e.who())
del B.who
print(d.who())


class MyList(list):
    def append(self, x):
        super().append(x * 2)

    @property
    def last(self):
        return self[-1]


class MyDict(dict):
    def __getitem__(self, key):
        return ("got", super().__getitem__(key))


class MyStr(str):
    def __new__(cls, text, extra):
        self = super().__new__(cls, text)
        self.extra = extra
        return self


m = MyList([1])
m.append(5)
print(m, m.last, MyDict(a=1)["a"], MyDict(a=1).get("a"), MyStr("text", 7).extra, MyStr("text", 7) + "!", len(m),
    sorted(MyList([3, 1])))


class MyError(ValueError, KeyError):
    pass


for kind in (ValueError, KeyError, LookupError):
    try:
        raise MyError("both")
    except kind as problem:
        print(kind.__name__, end=" ")
print()
from abc import ABC, abstractmethod


class Shape(ABC):
    @abstractmethod
    def area(self):
        ...

    @property
    @abstractmethod
    def name(self):
        ...

    def describe(self):
        return f"{self.name}: {self.area()}"


class Square(Shape):
    name = "square"

    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side ** 2


class Half(Shape):
    def area(self):
        return 0


for cls in (Shape, Half):
    try:
        cls()
    except TypeError:
        print("abstract:", sorted(cls.__abstractmethods__))
print(Square(3).describe(), isinstance(Square(1), Shape))


class Duck(ABC):
    @classmethod
    def __subclasshook__(cls, other):
        return any("quack" in b.__dict__ for b in other.__mro__) or NotImplemented


class Real:
    def quack(self):
        pass


Duck.register(int)
print(issubclass(Real, Duck), isinstance(5, Duck), isinstance("s", Duck), isinstance(Real(), Duck),
    Duck in Real.__mro__)


class Mixin:
    def __str__(self):
        return f"<{type(self).__name__} {', '.join(f'{k}={v}' for k, v in sorted(vars(self).items()))}>"


class Thing(Mixin):
    def __init__(self):
        self.b, self.a = 1, 2


class Other(Mixin, dict):
    pass


o = Other(k=1)
o.attr = 5
print(Thing(), o, repr(o), f"{Thing()!s}")


class Deep0:
    def f(self):
        return 0


cls = Deep0
for i in range(1, 40):
    cls = type("Deep%d" % i, (cls,), {"f": (lambda i: lambda self: i + super(globals()["classes"][i], self).f())(i)})
    globals().setdefault("classes", {})[i] = cls
print(cls().f(), len(cls.__mro__))
print(super(C, d).__thisclass__.__name__, super(C, d).__self__ is d, super(B, D).__self_class__.__name__)
try:
    super(B, A()).who()
except TypeError:
    print("TypeError: not an instance")
