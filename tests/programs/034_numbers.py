# complex, bool, math and cmath functions, number tower, fractions and decimals in small.
import cmath
import math

z = 3 + 4j
print(z, z.real, z.imag, abs(z), z.conjugate(), z + 1, z - 2j, z * z, z / (1 - 1j), z ** 2, -z, z == 3 + 4j, z != 3,
    complex(1), complex(1, -2), complex("1+2j"), complex(" -3.5e1j "), 1j ** 2, 2 ** 1j, z ** 0, 0j ** 0)
print(complex(-0.0, 0.0), complex(0.0, -0.0), -0j, 1e20 + 1e-5j, complex("nan"), complex("inf-infj"), repr(1j),
    str(-1.5j), complex(float("nan"), 1), hash(1 + 0j) == hash(1), bool(0j), f"{z:.2f}", f"{z:>12}", f"{z!r}")
for operation in (lambda: 1j < 2, lambda: int(1j), lambda: float(1j), lambda: complex("1 + 2j"), lambda: complex("x"),
        lambda: 1j // 1, lambda: 1j % 2, lambda: 1 / 0j, lambda: 0j ** -1, lambda: round(1j), lambda: math.sqrt(1j)):
    try:
        print(operation())
    except (TypeError, ValueError, ZeroDivisionError) as e:
        print(type(e).__name__, end=" ")
print()
print([round(x, 12) for x in (math.sqrt(2), math.sin(1), math.cos(1), math.tan(1), math.asin(0.5), math.acos(0.5),
    math.atan(2), math.atan2(-1, -2), math.exp(1.5), math.log(10), math.log2(10), math.log10(2), math.log(8, 2),
    math.log1p(0.1), math.expm1(0.1), math.sinh(1), math.cosh(1), math.tanh(1), math.asinh(1), math.acosh(2),
    math.atanh(0.5), math.gamma(4.5), math.lgamma(10), math.erf(0.5), math.erfc(0.5), math.cbrt(27), math.exp2(3.5),
    math.hypot(3, 4), math.hypot(1, 2, 3), math.dist((0, 0), (3, 4)))])
print(math.floor(-1.5), math.ceil(-1.5), math.trunc(-1.5), math.fabs(-2), math.fmod(-7, 3), math.modf(3.25),
    math.modf(-3.25), math.frexp(10.0), math.ldexp(0.5, 4), math.copysign(1, -0.0), math.nextafter(1, 2),
    math.ulp(1.0), math.degrees(math.pi), math.radians(180) == math.pi, math.remainder(7, 4), math.fma(2, 3, 4))
print(math.gcd(12, 18, 27), math.lcm(4, 6), math.factorial(20), math.comb(50, 25), math.perm(10, 3),
    math.isqrt(10 ** 20 + 5), math.prod([2, 3, 4], start=10), math.fsum([0.1] * 10), math.sumprod([1, 2], [3, 4.5]),
    math.isclose(0.1 + 0.2, 0.3), math.isclose(1, 1.1, rel_tol=0.2))
print(math.pi, math.e, math.tau, math.inf, math.nan, math.isnan(math.nan), math.isinf(-math.inf), math.isfinite(1.0),
    math.log(10 ** 400), math.log2(2 ** 2000), math.floor(1e300) == int(1e300))
for operation in (lambda: math.sqrt(-1), lambda: math.log(0), lambda: math.acos(2), lambda: math.exp(1000),
        lambda: math.factorial(-1), lambda: math.gamma(0), lambda: math.fmod(1, 0), lambda: math.isqrt(-1),
        lambda: math.pow(0, -1), lambda: math.comb(-1, 2), lambda: math.floor(math.inf), lambda: math.factorial(2.5)):
    try:
        print(operation())
    except (ValueError, OverflowError, TypeError) as e:
        print(type(e).__name__, end=" ")
print()
print([complex(round(w.real, 9), round(w.imag, 9)) for w in (cmath.sqrt(-4), cmath.exp(1j * cmath.pi), cmath.log(-1),
    cmath.sin(1 + 1j), cmath.rect(2, 0.5), cmath.tanh(0.5j))], cmath.phase(-1),
    [round(v, 9) for v in cmath.polar(3 + 4j)], cmath.isclose(1 + 1j, 1 + 1.0000000001j), cmath.isnan(complex("nan")))
print(True + True, True * 3.5, -True, True // 2, True == 1.0, {True: "t"}[1], sum([True, False, True]),
    isinstance(True, int), bool("False"), bool(0.0), True & 1, True | False, True ^ True, int(True), str(True),
    repr(False), True.real, f"{True:d}", True < 2)
import numbers
print([isinstance(x, numbers.Integral) for x in (1, True, 1.0, 1j)],
    [isinstance(x, numbers.Real) for x in (1, 1.0, 1j)], isinstance(1j, numbers.Complex),
    issubclass(int, numbers.Rational))
from fractions import Fraction
f = Fraction(3, 4)
print(f, f + Fraction(1, 4), f * 2, f / 3, f ** 2, f ** -1, f - 1, f // Fraction(1, 2), f % Fraction(1, 2), float(f),
    Fraction(0.5), Fraction("1.25"), Fraction("3/9"), f == 0.75, f > 0.5, hash(Fraction(2, 1)) == hash(2),
    Fraction(1, 3).limit_denominator(10), Fraction(math.pi).limit_denominator(1000), round(Fraction(7, 2)),
    int(Fraction(7, 2)), math.floor(Fraction(-7, 2)), sum([Fraction(1, i) for i in range(1, 11)]), repr(f),
    f.numerator, -f, abs(Fraction(-1, 2)), f"{f:.3f}")
from decimal import ROUND_HALF_UP, Decimal, getcontext, localcontext
d = Decimal("1.10")
print(d, d + Decimal("2.205"), d * 3, d / 3, Decimal(1) / 7, Decimal("0.1") + Decimal("0.2") == Decimal("0.3"),
    d.quantize(Decimal("0.1")), Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP), Decimal("1E+5"),
    Decimal("-0"), Decimal(0.1), Decimal("NaN"), Decimal("Infinity") > 5, d.normalize(), d.as_tuple(), -d, abs(-d),
    d ** 2, Decimal(2).sqrt(), int(Decimal("3.9")), round(Decimal("2.5")), round(Decimal("2.345"), 2),
    hash(Decimal("1.0")) == hash(1), f"{Decimal('1234567.891'):,.2f}", max(Decimal(1), Decimal(2)),
    sum([Decimal("0.1")] * 3), divmod(Decimal(7), Decimal(3)), Decimal("1e3").to_integral_value(),
    Decimal("123.45").adjusted(), str(Decimal("1.5e-10")))
with localcontext() as ctx:
    ctx.prec = 5
    print(Decimal(1) / 3, Decimal(2) ** 50)
print(getcontext().prec, Decimal(1) / 3)
for operation in (lambda: Decimal("x"), lambda: Decimal(1) / 0, lambda: Decimal("1.1") + 1.1, lambda: Fraction(1, 0),
        lambda: Fraction("x")):
    try:
        print(operation())
    except (ArithmeticError, ValueError, TypeError) as e:
        print(type(e).__name__, end=" ")
print()
import random
random.seed(42)
print(random.random(), random.randint(1, 100), random.choice("abcdef"), random.sample(range(20), 5),
    random.uniform(1, 2), random.getrandbits(40), random.gauss(0, 1))
items = list(range(10))
random.shuffle(items)
print(items, random.choices([1, 2, 3], k=5), random.randrange(0, 100, 7), random.Random(7).random(),
    random.Random("text").random(), random.triangular(0, 1, 0.5), random.expovariate(1.5), random.betavariate(2, 3))


# Constants that the compiler may fold.
def quotients(x):
    return (3 // 1.5, -3 // 1.5, 3 // -1.5, (7 - 4) // (3 / 2), True // 0.5, (3.0,)[0] // 1.5, 4 // 2.0 // 1.0, 0 // 1.5, 7 // 2.0,
        x // 1.5, 9 // 3.0)


print(quotients(3), 3 // 1.5, [6 // 1.5], {1: 9 // 4.5}, f"{3 // 1.5}", (lambda y=3 // 1.5: y)(), eval("3 // 1.5"))
print(math.gcd(6 * 10 ** 5000, 4), math.gcd(10 ** 4000 * 7, 10 ** 30 * 21) == 7 * 10 ** 30, math.gcd(0, 10 ** 50) == 10 ** 50,
    math.gcd(2 ** 200, 3 ** 100), math.gcd(-(2 ** 130), 2 ** 70) == 2 ** 70)
