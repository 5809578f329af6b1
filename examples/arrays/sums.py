"""The sum of an array, by its elements and by their indices.

    rpy examples/arrays/sums.py [LENGTH] [ROUNDS]
"""

import sys

import numpy as np


def by_element(a):
    total = 0.0
    for x in a:
        total += x
    return total


def by_index(a):
    total = 0.0
    for i in range(len(a)):
        total += a[i]
    return total


def run(length=20_000, rounds=5):
    a = np.linspace(0.0, 1.0, length)
    for _ in range(rounds):
        sums = by_element(a), by_index(a)
    return tuple(map(float, sums))


if __name__ == "__main__":
    print("%.9f %.9f" % run(*map(int, sys.argv[1:])))
