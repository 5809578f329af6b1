"""Dynamic programming over strings: edit distance, longest common subsequence, and a knapsack."""

SIZE = 400
CHECK = {
    20: (21, 16, 'agactatcgccc', 100),
    400: (220, 260, 'agactatcgccc', 2082),
}


def letters(n, seed):
    out = []
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        out.append("acgt"[seed >> 16 & 3])
    return "".join(out)


def distance(a, b):
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return previous[-1]


def common(a, b):
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a)):
        for j in range(len(b)):
            if a[i] == b[j]:
                table[i + 1][j + 1] = table[i][j] + 1
            else:
                up, left = table[i][j + 1], table[i + 1][j]
                table[i + 1][j + 1] = up if up > left else left
    found = []
    i, j = len(a), len(b)
    while i and j:
        if a[i - 1] == b[j - 1]:
            i -= 1
            j -= 1
            found.append(a[i])
        elif table[i - 1][j] >= table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return "".join(reversed(found))


def knapsack(capacity, count):
    best = [0] * (capacity + 1)
    for item in range(1, count + 1):
        weight, value = item * 7 % 23 + 1, item * 13 % 31 + 1
        for room in range(capacity, weight - 1, -1):
            candidate = best[room - weight] + value
            if candidate > best[room]:
                best[room] = candidate
    return best[capacity]


def run(n):
    a, b = letters(n, 3), letters(n + 15, 8)
    shared = common(a, b)
    return distance(a, b), len(shared), shared[:12], knapsack(n * 2, n // 2)


if __name__ == "__main__":
    from driver import main
    main(globals())
