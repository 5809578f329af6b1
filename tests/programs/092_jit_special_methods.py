"""Special methods, properties, calls of all kinds and closures in loops that are compiled: what they do, and what happens
when one of them suddenly does something else."""


class Vector:
    def __init__(self, x, y=0.0, *, scale=1.0):
        self.x = x * scale
        self.y = y * scale

    def __add__(self, other):
        if isinstance(other, Vector):
            return Vector(self.x + other.x, self.y + other.y)
        return NotImplemented

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor)

    def __rmul__(self, factor):
        return Vector(factor * self.x, factor * self.y)

    def __iadd__(self, other):
        if other is None:
            return NotImplemented
        self.x += other.x
        self.y += other.y
        return self

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __eq__(self, other):
        if not isinstance(other, Vector):
            return NotImplemented
        return self.x == other.x and self.y == other.y

    def __lt__(self, other):
        return self.x < other.x

    def __bool__(self):
        return self.x != 0.0

    def __repr__(self):
        return f"V({self.x:g}, {self.y:g})"

    @property
    def norm(self):
        return self.x * self.x + self.y * self.y

    @norm.setter
    def norm(self, value):
        self.x = value
        self.y = 0.0

    @classmethod
    def unit(cls, k):
        return cls(k, scale=2.0)

    @staticmethod
    def half(k):
        return k / 2


class Other:
    def __radd__(self, left):
        return "radd"

    def __eq__(self, right):
        return "other"


def operators(n):
    total = Vector(0.0, 0.0)
    step = Vector(1.0, 2.0)
    truths = 0
    for i in range(n):
        total = total + step * 0.5 - -step
        total += step
        total = total + 2.0 * step
        if total == step or not total:
            truths += 1
        if step < total:
            truths += 10
        if total != step:
            truths += 100
    return total, truths


def declines(n):
    out = []
    v = Vector(1.0, 1.0)
    things = [Vector(1.0, 0.0)] * (n - 3) + [Other(), 5, None]
    for thing in things:
        try:
            r = v + thing
        except TypeError as e:
            r = str(e)
        out.append((r, v == thing, v != thing))
    return out[-4:]


def inplace_declines(n):
    v = Vector(1.0, 1.0)
    for thing in [Vector(1.0, 0.0)] * n + [None]:
        try:
            v += thing
        except TypeError as e:
            return str(e), v


class Box:
    def __init__(self):
        self.items = {}

    def __len__(self):
        return len(self.items)

    def __getitem__(self, key):
        return self.items[key]

    def __setitem__(self, key, value):
        self.items[key] = value

    def __contains__(self, key):
        return self.items.get(key)

    def __iter__(self):
        return iter(self.items)

    def __call__(self, key, default=None):
        if key in self:
            return self[key]
        return default


def containers(n):
    box = Box()
    hits = 0
    for i in range(n):
        if box:
            hits += 1
        box[i % 7] = i
        hits += len(box) + box[i % 7]
        if i % 9 in box:
            hits += 1000
        if i % 9 not in box:
            hits += 100000
        hits += box(i % 11, 3)
        for key in box:
            hits += key
    return hits


class Stack(list):
    """A list with nothing of its own."""


class Counted(list):
    def __len__(self):
        return 100


def subclasses(n):
    stack, counted = Stack(), Counted()
    total = 0
    for i in range(n):
        stack.append(i)
        counted.append(i)
        total += len(stack) + len(counted) + stack[i] + counted[-1]
        stack[i] = total
        if stack:
            total += 1
        if counted:
            total += 1
    for value in stack:
        total += value & 1
    return total


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Late:
    pass


def attributes(n):
    total = 0
    v = Vector(3.0)
    for i in range(n):
        s = Slots(i)
        s.b = s.a + 1
        total += s.b
        late = Late()
        late.first = i
        late.second = late.first + 1
        late.first = 5
        total += late.second + late.first
        v.norm = i * 1.0
        total += v.norm + Vector.half(i) + v.half(i) + Vector.unit(i).x + v.unit(i).x
        late.__dict__["third"] = 7
        late.fourth = late.third
        total += late.fourth
        method = v.__add__
        total += method(v).x
        total += v.__class__ is Vector
    return total


class Base:
    def __init__(self, value):
        self.value = value

    def get(self, k):
        return self.value + k


class Derived(Base):
    kind = 4

    def __init__(self, value):
        super().__init__(value)
        self.more = self.kind

    def get(self, k):
        return super().get(k) + self.more


def supers(n):
    total = 0
    for i in range(n):
        total += Derived(i).get(1)
    return total


def spread(a, b=2, *rest, c=3, **others):
    return a + 10 * b + 100 * len(rest) + 1000 * c + 10000 * len(others) + sum(rest) + others.get("z", 0)


def passes(*args, **kwargs):
    return spread(*args, **kwargs)


def positional(*args):
    return spread(*args)


def calls(n):
    total = 0
    for i in range(n):
        total += spread(i)
        total += spread(i, b=1)
        total += spread(b=i, a=2, c=5)
        total += spread(1, 2, 3, i)
        total += spread(1, z=i, y=2)
        total += passes(i, 1, 2, c=7, z=i)
        total += positional(i, 4, 5)
        total += positional(i)
    return total


def closures(n):
    total = 0

    def add(k):
        nonlocal total
        total += k
        return total

    def make(k):
        def inner(j, extra=k):
            return j + k + extra

        return inner

    for i in range(n):
        add(i)
        f = make(i)
        total += f(1) + f(2, extra=3)
        g = lambda q: q * i
        total += g(2)
    return total


class Manager:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append(1)
        return self

    def __exit__(self, kind, value, traceback):
        self.log.append(2 if kind is None else 3)
        return True


def managers(n):
    log = []
    for i in range(n):
        with Manager(log) as m:
            if i % 50 == 49:
                raise ValueError(i)
    return sum(log), len(log)


def comparisons(n):
    a, b = object(), object()
    things = [a, b, None, 1, 2.0, "x", (1,), [1], {}, Late()]
    found = 0
    for i in range(n):
        x = things[i % 10]
        for y in things:
            if x == y:
                found += 1
            if x != y:
                found += 1000
    return found


def deep(n):
    """An exception in the middle of a special method, and one that is caught outside."""
    class Touchy:
        def __init__(self, k):
            self.k = k

        def __add__(self, other):
            if self.k == 777:
                raise KeyError("add")
            return Touchy(self.k + other.k)

        def __lt__(self, other):
            if self.k == 555:
                raise KeyError("lt")
            return self.k < other.k

        def __len__(self):
            return self.k - 444

        def __bool__(self):
            return 1 if self.k == 666 else True

    one = Touchy(1)
    t = Touchy(0)
    seen = []
    for i in range(n):
        try:
            if one < t:
                seen.append(0) if i % 100 == 0 else None
            if t < one:
                pass
            if t:
                pass
            t = t + one
        except (KeyError, TypeError) as e:
            seen.append((i, str(e)))
            t.k += 1
        try:
            len(t)
        except ValueError as e:
            if i == 3:
                seen.append(str(e))
    return seen


class Meta(type):
    def __call__(cls, *args):
        return ("meta", cls.__name__, *args)


class Made(metaclass=Meta):
    pass


class Reduced(type):
    counter = 0

    def next(cls):
        cls.counter += 1
        return cls.counter


class Plain(metaclass=Reduced):
    def __init__(self, k=4):
        self.k = k


def metaclasses(n):
    total = 0
    for i in range(n):
        total += len(Made(i, i)) + Plain(i).k + Plain().k + Plain.next()
    return total


class Whole(int):
    def __radd__(self, left):
        return ("radd", left)

    def __rsub__(self, left):
        return ("rsub", left)


class Half(float):
    def __rsub__(self, left):
        return NotImplemented


def numbers(n):
    out = []
    w, h = Whole(3), Half(0.5)
    for i in range(n):
        out = [1 + w, 1.5 + w, i - w, 2.5 - w, w + 1, w + w, 1.5 - h, h - i, True + w, w == 3, 3 == w, w < h]
    return out


for function in [numbers, operators, declines, inplace_declines, containers, subclasses, attributes, supers, calls, closures,
                 managers, comparisons, deep, metaclasses]:
    for n in (10, 1000):
        print(function.__name__, n, function(n))

# A class changes under a compiled loop.


def changing(n):
    total = 0
    v, w = Vector(1.0, 2.0), Vector(3.0, 4.0)
    for i in range(n):
        total += (v + w).x
        if i == n // 2:
            Vector.__add__ = lambda self, other: Vector(1000.0)
        if i == n // 2 + 10:
            del Vector.__add__
            try:
                v + w
            except TypeError as e:
                return total, str(e)


print(changing(1000))
