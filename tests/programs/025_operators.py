# Operator overloading: every operator, reflected and in place, comparison rules, conversion, containers, calls.
class Op:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


def binary(symbol):
    def forward(self, other):
        return Op(f"({self}{symbol}{other})")

    def reflected(self, other):
        return Op(f"({other}{symbol}r{self})")

    def inplace(self, other):
        return Op(f"({self}{symbol}={other})")
    return forward, reflected, inplace


symbols = dict(add="+", sub="-", mul="*", truediv="/", floordiv="//", mod="%", pow="**", lshift="<<", rshift=">>",
    matmul="@")
symbols.update({"and": "&", "or": "|", "xor": "^"})
for method, symbol in symbols.items():
    forward, reflected, inplace = binary(symbol)
    setattr(Op, f"__{method}__", forward)
    setattr(Op, f"__r{method}__", reflected)
    setattr(Op, f"__i{method}__", inplace)
for method, symbol in dict(lt="<", le="<=", gt=">", ge=">=", eq="==", ne="!=").items():
    setattr(Op, f"__{method}__", (lambda s: lambda self, other: f"{self}{s}{other}")(symbol))
for method, symbol in dict(neg="-", pos="+", invert="~", abs="abs ").items():
    setattr(Op, f"__{method}__", (lambda s: lambda self: Op(f"{s}{self}"))(symbol))
a, b = Op("a"), Op("b")
print(a + b, a - 1, 2 * a, a / b, 3 // a, a % b, a ** 2, 2 ** a, a << 1, 1 >> a, a @ b, a & 1, 1 | a, a ^ b,
    divmod(7, 2))
print(-a, +a, ~a, abs(a), a < b, a <= 1, 1 < a, a > b, 2 >= a, a == b, a != 1, a + b * a - -b, (a + b) * 2)
c = a
c += 1
c -= b
c *= 2
c /= 3
c //= 4
c %= 5
c **= 6
c <<= 7
c >>= 8
c @= 9
c &= 10
c |= 11
c ^= 12
print(c)


class Left:
    def __add__(self, other):
        return NotImplemented

    def __eq__(self, other):
        return NotImplemented

    def __lt__(self, other):
        return NotImplemented


class Right:
    def __radd__(self, other):
        return "right handles"

    def __gt__(self, other):
        return "right is greater"

    def __eq__(self, other):
        return "right equals"


class SubRight(Right):
    def __radd__(self, other):
        return "subclass first"


print(Left() + Right(), Left() < Right(), Left() == Right(), Left() == Left(), 5 + Right(), [1] + SubRight())


class Base:
    def __add__(self, o):
        return "base add"

    def __radd__(self, o):
        return "base radd"

    def __lt__(self, o):
        return "base lt"

    def __gt__(self, o):
        return "base gt"


class Child(Base):
    def __radd__(self, o):
        return "child radd"

    def __gt__(self, o):
        return "child gt"


print(Base() + Child(), Child() + Base(), Base() + Base(), Base() < Child(), Child() < Base())
for operation in (lambda: Left() + Left(), lambda: Left() < Left(), lambda: object() + 1, lambda: -Left(),
        lambda: Left()[0], lambda: len(Left()), lambda: Left()(), lambda: 1 in Left(), lambda: iter(Left()),
        lambda: int(Left()), lambda: {Left(): 1}):
    try:
        print(operation())
    except TypeError as e:
        print("TypeError", end=" ")
print()


class Number:
    def __init__(self, v):
        self.v = v

    def __int__(self):
        return int(self.v)

    def __float__(self):
        return float(self.v)

    def __complex__(self):
        return complex(self.v, 1)

    def __index__(self):
        return int(self.v)

    def __bool__(self):
        return self.v != 0

    def __round__(self, n=None):
        return ("rounded", n)

    def __trunc__(self):
        return "trunc"

    def __floor__(self):
        return "floor"

    def __ceil__(self):
        return "ceil"

    def __divmod__(self, o):
        return "divmod", o

    def __rdivmod__(self, o):
        return "rdivmod", o

    def __pow__(self, o, m=None):
        return "pow", o, m

    def __hash__(self):
        return 7

    def __bytes__(self):
        return b"bytes"

    def __str__(self):
        return "str"

    def __repr__(self):
        return "repr"

    def __format__(self, spec):
        return "format:" + spec


n = Number(3.7)
import math
print(int(n), float(n), complex(n), [10, 20, 30, 40][n], range(10)[n], hex(n), bin(n), bool(n), bool(Number(0)),
    round(n), round(n, 2), math.trunc(n), math.floor(n), math.ceil(n), divmod(n, 2), divmod(2, n), pow(n, 2),
    pow(n, 2, 3), hash(n), bytes(n), str(n), repr(n), f"{n:x}", "%s %r %d" % (n, n, n), "ab" * Number(2),
    chr(Number(65)))


class Box:
    def __init__(self):
        self.d = {}

    def __getitem__(self, k):
        return self.d.get(k, ("missing", k))

    def __setitem__(self, k, v):
        self.d[k] = v

    def __delitem__(self, k):
        del self.d[k]

    def __len__(self):
        return len(self.d)

    def __contains__(self, k):
        return k in self.d

    def __iter__(self):
        return iter(sorted(self.d))

    def __reversed__(self):
        return reversed(sorted(self.d))

    def __call__(self, *a, **k):
        return a, k

    def __missing__(self, k):
        return "never"

    def __length_hint__(self):
        return 10


x = Box()
x["b"] = 1
x["a"] = 2
x["a"] += 5
print(x["a"], x["z"], x[1:2, ...], len(x), "a" in x, "q" in x, list(x), list(reversed(x)), x(1, k=2), bool(x),
    bool(Box()), sorted(x), dict(zip(x, x)), [*x])
del x["a"]
print(list(x), max(x), ",".join(x))


class Compare:
    def __init__(self, v):
        self.v = v

    def __eq__(self, o):
        return self.v == o.v

    def __lt__(self, o):
        return self.v < o.v


x, y = Compare(1), Compare(2)
print(x == y, x != y, x < y, x > y, sorted([y, x])[0] is x, max(x, y) is y, x == Compare(1), [x] == [Compare(1)],
    x in [Compare(1)], Compare.__hash__)
try:
    x <= y
except TypeError:
    print("no <=")


class Truthy:
    def __bool__(self):
        print("asked", end=" ")
        return True

    def __len__(self):
        return 0


t = Truthy()
print(bool(t), not t, t and 1, (t or 2) is t, 5 if t else 6, all([t]), [1 for _ in "a" if t])


class Chain:
    def __init__(self, v):
        self.v = v

    def __lt__(self, o):
        print(self.v, "<", o.v, end="; ")
        return self.v < o.v


print(Chain(1) < Chain(2) < Chain(3), Chain(2) < Chain(1) < Chain(3))


class Vec:
    def __init__(self, *c):
        self.c = c

    def __add__(self, o):
        return Vec(*(p + q for p, q in zip(self.c, o.c)))

    def __mul__(self, k):
        return sum(p * q for p, q in zip(self.c, k.c)) if isinstance(k, Vec) else Vec(*(p * k for p in self.c))

    __rmul__ = __mul__

    def __iadd__(self, o):
        self.c = (self + o).c
        return self

    def __repr__(self):
        return f"Vec{self.c}"


v = w = Vec(1, 2)
v += Vec(1, 1)
print(v, w, v is w, v * 2, 3 * v, v * v, sum([Vec(1), Vec(2)], Vec(0)))
