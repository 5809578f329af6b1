"""Functions that are called so often that they are compiled by themselves: recursion, and everything that can happen in between."""

import sys
import traceback


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print([fib(n) for n in range(22)][-3:])


# Numbers of other types on the way.
def total(n, step):
    if n <= 0:
        return step
    return total(n - 1, step) + step


for step in (1, 2.5, True, 1 << 70, "x", 1):
    for _ in range(120):
        result = total(6, step)
    print(result)


# Exceptions through many frames, and where they come from.
def sink(n, kind):
    if n == 0:
        raise kind("bottom")
    try:
        return sink(n - 1, kind)
    except KeyError:
        if n % 3 == 0:
            raise
        raise KeyError(n)
    finally:
        ends.append(n)


ends = []
for round in range(200):
    ends.clear()
    try:
        sink(5, (KeyError, ValueError)[round & 1])
    except Exception as error:
        last = error
    if round > 197:
        print(repr(last), ends, [(f.name, f.lineno - sink.__code__.co_firstlineno) for f in traceback.extract_tb(last.__traceback__)][1:])


# The recursion limit.
def endless(n):
    global deepest
    deepest = n
    return endless(n + 1) + 1


for _ in range(3):
    try:
        endless(0)
    except RecursionError as error:
        print(error, deepest > 500)


def measured(n):
    try:
        return measured(n + 1)
    except RecursionError:
        return n


depths = {measured(0) for _ in range(10)}
print(len(depths), max(depths) > 500)


# Deeper than the machine stack would be.
def down(n):
    return 0 if n == 0 else down(n - 1) + 1


for _ in range(600):
    down(3)
sys.setrecursionlimit(100_000)
print(down(60_000))
sys.setrecursionlimit(1000)


# Frames that are looked at.
def look(n):
    if n == 0:
        frame = sys._getframe()
        names = []
        while frame.f_code.co_name == "look":
            names.append((frame.f_locals["n"], frame.f_lineno - frame.f_code.co_firstlineno))
            frame = frame.f_back
        return names
    local = n * 2
    result = look(n - 1)
    assert local == n * 2
    return result


for _ in range(300):
    seen = look(4)
print(seen)


# A frame that outlives its call.
def kept(n, keep):
    value = n + 1
    if keep and n == 1:
        return sys._getframe()
    if n:
        return kept(n - 1, keep)
    return value


for _ in range(500):
    kept(3, False)
frame = kept(3, True)
print(frame.f_locals, frame.f_back is None)
frame = None


# Functions, defaults, globals that change while they run.
def chain(n, plus=1):
    global other
    if n == 0:
        return plus
    if n == 5 and switch == "code":
        chain.__code__ = (lambda n, plus=1: ("code", n, plus)).__code__
    if n == 5 and switch == "defaults":
        chain.__defaults__ = (100,)
    if n == 5 and switch == "global":
        other = lambda n: ("global", n)
    return other(n - 1)


def same(n):
    return chain(n)


other = same
switch = ""
original = chain.__code__
for _ in range(400):
    chain(8)
for switch in ("defaults", "global", "code"):
    print(switch, chain(8), chain(8), chain(2))
    chain.__code__ = original
    chain.__defaults__ = (1,)
    other = same
switch = ""
print(chain(8))


# Destructors of arguments and locals.
class Told:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        told.append(self.name)


def holds(n, thing):
    mine = Told(("mine", n))
    if n == 0:
        return thing.name
    return holds(n - 1, thing)


told = []
for i in range(300):
    told.clear()
    holds(2, Told(i))
print(told)


# Generators, comprehensions, closures inside.
def leaves(tree):
    if isinstance(tree, tuple):
        for part in tree:
            yield from leaves(part)
    else:
        yield tree


def grow(n):
    return (grow(n - 1), n, grow(n - 2)) if n > 0 else n


def sums(tree):
    add = lambda x: x + len(tree)
    return sum([add(sums(part)) if isinstance(part, tuple) else add(part) for part in tree])


for _ in range(60):
    tree = grow(5)
    result = sum(leaves(tree)), sums(tree)
print(result)


# Methods, bound ones, keyword arguments, mutual recursion.
class Node:
    __slots__ = ("left", "right", "value")

    def __init__(self, depth):
        self.value = depth
        self.left = self.right = None
        if depth:
            self.left, self.right = Node(depth - 1), Node(depth - 1)

    def count(self):
        return 1 if self.left is None else 1 + self.left.count() + self.right.count()

    def find(self, value, *, path=""):
        if self.value == value:
            return path
        for name in "left", "right":
            child = getattr(self, name)
            if child is not None and (found := child.find(value, path=path + name[0])) is not None:
                return found
        return None

    def apply(self, function):
        method = self.left and self.left.apply
        return function(self.value) + (method(function) if method else 0)


for _ in range(20):
    node = Node(5)
    result = node.count(), node.find(0), node.find(9), node.apply(lambda n: n * n)
print(result)


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


print([even(n) for n in range(60)].count(True))

# Wrong calls.
for wrong in (lambda: even(), lambda: even(1, 2), lambda: fib("x"), lambda: node.count(1)):
    for _ in range(3):
        try:
            wrong()
        except TypeError as error:
            text = str(error)
    print(text)


# Loops in functions, which are left by returning.
def search(items, wanted, depth=0):
    for item in items:
        if isinstance(item, list):
            found = search(item, wanted, depth + 1)
            if found is not None:
                return found
        elif item == wanted:
            return depth, item
    return None


nest = [1, [2, [3, [4, 5], 6], 7], [8, 9], 10]
for _ in range(200):
    result = [search(nest, n) for n in (1, 5, 9, 11)]
print(result)


# Tools that are switched on in the middle.
def traced(n):
    if n == 3 and switch:
        sys.settrace(tracer)
    result = traced(n - 1) + 1 if n else 0
    return result


def tracer(frame, event, arg):
    events.append((event, frame.f_lineno - frame.f_code.co_firstlineno, frame.f_locals.get("n")))
    return tracer


for _ in range(500):
    traced(6)
events, switch = [], "on"
traced(5)
sys.settrace(None)
print(events)

events, switch = [], ""
sys.setprofile(lambda frame, event, arg: events.append((event, frame.f_code.co_name)))
traced(2)
sys.setprofile(None)
print([event for event in events if event[1] == "traced"])
traced(6)
print(sys.getrefcount(traced) < 10)


# Methods of a class whose attributes are looked up by a function of its own.
class Guessing:
    def __init__(self, value):
        self.value = value

    def __getattr__(self, name):
        return name

    def get(self, more):
        return self.value + more


def guess(of):
    total = 0
    for i in range(500):
        total += of[i % 3].get(i)
    return total, of[0].missing


print(guess([Guessing(n) for n in (10, 20, 30)]))
