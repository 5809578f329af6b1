"""Matrix multiplication with nested lists: by index, by rows and columns, and for integers."""

SIZE = 70
CHECK = {
    4: (True, 63304.5625, 22076.0625, -37),
    70: (True, 18873880.859375, 281444.34375, -4200),
}


def make(n, seed):
    value = seed
    rows = []
    for _ in range(n):
        row = []
        for _ in range(n):
            value = (value * 1103515245 + 12345) % 2147483648
            row.append(value % 1000 / 8.0)
        rows.append(row)
    return rows


def by_index(a, b):
    n = len(a)
    result = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[i][k] * b[k][j]
            result[i][j] = total
    return result


def by_rows(a, b):
    columns = list(zip(*b))
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]


def integers(n):
    a = [[(i * j) % 7 - 3 for j in range(n)] for i in range(n)]
    b = [[(i + 2 * j) % 5 for j in range(n)] for i in range(n)]
    trace = 0
    for i in range(n):
        row = a[i]
        for k in range(n):
            trace += row[k] * b[k][i]
    return trace


def run(n):
    a = make(n, 1)
    b = make(n, 2)
    first = by_index(a, b)
    second = by_rows(a, b)
    return first == second, sum(first[i][i] for i in range(n)), first[0][n - 1], integers(n)


if __name__ == "__main__":
    from driver import main
    main(globals())
