"""Heat that spreads over a plate, by slices of an array.

    rpy examples/arrays/stencil.py [SIDE] [STEPS]
"""

import sys

import numpy as np


def run(side=100, steps=100):
    u = np.zeros((side, side))
    u[0, :], u[:, 0] = 100.0, 50.0
    for _ in range(steps):
        u[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
    return float(u.mean())


if __name__ == "__main__":
    print("mean heat %.9f" % run(*map(int, sys.argv[1:])))
