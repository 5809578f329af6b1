"""Objects that are copied by `__reduce__`, classes called with arguments in a tuple, `__dict__`, keys that are equal to themselves only."""
import copy
import sys


class Plain:
    def __init__(self):
        self.a = 1
        self.b = [2]

    def __reduce__(self):
        return (Plain, (), self.__dict__)

    def __setstate__(self, state):
        self.__dict__.update(state)


class Own(Plain):
    """Instances may have a `__reduce__` of their own."""

    def __reduce__(self):
        return (Own, (), {"a": "class"})


def copies(rounds):
    x, total = Plain(), 0
    for i in range(rounds):
        x.a = i
        y = copy.deepcopy(x)
        assert y is not x and y.b is not x.b and y.b == [2]
        total += y.a
    return total


def own_reduce(rounds):
    got = []
    for i in range(rounds):
        x = Own()
        if i % 7 == 3:
            x.__reduce__ = lambda: (dict, ())
        got.append(x.__reduce_ex__(4)[0].__name__)
    return got.count("Own"), got.count("dict")


def replaced(rounds):
    """The method is another one from some round on."""
    class C:
        def __reduce__(self):
            return "first"

    seen, x = [], C()
    for i in range(rounds):
        seen.append(x.__reduce_ex__(4))
        if i == rounds // 2:
            C.__reduce__ = lambda self: "second"
    return seen.count("first"), seen.count("second")


def raising(rounds):
    class C:
        def __reduce__(self):
            raise ValueError("reduce")

    count = 0
    for _ in range(rounds):
        try:
            C().__reduce_ex__(2)
        except ValueError as e:
            count += e.__traceback__.tb_next is not None
    return count


class Pair:
    def __init__(self, a, b=5, *rest, c=7, **more):
        self.parts = (a, b, rest, c, sorted(more))


class Bad:
    def __init__(self, *args):
        return 1 if args else None


class Deep:
    def __init__(self, n):
        self.below = Deep(*(n - 1,)) if n else None


def constructors(rounds):
    out = []
    for i in range(rounds):
        args, kwargs = tuple(range(1 + i % 4)), {"c": i} if i % 3 else {"d": 1}
        out.append(Pair(*args, **kwargs).parts)
    print(out[:5], len(set(map(str, out))))
    for wrong in ((), (1, 2)):
        try:
            Deep(*wrong)
        except TypeError as e:
            print(e)
    try:
        Bad(*(1,))
    except TypeError as e:
        print(e)
    try:
        Deep(*(10 ** 6,))
    except RecursionError:
        print("too deep")
    x, depth = Deep(*(30,)), 0
    while x.below:
        x, depth = x.below, depth + 1
    print(depth)


def changed_class(rounds):
    """`__init__` is replaced, and `__new__` added, while calls go on."""
    class C:
        def __init__(self, x):
            self.x = x

    out = []
    for i in range(rounds):
        out.append(C(*(i,)).x)
        if i == rounds // 3:
            C.__init__ = lambda self, x: setattr(self, "x", -1)
        if i == 2 * rounds // 3:
            C.__new__ = lambda cls, x: type("D", (), {"x": -2})()
    return out.count(-1), out.count(-2)


class Unfold:
    def __init__(self, i):
        self.i = i
        self.j = -i


def dicts(rounds):
    total = 0
    for i in range(rounds):
        x = Unfold(i)
        before = x.j
        d = x.__dict__
        x.i += 1
        d["j"] = 5
        total += d["i"] + x.j + before + (x.__dict__ is d)
        if i % 5 == 0:
            x.__dict__ = {"k": 1}
            total += x.k + len(x.__dict__)
    return total


class Fault(Exception):
    """Its `__dict__` is that of exceptions."""


def other_dicts(rounds):
    total = 0
    for i in range(rounds):
        e = Fault(i)
        e.note = i
        total += len(e.__dict__) + sum(e.__dict__.values())
    return total


class Meta(type):
    def __hash__(cls):
        return 1

    def __eq__(cls, other):
        return True


class Odd(metaclass=Meta):
    pass


def identities(rounds):
    classes = {int, str, Plain, Own, len, print}
    table = {Plain: "plain", len: "len", object: "object"}
    hits = 0
    for i in range(rounds):
        for key in (int, float, Plain, Odd if i % 10 == 0 else dict, len, object()):
            hits += (key in classes) + len(table.get(key, ""))
    odd = {Odd: 1}
    return hits, odd.get(Odd), hash(Plain) == object.__hash__(Plain), hash(Odd)


def addresses(rounds):
    memo, x = {}, []
    for i in range(rounds):
        d = id(x)
        memo[d] = i
        memo[id(memo)] = x
        if i % 100 == 0:
            x = [x]
    return len(memo) == rounds // 100 + 1, memo[id(x[0])] == rounds - 100, id(x) in memo


for rounds in (30, 4000):
    print(copies(rounds), own_reduce(rounds), replaced(rounds), raising(rounds))
    constructors(rounds)
    print(changed_class(rounds), dicts(rounds), other_dicts(rounds))
    print(identities(rounds), addresses(rounds - rounds % 100 or 100))
