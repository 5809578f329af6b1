"""Dictionaries used for counting, grouping and joining, with integer, string and tuple keys."""

SIZE = 30000
CHECK = {
    1500: ((6, 786), [('user225', 6), ('user379', 6), ('user237', 5)], (221, 12066), (1250, 749880556, 1494),
           (468, 2497, 830, 2029)),
    30000: ((55, 1000), [('user226', 52), ('user170', 46), ('user399', 45)], (221, 239975),
            (25000, 5999929642112, 29994), (1662, 4989, 3322, 3327)),
}


def numbers(n):
    value = 42
    for _ in range(n):
        value = (value * 69069 + 1) % 4294967296
        yield value >> 12


def count_integers(n):
    counts = {}
    for number in numbers(n):
        key = number % 1000
        if key in counts:
            counts[key] += 1
        else:
            counts[key] = 1
    return max(counts.values()), len(counts)


def count_strings(n):
    counts = {}
    for number in numbers(n):
        key = "user%d" % (number % 500)
        counts[key] = counts.get(key, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ranked[:3]


def group_tuples(n):
    groups = {}
    for number in numbers(n):
        groups.setdefault((number % 17, number % 13), []).append(number)
    return len(groups), sum(len(group) * key[0] for key, group in groups.items())


def delete_and_reinsert(n):
    table = {i: i * i for i in range(n)}
    for i in range(0, n, 3):
        del table[i]
    for i in range(0, n, 6):
        table[i] = -1
    total = 0
    for key, value in table.items():
        total += key ^ value
    return len(table), total, next(reversed(table))


def sets(n):
    evens = {number % 5000 for number in numbers(n)}
    threes = set()
    for i in range(0, 5000, 3):
        threes.add(i)
    return len(evens & threes), len(evens | threes), len(evens - threes), len(evens ^ threes)


def run(n):
    return count_integers(n), count_strings(n // 2), group_tuples(n), delete_and_reinsert(n), sets(n)


if __name__ == "__main__":
    from driver import main
    main(globals())
