"""Stores into views whose elements share memory: the last one written stays, in numpy's order."""

import numpy as np
from numpy.lib.stride_tricks import as_strided


def windows():
    base = np.arange(10.0)
    return base, as_strided(base, (8, 3), (8, 8))


def rows_backwards(rounds):
    base, view = windows()
    for _ in range(rounds):
        view[::-1] = view * 0.75
        base += 1.0
    return base.tolist()


def both_backwards(rounds):
    base, view = windows()
    for _ in range(rounds):
        view[::-1, ::-1] = view + 1.0
        base *= 0.5
    return base.tolist()


def some_rows(rounds):
    base, view = windows()
    for _ in range(rounds):
        view[2:4] = view[0:2] * 0.5
        view += 1.0
        view *= 0.5
    return base.tolist()


def apart(rounds):
    base = np.arange(24.0)
    view = as_strided(base, (4, 3), (48, 16))
    for _ in range(rounds):
        view[::-1] = view * 0.5
        view += 1.0
    return base.tolist()


for function in (rows_backwards, both_backwards, some_rows, apart):
    # What a loop does late it has to do as at first.
    for rounds in (1, 5, 40, 3000):
        print(function.__name__, rounds, function(rounds))
