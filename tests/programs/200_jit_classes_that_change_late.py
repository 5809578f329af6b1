"""What lookups have found out about classes, and loops have been compiled for, stops being so in the middle of the loop."""

import types

N = 4000
CHANGE = 2500


def modules():
    class Computed(types.ModuleType):
        @property
        def x(self):
            return 10

    class Asked(types.ModuleType):
        def __getattribute__(self, name):
            return 100

    module = types.ModuleType("m")
    module.x = 1
    total = 0
    for i in range(N):
        total += module.x
        if i == CHANGE:
            module.__class__ = Computed
        if i == CHANGE + 500:
            module.__class__ = Asked
    return total


def becomes_descriptor():
    class Value:
        pass

    class Found(Value):
        def __get__(self, instance, owner):
            return 5

    class C:
        x = value = Value()
        y = other = Value()

    c = C()
    total = 0
    for i in range(N):
        total += (c.x is value_of(C, "value")) + (C.x is value_of(C, "value")) + (c.y is value_of(C, "other"))
        if i == CHANGE:
            Value.__get__ = lambda self, instance, owner: 5
        if i == CHANGE + 500:
            del Value.__get__
        if i == CHANGE + 1000:
            C.__dict__["y"].__class__ = Found
    return total


def value_of(owner, name):
    return owner.__dict__[name]


def becomes_data_descriptor():
    class Value:
        def __get__(self, instance, owner):
            return 10

    class C:
        x = Value()

    stored = []
    c = C()
    c.x = 1
    total = 0
    for i in range(N):
        total += c.x
        c.x = i % 3
        if i == CHANGE:
            Value.__set__ = lambda self, instance, value: stored.append(value)
    return total, len(stored), c.__dict__["x"]


def descriptor_by_its_bases():
    class Plain:
        pass

    class Getter:
        def __get__(self, instance, owner):
            return 5

    class Value(Plain):
        pass

    class C:
        x = Value()

    c = C()
    total = 0
    for i in range(N):
        total += c.x == 5
        if i == CHANGE:
            Value.__bases__ = (Getter,)
    return total


def made_anew():
    class C:
        @staticmethod
        def s():
            return 1

        @classmethod
        def c(cls):
            return 1

    c = C()
    total = 0
    for i in range(N):
        total += c.s() + C.s() + c.c() + C.c()
        if i == CHANGE:
            C.__dict__["s"].__init__(lambda: 10)
        if i == CHANGE + 500:
            C.__dict__["c"].__init__(lambda cls: 100)
    return total


class One:
    __slots__ = ()
    k = 1
    p = property(lambda self: 1)

    def f(self):
        return 1

    def __len__(self):
        return 1

    def __add__(self, other):
        return 1


class Two:
    __slots__ = ()
    k = 10
    p = property(lambda self: 10)

    def f(self):
        return 10

    def __len__(self):
        return 10

    def __add__(self, other):
        return 10


def constants():
    """Objects that a trace has as constants: defaults, attributes of classes."""

    class Holder:
        held = One()

    def call(x):
        return x.f() + len(x) + x.k + x.p + (x + 1) + isinstance(x, One) + (type(x) is One)

    call.__defaults__ = (Holder.held,)
    total = 0
    for i in range(N):
        total += call()
        total += Holder.held.f() + len(Holder.held) + Holder.held.k + (Holder.held + 1)
        if i % 1000 == 999:
            Holder.held.__class__ = Two if type(Holder.held) is One else One
    return total


def metaclasses():
    class Plain(type):
        pass

    class Special(type):
        x = property(lambda cls: 10)

        def __call__(cls):
            return 5

        def __getattr__(cls, name):
            return 3

        def __instancecheck__(cls, instance):
            return True

    class C(metaclass=Plain):
        x = 1

    total = 0
    for i in range(N):
        total += C.x + isinstance(i, C)
        total += 100 * (C() == 5)
        try:
            total += C.missing
        except AttributeError:
            total += 1
        if i == CHANGE:
            C.__class__ = Special
    return total


for test in (
    modules,
    becomes_descriptor,
    becomes_data_descriptor,
    descriptor_by_its_bases,
    made_anew,
    constants,
    metaclasses,
):
    print(test.__name__, test())
