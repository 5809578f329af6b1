# Integers: division and modulo of all signs, shifts, bits, conversion, powers, errors.
for a in (7, -7):
    for b in (2, -2, 3, -3):
        print(a, b, a // b, a % b, divmod(a, b), a / b, -(a // b))
print(0 // 5, 0 % -5, 1 // 1, -1 // 2, 1 // -2, 5 // 7, -5 // 7)
for value in (0, 1, -1, 5, -5, 255, -256, 2 ** 31, -2 ** 31, 2 ** 63 - 1, -2 ** 63):
    print(value, value.bit_length(), value.bit_count(), ~value, -value, abs(value), hex(value), oct(value), bin(value))
print(1 << 0, 1 << 40, -1 << 5, 1 >> 1, -1 >> 10, 1000 >> 3, -1000 >> 3, 0 << 1000)
print(6 & -3, 6 | -3, 6 ^ -3, -6 & -3, -6 | 3, 0xFFFF & ~0xFF)
print(2 ** 0, 0 ** 0, 2 ** -1, (-2) ** 3, -2 ** 2, 10 ** 15, 7 ** 20)
print(pow(3, 4, 5), pow(2, 100, 1000007), pow(3, -1, 7), pow(-3, 3, 10), pow(5, 0, 1))
print(int(3.99), int(-3.99), int("  12 "), int("-7"), int("+7"), int("ff", 16), int("0xff", 0), int("0b11", 0),
    int("z", 36))
print(int("1_000"), int("077", 8), int(True), int(b"15"), int())
print(round(5), round(15, -1), round(25, -1), round(-15, -1), round(1234, -2), round(7, 3))
print((10).conjugate(), (10).numerator, (10).denominator, (10).real, (10).imag, (3).is_integer())
print((1024).to_bytes(2, "big"), (1024).to_bytes(4, "little"), (-2).to_bytes(2, "big", signed=True))
print(int.from_bytes(b"\x01\x00", "big"), int.from_bytes(b"\xff\xfe", "big", signed=True), int.from_bytes(b"", "big"))
print((7).as_integer_ratio(), hash(1) == hash(1.0) == hash(True), hash(-1), hash(0), hash(2 ** 61 - 1), hash(2 ** 61))
print(True + True, True * 5, False - 1, True / 2, True & False, True ^ True, 3 + True, isinstance(True, int))
print(1 == 1.0, 1 < 1.5, 2 ** 53 == float(2 ** 53), 2 ** 53 + 1 == float(2 ** 53 + 1), 10 ** 400 > 1e308)
print(max(1, 2.5, True), min(0, False), sum([1, 2, 3]), sum([True, True]), sum([1.5, 2], 3))
for text in ("", "x", "1.5", "0x1", "1__0", "_1", "9" * 3 + "a"):
    try:
        print(int(text))
    except ValueError as e:
        print("ValueError:", e)
for operation in (lambda: 1 // 0, lambda: 1 % 0, lambda: divmod(1, 0), lambda: 1 / 0, lambda: 0 ** -1, lambda: 1 << -1,
                  lambda: pow(2, 3, 0), lambda: (300).to_bytes(1, "big"), lambda: (-1).to_bytes(1,
                          "big"), lambda: pow(2, -1, 4)):
    try:
        print(operation())
    except (ArithmeticError, ValueError) as e:
        print(type(e).__name__)
for operation in (lambda: 1 + "a", lambda: "a" + 1, lambda: -"a", lambda: 1 < "a", lambda: [] & 1, lambda: int([]),
        lambda: 1 @ 2):
    try:
        print(operation())
    except TypeError as e:
        print("TypeError:", e)


class Number(int):
    def __add__(self, other):
        return Number(int(self) + int(other) + 1)

    def __repr__(self):
        return "Number(%d)" % self


n = Number(5)
print(n, repr(n), n + 1, 1 + n, n * 2, type(n * 2), n == 5, hash(n) == hash(5), {5: "found"}[n], [0] * n, "abcdefgh"[n])
print(sum([n, n]), n.__index__(), int(n), type(int(n)), int.__new__(Number, 3))
import sys
print(sys.int_info.bits_per_digit, sys.maxsize == 2 ** 63 - 1)
x = 0
for i in range(1000):
    x = (x * 31 + i) % 1000003
print(x)
x = 1
for i in range(70):
    x *= 3
print(x, x % 1000, x // 10 ** 20)
