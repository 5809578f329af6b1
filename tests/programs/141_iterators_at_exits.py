"""Where iterators stand when a loop that has run for a while is left, in whichever of its rounds."""


def summed(it, stop):
    total = 0
    for x in it:
        total += x
        if x == stop:
            break
    return total


def paired(it):
    """Two loops, one iterator."""
    total = 0
    for x in it:
        for y in it:
            total += x * y
            if y % 7 == 6:
                break
    return total


def overflowing(it, total):
    """Leaves where the sum is no machine integer any more."""
    n = 0
    for x in it:
        total += x
        n += 1
    return total, n


def raising(it, table):
    total = 0
    try:
        for x in it:
            total += table[x]
    except IndexError:
        pass
    return total


def mixed(it):
    """Leaves where an item is no integer."""
    total = 0
    for x in it:
        total += x
    return total


def waited(n):
    i = total = 0
    while i < n:
        total += i & 5
        i += 1
    return i, total


for _ in range(3):
    for stop in list(range(0, 90, 7)) + list(range(3000, 3006)):
        it = iter(range(0, 4000))
        print(stop, summed(it, stop), it.__length_hint__(), next(it, None), sum(it))
        it = iter(range(stop, 4000, 3))
        print(stop, summed(it, stop + 300), it.__length_hint__(), next(it, None), sum(it))
        it = iter(list(range(4000)))
        print(stop, summed(it, stop), it.__length_hint__(), next(it, None), sum(it))
        it = iter(tuple(range(4000)))
        print(stop, summed(it, stop), it.__length_hint__(), next(it, None), sum(it))
    for n in range(2000, 2008):
        it = iter(range(n))
        print(n, paired(it), list(it), waited(n))
        it = iter(range(n))
        print(n, raising(it, list(range(n - 5))), list(it), raising(iter(range(n)), bytes(n - 2)))
    for big in (2**62, 2**63 - 1, 2**63 - 100_000, 2**63 - 100_500):
        it = iter(range(1000))
        print(overflowing(it, big), next(it, None), overflowing(iter(range(-1000, 0)), -big))
    for position in (3, 1000, 1001, 1002, 1003):
        items = list(range(2000))
        items[position] = 0.5
        items[-2] = True
        it = iter(items)
        print(mixed(it), next(it, None), mixed(items[position:]))
