# A function ends with its own call, by an exception, while it is being recorded.
import sys

RAISES = """
def f(n, h, m):
    total = 0
    for k in range(n):
        total += k
        if k % 2:
            total += 1
        if k > m:
            try:
                total += h(k, n)
                total += 2
            except ValueError:
                exception().__traceback__ = None
                raise
"""


def h(i, n):
    if i > n - 2:
        raise ValueError(i)
    return i


last = compile("box.pop()(n, h, m)", "<last>", "exec")
kept = []
for k in range(400):
    names = {"exception": sys.exception}
    exec(RAISES, names)
    box = [names.pop("f")]
    try:
        exec(last, {"box": box, "h": h, "n": 20 + k % 7, "m": 10 + k % 8})
    except ValueError:
        pass
    kept.append([bytes(size) for size in range(16, 700, 16)])
    if k % 50 == 0:
        print(any(any(block) for row in kept for block in row))
        kept.clear()
