"""The largest singular value of an infinite matrix by power iteration: function calls with float results in tight loops."""

SIZE = 90
CHECK = {
    4: 1.252537398,
    90: 1.27421851,
}


def entry(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(vector):
    size = len(vector)
    result = []
    for i in range(size):
        total = 0.0
        for j in range(size):
            total += entry(i, j) * vector[j]
        result.append(total)
    return result


def transposed_times(vector):
    size = len(vector)
    return [sum(entry(j, i) * vector[j] for j in range(size)) for i in range(size)]


def run(n):
    u = [1.0] * n
    v = u
    for _ in range(6):
        v = transposed_times(times(u))
        u = transposed_times(times(v))
    upper = sum(a * b for a, b in zip(u, v))
    lower = sum(b * b for b in v)
    return round((upper / lower) ** 0.5, 9)


if __name__ == "__main__":
    from driver import main
    main(globals())
