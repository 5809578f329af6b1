"""The circle's area, by throwing darts.

    rpy examples/arrays/monte_carlo.py [DARTS] [ROUNDS]
"""

import sys

import numpy as np


def run(darts=10_000, rounds=40):
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(rounds):
        x, y = rng.random(darts), rng.random(darts)
        hits += (x * x + y * y < 1.0).sum()
    return 4.0 * float(hits) / (darts * rounds)


if __name__ == "__main__":
    print("pi is about %.6f" % run(*map(int, sys.argv[1:])))
