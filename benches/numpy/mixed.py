"""Programs whose arrays change in one loop: dtypes, shapes, layouts, subclasses. The JIT must not make them slower than numpy alone.

    python benches/numpy/mixed.py RPY [NAME ...]     with the JIT on and off in turn: processor time, relative to off
    rpy benches/numpy/mixed.py --once [NAME ...]     once, in microseconds a round
"""

import subprocess
import sys
from time import process_time

ROUNDS = 4000
TURNS = 3


def kinds(np):
    """Lists of arrays that a loop goes round in, by name."""
    class Sub(np.ndarray):
        pass

    floats = np.arange(8.0)
    plane = np.arange(48.0).reshape(6, 8)
    yield "dtypes", [floats.astype(t) for t in ("f8", "f4", "i8", "i4", "u1", "f8", "i2", "?")]
    yield "shapes", [np.arange(float(n)) for n in (1, 4, 7, 40, 300, 4, 2)] + [plane, plane[None], np.array(2.0)]
    yield "layouts", [floats, floats[::2], floats[::-1], plane, plane.T, plane[:, 1:], plane[::2, ::3], np.asfortranarray(plane)]
    yield "subclasses", [floats, floats.view(Sub), np.ma.masked_array(floats, floats > 5), floats, np.float64(2.0), floats.view(Sub)]
    yield "rare", [floats.astype(t) for t in ("c16", "f2", "f8", ">f8", "g", "u8", "O")]
    yield "random", [a.astype(t) for t in ("f8", "f4", "i8") for a in (floats, plane, plane.T, floats[::2])]


def arithmetic(arrays, n):
    for i in range(n):
        a = arrays[i % len(arrays)]
        b = a * 2 + a
        b = b - 1
    return b


def compared(np, arrays, n):
    for i in range(n):
        a = arrays[i * 7 % len(arrays)]
        b = np.where(a > 2, a, a * 3)
    return b


def reduced(arrays, n):
    total = 0.0
    for i in range(n):
        a = arrays[i % len(arrays)]
        total += (a * a).sum()
    return total


def stored(arrays, n):
    for i in range(n):
        a = arrays[i % len(arrays)]
        if a.ndim:
            a[1:] = a[:-1] * 1
            a[:1] += 1
    return a


def functions(np, arrays, n):
    for i in range(n):
        a = arrays[i % len(arrays)]
        b = np.maximum(np.abs(a), a) * 0.5
    return b


def elements(arrays, n):
    arrays = [a for a in arrays if a.ndim]
    for i in range(n // 4):
        a = arrays[i % len(arrays)]
        for x in a:
            y = x * 2
    return y


def programs(np):
    for name, arrays in kinds(np):
        yield f"arithmetic {name}", lambda: arithmetic(arrays, ROUNDS)
        if name != "rare":
            yield f"compared {name}", lambda: compared(np, arrays, ROUNDS)
            yield f"functions {name}", lambda: functions(np, arrays, ROUNDS)
        yield f"reduced {name}", lambda: reduced(arrays, ROUNDS)
        if name in ("dtypes", "layouts", "random"):
            yield f"stored {name}", lambda: stored([a.copy() if a.dtype != bool else a * 1 for a in arrays], ROUNDS)
        if name in ("dtypes", "layouts"):
            yield f"elements {name}", lambda: elements(arrays, ROUNDS)


def once(names):
    import warnings

    import numpy as np

    warnings.simplefilter("ignore")
    for name, run in programs(np):
        if names and name.split()[0] not in names and name not in names:
            continue
        best = float("inf")
        for _ in range(6):
            start = process_time()
            run()
            best = min(best, process_time() - start)
        print(f"{name}\t{best / ROUNDS * 1e6:.4f}", flush=True)


def measure(command, best):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        name, time = line.split("\t")
        best[name] = min(best.get(name, float("inf")), float(time))


def main(arguments):
    if "--once" in arguments:
        return once([name for name in arguments if name != "--once"])
    python, *names = arguments
    on, off = {}, {}
    for _ in range(TURNS):
        for mode, best in (("on", on), ("off", off)):
            measure([python, "-X", f"jit={mode}", __file__, "--once", *names], best)
    for name in sorted(on, key=lambda name: on[name] / off[name]):
        print(f"{name:22} {on[name]:8.3f} {off[name]:8.3f} us  {on[name] / off[name]:5.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
