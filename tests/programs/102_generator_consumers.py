# Built-in functions that go through a generator: what they make, what they raise, and what the generator sees around it.
import sys


def each(f, n):
    return [f(i) for i in range(n)]


def squares(n):
    for i in range(n):
        yield i * i % 7


print(each(lambda n: set(i % 3 for i in range(n)), 60)[-1])
print(each(lambda n: list(x + 1 for x in squares(n)), 40)[-1])
print(each(lambda n: tuple(squares(n)), 40)[-1])
print(each(lambda n: sorted(-x for x in squares(n)), 40)[-1])
print(each(lambda n: len(frozenset(squares(n))), 40))
print(each(lambda n: ",".join(str(x) for x in squares(n)), 20)[-1])
print(each(lambda n: "-".join(squares(0)), 20)[-1:], set(squares(0)), sorted(squares(1)))


# One place that meets generators and other things.
def anything(x):
    return sorted(set(x)), len(list(x))


for x in (squares(5), [3, 1, 2], squares(50), "text", range(9), (i for i in "generator"), {1: 2}):
    for _ in range(30):
        found = anything(x)
        break
    print(found)


# Exceptions: of the generator, of the consumer, and of what it does with the list.
def raising(n, what):
    for i in range(n):
        yield i
    yield what


def attempt(f):
    try:
        return f()
    except Exception as e:
        trace, names = e.__traceback__, []
        while trace:
            names.append(trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
        return type(e).__name__, names


def failing(n):
    for i in range(n):
        yield i
    raise KeyError(n)


for f in (
    lambda: set(failing(30)),
    lambda: list(failing(3)),
    lambda: sorted(failing(30)),
    lambda: set(raising(30, [])),
    lambda: sorted(raising(30, "text")),
    lambda: ",".join(raising(3, "text")),
    lambda: ",".join(str(1 // (9 - i)) for i in range(30)),
    lambda: frozenset(raising(3, {})),
):
    for _ in range(20):
        result = attempt(f)
    print(result)


# What cannot be added ends it at once.
for f in (set, frozenset, sorted):
    rest = raising(3, {})
    items = (x for g in (rest, range(5)) for x in g)
    print(attempt(lambda: f(items)), len(list(items)))


# The generator looks around.
def looks(n):
    for i in range(n):
        frame, names = sys._getframe(), []
        while frame.f_code.co_name != "<module>":
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        yield tuple(names)


def around(n):
    return set(looks(n))


print([around(n) for n in range(30)][-1])

# It goes through itself, and leaves what it is in the middle of.
def itself():
    yield 1
    try:
        list(me)
    except ValueError as e:
        yield str(e)


me = itself()
print(list(me), list(me))
half = squares(10)
next(half), next(half)
print(list(half), next(half, "end"))


# One in another, and in a recursion.
def nested(n):
    return sorted(len(set(j % (i + 1) for j in range(n))) for i in range(n))


for n in range(25):
    result = nested(n)
print(result)


def partitions(n, most):
    if n == 0:
        yield ()
    for i in range(min(n, most), 0, -1):
        for rest in partitions(n - i, i):
            yield (i, *rest)


def count(n):
    return len(set(partitions(n, n)))


print([count(n) for n in range(12)])


def deep(n):
    return list(deep(n - 1) if i else n for i in range(2)) if n else []


print(deep(3))


def endless(n):
    return set(endless(n + 1) for i in range(2))


try:
    endless(0)
except RecursionError:
    print("too deep")


# What is called is looked up each time.
def shadowed(set, n):
    return set(x for x in squares(n))


print([shadowed(f, 9) for f in (set, list, tuple, sorted, set, frozenset, sum, max, len.__class__) if f is not len.__class__])


class Word(str):
    def join(self, items):
        return "own " + super().join(items)


for separator in (", ", Word("; "), ", "):
    print(separator.join(str(i) for i in range(4)))

# Things that end while the consumer goes on.
class Noisy:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return self.n % 3

    def __eq__(self, other):
        return self.n % 3 == other.n % 3

    def __del__(self):
        ended.append(self.n)


for _ in range(10):
    ended = []
    kept = set(Noisy(i) for i in range(8))
print(ended, sorted(x.n for x in kept))
events = []
sys.settrace(lambda frame, event, arg: events.append(frame.f_code.co_name))
list(x for x in range(2))
sys.settrace(None)
print(events)

# ---- min and max ----

def extremes(items):
    return min(x for x in items), max(x for x in items)


for _ in range(3):
    print(extremes([3, 1, 2]), extremes("hello"), extremes([1.5, 1, True]), extremes([(1, 2), (1, 1)]), extremes([7]))
    print(min(x for x in (1, 1.0, True)), max(x for x in (True, 1.0, 1)), max(float("nan") if x == 1 else x for x in range(3)))
    for call in (
        lambda: extremes([]),
        lambda: max(x for x in ()),
        lambda: extremes([1, "a"]),
        lambda: max(x for x in ["a", 1]),
        lambda: min(1 // x for x in (1, 0)),
        lambda: min(x for x in [complex(1), 2]),
    ):
        try:
            print(call())
        except Exception as error:
            print(type(error).__name__, error)
    print(min((x for x in ()), default="none"), max((x for x in "abc"), key=lambda x: -ord(x)))


class Ordered:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        events.append(("<", self.n, other.n))
        return [1] if self.n < other.n else []

    def __gt__(self, other):
        events.append((">", self.n, other.n))
        return self.n > other.n

    def __del__(self):
        events.append(self.n)


for _ in range(3):
    events = []
    least, greatest = min(Ordered(n) for n in (3, 1, 2)).n, max(Ordered(n) for n in (1, 3, 2)).n
    print(least, greatest, events)


class Vague:
    def __lt__(self, other):
        return self

    def __bool__(self):
        raise KeyError("vague")


try:
    min(Vague() for _ in range(2))
except KeyError as error:
    print(error)

total = 0
for n in range(1, 400):
    total += max(x * n % 7 for x in range(n)) - min((x - n) * 0.5 for x in range(n % 5 + 1))
    total += len(max(str(x) for x in range(n % 3 + 1)))
print(total)
