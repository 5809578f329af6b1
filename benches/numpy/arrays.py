"""How long the programs of examples/arrays take under this interpreter, in milliseconds.

    rpy benches/numpy/arrays.py [NAME ...]

Each is called again and again for a second; the fastest call counts. The last column is a checksum.
"""

import importlib
import os
import sys
from time import perf_counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "examples", "arrays"))

# What they are timed with.
SIZES = {
    "black_scholes": (100_000, 5), "distances": (200, 20), "kmeans": (4000, 6, 12), "life": (64, 100), "mandelbrot": (200, 60),
    "monte_carlo": (100_000, 5), "nbody": (100, 20), "saxpy": (1000, 5000), "stencil": (200, 100), "sums": (100_000, 3),
}


def main():
    for name in sys.argv[1:] or SIZES:
        run, size = importlib.import_module(name).run, SIZES[name]
        best, end = float("inf"), perf_counter() + 1.0
        while perf_counter() < end:
            begin = perf_counter()
            result = run(*size)
            best = min(best, perf_counter() - begin)
        check = f"{float(result.sum()):.6f}" if hasattr(result, "sum") else repr(result)[:40]
        print(f"{name:14} {best * 1e3:9.2f} ms  {check}")


if __name__ == "__main__":
    main()
