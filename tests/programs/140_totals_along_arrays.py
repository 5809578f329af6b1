"""Totals of doubles along arrays, in the order of their elements: groups of rounds, and what is left."""

from array import array


def total(a, s):
    for i in range(len(a)):
        s += a[i]
    return s


def each(a, s):
    for x in a:
        s += x
    return s, x


def difference(a, s):
    for i in range(1, len(a)):
        s -= a[i - 1]
    return s, i


def product(a, s):
    for x in a:
        s *= x
    return s


def dot(a, b, s, p):
    for i in range(min(len(a), len(b))):
        s += a[i] * b[i]
        p -= 0.5
    return s, p, i


def both(a, s, p):
    for i in range(len(a)):
        x = a[i]
        s = x - s
        p = x + p
    return s, p


def stored(a, s):
    for i in range(len(a)):
        s += a[i]
        a[i] = s
    return s


for n in (0, 1, 2, 7, 8, 9, 30, 33, 3000):
    # Rounding depends on the order.
    a = array("d", [(i * 7919 % 1009) * 1e-3 + 1e12 * (i % 5 - 2) for i in range(n)])
    b = array("d", [1.0 + i % 3 * 1e-9 for i in range(n)])
    for _ in range(3):
        print(n, total(a, 0.0), total(a, 0), n and each(a, 0.5), n > 1 and difference(a, 0.0))
        print(n, product(b, 1.0), n and dot(a, b, 0.0, 1), both(a, 0.0, 0.0), stored(array("d", b), 0.0))

special = array("d", [1.0] * 40)
for position in (20, 39):
    for value in (float("inf"), float("-inf"), float("nan"), 1e308, -0.0):
        special[position] = value
        special[position - 3] = value
        print(position, value, total(special, -0.0), each(special, 0.0), difference(special, 0.0), product(special, 1.0))
        print(position, value, dot(special, special, 0.0, 0.0), both(special, 0.0, 0.0))
    special[position] = special[position - 3] = 1.0
