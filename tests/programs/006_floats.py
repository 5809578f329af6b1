# Floats: shortest repr, rounding, special values, conversion, comparison, formatting.
for x in (0.1, 1 / 3, 2 / 3, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 0.00012345, 1.0, 100.0, 1e22, 1e23, 5e-324,
    1.7976931348623157e308,
          2.5, 1e100, 9007199254740993.0, 0.30000000000000004, 4.35, 1.005, 123456.789e-10, 3.0e10, 1.1e-7):
    print(repr(x), str(x), x.hex(), x.as_integer_ratio() if 1e-10 < x < 1e20 else "", x.is_integer())
inf, nan = float("inf"), float("nan")
print(inf, -inf, nan, inf - inf, inf * 0, inf > 1e308, nan == nan, nan != nan, nan < 1, inf == inf, -inf < inf)
print([nan] == [nan], nan in [nan], [nan].index(nan) if nan == nan else "identity", max(1.0, inf),
    min(nan, 1.0) != min(nan, 1.0))
print(0.0 == -0.0, repr(-0.0), 0.0 * -1, -0.0 + 0.0, str(0.0) == str(-0.0), 1e308 * 10, -1e308 * 10, 1e-320, 1e-330)
for a in (7.5, -7.5):
    for b in (2.0, -2.0):
        print(a // b, a % b, divmod(a, b), a / b)
print(5.0 % inf, -5.0 % inf, 5.0 // inf, -5.0 // inf, 0.0 % 3, -0.0 % 3, 1e20 % 3, -1e-20 % 3)
print(2.0 ** 0.5, 2 ** 0.5, 4 ** -0.5, 0.0 ** 0, nan ** 0, 1 ** nan, (-8.0) ** 3, 2.0 ** -1074, 10.0 ** 308)
print((-8) ** (1 / 3))
print(round(0.5), round(1.5), round(2.5), round(-0.5), round(-1.5), round(2.675, 2), round(1e20),
    round(1234.5678, -2), round(0.05, 1), round(5e-324, 3))
print(round(1.25, 1), round(1.35, 1), round(-2.5), round(3.7), round(3.2), round(12345.678, 1), round(1e300, 2),
    type(round(2.0)), type(round(2.0, 0)))
for text in ("1.5", " -2.5e3 ", "1e5", ".5", "5.", "inf", "-Infinity", "nan", "1_000.5", "+1.0", "0x1p3", "1e400",
        "-1e-400", "", "1.5.2", "e5", "1 2"):
    try:
        print(repr(text), float(text))
    except ValueError as e:
        print("ValueError:", e)
print(float.fromhex("0x1.8p3"), float.fromhex("-0x.1p4"), float.fromhex("inf"), float(10 ** 17), float(2 ** 53 + 1),
    float(2 ** 54 + 3))
print(int(1e18), int(-2.9), int(2.9), 3.7 // 1, (3.7).__trunc__(), (3.2).__ceil__(), (-3.2).__floor__())
print(1.0 == 1, 1.5 > 1, 2 ** 53 + 1 > float(2 ** 53), 0.1 + 0.2 == 0.3, 1e16 == 10 ** 16, 0.1 == 0.1, 3 < 3.5 < 4,
    10 ** 30 < 1e30)
print(hash(0.5), hash(1.0), hash(inf), hash(-inf), hash(0.1) == hash(0.1), hash(1e300) == hash(int(1e300)), hash(-0.0))
for spec in ("", ".3", ".3f", "10.2f", "<10.2f", "^10.1f", "+.1f", " .1f", "010.3f", "e", ".2e", "E", "g", ".3g", "G",
        "%", ".1%", ",.2f", "_.1f", "#.0f", "n", "*>12.4f", "=+12.3f", ".0f", ".15g", "z.1f"):
    print(spec.ljust(8), [format(x, spec) for x in (3.14159, -2.5, 1234567.891, 0.00001234, -0.04)])
for x in (inf, -inf, nan):
    print([format(x, spec) for spec in ("", "f", "10.2f", "+e", "%", "010", "F", "g")])
print("%f %e %g %.2f %10.3f|%-10.3f|%+f %05.1f %s %r" % (1.5, 1.5, 1.5, 2.675, 3.14159, 3.14159, 2.0, 9.99, 0.1, 0.1))
print("%.0f %.0f %.0f %.3g %.10g %#.3g %g %g %g" % (0.5, 1.5, 2.5, 1234567, 1234567, 1.0, 1e5, 1e6, 1e-5))
for operation in (lambda: 1.0 / 0, lambda: 1.0 // 0, lambda: 1.0 % 0, lambda: 0.0 ** -1, lambda: 10.0 ** 400,
        lambda: int(inf), lambda: inf.as_integer_ratio(), lambda: round(nan)):
    try:
        print(operation())
    except ZeroDivisionError as e:
        print(type(e).__name__)
    except (ArithmeticError, ValueError) as e:
        print(type(e).__name__, e)
print(sum([0.1] * 10), sum([1e16, 1.0, -1e16]), sum([0.1, 0.2, 0.3]), sum([1, 2.5, 3]), sum([0.5] * 5, 10))
total = 0.0
for i in range(1, 1001):
    total += 1 / i ** 2
print(total)
x = 1.0
while x + 1.0 != x:
    x *= 2
print(x)
print([float(str(v)) == v for v in (0.1, 1e-300, 123.456, 1 / 7)], float(repr(0.1 + 0.2)) == 0.1 + 0.2)


class Metres(float):
    def __repr__(self):
        return "%sm" % float(self)


m = Metres(2.5)
print(m, repr(m), m + 1, type(m + 1), m == 2.5, [m], "%.1f" % m, f"{m:.2f}")
print(-2.5 // -4, 2.5 // 4, -0.5 // -3.0, -0.5 // 3.0)
