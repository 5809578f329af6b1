"""`a * x + y`, over and over.

    rpy examples/arrays/saxpy.py [LENGTH] [ROUNDS]
"""

import sys

import numpy as np


def run(length=1000, rounds=2000):
    x, y = np.linspace(0.0, 1.0, length), np.linspace(1.0, 2.0, length)
    for _ in range(rounds):
        y = 0.001 * x + y * 0.999
    return float(y.sum())


if __name__ == "__main__":
    print("%.9f" % run(*map(int, sys.argv[1:])))
