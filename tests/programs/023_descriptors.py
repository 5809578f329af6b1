# Descriptors: data and non-data, precedence, property in full, functions, __set_name__, __slots__ members, cached values.
log = []


class Data:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, obj, owner=None):
        log.append(("get", self.name, obj is None, owner.__name__))
        return self if obj is None else obj.__dict__.get(self.name, "unset")

    def __set__(self, obj, value):
        log.append(("set", self.name, value))
        obj.__dict__[self.name] = value

    def __delete__(self, obj):
        log.append(("delete", self.name))
        del obj.__dict__[self.name]


class NonData:
    def __get__(self, obj, owner=None):
        return "non-data" if obj is not None else "on class"


class Host:
    data = Data()
    non = NonData()

    def method(self):
        return "method"


h = Host()
h.data = 5
print(h.data, Host.data is Host.__dict__["data"], h.non, Host.non, log)
log.clear()
h.__dict__["data"] = "in dict"
h.__dict__["non"] = "own non"
h.__dict__["method"] = "own method"
print(h.data, h.non, h.method, Host.method(h))
del h.data
print(h.data, log)
Host.data = "overwritten on the class"
print(h.data)


class Temperature:
    def __init__(self):
        self._c = 0

    @property
    def celsius(self):
        """In degrees."""
        return self._c

    @celsius.setter
    def celsius(self, value):
        if value < -273:
            raise ValueError("too cold")
        self._c = value

    @celsius.deleter
    def celsius(self):
        self._c = None

    fahrenheit = property(lambda self: self._c * 9 / 5 + 32)
    only_set = property(None, lambda self, v: setattr(self, "_c", v))


t = Temperature()
t.celsius = 100
print(t.celsius, t.fahrenheit, Temperature.celsius.__doc__, Temperature.celsius.fget(t))
for operation in (lambda: setattr(t, "celsius", -300), lambda: setattr(t, "fahrenheit", 1), lambda: t.only_set,
        lambda: delattr(t, "fahrenheit")):
    try:
        operation()
    except (AttributeError, ValueError) as e:
        print(type(e).__name__, e)
t.only_set = 5
del t.celsius
print(t.celsius)


class Warm(Temperature):
    @Temperature.celsius.getter
    def celsius(self):
        return ("warm", self._c)

    @property
    def broken(self):
        return self.missing_attribute

    def __getattr__(self, name):
        return "fallback for " + name


w = Warm()
w.celsius = 30
print(w.celsius, w.broken, w.other)
f = Host.__dict__["method"]
bound = f.__get__(h, Host)
print(bound(), bound.__self__ is h, f.__get__(None, Host) is f, type(bound).__name__,
    classmethod(lambda cls: cls.__name__).__get__(None, Host)(), staticmethod(len).__get__(h)("ab"))


class Typed:
    def __init__(self, kind, default=None):
        self.kind, self.default = kind, default

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, obj, owner):
        if obj is None:
            return self
        return getattr(obj, self.name, self.default)

    def __set__(self, obj, value):
        if not isinstance(value, self.kind):
            raise TypeError(f"{self.name[1:]} must be {self.kind.__name__}, not {type(value).__name__}")
        setattr(obj, self.name, value)


class Person:
    name = Typed(str, "nobody")
    age = Typed(int)

    def __init__(self, **kw):
        for k, v in kw.items():
            setattr(self, k, v)


p = Person(name="Ann", age=30)
print(p.name, p.age, Person().name, Person.age.kind.__name__, p.__dict__)
try:
    p.age = "old"
except TypeError as e:
    print(e)


class Lazy:
    def __init__(self, function):
        self.function = function

    def __get__(self, obj, owner):
        value = self.function(obj)
        obj.__dict__[self.function.__name__] = value
        return value


class Uses:
    calls = 0

    @Lazy
    def expensive(self):
        Uses.calls += 1
        return 42


u = Uses()
print(u.expensive, u.expensive, Uses.calls, u.__dict__)
from functools import cached_property


class Cached:
    n = 0

    @cached_property
    def value(self):
        Cached.n += 1
        return Cached.n


c = Cached()
print(c.value, c.value, Cached().value, c.__dict__)
del c.value
print(c.value)


class ClassProp:
    def __init__(self, f):
        self.f = f

    def __get__(self, obj, owner):
        return self.f(owner)


class K:
    @ClassProp
    def tag(cls):
        return "tag of " + cls.__name__


class L(K):
    pass


print(K.tag, L.tag, L().tag)


class Callable:
    def __call__(self, *args):
        return args


class Holds:
    inst = Callable()
    fn = staticmethod(lambda *a: a)
    cm = classmethod(lambda *a: a[1:])
    lam = lambda *a: len(a)


x = Holds()
print(x.inst(1), x.fn(1), x.cm(1), x.lam(1), Holds.inst(2), Holds.lam(1, 2))


class GetAttr:
    def __getattribute__(self, name):
        if name == "raises":
            raise AttributeError("forced")
        return object.__getattribute__(self, name)

    def __getattr__(self, name):
        return "rescued " + name


print(GetAttr().raises, GetAttr().other)
x.__dict__["__len__"] = lambda: 5
try:
    len(x)
except TypeError as e:
    print("special methods are looked up on the type")
Holds.__len__ = lambda self: 7
print(len(x), bool(x))
print(sorted(k for k in dir(property) if not k.startswith("__")), type(Host.__dict__["method"]).__name__,
    type(int.__dict__["real"]).__name__, type(str.__dict__["upper"]).__name__)
print(int.real.__get__(5), str.upper.__get__("abc")(), int.__add__(2, 3), (5).__add__(6), "abc".__class__.__name__)
