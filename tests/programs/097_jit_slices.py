"""Slices of lists in hot loops; rounds that cannot follow themselves; the identity of numbers."""


class Tell:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        print("end", self.n)


def flips(n):
    """Reverses the beginning of a list until it starts with 0."""
    total = 0
    for r in range(300):
        perm = list(range(r % n, n)) + list(range(r % n))
        first, count = perm[0], 0
        while first and count < 50:
            perm[:first + 1] = perm[first::-1]
            count += 1
            first = perm[0]
        total += count
    return total, perm


def bounds(n):
    """Bounds of all kinds, stores that keep the size and that change it."""
    items, total = list(range(20)), 0
    for i in range(n):
        total += len(items[i % 7:-(i % 5) or None])
        total += sum(items[i % 30::-3])
        total += sum(items[-i % 9:i % 11:2])
        items[i % 25:i % 25 + 2] = [i % 13, i % 5] if i % 7 else [i % 3]
        if len(items) > 40:
            items[10:30] = []
        items[:2] = items[1::-1]
        items[3:5] = items
        if len(items) > 60:
            items[i % 4:] = items[:30]
    return total, items


def dropped(n):
    """What a store into a slice drops ends there and then."""
    items = [None] * 4
    for i in range(n):
        items[1:3] = [Tell(i), i] if i % 400 == 5 else [i, i]
        items[1:3] = items[2:0:-1]
    return items


def raised(n):
    count, items = 0, [1, 2, 3]
    for i in range(n):
        try:
            count += len(items[::i % 500 and 1])
        except ValueError as error:
            print(error)
        try:
            count += len(items["a" if i == 777 else 0:])
        except TypeError as error:
            print(error)
    return count


def flags(n):
    """It finds a flag unset, and sets it."""
    class State:
        pending, waiting = False, True
    state, other, log = State(), State(), 0
    for i in range(n):
        if state.pending:
            state.pending = False
            log += 1
        elif state.waiting and not other.pending:
            state.pending = True
            other.pending = i % 7 == 0
        else:
            other.pending = False
            log += 1000
    return log


def identity(n):
    """Small ints are one object each; others are compared with other numbers only."""
    one, three, half, count = 1, 3, 0.5, 0
    for i in range(n):
        step = one
        if step is one:
            count += 1
        if (i % 5) is three:
            count += 100
        if i is None or half is None or step is half:
            count += 100000
        if (i + 100000) is one:
            count += 1000000
    return count


print(flips(9))
print(bounds(2000))
print(dropped(1000))
print(raised(1001))
print(flags(3000))
print(identity(3000))
