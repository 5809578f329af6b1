# Ranges that loops go through at once, and others.


def nested(n, m):
    total = 0
    for i in range(n):
        for j in range(1, m - 1):
            total += i * j
        for j in range(i):
            total -= j
    return total


print(nested(60, 9), nested(3, 1), nested(50, 2))


def kept(n):
    """The range is a variable: it is looked at, and gone through twice."""
    total = 0
    for i in range(n):
        r = range(i % 7)
        for j in r:
            total += j
        if i % 3 == 0:
            total += len(r)
        if i % 5 == 0:
            for j in r:
                total += 100 * j
        if i % 11 == 0:
            total += r[-1] if r else 1
    return total, r


print(kept(200))


def compared(n):
    same = 0
    for i in range(n):
        r = range(i % 4, 9)
        s = range(2, 5 + i % 5)
        same += r == s
        same += r is s
    return same


print(compared(150))


def escaping(n):
    held = []
    for i in range(n):
        r = range(3, i)
        if i % 13 == 12:
            held.append(r)
        for j in r:
            if j == 9:
                held.append(iter(r))
                break
    return held


held = escaping(40)
print(type(held[0]).__name__, len(held), [list(x)[:3] for x in held[::9]])


def wide(n):
    """The distance of the ends does not fit a machine integer."""
    count = 0
    for i in range(n):
        a = 2**59
        if i > n - 5:
            a = a * 15
        for j in range(-a, a):
            count += 1
            if j > -a + 2:
                break
    return count, j


print(wide(60))


def empty(n):
    count = 0
    for i in range(n):
        for j in range(5, i % 9):
            count += j
        for j in range(-i):
            count += 1000
        for j in range(3, 3):
            count += 1000
    return count


print(empty(100))


def suspended(n):
    """Iterators of ranges that others have as well."""
    total = 0
    for i in range(n):
        it = iter(range(i % 6))
        for j in it:
            total += j
            if j == 2:
                break
        for j in it:
            total += 10 * j
        total += 1000 * it.__length_hint__()
    return total


print(suspended(120))


def shadowed(n):
    total = 0
    range_ = range
    for i in range(n):
        if i == n - 10:
            range_ = lambda k: [k, k]
        for j in range_(i % 4):
            total += j
    return total


print(shadowed(100))


def generated(n):
    def upto(k):
        for j in range(k):
            yield j

    return sum(j for i in range(n) for j in upto(i % 5))


print(generated(100))


def failing(n):
    try:
        for i in range(n):
            for j in range(i % 5):
                if i == n - 3 and j == 1:
                    raise KeyError(i, j)
    except KeyError as error:
        return error.args


print(failing(100))
