"""The Mandelbrot set, all points at a time.

    rpy examples/arrays/mandelbrot.py [WIDTH] [ROUNDS]
"""

import sys

import numpy as np


def run(width=60, rounds=60):
    """How many rounds each point stays near."""
    height = width // 2
    cr = np.repeat(np.linspace(-2.0, 0.6, width)[None, :], height, axis=0)
    ci = np.repeat(np.linspace(-1.2, 1.2, height)[:, None], width, axis=1)
    zr, zi = np.zeros_like(cr), np.zeros_like(ci)
    count = np.zeros_like(cr)
    for _ in range(rounds):
        zr2, zi2 = zr * zr, zi * zi
        near = zr2 + zi2 <= 4.0
        count += near
        # Points that have left stay where they are.
        zi = np.where(near, 2.0 * zr * zi + ci, zi)
        zr = np.where(near, zr2 - zi2 + cr, zr)
    return count


def main():
    count = run(*map(int, sys.argv[1:]))
    for row in count:
        print("".join(" .:-=+*#%@"[int(n) * 9 // int(count.max())] for n in row))


if __name__ == "__main__":
    main()
