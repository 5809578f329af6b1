# Enumerations.
from enum import (
    Enum, Flag, IntEnum, IntFlag, StrEnum, auto, member, nonmember, unique, verify, UNIQUE, CONTINUOUS, KEEP,
)


class Color(Enum):
    RED = 1
    GREEN = 2
    CRIMSON = 1

    def describe(self):
        return self.name.lower() + str(self.value)

    @classmethod
    def default(cls):
        return cls.GREEN

    @property
    def double(self):
        return self.value * 2

    LIST = [1, 2]


print(Color.RED, repr(Color.RED), Color.RED.name, Color.RED.value, Color(2), Color["GREEN"],
    Color.CRIMSON is Color.RED, list(Color), len(Color), Color.RED.describe(), Color.default(), Color.GREEN.double)
print(Color.RED == Color.RED, Color.RED != Color.GREEN, Color.RED == 1, Color.RED in Color, 1 in Color, 99 in Color,
    isinstance(Color.RED, Color), {Color.RED: "r"}[Color.CRIMSON], list(Color.__members__),
    hash(Color.RED) == hash(Color.CRIMSON), type(Color.RED).__name__, f"{Color.RED}", bool(Color.RED))
for bad in (lambda: Color(99), lambda: Color["NO"], lambda: setattr(Color, "RED", 5), lambda: Color.RED < Color.GREEN,
        lambda: delattr(Color, "RED"), lambda: Color.NO):
    try:
        bad()
    except (ValueError, KeyError, AttributeError, TypeError) as e:
        print(type(e).__name__, end=" ")
print()


class Size(IntEnum):
    SMALL = auto()
    LARGE = auto()
    HUGE = 10
    NEXT = auto()


print(Size.SMALL, repr(Size.LARGE), Size.SMALL < Size.LARGE, Size.LARGE + 1, [10, 20, 30][Size.SMALL],
    sorted([Size.HUGE, Size.SMALL]), Size(10), int(Size.NEXT), Size.SMALL == 1, max(Size), f"{Size.HUGE:03d}",
    "%d" % Size.HUGE, sum(Size))


class Word(StrEnum):
    HELLO = auto()
    OTHER = "custom"


print(Word.HELLO, repr(Word.OTHER), Word.HELLO == "hello", Word.OTHER.upper(), "x" + Word.HELLO,
    {"custom": 1}[Word.OTHER], f"{Word.HELLO:>8}", isinstance(Word.HELLO, str))


class Perm(Flag):
    R = auto()
    W = auto()
    X = auto()
    RW = R | W


p = Perm.R | Perm.X
print(p, repr(p), p.value, Perm.R in p, Perm.W in p, p & Perm.R, p ^ Perm.X, ~p, Perm.RW, list(p), list(Perm),
    bool(Perm(0)), Perm(0), Perm(3) is Perm.RW, len(p), Perm.R | Perm.W is Perm.RW, p.name, Perm.RW & ~Perm.R)
try:
    Perm(64)
except ValueError as e:
    print("ValueError")


class Mode(IntFlag):
    A = 1
    B = 2
    C = 4


m = Mode.A | Mode.C
print(m, repr(m), m + 1, m | 8, Mode(7), m & 4, ~Mode.A, Mode.A | 2, int(m), isinstance(m, int), list(m), m == 5)


class Planet(Enum):
    EARTH = (5.97, 6.37)
    MARS = (0.64, 3.39)

    def __init__(self, mass, radius):
        self.mass, self.radius = mass, radius

    @property
    def ratio(self):
        return round(self.mass / self.radius, 3)


print(Planet.EARTH.mass, Planet.MARS.ratio, Planet((0.64, 3.39)), Planet.EARTH.value)


class Auto(Enum):
    @staticmethod
    def _generate_next_value_(name, start, count, last):
        return name.title() + str(count)

    ONE = auto()
    TWO = auto()


class Missing(Enum):
    A = "a"
    UNKNOWN = "?"

    @classmethod
    def _missing_(cls, value):
        if isinstance(value, str) and value.lower() == "a":
            return cls.A
        return cls.UNKNOWN


class Behaviour(Enum):
    ADD = member(lambda a, b: a + b)
    helper = nonmember(5)

    def __call__(self, *a):
        return self.value(*a)

    def __str__(self):
        return "op " + self.name

    class Inner(Enum):
        X = 1


print([a.value for a in Auto], Missing("A"), Missing(5), Behaviour.ADD(2, 3), Behaviour.helper, str(Behaviour.ADD))
try:
    @unique
    class Dup(Enum):
        A = 1
        B = 1
except ValueError as e:
    print("duplicate")
try:
    @verify(CONTINUOUS)
    class Gap(IntEnum):
        A = 1
        C = 3
except ValueError:
    print("gap")
Animal = Enum("Animal", "CAT DOG")
Letters = Enum("Letters", {"A": 10, "B": 20})
print(list(Animal), Letters.B, Animal.DOG.value, Enum("N", ["X"], start=5).X.value, [c.name for c in reversed(Color)])


class Mixed(str, Enum):
    A = "x"


class Ordered(Enum):
    LOW = 1
    HIGH = 2

    def __lt__(self, other):
        return self.value < other.value


print(Mixed.A == "x", Mixed.A.upper(), repr(Mixed.A), str(Mixed.A), Ordered.LOW < Ordered.HIGH,
    sorted([Ordered.HIGH, Ordered.LOW]))


class Color2(Enum):
    _ignore_ = ["i"]
    for i in range(3):
        vars()[f"C{i}"] = i


print(list(Color2), Color2.C2.name)
import copy
import pickle
print(pickle.loads(pickle.dumps(Color.RED)) is Color.RED, copy.deepcopy(Color.GREEN) is Color.GREEN,
    pickle.loads(pickle.dumps(Perm.R | Perm.W)) is Perm.RW)
match Color.RED:
    case Color.GREEN:
        print("green")
    case Color.RED:
        print("red")


class Base(Enum):
    def shared(self):
        return "shared " + self.name


class Derived(Base):
    A = 1


print(Derived.A.shared(), Color.RED.name, Color.GREEN._value_, Color.__name__, [m.name for m in Size],
    Size.__members__["HUGE"])
for i, c in enumerate(Color):
    print(i, c.name, end="; ")
print()
