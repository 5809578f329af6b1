# Loops along arrays: what one round stores and a later one loads, limits, sums near overflow, ends in the middle.
from array import array


def scale(a, b, n):
    for i in range(n):
        b[i] = a[i] * 0.5 + 1.0
    return i


def blend(a, b, c):
    last = x = 0.0
    for i in range(1, len(a) - 1):
        x = a[i - 1] + a[i + 1]
        c[i] = x - b[i]
        last = c[i]
    return last, x, i


def shift(a, by, n):
    for i in range(3, n):
        a[i] = a[i + by] + 1.0


def copies(a, b):
    i = 0
    while i < len(a):
        b[i] = a[i]
        b[i] = -a[i]
        i += 1
    return i


def total(numbers, start):
    s = start
    for i in range(len(numbers)):
        s += numbers[i]
    return s


def until(a, b, stop):
    for i in range(len(a)):
        if i == stop:
            break
        b[i] = a[i] - 1.0
    return i


def shown(a):
    return [round(x, 3) for x in a[:4]], [round(x, 3) for x in a[-4:]], round(sum(a), 3)


for length in (3, 9, 40, 41, 300):
    a = array("d", [(i * 7 % 31) * 0.25 for i in range(length)])
    b = array("d", a)
    c = array("d", [0.0] * length)
    for _ in range(5):
        print(scale(a, b, length), blend(a, b, c), copies(c, a), until(a, b, length // 2))
        a = array("d", [x % 8.0 for x in a])
    print(shown(a), shown(b), shown(c))
    for by in (-3, -2, -1, 0, 1, 3):
        for _ in range(3):
            d = array("d", range(length + 4))
            shift(d, by, length)
        print(by, shown(d))
    try:
        scale(a, b, length + 5)
    except IndexError as error:
        print(type(error).__name__, shown(b))

for start in (0, 5, (1 << 62) - 7, (1 << 63) - 100, -(1 << 63) + 3, 1 << 70):
    for extra in (0, 1 << 37, 1 << 38, 1 << 50, (1 << 63) - 1, -(1 << 63)):
        numbers = array("q", range(-20, 50))
        numbers[33] = extra
        for _ in range(3):
            s = total(numbers, start)
        print(start, extra, s)

special = array("d", [1.0, float("inf"), -0.0, float("nan"), 1e308] * 12)
result = array("d", special)
for _ in range(4):
    scale(special, result, len(special))
    copies(result, special)
print(list(special[:10]), list(result[-5:]))
