"""What crossing the border to numpy costs: nanoseconds an operation, one line each.

Usage: border.py [ROUNDS]; run it under two interpreters with the same numpy, and compare (benches/numpy/compare.py).
"""

import sys
import time

import numpy as np

N = 20_000
array = np.arange(N, dtype=np.float64)
four = np.array([1.0, 2.0, 3.0, 4.0])
other = np.array([0.5, 0.25, 0.125, 1.0])
scalar = np.float64(0.5)


def iterate():
    for x in array:
        pass
    return N


def index():
    a = array
    for i in range(N):
        a[i]
    return N


def store():
    a = array
    for i in range(N):
        a[i] = 1.5
    return N


def arithmetic():
    a, b = four, other
    for _ in range(2000):
        a * 0.5 + b
    return 2000


def sine():
    f, x = np.sin, scalar
    for _ in range(5000):
        f(x)
    return 5000


def reduce():
    f, a = np.add.reduce, four
    for _ in range(2000):
        f(a)
    return 2000


def attributes():
    a = four
    for _ in range(5000):
        a.shape, a.size, a.ndim, a.dtype
    return 5000 * 4


def slicing():
    a = array
    for i in range(5000):
        a[i:100]
    return 5000


def groupby():
    for _ in range(5):
        frame.groupby("k")["v"].sum()
    return 5


BENCHES = [iterate, index, store, arithmetic, sine, reduce, attributes, slicing]
try:
    import pandas
    frame = pandas.DataFrame({"k": [i % 7 for i in range(1000)], "v": [float(i) for i in range(1000)]})
    BENCHES.append(groupby)
except ImportError:
    pass

if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for bench in BENCHES:
        bench()
        best = float("inf")
        for _ in range(rounds):
            start = time.perf_counter()
            count = bench()
            best = min(best, (time.perf_counter() - start) / count)
        print(f"{bench.__name__} {best * 1e9:.2f}")
