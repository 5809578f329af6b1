"""Functions of arrays that go backwards: numpy computes those in another way, with other last bits, and so does compiled code."""

import numpy as np

NAMES = "exp log sin tan arctan cbrt log1p sinh arcsinh".split()


def unary(f, a, b, n):
    for _ in range(n):
        r = f(a) * 2.0 - b
    return r


def binary(f, a, b, n):
    for _ in range(n):
        r = f(3, a) - np.sin(b)
        s = f(a, b) + f(b, a)
    return r, s


def bits(x):
    return np.ascontiguousarray(x).tobytes()


for seed in range(20):
    rng = np.random.default_rng(seed)
    a, b = rng.random(37) + 0.25, rng.random(37) + 0.25
    for x in (a, a[::-1], np.concatenate((a, a))[::-2], a[::2]):
        y = b[: len(x)]
        for name in NAMES:
            f = getattr(np, name)
            # Executed once: never compiled.
            want = bits(f(x) * 2.0 - y)
            assert all(bits(unary(f, x, y, n)) == want for n in (1, 2, 60)), (seed, name)
        for f in (np.arctan2, np.power):
            want = bits(f(3, x) - np.sin(y)), bits(f(x, y) + f(y, x))
            assert all(tuple(map(bits, binary(f, x, y, n))) == want for n in (1, 2, 60)), (seed, f)
print("the same bits")
