"""Bodies that attract each other, each of their coordinates an array.

    rpy examples/arrays/nbody.py [BODIES] [STEPS]
"""

import sys

import numpy as np


def step(x, y, z, vx, vy, vz, mass, dt):
    for i in range(len(x)):
        dx, dy, dz = x - x[i], y - y[i], z - z[i]
        distance = dx * dx + dy * dy + dz * dz + 0.01
        pull = mass * dt / (distance * np.sqrt(distance))
        vx[i] += (dx * pull).sum()
        vy[i] += (dy * pull).sum()
        vz[i] += (dz * pull).sum()
    x += vx * dt
    y += vy * dt
    z += vz * dt


def run(bodies=40, steps=20):
    rng = np.random.default_rng(1)
    x, y, z, vx, vy, vz = rng.standard_normal((6, bodies))
    x, y, z, vx, vy, vz = (v.copy() for v in (x, y, z, vx, vy, vz))
    mass = rng.random(bodies) + 0.5
    for _ in range(steps):
        step(x, y, z, vx, vy, vz, mass, 0.001)
    return 0.5 * float((mass * (vx * vx + vy * vy + vz * vz)).sum())


if __name__ == "__main__":
    print("kinetic energy %.9f" % run(*map(int, sys.argv[1:])))
