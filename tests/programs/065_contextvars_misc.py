# contextvars, types, SimpleNamespace, builtins not seen elsewhere, sys facts.
import builtins
import contextvars
import sys
import types

v = contextvars.ContextVar("v", default="default")
w = contextvars.ContextVar("w")
print(v.get(), v.name, w.get("given"), v in contextvars.copy_context())
token = v.set("one")
inner = v.set("two")
print(v.get(), inner.old_value, token.old_value is contextvars.Token.MISSING)
v.reset(inner)
print(v.get())
v.reset(token)
print(v.get())
try:
    v.reset(token)
except RuntimeError:
    print("used once")
try:
    w.get()
except LookupError:
    print("LookupError")
ctx = contextvars.copy_context()


def inside():
    v.set("inside")
    return v.get(), ctx[v], len(ctx)


print(ctx.run(inside), v.get(), ctx[v], ctx.get(w, "none"), [k.name for k in ctx if k is v], v in ctx,
    ctx.copy() == ctx)
try:
    ctx.run(ctx.run, print)
except RuntimeError as e:
    print("cannot enter twice")
n = types.SimpleNamespace(a=1, b=[2])
n.c = 3
del n.a
print(n, n == types.SimpleNamespace(b=[2], c=3), n.__dict__, types.SimpleNamespace({"x": 1}))
m = types.MappingProxyType({"k": 1})
print(m, m["k"], len(m), list(m), m | {"z": 2}, m == {"k": 1}, type(int.__dict__).__name__)
try:
    m["k"] = 2
except TypeError:
    print("read only")
print([t.__name__ for t in (types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.GeneratorType,
    types.ModuleType, types.TracebackType, types.NoneType, types.EllipsisType, types.GenericAlias)])
C = types.new_class("C", (), {}, lambda ns: ns.update(x=5))
bound = types.MethodType(lambda self, a: (self, a), "me")
print(C.x, bound("arg"), types.DynamicClassAttribute.__name__, types.resolve_bases((int,)),
    types.CodeType is type(inside.__code__), types.CellType(5).cell_contents)
print(abs(-5), all([1, 0]), any([0, 1]), ascii("é"), bin(5), callable(print), chr(65), divmod(-7, 3), format(5, "03"),
    hex(255), isinstance(1, int), len("abc"), max(1, 2), min([3, 1]), oct(8), ord("a"), pow(2, 3, 5), repr("x"),
    round(2.567, 2), sorted([2, 1]), sum([1, 2]), bool(), int(), float(), complex(), str(), list(), dict(), set(),
    tuple(), frozenset(), bytes(), bytearray(), object is object)
print([getattr(builtins, n).__name__ for n in ("filter", "map", "zip", "enumerate", "reversed", "range", "slice",
    "property", "super", "type", "memoryview")], len([n for n in dir(builtins) if not n.startswith("_")]) > 140,
    builtins.print is print, __build_class__.__name__, hash("a") == hash("a"), id(n) == id(n),
    __import__("sys") is sys)
print(sys.version_info.major, sys.byteorder, sys.maxunicode, sys.float_info.max, sys.float_info.epsilon,
    sys.float_info.dig, sys.hash_info.modulus, sys.hash_info.inf, sys.implementation.name, sys.getdefaultencoding(),
    sys.getfilesystemencoding(), sys.platform, sys.intern("abc") is sys.intern("ab" + "c"), sys.getsizeof([]) > 0,
    sys.flags.debug, sys.api_version, len(sys.argv), sys.stdin is not None, sys.is_finalizing(), sys.exc_info(),
    sys.getswitchinterval(), sys.maxsize)
print(sys.stdout.encoding.lower(), sys.stdout.writable(), sys.stdout.name, sys.stdout is sys.__stdout__,
    sys.stderr.errors, type(sys.stdout).__name__, sys.stdout.write("written\n"))
from string import ascii_uppercase as letters
class Chameleon:
    def __getattr__(self, n):
        return n
    def __dir__(self):
        return ["z", "a"]
    def __sizeof__(self):
        return 10
    def __class_getitem__(cls, i):
        return i
c = Chameleon()
print(c.anything, dir(c), Chameleon[3], getattr(c, "x", 1), vars(c), isinstance(c, Chameleon), c.__sizeof__(),
    letters[::5])
displayed = []
sys.displayhook = displayed.append
exec(compile("1 + 1\n", "s", "single"))
sys.displayhook = sys.__displayhook__
exec(compile("'shown'", "s", "single"))
print(displayed, builtins._)
it = iter("ab")
print(aiter.__name__, anext.__name__, next(it), breakpoint.__name__, compile.__name__, input.__name__, open.__name__,
    exec.__name__)
class Prints:
    def write(self, s):
        self.got = getattr(self, "got", "") + s
    def flush(self):
        self.got += "<flush>"
p = Prints()
print("a", 1, sep="+", end="!", file=p, flush=True)
print(p.got)
for bad in (lambda: print("a", sep=5), lambda: print("a", file=5), lambda: chr("a"), lambda: ord(5),
        lambda: round("a"), lambda: sum(["a"]), lambda: sum("ab", ""), lambda: max(), lambda: max([]), lambda: len(5),
        lambda: hash([]), lambda: iter(5), lambda: next([]), lambda: isinstance(1, 1), lambda: issubclass(1, int),
        lambda: super(), lambda: vars(5), lambda: range(1.5), lambda: range(1, 2, 0), lambda: reversed({1}),
        lambda: int("x", 5), lambda: int("1", 99), lambda: enumerate(), lambda: zip(1), lambda: map(),
        lambda: type(1, 2), lambda: property(1, 2, 3, 4, 5), lambda: memoryview(), lambda: pow("a", 2),
        lambda: divmod("a", 1), lambda: __import__(5), lambda: setattr(5, "x", 1), lambda: getattr(5, 5),
        lambda: sorted(5), lambda: dict(1), lambda: frozenset(5), lambda: object(1), lambda: bytes("a"),
        lambda: float("x"), lambda: complex("x"), lambda: slice()):
    try:
        bad()
        print("none", end=" ")
    except Exception as e:
        print(type(e).__name__[:5], end=" ")
print()
