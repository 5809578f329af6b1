"""Points and their nearest neighbours, by a table of all distances: rows and columns that are stretched.

    rpy examples/arrays/distances.py [POINTS] [ROUNDS]
"""

import sys

import numpy as np


def run(points=60, rounds=20):
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal(points), rng.standard_normal(points)
    own = np.eye(points) * 1e9
    for _ in range(rounds):
        dx, dy = x[:, None] - x, y[:, None] - y
        table = np.sqrt(dx * dx + dy * dy) + own
        nearest = table.argmin(axis=1)
        # Each goes a little towards its neighbour.
        x = x + (x[nearest] - x) * 0.125
        y = y + (y[nearest] - y) * 0.125
    return float(table.min(axis=1).sum())


if __name__ == "__main__":
    print("distances %.9f" % run(*map(int, sys.argv[1:])))
