"""What loops do with the built-in types: arrays, slices, sets, dicts, iterators, operators, methods; where things go wrong, too."""
import array
import math
import random
import struct
from collections import Counter, OrderedDict, defaultdict, deque


def check(name, f, *args):
    """Runs `f` often enough to be compiled, and says what it gave; exceptions are results."""
    out = []
    for _ in range(3):
        try:
            out.append(f(*args))
        except Exception as error:
            out.append(f"{type(error).__name__}: {error}")
    assert all(repr(o) == repr(out[0]) for o in out), (name, out)
    print(name, str(out[0])[:100])


def arrays(code, values):
    a = array.array(code, values)
    total = 0
    for _ in range(60):
        for i in range(len(a)):
            total += a[i]
            a[i] = a[-i - 1]
            total += a[True]
    return total, a.tolist()


for code in "bBhHiIlLqQ":
    check("array " + code, arrays, code, [1, 2, 100, 7])
check("array d", arrays, "d", [0.5, 2.25, -1e10])
check("array f", arrays, "f", [0.5, 2.25, -1e10])
check("array Q", arrays, "Q", [1, 2**64 - 1, 2**63])


def overflow(code, low, high):
    a = array.array(code, [0] * 4)
    seen = []
    for i in range(400):
        try:
            a[i % 4] = low if i == 300 else high if i == 301 else i % 100
            seen.append(a[i % 4])
        except OverflowError as error:
            seen.append(type(error).__name__)
    return seen[295:305], a.tolist()


check("overflow b", overflow, "b", -129, 128)
check("overflow H", overflow, "H", -1, 65536)
check("overflow Q", overflow, "Q", -1, 2**64)
check("overflow q", overflow, "q", -(2**63) - 1, 2**63)


def kinds():
    """One place sees arrays of many kinds."""
    places = [array.array("i", [1, 2, 3]), array.array("d", [1.5, 2.5, 3.5]), bytearray(b"abc"), [7, 8, 9], b"xyz", (4, 5, 6), "789"]
    out = []
    for i in range(500):
        for place in places:
            item = place[i % 3]
            out.append(item)
            if i % 7 == 0 and isinstance(place, (array.array, bytearray, list)):
                place[i % 3] = 65 + i % 3
    return len(out), out[-14:]


check("kinds", kinds)


def grown():
    a = array.array("l", [1])
    b = bytearray(b"1")
    total = 0
    for i in range(300):
        a.append(i)
        b.append(i & 255)
        total += a[i] + b[i] + len(a) + len(b)
        if i == 250:
            del a[200:], b[200:]
            try:
                a[250]
            except IndexError as error:
                total += len(str(error))
            break
    return total


check("grown", grown)


def exported():
    b = bytearray(8)
    view = memoryview(b)
    total = 0
    for i in range(300):
        b[i % 8] = i & 127
        view[(i + 1) % 8] = 3
        total += view[i % 8] + b[(i + 1) % 8]
        if i == 200:
            try:
                b.append(1)
            except BufferError as error:
                total += len(str(error))
    return total, bytes(b)


check("exported", exported)


def slices():
    out = []
    items, text, data, pair = list(range(20)), "abcdefghij", b"0123456789", tuple(range(9))
    for i in range(200):
        k = i % 7
        out.append((items[k : k + 3], text[k::2], data[-k:], pair[::-1], items[::2][k % 3]))
        items[k : k + 2] = [i, k, i]
        items[::5] = range(len(items[::5]))
        del items[k]
        del items[15:]
    return out[-1], len(out), items


check("slices", slices)


def in_place():
    """Augmented assignments change the object that others see."""
    a = b = [1]
    s = t = {1}
    n = 0
    for i in range(300):
        a += [i]
        a += (i, i)
        s |= {i % 50}
        s -= {i % 3}
        n += len(b) + len(t)
        if i % 100 == 99:
            a = a + [0]
            b = a
    return a is b, s is t, n, len(a), sorted(s)[:9]


check("in place", in_place)


def big():
    x, out, bits = 1, [], 0
    for i in range(300):
        x = (x * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        out.append(x >> 33)
        bits ^= 1 << (i % 100)
        out.append(-x // 7 % 1000 + (x ** 3) % 11 + ~x % 5)
        out.append(x > 2**63)
        out.append(bool(x >> 70))
    return sum(out), bits, (1 << 70) // 3 - (10**30 - 1) % 97


check("big", big)


def logic():
    out = []
    for i in range(200):
        p, q = i % 2 == 0, i % 3 == 0
        out += [p & q, p | q, p ^ q, ~i, +i, +p, -p, 5 / -1, 5 // -1, i % -1]
    return out[-20:]


check("logic", logic)


def comparisons():
    values = [1, 1.0, True, "a", "b", b"a", None, (1, 2), (1, 3), [1, 2], [1, float("nan")], {1: 2}, {1, 2}, frozenset([1]), 2**80, float("nan")]
    equal = less = errors = 0
    for _ in range(20):
        for a in values:
            for b in values:
                equal += a == b
                equal += (a != b) * 3
                try:
                    less += (a < b) + 2 * (a >= b)
                except TypeError:
                    errors += 1
    return equal, less, errors


check("comparisons", comparisons)


class Odd:
    """Hashes and compares by Python code, which counts."""

    count = 0

    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return self.n % 5

    def __eq__(self, other):
        Odd.count += 1
        return isinstance(other, Odd) and self.n == other.n or other == self.n

    def __lt__(self, other):
        Odd.count += 1
        return self.n < other.n

    def __repr__(self):
        return f"Odd({self.n})"


def odd():
    Odd.count = 0
    s, d, items = set(), {}, []
    found = 0
    for i in range(300):
        key = Odd(i % 20) if i % 4 == 1 else i % 20
        s.add(key)
        d[key] = i
        items.append(key)
        found += (i % 7 in s) + (i % 7 in d) + (i % 11 in items[-5:]) + (d.get(i % 9, 0) > 100)
        found += len(s) + len(d)
        if i % 40 == 39:
            s.discard(i % 20)
            d.pop(i % 20, None)
            items.remove(i % 20)
            found += items.count(3) + items.index(4)
    return found, Odd.count > 100, len(sorted([x for x in items if isinstance(x, Odd)])), max(x for x in items if type(x) is int)


check("odd", odd)


def sets():
    a, b = set(), frozenset(range(0, 100, 3))
    n = 0
    for i in range(400):
        a.add(i % 60)
        if i % 5 == 0:
            a.discard(i % 37)
        if i % 50 == 49:
            a.remove(min(a))
        n += (i in a) + (i in b) + len(a & b) + len(a | b) + len(a - b) + len(a ^ b)
        n += a.issubset(b) + a.isdisjoint(b) + (not a) + len({i, i % 3, 7}) + len({x % 5 for x in range(i % 9)})
    try:
        for i in range(100):
            a.remove(i)
    except KeyError as error:
        n += error.args[0]
    return n, sorted(a)[:10]


check("sets", sets)


def dicts():
    d, e, c, o = {}, defaultdict(list), defaultdict(int), OrderedDict()
    n = 0
    for i in range(400):
        k = i % 17
        d[k, str(k)] = i
        e[k].append(i)
        c["abc"[i % 3]] += 1
        o[i % 9] = k
        n += d.get((k, "x"), -1) + d[k, str(k)] + d.setdefault(k, i)
        n += d.pop(k, 0) + d.pop("missing", 5) + (k in d) + ((k, str(k)) in d)
        m = {"a": i, "b": k, **{"c": 1}}
        m.update({"d": 2})
        n += sum(m.values()) + len({x: x * 2 for x in range(i % 5)})
        if i % 10 == 0:
            del d[k, str(k)]
    try:
        for i in range(100):
            n += d[i, str(i)]
    except KeyError as error:
        n += len(error.args[0])
    return n, len(d), sum(map(len, e.values())), dict(c), list(o.items())


check("dicts", dicts)


def iteration():
    n = 0
    d = {i: str(i) for i in range(20)}
    dq = deque(range(10))
    for j in range(60):
        for i, x in enumerate("hello", j % 3):
            n += i + ord(x)
        for (a, b), c in zip(enumerate([1, 2, 3]), (4, 5)):
            n += a * b + c
        for k, v in d.items():
            n += k + len(v)
        for k in d:
            n += k
        for v in d.values():
            n -= int(v)
        for x in reversed([1, 2, 3]):
            n += x
        for x in b"abc":
            n += x
        for x in bytearray(b"abc"):
            n += x
        for x in array.array("h", [5, -6]):
            n += x
        for x in dq:
            n += x
        for x in {1, 2, 3}:
            n += x
        for x in map(int, "12"):
            n += x
        for x in filter(None, [0, 4]):
            n += x
        it = iter([9, 8, 7])
        n += next(it) + next(it, 0) + sum(it) + next(it, 100)
        dq.append(j)
        n += dq.popleft() + len(dq) + dq[-1] + dq[0]
    return n


check("iteration", iteration)


def changed():
    """Containers that change while they are iterated over."""
    out = []
    for j in range(100):
        d = {1: 1, 2: 2, 3: 3}
        try:
            for k in d:
                if k == 2 and j % 2:
                    d[4] = 4
        except RuntimeError as error:
            out.append(str(error))
        s = {1, 2, 3}
        try:
            for k in s:
                s.add(k + 10)
        except RuntimeError as error:
            out.append(str(error))
        a = [1, 2, 3]
        for x in a:
            if len(a) < 6:
                a.append(x)
        out.append(len(a))
    return len(out), out[:5]


check("changed", changed)


def comprehensions():
    x = "kept"
    total = 0
    for i in range(100):
        total += sum([x * 2 for x in range(i % 10)]) + len({x for x in "hello"}) + len([y for x in range(3) for y in range(x)])
        total += len([a for a in (1, 2, 3) if a > i % 3])
    return x, total


check("comprehensions", comprehensions)


def methods():
    n = 0
    out = []
    push, pull = out.append, out.pop
    names = "the quick brown fox".split()
    for i in range(200):
        push(i)
        push(str(i))
        n += len(pull()) + len(out)
        word = names[i % 4]
        n += word.startswith("q") + word.endswith(("x", "n")) + word.find("o") + len(word.upper() + word.title())
        n += len(",".join(names)) + len(word.replace("o", "00").strip("t")) + word.isdigit() + word.isalpha()
        n += len("%s=%d" % (word, i)) + len("{}:{}".format(word, i)) + len(word.encode()) + len(repr(word)) + len(word * 3)
        n += i.bit_length() + int.from_bytes(i.to_bytes(4, "big"), "big") + len(hex(i)) + int("12") + round(2.5) + abs(-i)
        n += math.floor(i / 3) + math.gcd(i, 12) + divmod(i, 7)[1] + max(i, 3, 8) + min([4, i]) + sum((1, 2)) + ord("a") + len(chr(65 + i % 20))
        n += len(sorted([3, 1, 2])) + any([0, i]) + all([1, i]) + hash(i) + len(list("abc")) + len(tuple([1])) + len(set([1, 1])) + (type(i) is int)
        n += (id(word) == id(word)) + (id(names) != id(out)) + ord(b"a") + (id(i) == id(i))
        n += isinstance(word, (int, str)) + issubclass(bool, (str, int)) + bool(word) + bool([]) + len(struct.pack("<hB", i, 3)) + callable(len)
        if i % 20 == 19:
            out.reverse()
            out.sort(key=str) if i % 40 == 39 else out.insert(2, -1)
            out.extend(range(2))
            out.extend(("x",))
            del out[3:]
            n += len(out.copy())
            out.clear()
    return n


check("methods", methods)


def wrong():
    """Native functions raise in the middle of a loop."""
    out = []
    for i in range(300):
        try:
            bad = i % 10 == 9
            if i % 3 == 0:
                int("x" if bad else "5")
            elif i % 3 == 1:
                (1, 2).index(5 if bad else 1)
            else:
                math.floor(float("inf") if i == 200 else 1.5), "ab".join([1] if bad else ["x"])
            out.append(1 // (i - 150))
        except (ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
            out.append(str(error))
    return [o for o in out if isinstance(o, str)]


check("wrong", wrong)


class Tell:
    ended = []

    def __init__(self, n):
        self.n = n

    def __del__(self):
        Tell.ended.append(self.n)


def ends():
    """Objects end when their last container lets go."""
    Tell.ended = []
    items, d, dq = [], {}, deque(maxlen=3)
    for i in range(200):
        items.append(Tell(i))
        d[i % 3] = Tell(1000 + i)
        dq.append(Tell(2000 + i))
        if len(items) > 5:
            first = items[0]
            items.pop(0)
            n = first.n if first else 0
            del first
            items[1:2] = []
            del items[0]
            items[0] = None
        if i % 50 == 49:
            items.clear()
            d.clear()
    d = dq = items = None
    return len(Tell.ended), sum(Tell.ended), Tell.ended[:12]


check("ends", ends)


def lent():
    """What was taken from a container outlives it."""
    out = []
    for i in range(300):
        holder = [[i, "x" + str(i)], (i, i + 0.5)]
        inner = holder[0]
        text = inner[1]
        number = inner.pop(0)
        holder.clear()
        table = {"k": text + "y", "n": 2.5 + i}
        value = table["n"]
        table.pop("n")
        other = table.get("k")
        table["k"] = None
        stack = [value, other]
        stack.pop()
        out.append((number, len(inner), text, value, other, len(stack)))
    return out[-1], len(out)


check("lent", lent)


def random_numbers():
    r = random.Random(5)
    draw = r.random
    total = 0
    for _ in range(200):
        total += draw() + r.getrandbits(7) + r.randrange(10)
    return round(total, 6)


check("random", random_numbers)
check("counter", lambda: Counter(x % 7 for x in range(300)).most_common(2))


def changed_at_the_end(often):
    """The last item changes the container, or takes part in a `zip` that another iterator ends."""
    errors = ends = 0
    left = []
    for j in range(400):
        d = {1: 1, 2: 2, 3: 3}
        try:
            for k in d:
                if k == 2 and often(j):
                    d[4] = 4
        except RuntimeError:
            errors += 1
        s = {1, 2, 3}
        try:
            for k in s:
                if k == 3 and often(j):
                    s.add(k + 10)
        except RuntimeError:
            ends += 1
        numbers = iter([1, 2, 3, 4, 5])
        for a, b in zip(numbers, s if often(j) else [1, 2]):
            pass
        left.append(next(numbers, 7))
    return errors, ends, left[:6], sum(left)


check("changed at the end", changed_at_the_end, lambda j: j % 5 == 2)
check("changed at the end", changed_at_the_end, lambda j: j % 3 == 1)
check("changed at the end", changed_at_the_end, lambda j: (j * 7 + j * j) % 11 < 4)
