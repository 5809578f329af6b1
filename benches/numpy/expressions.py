"""Expressions of big arrays in the forms in which programs have them, in milliseconds a time.

    rpy -X jit-threads=2 benches/numpy/expressions.py [NAME ...]      under this interpreter
    python benches/numpy/expressions.py --numexpr 2 [NAME ...]        by numexpr, with so many threads
    python benches/numpy/expressions.py --numpy [NAME ...]            by numpy alone (as the first under any interpreter)

Each form is repeated for a while; the mean of the fastest repetition counts, which contains what memory costs. The last column is how many
pages the system had to provide for each time.
"""

import resource
import sys
from time import perf_counter

import numpy as np

N = 2_000_000
# Repetitions, and how often each computes the expression.
REPETITIONS, TIMES = 12, 20


def direct(a, b, c):
    return a * b + c * 2.0 - a


def variables(a, b, c):
    t = a * b
    u = c * 2.0
    v = t + u
    return v - a


def conditional(a, b, c):
    return np.where(a > b, a * b, c)


def by_numexpr(threads):
    import numexpr

    numexpr.set_num_threads(threads)
    texts = {"direct": "a * b + c * 2.0 - a", "variables": "a * b + c * 2.0 - a", "conditional": "where(a > b, a * b, c)"}
    return {name: (lambda a, b, c, text=text: numexpr.evaluate(text)) for name, text in texts.items()}


# What becomes of the results.


def dropped(f, a, b, c):
    for _ in range(TIMES):
        f(a, b, c)


def overwritten(f, a, b, c):
    for _ in range(TIMES):
        result = f(a, b, c)
    return result


def some_kept(f, a, b, c):
    results = []
    for _ in range(TIMES):
        results.append(f(a, b, c))
        if len(results) > 3:
            del results[0]
    return results


def chained(f, a, b, c):
    x = a
    for _ in range(TIMES):
        x = f(x, b, c)
    return x


def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def main(arguments):
    functions = {"direct": direct, "variables": variables, "conditional": conditional}
    if "--numexpr" in arguments:
        place = arguments.index("--numexpr")
        functions = by_numexpr(int(arguments[place + 1]))
        del arguments[place:place + 2]
    names = [name for name in arguments if name != "--numpy"]
    rng = np.random.default_rng(1)
    a, b, c = rng.random(N), rng.random(N), rng.random(N)
    for name, function in functions.items():
        for form in (dropped, overwritten, some_kept, chained):
            title = f"{name} {form.__name__}"
            if names and not any(part in title for part in names):
                continue
            best = float("inf")
            before = pages()
            for _ in range(REPETITIONS):
                start = perf_counter()
                form(function, a, b, c)
                best = min(best, (perf_counter() - start) / TIMES)
            print(f"{title:24}{best * 1e3:8.2f} ms {(pages() - before) / REPETITIONS / TIMES:8.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
