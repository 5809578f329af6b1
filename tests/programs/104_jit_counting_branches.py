# Branches that only count are recorded both ways at once, whatever the variables hold.


def positive(values):
    n = 0
    for value in values:
        if value > 0:
            n += 1
    return n


def both(values, k):
    n, m = 0, 100
    for value in values:
        if value % 3 == 1:
            n += k
            m -= 2
        else:
            m = m + 1
        last = value
    return n, m, last


def same_variable(values):
    n = 5
    for value in values:
        if not value < 4:
            n += 1
        else:
            n -= 3
    return n


def twice(values):
    n = m = 0
    for value in values:
        if value == 2:
            n += 1
            n += 10
        if value != 2:
            m -= -1
    return n, m


def doubled(values):
    n = 1
    for value in values:
        if value == 7:
            n += n
    return n


def from_start(values, n):
    for value in values:
        if value > 3:
            n += 1
    return n


def unbound(values):
    try:
        for value in values:
            if value > 1000:
                n += 1
        return n
    except UnboundLocalError as error:
        return type(error).__name__


def helper(value, n):
    if value > 2:
        n += 1
    return n


def inlined(values):
    n = 0
    for value in values:
        n = helper(value, n)
    return n


def running(values):
    n = 0
    for value in values:
        if value > 2:
            n += 1
        yield n


def with_while(values):
    i = n = 0
    while i < len(values):
        if values[i] >= 5:
            n += i
        i += 1
    return n


def changes_kind(values):
    n = 0
    for i, value in enumerate(values):
        if value > 2:
            n += 1
        if i == len(values) - 3:
            n = 0.5
    return n


class Odd:
    """Its comparison says something else than a truth."""

    def __gt__(self, other):
        return [1]


def odd(values):
    n = 0
    for value in values:
        if value > 0:
            n += 1
    return n


def constants(values):
    n = m = 0
    for value in values:
        if value > 4:
            n += 100000
            m -= 123456789012
        elif value > 1:
            m += 1
    return n, m


values = [i * 7919 % 11 - 3 for i in range(4000)]
for _ in range(2):
    print(positive(values), positive(map(float, values)), both(values, 3), both(values, True))
    print(same_variable(values), twice(values), doubled(values[:400]), with_while(values))
    print(from_start(values, 0), from_start(values, (1 << 62) - 700), from_start(values, (1 << 63) - 100), from_start(values, 1 << 70))
    print(from_start(values, True), from_start(values, 0.25), from_start(values, 1j), unbound(values))
    print(inlined(values), sum(running(values)), changes_kind(values), constants(values))
    print(odd([1, -1, Odd()] * 500), odd([float("nan"), 1.0, -0.0] * 500))
