"""Ints that no float can hold, among operands of which nobody uses the result, and that decide nothing of it."""

STATEMENTS = [
    "x * 1.0",
    "1.0 - x",
    "x / 1.0",
    "x // 2.0",
    "x % 2.0",
    "x ** 2.0",
    "float(x)",
    "(x * 0.5, 1)",
    "y = x + 1.0; y = 0",
    "y = 1.0; y += x; y = 0",
    "-(x * x) * 1.0",
    "x % 1",
    "x * 0",
    "x & 0",
    "x == 1.5",
    "x < 1.5",
]

FUNCTION = """
def count(values):
    done = failed = 0
    for x in values:
        for k in range(4):
            try:
                {}
                done += 1
            except OverflowError:
                failed += 1
    return done, failed
"""

for statement in STATEMENTS:
    namespace = {}
    exec(FUNCTION.format(statement), namespace)
    small = [1, 2, 3] * 300
    print(statement, namespace["count"](small + [10**400, 2**70, 5] * 3 + small + [2**2000]))
