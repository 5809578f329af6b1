# Metaclasses: creation steps, __prepare__, __call__, class attributes through the metaclass, conflicts, registries.
log = []


class Meta(type):
    def __prepare__(name, bases, **kw):
        log.append(("prepare", name, sorted(kw)))
        return {"prepared": True}

    def __new__(mcs, name, bases, ns, **kw):
        log.append(("new", name, sorted(k for k in ns if not k.startswith("__"))))
        ns["stamp"] = name.lower()
        return super().__new__(mcs, name, bases, ns)

    def __init__(cls, name, bases, ns, **kw):
        log.append(("init", name, kw))
        super().__init__(name, bases, ns)

    def __call__(cls, *args, **kw):
        log.append(("call", cls.__name__, args))
        return super().__call__(*args, **kw)

    def on_class(cls):
        return "method of the class " + cls.__name__

    @property
    def size(cls):
        return len(cls.__name__)

    def __repr__(cls):
        return f"<<{cls.__name__}>>"

    def __getattr__(cls, name):
        if name.startswith("auto_"):
            return name[5:]
        raise AttributeError(name)

    def __len__(cls):
        return 99

    def __iter__(cls):
        return iter(("a", "b"))

    def __contains__(cls, x):
        return x == "in"

    def __getitem__(cls, key):
        return (cls.__name__, key)

    def __add__(cls, other):
        return cls.__name__ + "+" + other.__name__

    def __instancecheck__(cls, obj):
        return obj == "magic" or super().__instancecheck__(obj)

    def __subclasscheck__(cls, sub):
        return sub is int or super().__subclasscheck__(sub)


class Base(metaclass=Meta, option=1):
    attribute = 5

    def __init__(self, v):
        self.v = v

    def method(self):
        pass


class Derived(Base):
    pass


d = Derived(3)
for line in log:
    print(line)
print(Base, [Derived], type(Derived).__name__, Derived.stamp, Derived.prepared, d.stamp)
print(Derived.on_class(), Derived.size, Derived.auto_thing, len(Base), list(Base), "in" in Base, Base["k"],
    Base + Derived, bool(Base))
print(isinstance("magic", Base), isinstance(d, Base), isinstance(5, Base), issubclass(int, Base),
    issubclass(Derived, Base), issubclass(str, Base))
for operation in (lambda: d.on_class, lambda: d.size, lambda: Derived.nothing, lambda: len(d)):
    try:
        print(operation())
    except (AttributeError, TypeError) as e:
        print(type(e).__name__)


class Singleton(type):
    instances = {}

    def __call__(cls, *args):
        if cls not in cls.instances:
            cls.instances[cls] = super().__call__(*args)
        return cls.instances[cls]


class One(metaclass=Singleton):
    def __init__(self, n=0):
        self.n = n


print(One(5) is One(6), One().n)


class Registry(type):
    known = {}

    def __init__(cls, name, bases, ns):
        super().__init__(name, bases, ns)
        if bases:
            Registry.known[name] = cls


class Plugin(metaclass=Registry):
    pass


class First(Plugin):
    pass


class Second(First):
    pass


print(sorted(Registry.known), Plugin.__class__.__name__)
try:
    class Conflict(Base, Plugin):
        pass
except TypeError as e:
    print("conflict")


class Both(Meta, Registry):
    pass


class Fine(Base, Plugin, metaclass=Both):
    pass


print(type(Fine).__name__, [c.__name__ for c in Fine.__mro__])


def function_as_metaclass(name, bases, ns):
    return name, len(bases), sorted(k for k in ns if not k.startswith("__"))


class NoClass(metaclass=function_as_metaclass):
    x = 1


print(NoClass)


class Ordered(type):
    @classmethod
    def __prepare__(mcs, name, bases):
        class Recorder(dict):
            def __init__(self):
                super().__init__()
                self.order = []

            def __setitem__(self, key, value):
                if not key.startswith("__"):
                    self.order.append(key)
                super().__setitem__(key, value)
        return Recorder()

    def __new__(mcs, name, bases, ns):
        cls = super().__new__(mcs, name, bases, dict(ns))
        cls.order = ns.order
        return cls


class Fields(metaclass=Ordered):
    z = 1
    a = 2

    def m(self):
        pass
    z = 3


print(Fields.order, Fields.z)


class Abstract(type):
    def mro(cls):
        return [cls, Extra, object]


class Extra:
    from_extra = "found by a custom mro"


class Custom(metaclass=Abstract):
    pass


print(Custom.from_extra, [c.__name__ for c in Custom.__mro__])


class SetName:
    def __set_name__(self, owner, name):
        log.append(("set_name", owner.__name__, name))


log.clear()


class InitSub:
    def __init_subclass__(cls, **kw):
        log.append(("init_subclass", cls.__name__, kw))


class Order(InitSub, flag=1):
    s = SetName()


print(log)
X = type("X", (), dict(a=1))
Y = type("Y", (X,), {"__slots__": ("s",), "f": lambda self: self.a})
print(X().a, Y().f(), X.__module__ == __name__, Y.__bases__ == (X,), type(X()).__name__, type.__call__(X).a,
    X.__qualname__)
X.__name__ = "Renamed"
print(X.__name__, repr(X()).split(" object")[0].split(".")[-1])
X.b = 2
del X.a
print(hasattr(Y(), "a"), Y.b)


class Generic:
    def __class_getitem__(cls, item):
        return f"{cls.__name__}[{item.__name__}]"


print(Generic[int])


class Entries:
    def __mro_entries__(self, bases):
        return (Extra,)


class FromEntries(Entries()):
    pass


print(FromEntries.__bases__ == (Extra,), FromEntries.from_extra, "__orig_bases__" in FromEntries.__dict__)
try:
    type("Bad", (), {}, unknown=1)
except TypeError:
    print("no such keyword")
print(type.__class__ is type, object.__class__ is type, issubclass(type, object), isinstance(object, type),
    type(type(1)).__name__)
