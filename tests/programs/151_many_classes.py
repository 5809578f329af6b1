"""Instructions that meet objects of many classes: `type`, `isinstance`, `issubclass`, `getattr`, methods, `__dict__`, constructors."""


def make(number):
    class C:
        def __init__(self, x=number):
            self.x = x

        def get(self):
            return self.x * number

        def __reduce__(self):
            return (C, (self.x,))

    C.__name__ = f"C{number}"
    return C


classes = [make(i) for i in range(12)]


class WithGetattr:
    def __getattr__(self, name):
        if name == "x":
            return 1000
        raise AttributeError(name)

    def get(self):
        return -1


class WithGetattribute:
    def __getattribute__(self, name):
        return (lambda: 5) if name == "get" else 7


class WithProperty:
    @property
    def x(self):
        return 33

    @property
    def get(self):
        return lambda: 44


class WithSlots:
    __slots__ = ("x", "y")

    def __init__(self):
        self.x = 3

    def get(self):
        return 9


class Liar:
    """Says that it is of another class."""

    @property
    def __class__(self):
        return dict

    def get(self):
        return 1


class Static:
    x = 17

    @staticmethod
    def get():
        return 2

    @classmethod
    def made(cls):
        return cls.__name__


class Meta(type):
    def __instancecheck__(cls, other):
        return hasattr(other, "number")

    def __subclasscheck__(cls, other):
        return other is int


class Asked(metaclass=Meta):
    pass


class Fault(Exception):
    x = "of a fault"

    def get(self):
        return 21


def own():
    x = classes[3]()
    x.get = lambda: "own"
    return x


def many():
    everything = [C() for C in classes] + [WithGetattr(), WithProperty(), WithSlots(), Liar(), Static(), own(), Fault()]
    return everything + [5, 1.5, "text", None, [1], (2,), {3: 4}, {5}, True, len, int, classes[0], b"x", 1j]


def types(rounds):
    counts, atoms = {}, {int, str, float, type(None)}
    hits = 0
    for _ in range(rounds):
        for x in many():
            cls = type(x)
            counts[cls] = counts.get(cls, 0) + 1
            hits += cls in atoms
    return hits, len(counts), counts[int], counts[classes[5]], set(counts.values())


def derived(rounds):
    total = [0] * 7
    for _ in range(rounds):
        for x in many():
            total[0] += isinstance(x, classes[2])
            total[1] += isinstance(x, (int, float, complex))
            total[2] += isinstance(x, dict)
            total[3] += issubclass(type(x), int)
            total[4] += issubclass(type(x), (Exception, str))
            total[5] += isinstance(x, Asked)
            total[6] += issubclass(type(x), Asked)
    return total


def attributes(rounds):
    total, names = 0, set()
    for i in range(rounds):
        for x in many() + [WithGetattribute()]:
            y = getattr(x, "x", None)
            names.add(str(y))
            total += hasattr(x, "get") + 2 * hasattr(x, "append") + 4 * hasattr(x, "x")
            method = getattr(x, "append", 0)
            if method and callable(method):
                method(i)
                total += len(x)
    return total, sorted(names)


def methods(rounds):
    seen, before = [], [C.get for C in (classes[4], classes[5], Fault)]
    for i in range(rounds):
        if i == rounds // 2:
            Fault.get = lambda self: 22
            classes[4].get = lambda self: "replaced"
            classes[5].get = len
        for x in many() + [WithGetattribute()]:
            try:
                seen.append(str(x.get()))
            except (AttributeError, TypeError) as e:
                seen.append(type(e).__name__)
    classes[4].get, classes[5].get, Fault.get = before
    return len(seen), {s: seen.count(s) for s in sorted(set(seen))}


def dicts(rounds):
    total = 0
    for i in range(rounds):
        for x in many():
            try:
                d = x.__dict__
            except AttributeError:
                total += 1
                continue
            if type(d) is dict:
                d["added"] = i
                total += len(d) + x.added + (x.__dict__ is d)
    return total


def constructors(rounds):
    total = 0
    for i in range(rounds):
        for C in classes + [Static, Fault, list, int]:
            args = (i,) if C in classes else ()
            x = C(*args)
            if C in classes:
                total += x.get() + C(2).x
            reduce = getattr(x, "__reduce_ex__", None)
            y = reduce(4)
            total += len(y) + (y[0] is C)
    return total


def removed(rounds):
    """Classes that are made anew, each with what the others have."""
    total = 0
    for i in range(rounds):
        C = make(i % 5)
        x = C(i)
        total += x.get() + len(x.__dict__) + hasattr(x, "get") + isinstance(x, C) + issubclass(C, type(x))
        reduce = x.__reduce_ex__
        f, args = reduce(2)
        total += f(*args).get() + (getattr(x, "missing", None) is None)
    return total


for rounds in (3, 300):
    print(types(rounds))
    print(derived(rounds))
    print(attributes(rounds))
    print(methods(rounds))
    print(dicts(rounds), constructors(rounds), removed(10 * rounds))
