"""List, set, dict and nested comprehensions, with conditions, unpacking and the walrus."""

SIZE = 8000
CHECK = {
    400: (12528, 13140, 17, (27, 36, 45), 200, [('LIST', 1), ('TEXT', 1), ('THE', 3), ('WORDS', 1)], True),
    8000: (65041, 13140, 17, (27, 36, 45), 4000, [('LIST', 1), ('TEXT', 1), ('THE', 3), ('WORDS', 1)], True),
}


def run(n):
    squares = [i * i for i in range(n)]
    total = 0
    for shift in range(20):
        evens = [value + shift for value in squares if value % 2 == 0]
        lookup = {value: index for index, value in enumerate(evens)}
        back = {index: value for value, index in lookup.items() if index % 3}
        remainders = {value % 97 for value in evens}
        total += len(back) + len(remainders) + sum(back.values()) % 1009
    table = [[x * y % 10 for x in range(60)] for y in range(60)]
    turned = [[row[i] for row in table] for i in range(60)]
    flat = [cell for row in turned for cell in row if cell]
    triples = [(a, b, c) for a in range(1, 40) for b in range(a, 40) if (c := isqrt(a * a + b * b)) ** 2 == a * a + b * b]
    pairs = [(key, value) for key, value in zip(squares, reversed(squares)) if key < value]
    words = [word.upper() for word in "the list of the words in the text".split() if len(word) > 2]
    counts = {word: sum(1 for other in words if other == word) for word in words}
    return total, sum(flat), len(triples), triples[-1], len(pairs), sorted(counts.items()), any(v > 10 ** 5 for v in squares)


def isqrt(value):
    root = int(value ** 0.5)
    while root * root > value:
        root -= 1
    return root


if __name__ == "__main__":
    from driver import main
    main(globals())
