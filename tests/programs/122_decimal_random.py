# Random decimal arithmetic: results, flags and traps under random contexts. Each line is a checksum of what CPython gave; with
# arguments (a seed, and how many cases), the cases themselves are printed.
import operator
import random
import sys
import zlib
from decimal import *

ROUNDINGS = [ROUND_UP, ROUND_DOWN, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_05UP]
SIGNALS = [Clamped, InvalidOperation, DivisionByZero, Inexact, Rounded, Subnormal, Overflow, Underflow, FloatOperation]
PRECISIONS = [1, 2, 3, 5, 9, 16, 18, 19, 20, 28, 28, 28, 37, 38, 39, 50]
BOUNDS = [(-999999, 999999), (-999999, 999999), (MIN_EMIN, MAX_EMAX), (-6, 6), (-30, 25), (0, 0), (-2, 40), (-40, 3), (0, 12)]


def a_context(r):
    low, high = r.choice(BOUNDS)
    traps = r.sample(SIGNALS, r.randrange(1, 5)) if r.random() < 0.2 else []
    rounding = r.choice(ROUNDINGS)
    return Context(r.choice(PRECISIONS), rounding, low, high, r.randrange(2), r.randrange(2), flags=[], traps=traps)


def digits(r):
    # Of all lengths, and often at the edge: nines, a one and zeros, halves, the largest words.
    shape = r.random()
    n = r.choice([1, 1, 2, 3, 4, 5, 8, 12, 17, 18, 19, 20, 21, 28, 37, 38, 39, 45])
    if shape < 0.1:
        return "9" * n
    if shape < 0.2:
        return "1" + "0" * (n - 1)
    if shape < 0.3:
        return str(r.randrange(10**n)) + r.choice("50") + "0" * r.randrange(4)
    if shape < 0.36:
        return str(r.choice([2**30, 2**60, 2**63, 2**64, 2**127, 2**128]) - r.randrange(2))
    return str(r.randrange(10**n))


def an_operand(r, context):
    kind = r.random()
    sign = r.choice(["", "-"])
    if kind < 0.04:
        return Decimal(sign + r.choice(["Infinity", "NaN", "sNaN", "NaN123", "sNaN98765432109876543210"]))
    if kind < 0.12:
        text = "0"
    else:
        text = digits(r)
    if kind > 0.9:
        return int(sign + text)
    place = r.random()
    if place < 0.7:
        exponent = -r.randrange(12)
    elif place < 0.85:
        exponent = r.randrange(-45, 45)
    else:
        edge = r.choice([context.Emin, context.Emax, context.Etiny(), context.Etop()])
        exponent = max(MIN_EMIN, min(MAX_EMAX - len(text), edge + r.randrange(-3, 4) - r.choice([0, len(text)])))
    with localcontext(Context(100, ROUND_DOWN, MIN_EMIN, MAX_EMAX, traps=[])):
        return Decimal(f"{sign}{text}e{exponent}")


def quantize_kw(a, b, r):
    return Decimal(a).quantize(b, rounding=r.choice(ROUNDINGS))


def quantize_other(a, b, r):
    context = a_context(r)
    context.clear_traps()
    return Decimal(a).quantize(b, None, context), shown(context)


def of_context(name):
    return lambda a, b, r: getattr(getcontext(), name)(a, b)


def plain(f):
    return lambda a, b, r: f(Decimal(a), b) if r.random() < 0.7 else f(b, Decimal(a))


OPERATIONS = {
    "add": plain(operator.add),
    "subtract": plain(operator.sub),
    "multiply": plain(operator.mul),
    "divide": plain(operator.truediv),
    "less": plain(operator.lt),
    "equal": plain(operator.eq),
    "quantize": lambda a, b, r: Decimal(a).quantize(b),
    "quantize rounding": quantize_kw,
    "quantize context": quantize_other,
    "context quantize": of_context("quantize"),
    "context add": of_context("add"),
    "context multiply": of_context("multiply"),
    "text": lambda a, b, r: (str(a), repr(a), f"{a}", +Decimal(a)),
    "sum": lambda a, b, r: sum([a, b, a, a], Decimal(0)),
}


def shown(context):
    return " ".join(s.__name__ for s in SIGNALS if context.flags[s])


def cases(name, seed, count):
    operation = OPERATIONS[name]
    r = random.Random(f"{name} {seed}")
    for _ in range(count):
        context = a_context(r)
        a, b = an_operand(r, context), an_operand(r, context)
        setcontext(context)
        try:
            result = operation(a, b, r)
            result = " ".join(map(str, result)) if isinstance(result, tuple) else repr(result)
        except Exception as e:
            result = f"{type(e).__name__} {e}"
        flags = shown(context)
        setcontext(DefaultContext)
        yield f"{name}: {a!r} {b!r} {context}: {result} [{flags}]"


def main():
    if len(sys.argv) > 1:
        for name in OPERATIONS:
            for line in cases(name, int(sys.argv[1]), int(sys.argv[2])):
                print(line)
        return
    for name in OPERATIONS:
        lines = list(cases(name, 0, 800))
        print(name, len(lines), zlib.crc32("\n".join(lines).encode()))


main()
