"""Sets of sets' size, keys that are tuples, and what is taken from several iterators at a time: in loops, with keys in Python among them."""
from collections import Counter


def check(name, f, *args):
    """Runs `f` often enough to be compiled, and says what it gave; exceptions are results."""
    out = []
    for _ in range(3):
        try:
            out.append(f(*args))
        except Exception as error:
            out.append(f"{type(error).__name__}: {error}")
    assert all(repr(o) == repr(out[0]) for o in out), (name, out)
    print(name, str(out[0])[:150])


class Key:
    """Equal by value, in Python; counts how often it is asked."""

    asked = 0

    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return self.value % 7

    def __eq__(self, other):
        Key.asked += 1
        return isinstance(other, Key) and self.value == other.value

    def __lt__(self, other):
        Key.asked += 1
        return self.value < other.value

    def __repr__(self):
        return f"Key({self.value})"


class Stop(Key):
    """Raises when it is asked."""

    def __eq__(self, other):
        raise ValueError(f"asked {self.value}")

    __hash__ = Key.__hash__


def order(items):
    """As they come, where that is the same each time the program runs."""
    return list(items) if all(type(item) in (int, tuple) for item in items) else sorted(items, key=repr)


def algebra(free, parts):
    out = []
    for i in range(300):
        part = parts[i % len(parts)]
        row = (part <= free, part < free, part >= free, free > part, part == free, part != free)
        row += (part.issubset(free), part.issuperset(free), part.isdisjoint(free))
        made = (free - part, free & part, free | part, free ^ part)
        made += (free.difference(part), free.intersection(part), free.union(part), free.symmetric_difference(part))
        out.append((row, [(type(m).__name__, order(m)) for m in made]))
        if i % 50 == 17:
            free = free - frozenset([i])
    return hash(repr(out)) and out[5], out[-1][0]


board = frozenset(range(50))
pieces = [frozenset(range(i, i + 5)) for i in range(0, 60, 7)]
check("frozensets", algebra, board, pieces)
check("sets", algebra, set(range(40)), [set(p) for p in pieces])
check("mixed", algebra, set(range(40)), pieces)
check("mixed, too", algebra, board, [set(p) for p in pieces])
check("strings", algebra, frozenset("abcdefghijklmnopqrs"), [frozenset(w) for w in ("fox", "jump", "over", "xyz", "")])
check("itself", algebra, board, [board])
check("numbers", algebra, frozenset([0, 1, 2.0, True, 10**20, -1, -2, 0.5]), [frozenset([False, 1.0, 2]), frozenset([10**20, 0.5, -1, -2])])
nan = float("nan")
check("nan", algebra, frozenset([nan, 1]), [frozenset([nan]), frozenset([1.0])])
check("tuples", algebra, frozenset((i, j) for i in range(6) for j in range(6)), [frozenset(((1, 2), (3, 9))), frozenset(((0, 0), (1.0, True)))])
check("deep", algebra, frozenset([(((((1,),),),),), ((((2,),),),), 3]), [frozenset([(((((1,),),),),)])])


def with_keys(make):
    Key.asked = 0
    free = frozenset(make(i) for i in range(20))
    out = []
    for i in range(120):
        part = frozenset([make(i % 20), make(i % 13), i])
        out.append((part <= free, len(free - part), len(free & part), len(free | part), len(free ^ part)))
    return out[-3:], Key.asked > 0


check("keys", with_keys, Key)
check("keys in tuples", with_keys, lambda i: (i, Key(i)))


def raising():
    free = frozenset(range(20))
    stops = frozenset([Stop(5)])
    out = []
    for i in range(200):
        other = stops if i % 40 == 39 else free
        part = frozenset([Stop(5), 1]) if i % 40 == 39 else frozenset([1, i])
        for op in (lambda a, b: a <= b, lambda a, b: a - b, lambda a, b: a & b, lambda a, b: a | b, lambda a, b: a ^ b):
            try:
                op(part, other)
            except ValueError as error:
                out.append(str(error))
    return out


check("raising", raising)


def changing():
    """An element's comparison changes the set it is in."""
    class Changes(Key):
        def __eq__(self, other):
            if victim:
                victim.clear()
            return False

        __hash__ = Key.__hash__

    victim = None
    out = []
    for i in range(200):
        victim = {Changes(1), 1, 2, 3}
        other = {Changes(1), 1} if i % 20 == 19 else {1, 2}
        out.append((other <= victim, sorted(map(str, other - victim)), len(other & victim), len(victim)))
        victim = None
    return [o[0] for o in out[-3:]], out[-1][2:], out[-2][2:]


def no_addresses(f):
    return lambda *args: str(f(*args)).split(" object")[0]


check("changing", no_addresses(changing))


def extremes(items):
    total = []
    for i in range(200):
        total.append((min(items), max(items)))
    return total[-1], len(set(total))


for items in (board, set("hello"), [3, 1, 2] * 9, ("b", "a"), {5: 1, 4: 2}, [0.5, -0.0, 0.0], [1, 2.5, True], [nan, 1.0], [], "text", [[1], [0]], (10**30, -(10**30))):
    check("extremes", extremes, items)
check("extremes of keys", extremes, [Key(3), Key(1)])
check("extremes of unlike", extremes, [1, "a"])


def pairs(words, wanted):
    stats = Counter()
    seen = set()
    table = {}
    hits = 0
    for word in words:
        for pair in zip(word[:-1], word[1:]):
            stats[pair] += 1
            table[pair] = table.get(pair, 0) + 1
            seen.add(pair)
        for a, b in zip(word[:-1], word[1:]):
            if (a, b) == wanted:
                hits += 1
            if wanted != (a, b):
                hits += 100
            if (a,) == wanted or (a, b, a) == wanted:
                hits += 10_000
            if (a, b) in table:
                hits += 1_000_000
    best = max(stats, key=lambda pair: stats[pair])
    return best, stats.most_common(2), len(seen), hits, table == stats


text = "the quick brown fox jumps over the lazy dog the end" * 4
check("pairs of str", pairs, text.split(), ("t", "h"))
check("pairs of bytes", pairs, [[bytes([c]) for c in word.encode()] for word in text.split()], (b"t", b"h"))
check("pairs of int", pairs, [list(word.encode()) for word in text.split()], (116, 104))
check("pairs of float", pairs, [[c / 2 for c in word.encode()] for word in text.split()], (58, 52))
check("pairs of keys", pairs, [[Key(c) for c in word.encode()] for word in text.split()], (Key(116), Key(104)))
check("other things", pairs, [list(word.encode()) for word in text.split()], "th")


def several(a, b, strict=False):
    out = []
    for _ in range(40):
        for i, (x, y) in enumerate(zip(a, b)):
            out.append((i, x, y))
        for pair in enumerate(zip(a, range(3), b), 5):
            out.append(pair)
        for x in zip(a):
            out.append(x)
        for x, y in zip(a, b, strict=strict):
            out.append(x)
    return len(out), out[-9:]


check("several", several, [1, 2, 3], (4.5, 5.5, 6.5, 7.5))
check("several, shorter", several, [1, 2, 3, 4], [None, "x"])
check("several of ranges", several, range(2, 9, 3), range(2**70, 2**70 + 2))
check("several, strict", several, [1, 2], [3, 4], True)
check("several, too strict", several, [1, 2], [3], True)
check("several, too strict on the left", several, [1], [3, 4], True)
check("nothing", several, [], [1])


def shared():
    """An iterator that is zipped with itself, and what is left in the others."""
    out = []
    for n in range(60):
        it = iter(list(range(n % 7)))
        for x, y in zip(it, it):
            out.append((x, y))
        first, second = iter([1, 2, 3]), iter([4, 5])
        for x, y in zip(first, second):
            out.append(x * y)
        out.append((list(first), list(second)))
        items = [1, 2, 3]
        for x, y in zip(items, items):
            if x == 2 and len(items) < 5:
                items.append(7)
            if n % 10 == 9 and x == 1:
                items.clear()
            out.append(y)
    return len(out), out[-20:]


check("shared", shared)


def kept():
    """Pairs that are kept are not used again."""
    kept = []
    for _ in range(50):
        for pair in zip([1, 2, 3], "abc"):
            kept.append(pair)
        for pair in enumerate([object, int]):
            kept.append(pair)
    return kept[:5] == kept[-5:], len({id(p) for p in kept}) == len(kept), kept[-5:]


check("kept", kept)


class Noisy:
    def __init__(self, name, log):
        self.name = name
        self.log = log

    def __del__(self):
        self.log.append(self.name)


def ends():
    """When the last item of a list goes that is iterated over with another one."""
    log = []
    for n in range(40):
        for x, y in zip([Noisy(n, log)], [1, 2]):
            log.append("in")
        log.append("out")
        x = None
    return len(log), log[-6:]


check("ends", ends)
