"""Ints of Python that are too large for numpy's, where the result is known without them, or nobody uses it."""

import warnings

import numpy as np

warnings.simplefilter("ignore")

STATEMENTS = ["b % a", "b * c", "b & c", "b - b + a", "b // a", "a + b", "a * b", "b * d", "d - b", "a == b", "a < b"]

FUNCTION = """
def last(values, a, c, d):
    found = []
    for b in values:
        for k in range(3):
            try:
                r = {}
            except (OverflowError, TypeError) as e:
                r = type(e)
        found.append(r)
    return [(x.dtype.name, x.item()) if isinstance(x, np.generic) else x.__name__ for x in found[-6:]]
"""

for statement in STATEMENTS:
    namespace = {"np": np}
    exec(FUNCTION.format(statement), namespace)
    for a, c, d in (np.True_, np.int64(0), np.float64(0.0)), (np.int64(1), np.False_, np.float64(2.0)):
        print(statement, namespace["last"]([5, 6, 7] * 100 + [2**63, 2**64, 5, 2**63, 10**400, 6], a, c, d))
