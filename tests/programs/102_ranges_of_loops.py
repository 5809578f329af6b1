"""Ranges that are made for a loop, and what is seen of them."""


def sums(n):
    total = 0
    for i in range(n):
        for j in range(i % 5):
            total += j
        for j in range(i, i + 3):
            total -= j
        for j in range(3, -i):
            total += 1
    return total


print(sums(3000))


def ends(limits):
    found = []
    for low, high in limits:
        try:
            for i in range(low, high):
                found.append(i)
                if len(found) % 4 == 3:
                    break
        except (TypeError, OverflowError) as error:
            found.append(type(error).__name__)
    return found


big = 2**62
limits = [(0, 2), (5, 5), (-3, 1), (True, 3)] * 60
limits += [(big, big + 2), (-big * 2, -big * 2 + 1), (2**70, 2**70 + 2), (-(2**63), 2**63 - 1), (0, "x"), (1.5, 2)]
for round in range(3):
    print(hash(tuple(ends(limits))) == hash(tuple(ends(limits))), ends(limits)[-9:], len(ends(limits)))


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def indices(n):
    total = 0
    for i in range(n):
        for j in range(Index(i % 3)):
            total += j
        for j in range(Index(1), 3):
            total += j
        total += sum(range(i % 4)) + len(range(i))
        for j in iter(range(2)):
            total += j
        it = range(2)
        for j in it:
            total += j
        for j in it:
            total += len(it)
    return total


print(indices(1000))


def nested(n):
    made = []
    for i in range(n):
        made.append([k for k in range(i % 3)])
        made.append({k: v for k in range(2) for v in range(k)})
        made.append(list(k * k for k in range(i % 2)))
    return made


print(len(nested(500)), nested(500)[-6:])


def shadowed(n, range):
    total = 0
    for i in range(n):
        for j in range(3):
            total += j
    return total


for f in (range, lambda n: [1] * n, lambda n: range(n), range, lambda n: iter(range(n))):
    print([shadowed(300, f) for _ in range(3)])
