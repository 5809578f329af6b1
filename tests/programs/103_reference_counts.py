# What sys.getrefcount says does not depend on what has been compiled.
import sys


def get(values, k):
    if k == 3:
        raise IndexError
    return values


def fail(k):
    raise IndexError


def ignore(function, k):
    try:
        function(k)
    except IndexError:
        pass


def check(values, k):
    try:
        get(values, k)
    except IndexError:
        before = sys.getrefcount(values)
        ignore(fail, k)
        between = sys.getrefcount(values)
        ignore(fail, k)
        return between - before, sys.getrefcount(values) - between
    return sys.getrefcount(values)


def check_all(n):
    values = [[1]]
    seen = [check(values, 0), check(values, 3)]
    for i in range(n):
        seen.append(check(values, i & 3))
    return len(seen), len(set(seen))


def count_in_loop(values, n):
    counts = set()
    for _ in range(n):
        kept = values
        counts.add(sys.getrefcount(values))
    return len(counts)


for _ in range(3):
    print(check_all(3000), count_in_loop([], 3000))
