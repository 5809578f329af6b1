# functools and operator.
import functools
import operator
from functools import (
    cmp_to_key, lru_cache, partial, partialmethod, reduce, singledispatch, singledispatchmethod,
    total_ordering, wraps,
)

print(reduce(operator.add, [1, 2, 3]), reduce(lambda a, b: a * b, range(1, 6)), reduce(operator.add, [], "start"),
    reduce(max, [3, 9, 2], 5))
try:
    reduce(operator.add, [])
except TypeError:
    print("TypeError: empty")


def f(a, b, c=3, *rest, **kw):
    return a, b, c, rest, kw


p = partial(f, 1, c=10)
print(p(2), p(2, c=5), p(2, d=4), p.func is f, p.args, p.keywords, partial(p, 2)(), partial(p, 5, x=1)(),
    partial(int, base=2)("101"), list(map(partial(pow, 2), range(5))))
p.note = "attributes"
print(p.note, p.__dict__)


class Cell:
    def __init__(self):
        self.alive = False

    def set_state(self, state):
        self.alive = state

    set_alive = partialmethod(set_state, True)
    kill = partialmethod(set_state, state=False)


c = Cell()
c.set_alive()
print(c.alive, c.kill(), c.alive)
calls = []


@lru_cache(maxsize=2)
def square(x):
    calls.append(x)
    return x * x


print([square(x) for x in (1, 2, 1, 3, 2, 2)], calls, square.cache_info(), square.__wrapped__(9),
    square.cache_parameters())
square.cache_clear()
print(square.cache_info())


@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@functools.cache
def args(*a, **k):
    calls.append((a, k))
    return len(calls)


@lru_cache(typed=True)
def typed(x):
    return type(x).__name__


print(fib(100), fib.cache_info().misses, args(1) == args(1), args(1, k=2) == args(1, k=2), args(1.0) == args(1),
    typed(1), typed(1.0), typed.cache_info().currsize)
try:
    square([1])
except TypeError:
    print("unhashable")


@lru_cache
def raises(x):
    calls.append("raised")
    raise ValueError(x)


for _ in range(2):
    try:
        raises(1)
    except ValueError:
        pass
print(calls[-2:], raises.cache_info())


class Holder:
    def __init__(self, n):
        self.n = n

    @lru_cache
    def method(self, x):
        return self.n + x

    @functools.cached_property
    def prop(self):
        return object()


h = Holder(10)
print(h.method(1), h.method(1), Holder.method.cache_info().hits, h.prop is h.prop, "prop" in h.__dict__)


@singledispatch
def show(x):
    return "object " + repr(x)


@show.register
def _(x: int):
    return "int " + str(x)


@show.register(list)
@show.register(tuple)
def show_sequence(x):
    return "sequence " + ", ".join(map(show, x))


@show.register(str)
def _(x):
    return "str " + x.upper()


class MyInt(int):
    pass


print(show(1.5), show(5), show([1, "a", (2,)]), show(True), show(MyInt(3)), show.dispatch(bool).__name__,
    sorted(t.__name__ for t in show.registry))


class Negator:
    @singledispatchmethod
    def neg(self, arg):
        return "cannot"

    @neg.register
    def _(self, arg: int):
        return -arg

    @neg.register
    @classmethod
    def _(cls, arg: bool):
        return not arg


print(Negator().neg(5), Negator().neg(True), Negator().neg("x"))


@total_ordering
class Version:
    def __init__(self, *parts):
        self.parts = parts

    def __eq__(self, other):
        return self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts


a, b = Version(1, 2), Version(1, 10)
print(a < b, a <= b, a > b, a >= b, a == b, max(a, b) is b, sorted([b, a])[0] is a)
print(sorted([3, 1, 2], key=cmp_to_key(lambda x, y: y - x)),
    sorted(["b", "A", "c"], key=cmp_to_key(lambda x, y: (x.lower() > y.lower()) - (x.lower() < y.lower()))))
k = cmp_to_key(lambda x, y: x % 5 - y % 5)
print(k(7) < k(3), k(7) == k(2), min([8, 11, 7], key=k))


def compose(*fs):
    return reduce(lambda f, g: lambda x: f(g(x)), fs)


print(compose(str, abs, int)("-5"), compose(lambda x: x + 1, lambda x: x * 2)(5))
w = wraps(f)(lambda *x: x)
print(w.__name__, w.__wrapped__ is f, functools.WRAPPER_ASSIGNMENTS[:3])
for name, arguments in (("add", (2, 3)), ("sub", (2, 3)), ("mul", ("ab", 2)), ("truediv", (7, 2)),
        ("floordiv", (7, 2)), ("mod", (7, 3)), ("pow", (2, 5)), ("neg", (3,)), ("inv", (3,)), ("lshift", (1, 4)),
        ("and_", (6, 3)), ("or_", (6, 3)), ("xor", (6, 3)), ("not_", (0,)), ("truth", ("",)), ("lt", (1, 2)),
        ("eq", (1, 1.0)), ("is_", (None, None)), ("contains", ([1], 1)), ("concat", ([1], [2])),
        ("getitem", ("abc", 1)), ("countOf", ([1, 1], 1)), ("indexOf", ("abc", "c")), ("index", (True,)),
        ("abs", (-2,)), ("matmul", None)):
    if arguments:
        print(name, getattr(operator, name)(*arguments), end="; ")
print()
lst = [1, 2, 3]
operator.setitem(lst, 0, 9)
operator.delitem(lst, 1)
print(lst, operator.iadd(lst, [4]), lst, operator.itemgetter(0, -1)("abc"), operator.itemgetter(slice(1, 3))("abcd"),
    operator.attrgetter("__class__.__name__")(5), operator.methodcaller("replace", "a", "b", 1)("aaa"),
    operator.call(max, 3, 9))
data = [{"n": 2, "s": "x"}, {"n": 1, "s": "y"}]
print(sorted(data, key=operator.itemgetter("n")), max(data, key=operator.itemgetter("s"))["n"],
    repr(operator.itemgetter(1)), repr(operator.attrgetter("a.b")))
