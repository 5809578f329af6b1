# Decimal numbers: arithmetic, contexts, signals, formats, conversions, and the messages of their errors.
import contextvars
import copy
import decimal
import math
import pickle
import threading
from decimal import *
from fractions import Fraction

D = Decimal


def show(f, *args, **kwargs):
    try:
        result = f(*args, **kwargs)
    except Exception as e:
        print(type(e).__name__, e)
    else:
        print(repr(result))


def construction():
    for text in "12.50", "-0", "1e5", " 1_000.5 ", "Infinity", "-nan123", "sNaN", "٣.١٤", "1E+3", ".5", "5.", "0E-10":
        print(repr(D(text)), end=" ")
    print()
    for value in 10**40, True, 0.1, -2.5, (1, (1, 2, 3), -2), [0, (1,), "F"], (0, (), "n"), D("1.20"), -0.0:
        print(repr(D(value)), end=" ")
    print()
    for value in "abc", "1e", "", "1..2", [], (1, 2), (2, (1,), 3), (0, (11,), 3), (0, (1,), "x"), None, b"1", "1e9999999999999999999":
        show(D, value)
    show(D, 1, 2)
    show(D.from_float, 2.5)
    show(D.from_float, "x")
    print(D() is not None, D(D(1)) == 1, type(D.from_float(3)).__name__)


def arithmetic():
    getcontext().clear_flags()
    a, b = D("1234.5678"), D("-0.0321")
    print(a + b, a - b, a * b, a / b, a // b, a % b, divmod(a, b), -a, +a, abs(b), 2 + a, a**2, 2**b, a**-3)
    print(D(1) / 3, D(2).sqrt(), D(1).exp(), D(10).ln(), D(1000).log10(), D(2).log10(), D("1e-30").ln(), pow(D(7), 3, 5))
    print(D("1.1") ** D("2.5"), D(4) ** D("0.5"), D(10) ** 100, D("1.0") ** 5, D(0) ** 2, D("-2") ** 3, D(9) ** D("-0.5"))
    print(D(10**30 + 1) * (10**30 - 1), D(10**50) / 7, D(10**20) % 7, D("1e40") + 1, D("1e-50") + D("1e50"))
    print(getcontext().flags[Inexact], getcontext().flags[Rounded], getcontext().flags[Overflow])
    for f in (
        lambda: D(1) / 0,
        lambda: D(0) / 0,
        lambda: D("inf") - D("inf"),
        lambda: D("snan") + 1,
        lambda: D(-1).sqrt(),
        lambda: D(0) ** 0,
        lambda: D(1) % 0,
        lambda: divmod(D(1), D(0)),
        lambda: D("9e999999") * 10,
        lambda: D(1) + 1.5,
        lambda: D(10**30) // D("1e-5"),
        lambda: D(5).quantize(D("1e-40")),
        lambda: pow(D(2), 3, D("1.5")),
        lambda: (-D(2)) ** D("0.5"),
    ):
        show(f)
    for rounding in ROUND_UP, ROUND_DOWN, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_05UP:
        with localcontext(prec=2, rounding=rounding):
            print(rounding, *[+D(x) for x in ("1.25", "-1.25", "1.05", "1.51", "-9.96")])
    print(D("2.345").quantize(D(".01")), D("2.5").to_integral_value(), D("1.2e3").to_integral(), D("120.00").normalize())
    print(D(3).compare(D(2)), D(1).max(D("nan")), D(1).next_plus(), D(1).next_minus(), D(1).next_toward(2), D(250).logb())
    print(D(7).scaleb(3), D(12345).shift(2), D(12345).rotate(-2), D(1010).logical_and(D(1100)), D(2).fma(3, 4), D(10).remainder_near(6))
    print(D("1.0").compare_total(D("1.00")), D(1).same_quantum(D(5)), D("1e-7").number_class(), D("-0").copy_abs(), D(1).copy_sign(D(-3)))


def comparisons():
    print(D("1.0") == 1, D("0.5") == 0.5, D("0.1") == 0.1, D(1) == Fraction(2, 2), D("0.5") < Fraction(2, 3), D(1) == 1 + 0j)
    print(D("nan") == D("nan"), D("inf") > 10**100, sorted([D(3), 1, D("2.5"), 2.25]), D(1) != "1", D("1e1000") > D("1e999"))
    show(lambda: D("nan") < 1)
    show(lambda: D(1) < "x")
    print(hash(D(5)) == hash(5), hash(D("0.5")) == hash(0.5), hash(D("1e50")) == hash(10**50), hash(D("-inf")), {D("1.0"): 1}[1])
    print(hash(D("1.25e-30")) == hash(Fraction("1.25e-30")))
    show(hash, D("snan"))
    print(bool(D(0)), bool(D("0.1")), int(D("-2.9")), float(D("1.5e3")), complex(D(2)), round(D("2.5")), round(D("2.675"), 2))
    print(math.floor(D("-1.5")), math.ceil(D("1.2")), math.trunc(D("9.9")), D("1.50").as_integer_ratio(), D("-3e2").as_integer_ratio())
    print(D("-1.50").as_tuple(), D("nan7").as_tuple(), D("inf").as_tuple(), D("123e4").adjusted())
    for f in int, float, round, math.floor, D.as_integer_ratio:
        show(f, D("nan"))
        show(f, D("-inf"))
    show(float, D("snan"))


def formats():
    for spec in (
        "", ".2f", "10.1f", "<8", "^9.3", "+", " ", "e", ".3e", "E", "g", ".2g", "%", ".1%", ",", "015,.2f", "*^20.4f", "z.0f", "n", "08", "=+10", ".0f", ".0e",
    ):
        try:
            print(spec, *[format(x, spec) for x in (D("1234567.891"), D("-0.04"), D("1e-10"), D(0), D("inf"))], sep="|")
        except ValueError as e:
            print(spec, e)
    for spec in "q", "0<5", "5.x", "..2":
        show(format, D(1), spec)
    print(f"{D('2.50'):>10}|{D('1E+5')}|{D('1e5').to_eng_string()}|{D('123e-9').to_eng_string()}|{str(D('1e-7'))}|{D('0e3')!r}")


def contexts():
    c = Context(prec=5, rounding=ROUND_DOWN, Emin=-10, Emax=10, capitals=0, clamp=1, flags=[], traps=[Overflow])
    print(c, c.Etiny(), c.Etop(), c.create_decimal("1.23456789e2"), c.add(1, D("2.34567")), c.divide(2, 3), c.sqrt(2))
    print(c.flags, c.traps)
    print(c.power(2, 10), c.plus(D("1.000001")), c.to_sci_string(D("1E+9")), c.quantize(D("1.239"), D("0.01")), c.create_decimal_from_float(0.1))
    for name, value in [("prec", 0), ("prec", "x"), ("Emin", 1), ("Emax", -1), ("rounding", "x"), ("capitals", 2), ("clamp", -1), ("other", 1), ("flags", {}), ("traps", 5)]:
        show(setattr, c, name, value)
    show(delattr, c, "prec")
    show(Context, traps=[1])
    show(c.flags.__setitem__, "x", 1)
    show(c.flags.__delitem__, Inexact)
    c.traps[Inexact] = True
    show(c.divide, 1, 3)
    c.clear_traps()
    print(c.divide(1, 0), c.multiply(D("9e9"), 100), c.copy().flags == c.flags, dict(c.traps) == dict(Context(traps=[]).traps))
    with localcontext() as l:
        l.prec = 4
        print(D(1) / 7, getcontext() is l)
        with localcontext(Context(prec=2)):
            print(D(1) / 7)
        print(D(1) / 7)
    show(localcontext, 1)
    show(localcontext, foo=1)
    show(setcontext, 1)
    show(D(1).sqrt, 5)
    show(D(2).quantize, 1, "x")
    seen = []
    threads = [threading.Thread(target=lambda p=p: (setattr(getcontext(), "prec", p), seen.append(str(D(1) / 3)))) for p in (3, 6)]
    for t in threads:
        t.start()
        t.join()
    print(seen, getcontext().prec)
    contextvars.copy_context().run(setcontext, Context(prec=3))
    print(getcontext().prec, DefaultContext.prec, BasicContext.rounding, ExtendedContext.traps[Overflow])
    with localcontext() as l:
        l.traps[FloatOperation] = True
        show(D, 0.5)
        show(lambda: D(1) < 0.5)
        print(D(1) == 1.0)
    print(issubclass(DivisionByZero, ZeroDivisionError), Underflow.__bases__, MAX_PREC, MIN_ETINY, decimal.HAVE_THREADS)


def objects():
    class Money(Decimal):
        def __repr__(self):
            return f"Money({self})"

    m = Money("2.50")
    m.currency = "EUR"
    print(m, repr(m), m + 1, type(m + 1).__name__, m.currency, Money.from_float(0.5), copy.copy(D(5)), copy.deepcopy([D(5)]))
    for x in D("-1.50"), D("snan5"), Context(prec=7, traps=[Clamped]), DefaultContext:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            y = pickle.loads(pickle.dumps(x, protocol))
        print(repr(y))
    t = D("1.5").as_tuple()
    print(t.sign, t.digits, t.exponent, type(t).__module__, type(t).__name__, pickle.loads(pickle.dumps(t)) == t)
    print(sum([D("0.1")] * 10), math.fsum([D("0.1")] * 3), max(D(1), D(2)), D(3).real, D(3).imag, D(3).conjugate())
    with localcontext(prec=60):
        print(D(2).sqrt(), D(3).ln(), D(1).exp(), D(2) ** D("0.3"), D(10) ** D("-0.5"), sep="\n")
    with localcontext(prec=5000):
        x = D(2).sqrt()
        print((x * x - 2).adjusted() < -4990, len(str(x)), str(D(7) / 13)[-10:])


construction()
arithmetic()
comparisons()
formats()
contexts()
objects()
