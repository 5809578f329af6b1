"""Lists that are made and given up at once: slices, sums, what is stored into slices of other lists; insertions and removals."""


class Noted:
    """Says when it ends."""

    ends = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        Noted.ends.append(self.name)

    def __repr__(self):
        return f"<{self.name}>"


def reverse_prefixes(rounds):
    items = list(range(9))
    for i in range(rounds):
        k = i % 9
        items[: k + 1] = items[k::-1]
    return items


def to_front(rounds):
    items = [str(i) for i in range(12)]
    for i in range(rounds):
        c = i * 7 % 12
        items[:] = items[c : c + 1] + items[0:c] + items[c + 1 :]
    return items


def sums_keep_what_others_have(rounds):
    a, b = [1, 2], [3]
    for _ in range(rounds):
        c = a[:]
        d = c + b
        e = (d + c) + b[:]
    return a, b, c, d, e


def stored_lists_stay(rounds):
    kept = []
    for i in range(rounds):
        target = [0, 1, 2, 3]
        part = [i, i + 1]
        target[1:3] = part
        target[0:0] = part + part
        target[:] = target[::-1]
        kept.append((target, part))
        del kept[:-2]
    return kept


def grow_and_shrink(rounds):
    items = list(range(6))
    for i in range(rounds):
        items[1:2] = [i, i, i] + items[:1]
        items[1:5] = items[-1:] + []
    return items


def insert_and_pop(rounds):
    items = list(range(7))
    insert, pop = items.insert, items.pop
    for i in range(rounds):
        insert(i % 9 - 1, pop(0))
        items.insert(-2, items.pop(i % 5))
        items.insert(True, items.pop(-1))
    return items


def pop_out_of_range(rounds):
    items, misses = list(range(40)), 0
    for i in range(rounds):
        try:
            items.pop(i % 3)
        except IndexError as error:
            misses += str(error) == "pop index out of range" or str(error) == "pop from empty list"
    return items, misses


def ends_in_order(rounds):
    items = [Noted(i) for i in range(4)]
    for i in range(rounds):
        items[1:3] = [Noted(f"a{i}")] + [Noted(f"b{i}")]
        items[:] = items[:2] + [Noted(f"c{i}")] + items[3:]
    return items


def empties_and_selves(rounds):
    items = []
    for i in range(rounds):
        items[:] = items[:] + items[5:]
        items[i:i] = [] + items[:1]
        items[0:0] = [i] + []
        if len(items) > 20:
            items[2:] = items[:0]
    return items


for rounds in 1, 50, 5000:
    print(reverse_prefixes(rounds), to_front(rounds))
    print(sums_keep_what_others_have(rounds), stored_lists_stay(rounds))
    print(grow_and_shrink(rounds), insert_and_pop(rounds), pop_out_of_range(rounds), empties_and_selves(rounds))
    Noted.ends.clear()
    print(ends_in_order(rounds), len(Noted.ends), Noted.ends[:12], Noted.ends[-12:])
