# str.format and the format mini-language.
print("{} {} {}".format(1, "b", 3.5), "{0}{1}{0}".format("a", "b"), "{x}-{y}".format(x=1, y=2),
    "{{}} {{{0}}}".format(5))
print("{0[1]} {0[0]} {1[key]} {2.real} {2.imag}".format([1, 2], {"key": "v"}, 3 + 4j),
    "{a.b.c}".format(a=type("A", (), {"b": type("B", (), {"c": 9})})))
print("{!r} {!s} {!a}".format("é'", "é", "é"), "{0!r:>8}|{0!s:<8}|".format("ab"))
print("{:{}}|{:{fill}{align}{width}}|{:.{}f}".format("ab", 6, "cd", 3.14159, 2, fill="*", align="^", width=8))
for spec in ("5", "<5", ">5", "^5", "*^7", "05", "+", "-", " ", "x", "X", "#x", "o", "#o", "b", "#b", "#010x", "08b",
        "d", "n", ",", "_", "_x", "_b", "c", "+,", "=+8", "x^+9d", "e", ".1f", "%", "g"):
    out = []
    for value in (0, 42, -42, 1234567):
        try:
            out.append(format(value, spec))
        except (OverflowError, ValueError) as e:
            out.append(type(e).__name__)
    print(repr(spec), out)
for spec in ("", "s", "10", "<10", ">10", "^10", "*^10", ".2", "10.2", "<10.2s", "é>6", "05"):
    print(repr(spec), [format(value, spec) for value in ("abc", "", "日本語")])
for value, spec in ((True, ""), (True, "d"), (True, "5"), (None, ""), ([1], ""), (1 + 2j, ""), (1 + 2j, ".1f"),
        (1.5 - 2j, "+.2e"), (1j, ">10"), (b"x", "")):
    print(repr(value), repr(spec), format(value, spec))
for value, spec in (("a", "d"), (1, "s"), (1.5, "d"), (1.5, "x"), ("a", "+"), ("a", "="), (1, ".2"), (1, "y"),
        (None, "5"), ([1], "<5"), (1, ",x"), ("a", ","), (1.5, "c")):
    try:
        print(format(value, spec))
    except (ValueError, TypeError) as e:
        print(type(e).__name__, e)
for text, args in (("{", ()), ("}", ()), ("{0", (1,)), ("{}{1}", (1, 2)), ("{5}", ()), ("{a}", ()), ("{0.x}", (1,)),
        ("{0[x]}", ([1],)), ("{!x}", (1,)), ("{0!}", (1,))):
    try:
        print(text.format(*args))
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as e:
        print(text, type(e).__name__)


class Money:
    def __init__(self, amount):
        self.amount = amount

    def __format__(self, spec):
        if spec.endswith("€"):
            return format(self.amount, spec[:-1] or ".2f") + " €"
        return "money:" + spec

    def __str__(self):
        return "str"

    def __repr__(self):
        return "repr"


m = Money(1234.5)
print("{} {:€} {:,.1f€} {:>x}|{!s:>5}|{!r:>6}".format(m, m, m, m, m, m), format(m), f"{m:€}", f"{m!r}", f"{m:{'€'}}")
print("{:%Y}|{:>{w}}".format(type("D", (), {"__format__": lambda self, spec: spec})(), 7, w=3))
print("{0:{1}}".format(3.14159, ".3f"), "{:>{width}.{precision}f}".format(2.71828, width=10, precision=3))
print("{a}{b[0]}{b[1]}".format_map({"a": 1, "b": "xy"}))


class Default(dict):
    def __missing__(self, key):
        return "<" + key + ">"


print("{x} {y}".format_map(Default(x=1)))
rows = [("apple", 3, 1.5), ("kiwi", 12, 0.25), ("melon", 1, 12.0)]
print("{:<8}|{:>5}|{:>8}".format("name", "n", "price"))
for row in rows:
    print("{:<8}|{:>5d}|{:>8.2f}".format(*row))
print("{:=^30}".format(" end "), "{:,}".format(10 ** 20), "{:_d}".format(-12345678), "{:,.3f}".format(1234567.0),
    "{:015,d}".format(1234567), "{:+08.2f}".format(-3.14159))
print("%s" % m, "%r" % m, "%d%%" % 50, "%s %s" % (m, m), "%5.1f|%-8s|%08.3f" % (3.14159, "ab", -3.14159))
for text, args in (("%d", "x"), ("%d", ()), ("%d %d", (1,)), ("%d", (1, 2)), ("%q", 1), ("%", 1), ("%(a)s", {}),
        ("%x", 1.5)):
    try:
        print(text % args)
    except (TypeError, ValueError, KeyError) as e:
        print(text, type(e).__name__, e)

# Sizes that no memory can hold.
from decimal import Decimal

for value, spec in ((5, "03372036854775808"), (Decimal("1e999999999999999"), "f")):
    try:
        print(len(format(value, spec)))
    except MemoryError:
        print("no memory")
print(len(format(Decimal("1.25"), ".100000f")), format(Decimal("0E+3"), ".3f"), format(Decimal("-0.0"), ".3f"),
    format(Decimal("12E3"), ".2f"), format(Decimal("12.345"), ".1f"), format(Decimal("0.5"), ".3%"), format(Decimal(0), ".2e"))
