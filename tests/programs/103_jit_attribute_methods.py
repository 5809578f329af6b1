"""Classes with `__getattr__`, `__setattr__` and slices by `__getitem__`, in compiled loops."""


class Proxy:
    def __init__(self, target):
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "log", [])

    def __getattr__(self, name):
        if name.startswith("no_"):
            raise AttributeError(name)
        return getattr(self.target, name)

    def __setattr__(self, name, value):
        if name == "bad":
            raise ValueError(value)
        self.log.append(name)
        setattr(self.target, name, value)


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def norm(self, k):
        return abs(self.x) + abs(self.y) * k


def proxies(n):
    p, total, missing, bad = Proxy(Point(1, -2)), 0, 0, 0
    for i in range(n):
        p.x = i
        p.y = p.x - 2 * i
        total += p.norm(2)
        try:
            total += p.no_such
        except AttributeError as e:
            missing += len(e.args[0])
        try:
            if i % 3 == 0:
                p.bad = i
        except ValueError as e:
            bad += e.args[0]
        if getattr(p, "no_thing", None) is not None or hasattr(p, "no_other"):
            total = -1
    return total, missing, bad, len(p.log)


class Counted:
    made = 0

    def __getattr__(self, name):
        Counted.made += 1
        value = name * 2
        if Counted.made % 2:
            self.__dict__[name] = value
        return value


def lazily(n):
    out = 0
    for i in range(n):
        c = Counted()
        out += len(c.abc) + len(c.abc) + len(c.defgh)
    return out, Counted.made


class Window:
    def __init__(self, data):
        self.data = data

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Window(self.data[index])
        return self.data[index]

    def __len__(self):
        return len(self.data)


def windows(n):
    w, out = Window(list(range(40))), 0
    for i in range(n):
        part = w[i % 7:20]
        out += len(part) + part[0] + w[-3:][1] + len(w[:]) + sum(x for x in w[i % 30:])
        for x in part:
            out += x
        try:
            part[50]
        except IndexError:
            out += 1
    return out


def sums(n):
    out = 0
    for i in range(n):
        try:
            out += Window([1, 2, 3])["a":i] is None
        except TypeError as e:
            out += len(str(e)) > 10
    return out


N = 300
print(proxies(N))
print(lazily(N))
print(windows(N))
print(sums(N))
