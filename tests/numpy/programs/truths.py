"""Arrays of truths in expressions: as conditions, as what is chosen from, and as numbers."""

import numpy as np


def chosen_by_truths(a, m, x, y, n):
    for _ in range(n):
        r = np.where(m, x, y) + a
    return r


def chosen_by_comparison(a, m, x, y, n):
    for _ in range(n):
        r = a * 2.0 + np.where(a > 0, x, y)
    return r


def chosen_twice(a, m, x, y, n):
    for _ in range(n):
        r = np.where(a < 0, np.where(m, x, y), y) - a
    return r


def combined(a, m, x, y, n):
    for _ in range(n):
        r = np.where((a < 0) | m, x & y, x ^ (a > 0.25)) * a
    return r


def repeated(a, m, x, y, n):
    t = x
    for _ in range(n):
        t = a + np.where(a > 0, t, t)
        t = t <= y
    return t


def bits(x):
    return np.ascontiguousarray(x).tobytes()


for seed in range(12):
    rng = np.random.default_rng(seed)
    size = (1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 600, 5000)[seed]
    for kind in "f8", "f4":
        a = (rng.random(size) - 0.5).astype(kind)
        m, x, y = rng.integers(0, 2, (3, size)).astype(bool)
        # Any byte but zero is true.
        z = rng.integers(0, 4, size).astype("u1").view(bool)
        for args in (a, m, x, y), (a, m, x, x), (a, x, m, z), (a, z, z, y), (a[::-1], m[::-1], x, y[::-1]):
            for function in chosen_by_truths, chosen_by_comparison, chosen_twice, combined, repeated:
                # One round after the other: no loop is compiled.
                if function is repeated:
                    want = args[2]
                    for _ in range(3):
                        want = repeated(args[0], args[1], want, args[3], 1)
                    n = 3
                else:
                    want, n = function(*args, 1), 1
                for more in range(60):
                    assert bits(function(*args, n)) == bits(want), (seed, kind, function, more)
                long = function(*args, n + 60)
                assert function is repeated or bits(long) == bits(want), (seed, kind, function)
print("the same truths")
