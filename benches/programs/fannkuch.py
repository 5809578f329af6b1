"""Pancake flipping over all permutations: small list slices, reversals and integer loops."""

SIZE = 8
CHECK = {
    6: (10, -77, 720),
    8: (22, -4720, 40320),
}


def next_permutation(items):
    """Step `items` to its successor in lexical order; False after the last."""
    i = len(items) - 2
    while i >= 0 and items[i] >= items[i + 1]:
        i -= 1
    if i < 0:
        return False
    j = len(items) - 1
    while items[j] <= items[i]:
        j -= 1
    items[i], items[j] = items[j], items[i]
    items[i + 1:] = items[:i:-1]
    return True


def flips(items):
    """How often the first n items are reversed, n being the first item, until a 1 is in front."""
    stack = items[:]
    count = 0
    top = stack[0]
    while top != 1:
        stack[:top] = stack[top - 1::-1]
        top = stack[0]
        count += 1
    return count


def run(n):
    items = list(range(1, n + 1))
    most = checksum = index = 0
    while True:
        count = flips(items)
        if count > most:
            most = count
        checksum += count if index % 2 == 0 else -count
        index += 1
        if not next_permutation(items):
            return most, checksum, index


if __name__ == "__main__":
    from driver import main
    main(globals())
