# Iterators let go of what they iterate over when they end, and `enumerate` and `zip` of the tuple that they gave last: what was lent by it
# stays alive, also in frames that compiled code does not make.
import array
import collections


def enumerated(n):
    it = enumerate("abcd", 1000 + n)
    i, c = next(it)
    j, d = next(it)
    return i, j, c, d


def zipped(n):
    it = zip(("p%d" % n, "q%d" % n), "ab")
    i, c = next(it)
    j, d = next(it)
    return i, j, c, d


def zipped_items(n):
    it = zip({"p%d" % n: n + 1000, "q%d" % n: n + 2000}.items(), "ab")
    (k, v), c = next(it)
    (l, w), d = next(it, None)
    return k, l, v, w, c, d


def rest_of_enumerate(n):
    it = enumerate("abcd", 1000 + n)
    for i, c in it:
        rest = list(it)
        return i, c, rest


def rest_of_zip(n):
    it = zip(["a%d" % n, "b%d" % n], "xy")
    for x, c in it:
        rest = list(it)
        y = "z%d" % n
        return x, rest, y


def rest_of_list(n):
    it = iter(["a%d" % n, "b%d" % n, "c%d" % n])
    for x in it:
        rest = list(it)
        y = "z%d" % n
        return x, rest, y


def joined(n):
    it = iter(["a%d" % n, "b%d" % n, "c%d" % n])
    for x in it:
        rest = ",".join(it)
        y = "z%d" % n
        return x, rest, y


def rest_of_tuple(n):
    it = iter(("a%d" % n, "b%d" % n))
    for x in it:
        rest = [*it]
        y = "z%d" % n
        return x, rest, y


def rest_of_set(n):
    it = iter({"a%d" % n})
    for x in it:
        rest = tuple(it)
        y = "z%d" % n
        return x, rest, y


def extended(n):
    items = []
    it = iter(["a%d" % n, "b%d" % n])
    for x in it:
        items.extend(it)
        y = "z%d" % n
        return x, items, y


def queued(n):
    it = iter(["a%d" % n, "b%d" % n])
    for x in it:
        rest = collections.deque(it)
        y = "z%d" % n
        return x, rest, y


def second(n):
    it = iter(["a%d" % n])
    for x in it:
        rest = next(it, None)
        y = "z%d" % n
        return x, rest, y


def floats(n):
    previous, total = 0.0, 0.0
    for x, c in zip(array.array("d", [1.5, 2.5, 3.5, n]), "abcdef"):
        total = total + previous * 2 + x
        previous = x
    return total + previous


def pairs(n):
    previous, total = (0, 0), 0
    for item, c in zip({i: i * 1000 + n for i in range(5)}.items(), "abcdef"):
        total += previous[1]
        previous = item
    return total + previous[1]


def numbered(n):
    previous, seen = None, []
    for i, c in enumerate("abc", 1000 + n):
        seen.append(previous)
        previous = i
    seen.append(previous)
    return seen


functions = (
    enumerated,
    zipped,
    zipped_items,
    rest_of_enumerate,
    rest_of_zip,
    rest_of_list,
    joined,
    rest_of_tuple,
    rest_of_set,
    extended,
    queued,
    second,
    floats,
    pairs,
    numbered,
)



# Each is called from a loop of its own, in which it is inlined.
for function in functions:
    names = {"function": function}
    exec("def loop(first, last):\n    return [function(k) for k in range(first, last)]", names)
    results = names["loop"](0, 1500)
    digest = 0
    for result in results:
        for character in repr(result):
            digest = (digest * 31 + ord(character)) % 1000003
    print(function.__name__, results[-1], digest)


# What dies meanwhile says so.
class Loud:
    died = 0

    def __init__(self, n):
        self.n = n

    def __del__(self):
        Loud.died += self.n


class Holder:
    def __init__(self, n):
        self.items = [Loud(n), Loud(n + 1)]
        self.before = Loud.died


def dying(n):
    holder = Holder(n)
    it = iter(holder.items)
    holder.items = None
    first = next(it)
    before = Loud.died
    rest = len(list(it))
    after = Loud.died
    return before, rest, after, first.n


def dying_pairs(n):
    it = zip([Loud(n), Loud(n + 1), Loud(n + 2)], {"a": 1, "b": 2, "c": 3})
    before = Loud.died
    next(it)
    next(it)
    middle = Loud.died
    next(it)
    return before, middle, Loud.died


def deaths(function, count):
    total = 0
    for n in range(count):
        for number in function(n):
            total = (total * 31 + number) % 1000003
    return total


print(deaths(dying, 1500), Loud.died)
print(deaths(dying_pairs, 1500), Loud.died)


# A dict whose keys change says so where the iteration ends.
def changing(d):
    count = 0
    for k in d:
        count += 1
        if d.get(k) == -1:
            del d[k]
            d[k + 100] = 5
    return count


print(sum(changing(dict.fromkeys(range(i % 4), 1)) for i in range(1500)))
for _ in range(3):
    try:
        print(changing({0: -1}))
    except RuntimeError as error:
        print(error)


# An iterator that shares its way with another one has not moved on for nothing.
def together(n):
    it = iter(["a%d" % n, "b%d" % n, "c%d" % n, "d%d" % n])
    total = 0
    for x, number in zip(it, array.array("i", range(n % 3))):
        total += number
    return total, next(it), next(it, None)


print([together(n) for n in range(1500)][-4:])


# What an OrderedDict yields is what it holds, without a word from its class.
class Doubling(collections.OrderedDict):
    def __getitem__(self, key):
        raise KeyError(key)


def ordered(d):
    total = 0
    for value in d.values():
        total += value
    for key, value in d.items():
        total += key * value
    return total


print(sum(ordered(Doubling((j, i) for j in range(3))) for i in range(1000)))
