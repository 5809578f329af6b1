"""Points in a plane, divided among their nearest centres.

    rpy examples/arrays/kmeans.py [POINTS] [CENTRES] [ROUNDS]
"""

import sys

import numpy as np


def run(points=4000, centres=6, rounds=12):
    rng = np.random.default_rng(7)
    x = rng.standard_normal(points) + 3 * rng.integers(0, 3, points)
    y = rng.standard_normal(points) + 3 * rng.integers(0, 2, points)
    cx, cy = x[:centres].copy(), y[:centres].copy()
    for _ in range(rounds):
        nearest = np.full(points, np.inf)
        label = np.zeros(points, int)
        for k in range(centres):
            dx, dy = x - cx[k], y - cy[k]
            distance = dx * dx + dy * dy
            label = np.where(distance < nearest, k, label)
            nearest = np.minimum(distance, nearest)
        for k in range(centres):
            own = label == k
            count = own.sum()
            if count:
                cx[k] = (x * own).sum() / count
                cy[k] = (y * own).sum() / count
    return sorted(zip(cx.tolist(), cy.tolist()))


if __name__ == "__main__":
    for centre in run(*map(int, sys.argv[1:])):
        print("%.6f %.6f" % centre)
