"""Counting words in a generated text: splitting, normalizing, counting, ranking, n-grams."""

from collections import Counter, defaultdict

SIZE = 2500
CHECK = {
    125: ([('life', 42), ('world', 36), ('part', 35), ('way', 35)], True, (('make', 'company'), 4),
          [(2, 3), (3, 13), (4, 23), (5, 12), (6, 3), (7, 2), (10, 1)], 547, 4330),
    2500: ([('way', 700), ('day', 694), ('person', 684), ('time', 676)], True, (('day', 'time'), 35),
           [(2, 3), (3, 13), (4, 23), (5, 12), (6, 3), (7, 2), (10, 1)], 11085, 85774),
}

WORDS = ("time person year way day thing man world life hand part child eye woman place work week case point government "
         "company number group problem fact be have do say get make go know take see come think look want give use find tell "
         "ask good new first last long great little own other old right big high").split()


def text(n):
    seed = 1
    lines = []
    for _ in range(n):
        line = []
        for _ in range(8):
            seed = (seed * 16807) % 2147483647
            # The smaller of two random numbers makes some words much more frequent than others.
            word = WORDS[min(seed % len(WORDS), seed // 1000 % len(WORDS))]
            if seed % 11 == 0:
                word = word.capitalize() + ","
            elif seed % 13 == 0:
                word += "."
            line.append(word)
        lines.append(" ".join(line))
    return "\n".join(lines)


def words_of(body):
    for line in body.splitlines():
        for word in line.split():
            word = word.strip(".,").lower()
            if word:
                yield word


def by_hand(body):
    counts = {}
    for word in words_of(body):
        try:
            counts[word] += 1
        except KeyError:
            counts[word] = 1
    return counts


def run(n):
    body = text(n)
    counts = by_hand(body)
    counter = Counter(words_of(body))
    pairs = defaultdict(int)
    before = None
    for word in words_of(body):
        if before is not None:
            pairs[before, word] += 1
        before = word
    lengths = defaultdict(set)
    for word in counts:
        lengths[len(word)].add(word)
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:4]
    best = max(pairs.items(), key=lambda item: (item[1], item[0]))
    letters = Counter(char for word in words_of(body) for char in word)
    return (top, counter == counts, best, sorted((size, len(group)) for size, group in lengths.items()),
            letters["e"], sum(letters.values()))


if __name__ == "__main__":
    from driver import main
    main(globals())
