"""What loops look up: keys of many kinds, attributes by name, derived classes, classes with `__new__`, keywords that are passed on."""

import decimal
import fractions
import io
from abc import ABC
from collections import Counter, OrderedDict, defaultdict, namedtuple

N = 300
ended = []


class Whole(int):
    pass


class Word(str):
    pass


class Dying(int):
    def __del__(self):
        ended.append(int(self))


class Plain:
    pass


class Equal:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return hash(self.n)

    def __eq__(self, other):
        asked.append(self.n)
        return isinstance(other, Equal) and other.n == self.n


asked = []
Row = namedtuple("Row", "x y")


def keys():
    """Keys that Python code has no say in, and one that it has."""
    plain = Plain()
    every = [1, Whole(1), "a", Word("a"), Row(1, (2, 3)), (1, (2, 3)), plain, int, Plain, len, 2.0, Whole(2), None, (Row(1, 2), (plain,))]
    table, there, found = {}, set(), 0
    for i in range(N):
        key = every[i % len(every)]
        table[key] = table.get(key, 0) + 1
        there.add(key)
        found += key in [plain, 1, "a"]
        found += key == every[(i + 1) % len(every)]
    print(len(table), len(there), found, list(table.values()))
    for i in range(N):
        key = Equal(i % 3) if i > 200 else i % 3
        table[key] = i
    print(len(table), len(asked) > 90)


def last_reference():
    """Whoever is taken out of a dict or set may have an end in Python."""
    table, there = {}, set()
    for i in range(N):
        table[Dying(i % 4)] = i
        there.add(Dying(i % 4))
        if i % 3 == 0:
            table.pop(i % 4, None)
            there.discard((i + 1) % 4)
        if i % 50 == 0:
            print(i, len(ended), len(table), len(there))
    del table, there
    print(len(ended), sorted(set(ended)))


class Missing(dict):
    def __missing__(self, key):
        return key * 2


class Loud(dict):
    def __getitem__(self, key):
        return dict.get(self, key, "loud")

    def __setitem__(self, key, value):
        super().__setitem__(key, value + 1)

    def __contains__(self, key):
        return key == 5


def derived():
    counts, missing, loud, ordered, groups = Counter(), Missing(), Loud(), OrderedDict(), defaultdict(list)
    total = 0
    for i in range(N):
        counts[i % 7] += 1
        total += missing[i % 5]
        if i % 40 == 39:
            missing[i % 5] = 100
        loud[i % 3] = i
        total += 5 in loud
        total += 1 in missing
        ordered[i % 9] = i
        ordered.move_to_end(i % 4 if i > 4 else i)
        groups[i % 3].append(i)
        if i == 200:
            Missing.__missing__ = lambda self, key: 1000
        if i == 250:
            Missing.__getitem__ = lambda self, key: -1
    print(total, dict(counts), dict(missing), loud[1], loud["?"], list(ordered), len(groups[1]))
    try:
        for i in range(N):
            total += counts[i], dict(a=1)["b" if i == 100 else "a"]
    except TypeError:
        print("TypeError")


class Made:
    __slots__ = ("a", "b")

    def __new__(cls, a, b=2):
        self = super(Made, cls).__new__(cls)
        self.a, self.b = a, b
        return self


class Remade(Made):
    def __new__(cls, a):
        if a % 50 == 49:
            return a
        return super().__new__(cls, a, 5)


class Both:
    def __new__(cls, n):
        return object.__new__(cls if n % 10 else Initialized)


class Initialized(Both):
    def __init__(self, n):
        self.n = n


class Shape(ABC):
    kind = "shape"

    @classmethod
    def make(cls, n):
        self = cls.__new__(cls)
        self.n = n
        return self

    @staticmethod
    def twice(n):
        return 2 * n


class Square(Shape):
    @classmethod
    def make(cls, n):
        return super().make(n + 1)

    def area(self):
        return self.n * super().twice(self.n)


def made():
    total, kinds = 0, set()
    for i in range(N):
        total += Made(i).b + Made(i, b=i).b
        thing = Remade(i)
        total += thing.a if isinstance(thing, Made) else 1000
        both = Both(i)
        kinds.add((type(both).__name__, hasattr(both, "n")))
        total += getattr(both, "n", 3)
        row = Row(i, 2)
        total += row._replace(x=3).x + Row(*[i, i]).y + row.y
        total += Square.make(i).area()
        total += isinstance(row, (int, Row)) + isinstance(i, (Shape, int)) + isinstance(Square, Shape)
        total += issubclass(Square, Shape) + isinstance(Square.make(1), Shape)
    print(total, sorted(kinds))
    half = fractions.Fraction(0)
    for i in range(N):
        half += fractions.Fraction(1, 2)
    print(half)


def attributes():
    total, names = 0, set()
    things = [Made(1), Row(1, 2), "text", 5, int, Shape, fractions, made, 1.5, Plain(), None]
    for i in range(N):
        thing = things[i % len(things)]
        total += getattr(thing, "a", 10) if hasattr(thing, "a") else 1
        total += hasattr(thing, "real") + hasattr(thing, "__call__") + hasattr(thing, "kind") + hasattr(thing, "Fraction")
        names.add(str(getattr(thing, "__name__", None) or type(thing).__name__))
        total += len(made.__name__) + made.__code__.co_argcount + slice(1, 2).start + (3).real
        if i == 150:
            Plain.real = 3
        if i == 200:
            Made.__getattr__ = lambda self, name: 7
    print(total, sorted(names))
    asked = 0
    for i in range(N):
        try:
            asked += getattr(things[i % 2], "zz" if i % 2 else "a")
        except AttributeError as error:
            asked += len(str(error)) > 5
    print(asked)
    print([getattr(str, "join").__name__ for _ in range(3)], int.__repr__(5), {type(int.__add__).__name__ for _ in range(N)})


def keyed(a, b=2, *rest, c=3, **more):
    return a + b + len(rest) + c + sum(more.values())


def passed(*args, **more):
    return keyed(*args, **more)


class Taker:
    def __init__(self, *args, **more):
        self.sum = passed(*args, **more)

    def method(self, *args, **more):
        return keyed(self.sum, *args, **more)

    def forward(self, **more):
        return self.method(*[1], **more)


def keywords():
    total = 0
    extra = {"c": 1, "z": 2}
    for i in range(N):
        total += passed(i) + passed(i, b=1) + passed(i, 2, 3, c=4, z=i) + passed(*(1, 2), **extra)
        total += Taker(i, z=1).forward(c=i) + Taker(*[i], **extra).sum
        total += passed(**{"a": i, "b": 2} if i % 2 else {"b": i, "a": 2})
        total += sorted([3, 1, 2], reverse=bool(i & 1))[0] + int("11", base=2 + i % 3) + max([], default=i)
        total += len("a,b,c".split(",", maxsplit=i % 3)) + sum([1, 2], start=i)
    print(total)
    seen = []
    for i in range(60):
        try:
            passed(1, b=2, **{"b" if i % 5 == 4 else "c": 3})
        except TypeError as error:
            seen.append(str(error))
        try:
            passed(*[i] * (i % 3))
        except TypeError as error:
            seen.append(str(error))
    print(len(seen), sorted(set(seen)))


class Told:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        ended.append(self.n)


def replaced():
    """Values of dicts that are destroyed when others take their place, and containers that are gone after their last item."""
    del ended[:]
    table, total = {}, 0
    for i in range(N):
        table[i % 3] = Told(i)
        total += len(ended)
        for told in [Told(-i), Told(-i)]:
            total += told.n
        total += len(ended)
        for n in (i, i + 1):
            total += n
    del told
    print(total, len(ended), ended[:12])


def natives():
    total, seen, out = 0, [], io.StringIO()
    context = decimal.getcontext()
    for i in range(N):
        add, find = seen.append, "abcabc".find
        if i % 10 == 0:
            add(find("c", i % 5))
        total += (Whole(i) == i) + (Whole(i) != 2) + (Word("a") == "a") + (Whole(2) == Row(1, 2))
        total += i.numerator + i.denominator + i.real + i.imag + i.bit_length() + i.conjugate()
        total += len(dict.fromkeys("abc", i)) + len(dict.fromkeys([i, i + 1]))
        number = decimal.Decimal(i) / 7
        total += int(number.quantize(decimal.Decimal("0.01"), rounding=decimal.ROUND_HALF_UP) * 100)
        total += int(context.quantize(number, decimal.Decimal(1)))
        out.write(str(number.quantize(decimal.Decimal("0.1"))))
        if i % 100 == 99:
            total += len(out.getvalue())
            out.seek(0)
            out.truncate(0)
    print(total, seen[:8])
    kept = 0
    for i in range(60):
        try:
            kept += len(str(decimal.Decimal("x" if i % 20 == 19 else "1.5").quantize(decimal.Decimal(1))))
        except decimal.InvalidOperation:
            kept += 100
    print(kept)


keys()
last_reference()
replaced()
natives()
derived()
made()
attributes()
keywords()
