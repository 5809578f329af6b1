"""Loops over numpy's arrays as an ordinary user writes them, in nanoseconds for each element.

    rpy benches/numpy/loops.py [NAME ...]            under this interpreter
    python benches/numpy/loops.py --numba [NAME ...]  each function compiled by Numba

Each function is called again and again for a while; the fastest call counts.
"""

import sys
from time import perf_counter

import numpy as np

N = 200_000
SIDE = 300
# Seconds.
WARM = 0.3


def sum_of_ints(a):
    total = 0
    for num in a:
        total += num
    return total


def sum_of_floats(a):
    total = 0.0
    for num in a:
        total += num
    return total


def sum_by_index(a):
    s = 0.0
    for i in range(len(a)):
        s += a[i]
    return s


def saxpy(a, b, out):
    for i in range(len(a)):
        out[i] = 2.0 * a[i] + b[i]
    return out[-1]


def stencil(u, v):
    n, m = u.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            v[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return v[1, 1]


def sines(n):
    x = np.float64(0.5)
    s = 0.0
    for _ in range(n):
        s += np.sin(x)
        x += 0.001
    return s


def small_arrays(a, b, n):
    for _ in range(n):
        a = a * 0.5 + b
    return a[0]


def count_large(a):
    count = 0
    for x in a:
        if x > 50.0:
            count += 1
    return count


def programs():
    """The functions, their arguments, and how many elements (or rounds) one call is."""
    floats = np.arange(N) * 0.0005
    field = np.sin(np.arange(SIDE * SIDE)).reshape(SIDE, SIDE)
    yield sum_of_ints, (np.arange(N),), N
    yield sum_of_floats, (floats,), N
    yield sum_by_index, (floats,), N
    yield saxpy, (floats, np.ones(N), np.zeros(N)), N
    yield stencil, (field, np.zeros_like(field)), SIDE * SIDE
    yield sines, (N,), N
    yield small_arrays, (np.arange(4.0), np.ones(4), N), N
    yield count_large, (floats,), N


def main(arguments):
    compiled = "--numba" in arguments
    names = [name for name in arguments if name != "--numba"]
    for function, args, count in programs():
        if names and function.__name__ not in names:
            continue
        timed = function
        if compiled:
            import numba

            timed = numba.njit(function)
        best, begin, calls = float("inf"), perf_counter(), 0
        while calls < 8 or perf_counter() - begin < WARM:
            start = perf_counter()
            result = timed(*args)
            best = min(best, perf_counter() - start)
            calls += 1
        print(f"{function.__name__:16}{best / count * 1e9:10.2f} ns    {float(result):.6g}")


if __name__ == "__main__":
    main(sys.argv[1:])
