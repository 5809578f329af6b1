# inspect: signatures, members, sources, kinds, frames.
import functools
import inspect


def f(a, b: int = 2, /, c="x", *args, d, e: str = "y", **kw) -> bool:
    """The doc.

        indented
    """
    return True


class Base:
    attribute = 1

    def method(self, x, *, y=1):
        "base method doc"

    @classmethod
    def cm(cls, z):
        pass

    @staticmethod
    def sm(q=5):
        pass

    @property
    def prop(self):
        return 1


class Child(Base):
    def __init__(self, v, w=3):
        self.v = v

    def method(self, x, *, y=1):
        pass

    def __call__(self, called):
        pass


def gen():
    yield


async def coro():
    pass


async def agen():
    yield


s = inspect.signature(f)
print(s, list(s.parameters), s.return_annotation, [p.kind.name for p in s.parameters.values()],
    s.parameters["b"].default, s.parameters["d"].default is inspect.Parameter.empty, s.parameters["b"].annotation)
for thing in (Base.method, Base().method, Base.cm, Base.sm, Child, Child(1), lambda x, y=1: 0,
        functools.partial(f, 1, d=5), functools.wraps(f)(lambda *a: 0), len, gen):
    print(inspect.signature(thing))
for arguments, keywords in (((1,), {"d": 4}), ((1, 2, 3, 4, 5), {"d": 1, "z": 2}), ((), {}), ((1,), {}),
        ((1,), {"a": 2, "d": 1})):
    try:
        b = s.bind(*arguments, **keywords)
        b.apply_defaults()
        print(dict(b.arguments), b.args, b.kwargs)
    except TypeError as e:
        print("TypeError", e)
print(s.replace(return_annotation=int).return_annotation,
    inspect.Signature([inspect.Parameter("p", inspect.Parameter.POSITIONAL_ONLY, default=1)]),
    s == inspect.signature(f), s.bind_partial().arguments)
print([name for name in dir(inspect) if name.startswith("is") and name in ("isfunction", "isclass", "ismethod",
    "isbuiltin", "ismodule", "isgeneratorfunction", "iscoroutinefunction", "isasyncgenfunction", "isroutine",
    "isabstract")])
for check in ("isfunction", "isclass", "ismethod", "isbuiltin", "ismodule", "isgeneratorfunction",
        "iscoroutinefunction", "isasyncgenfunction", "isroutine", "isdatadescriptor", "ismethoddescriptor",
        "isawaitable", "isgenerator", "iscode", "isframe"):
    c = coro()
    print(check,
        [getattr(inspect, check)(x) for x in (f, Base, Base().method, len, inspect, gen, coro, agen, Base.prop,
        str.upper, c, gen(), f.__code__)])
    c.close()
print(inspect.getdoc(f), inspect.getdoc(Child.method), f.__doc__[:8], inspect.cleandoc("  a\n    b\n"),
    inspect.getcomments(gen))
print(inspect.getsource(gen), inspect.getsourcelines(coro)[1] > 0, inspect.getfile(f) == __file__,
    inspect.getmodule(f).__name__, inspect.getsourcefile(Base) == __file__)
print([n for n, v in inspect.getmembers(Base, inspect.isfunction)],
    [n for n, v in inspect.getmembers(Child(1)) if not n.startswith("__")],
    [(a.name, a.kind,
    a.defining_class.__name__) for a in inspect.classify_class_attrs(Child) if not a.name.startswith("__")])
print([c.__name__ for c in inspect.getmro(Child)], inspect.getattr_static(Child(1), "prop") is Base.prop,
    inspect.unwrap(functools.wraps(f)(lambda: 0)) is f, inspect.getfullargspec(f).args,
    inspect.getfullargspec(f).kwonlydefaults, inspect.getcallargs(lambda a, b=1: 0, 5))


def outer():
    n = 1

    def inner():
        return n, len
    return inner


c = inspect.getclosurevars(outer())
print(c.nonlocals, c.builtins["len"] is len, c.unbound)


def frames():
    frame = inspect.currentframe()
    return frame.f_code.co_name, inspect.stack()[0].function, inspect.stack()[1].function, inspect.getframeinfo(frame).function, "frame" in inspect.getargvalues(frame).locals


print(frames())
g = gen()
print(inspect.getgeneratorstate(g), next(g), inspect.getgeneratorstate(g), inspect.getgeneratorlocals(g))
g.close()
co = coro()
print(inspect.getcoroutinestate(co))
co.close()
print(inspect.getcoroutinestate(co))
from abc import ABC, abstractmethod


class A(ABC):
    @abstractmethod
    def m(self): ...


print(inspect.isabstract(A), inspect.isabstract(Base), inspect.signature(A.m), inspect.get_annotations(f),
    inspect.indentsize("   x"), inspect.Parameter("x", inspect.Parameter.KEYWORD_ONLY, annotation=int))

# Signatures of built-in classes and functions, and of what has none.
import gc
import io
import operator
import time
import types

for what in (tuple, list, zip, filter, classmethod, staticmethod, types.GenericAlias, types.SimpleNamespace, io.BytesIO, io.FileIO,
             operator.attrgetter("a"), time.struct_time):
    print(getattr(what, "__name__", type(what).__name__), inspect.signature(what))
for what in (time.ctime, time.gmtime, gc.set_threshold):
    try:
        print(what.__name__, inspect.signature(what))
    except ValueError:
        print(what.__name__, "none")
