# Integers of many digits.
a = 123456789012345678901234567890
b = 987654321098765432109876543210
print(a + b, a - b, a * b, b // a, b % a, divmod(-b, a), divmod(b, -a))
print(a ** 5)
print(a << 100, a >> 50, -a >> 50, (a << 200) >> 200 == a)
print(a & b, a | b, a ^ b, ~a, a & -b, -a | b, -a ^ -b, -a & 0xFFFFFFFFFFFFFFFFFFFF)
print(a == a + 0, a < b, -a < -b, a == float(a), a > 1e29, hash(a) == hash(a + 0), hash(a), hash(-a))
print(hex(a), oct(a), bin(a)[-20:], int(hex(b), 16) == b, int(str(a)) == a)
print(a.bit_length(), a.bit_count(), (a * b).bit_length(), int.from_bytes(a.to_bytes(16, "little"), "little") == a)
print(float(a), a / b, b / a, a / 3, int(1e30), int(1.5e300) % 10 ** 10)
print(2 ** 200, 2 ** 200 - 1, -(2 ** 64), 2 ** 64 + 2 ** 32, (2 ** 64) ** 2 == 2 ** 128)
for n in (2 ** 29, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 59, 2 ** 60, 2 ** 62, 2 ** 63, 2 ** 64, 2 ** 90, 2 ** 120):
    print(n - 1, n, n + 1, -n, (n - 1) * (n + 1) == n * n - 1, (n * n) // n == n, -n // (n - 1), (n + 1) % (n - 1),
        (n - 1) // 7)
print(pow(a, b, 10 ** 20), pow(a, -1, 10 ** 9 + 7), pow(-a, 3, b), pow(2, 10 ** 5, a))
fact = 1
for i in range(1, 101):
    fact *= i
print(fact)
print(fact // 2 ** 97, fact % (10 ** 9 + 7), str(fact)[::-1].lstrip("0")[:10])
x, y = 0, 1
for _ in range(500):
    x, y = y, x + y
print(x)
n = 7 ** 1000
print(len(str(n)), sum(map(int, str(n))), str(n)[:20], str(n)[-20:])


def gcd(p, q):
    while q:
        p, q = q, p % q
    return p


print(gcd(fact, 7 ** 30), gcd(2 ** 500 * 3 ** 100, 2 ** 300 * 3 ** 200) == 2 ** 300 * 3 ** 100)


def isqrt(n):
    x = 1 << (n.bit_length() + 1) // 2
    while True:
        y = (x + n // x) // 2
        if y >= x:
            return x
        x = y


print(isqrt(2 * 10 ** 100), isqrt(a * a) == a, isqrt(a * a - 1) == a - 1)
# Division and multiplication belong together, whatever the sizes.
state = 1
for i in range(60):
    state = state * 6364136223846793005 + 1442695040888963407
    p = state ** (i % 9 + 1) * (-1) ** i
    q = (state >> 17) ** (i % 5 + 1) + 1
    d, m = divmod(p, q)
    assert d * q + m == p and 0 <= m < q and p // q == d and p % q == m
    d, m = divmod(p, -q)
    assert d * -q + m == p and -q < m <= 0
    assert (p + q) * (p - q) == p * p - q * q
    assert (p << 37) >> 37 == p and (p << 13) == p * 8192 and p >> 13 == p // 8192
    assert int(str(p)) == p and int(hex(p), 16) == p and int(bin(p), 2) == p and int(oct(p), 8) == p
    assert (p & q) + (p | q) == p + q and (p ^ q) == (p | q) - (p & q) and ~p == -p - 1
    state %= 2 ** 200
print("laws hold", state % 10 ** 15)
print(round(a, -10), round(-a, -25), round(15 * 10 ** 30, -31), round(25 * 10 ** 30, -31))
print(1e22 == 10 ** 22, 1e23 == 10 ** 23, 10 ** 23 - int(1e23), 2 ** 1023 < 1.7976931348623157e308,
    2 ** 1024 > 1.7976931348623157e308)
for operation in (lambda: float(10 ** 400), lambda: 10 ** 400 / 3, lambda: 10 ** 400 * 1.0, lambda: int(float("inf")),
        lambda: int(float("nan"))):
    try:
        print(operation())
    except (OverflowError, ValueError) as e:
        print(type(e).__name__, e)
print(10 ** 400 / 10 ** 399, -10 ** 400 // 10 ** 399)
try:
    int("1" * 5000)
except ValueError as e:
    print("limit:", str(e)[:34])
try:
    str(10 ** 5000)
except ValueError as e:
    print("limit:", str(e)[:34])
print(len(hex(10 ** 5000)), "%d" % a, "%x" % b, "%+.40d" % a, f"{a:,}", f"{b:_x}", f"{a:e}", f"{-a:+,}")
