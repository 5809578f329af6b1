# Assignment in all its forms: unpacking, stars, nesting, chains, augmented, subscripts and attributes as targets.
a, b, c = 1, 2, 3
(d, e), [f, *g] = (4, 5), "xyz"
*h, i = range(4)
j, *k, l = "abcdef"
m, *n = (1,)
[o] = [9]
*p, = "pq"
print(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
x = y = z = []
x.append(1)
print(y, z is x)
data = [0, 0, 0]
index = 0
index, data[index] = 1, "set at one"
print(index, data)


class Obj:
    pass


obj = Obj()
obj.a, obj.b, data[0], data[-1:] = 1, 2, 3, [7, 8]
print(obj.__dict__, data)
for q, (r, *s) in [(1, (2, 3, 4)), (5, [6])]:
    print(q, r, s)
(t, u), v = {"a": 1, "b": 2}, 3
print(t, u, v)
first, (second, (third, *rest)), *others = 1, (2, (3, 4, 5)), 6, 7
print(first, second, third, rest, others)
a, b, c = b, c, a
print(a, b, c)
for values in ((1,), (1, 2, 3)):
    try:
        a, b = values
    except ValueError as e:
        print("ValueError", len(values))
try:
    a, *b, c = [1]
except ValueError as e:
    print(e)
try:
    a, b = 5
except TypeError as e:
    print(e)
try:
    a, b = None
except TypeError as e:
    print(e)


def gen():
    yield 1
    yield 2
    yield 3


a, b, c = gen()
a, *b = gen()
print(a, b, c, *gen(), sep="/")


class Pair:
    def __init__(self, *values):
        self.values = values

    def __iter__(self):
        return iter(self.values)


class Old:
    def __getitem__(self, i):
        if i > 2:
            raise IndexError
        return i * 10


a, b = Pair("left", "right")
c, d, e = Old()
print(a, b, c, d, e, [*Old()], (*Pair(1, 2), 3))


def f(*args, **kwargs):
    return args, kwargs


print(f(*[1, 2], 3, *"ab", k=1, **{"x": 2}, **{"y": 3}), f(*(), **{}), f(*Pair(1), *Old()), f(**dict(z=1)))
try:
    f(**{"a": 1}, **{"a": 2})
except TypeError as e:
    print("TypeError: twice")
try:
    f(**{1: 2})
except TypeError as e:
    print(e)
try:
    f(*5)
except TypeError as e:
    print("TypeError: star")


class Log:
    def __init__(self):
        object.__setattr__(self, "log", [])

    def __setattr__(self, name, value):
        self.log.append((name, value))

    def __getattr__(self, name):
        self.log.append(name)
        return 10

    def __setitem__(self, key, value):
        self.log.append(("item", key, value))

    def __getitem__(self, key):
        self.log.append(("get", key))
        return 5


log = Log()
log.a, log["k"], (log.b, *log.c) = 1, 2, (3, 4, 5)
log.d += 1
log["e"] -= 1
print(log.log)
lst = [1, 2]
alias = lst
lst += [3]
lst = lst + [4]
print(lst, alias)
tup = (1,)
alias = tup
tup += (2,)
print(tup, alias)
n = 5
n += n * 2
n -= 3 - 1
n *= 2 + 1
n //= 2
n **= 2
n %= 100
n |= 8
n = -n
print(n)
x: int = 5
y: "str"
(z): float = 1.5
print(x, z, "y" in globals())
del x, (z, data[0])
print("x" in globals(), data)
for obj.attr in range(3):
    pass
for data[0] in "xyz":
    pass
print(obj.attr, data)
with open(__file__) as (obj.stream):
    print(obj.stream.readline().strip()[:12])
print([a for a, in [(1,), (2,)]], [x for [x] in [[1]]], {**{"a": 1}, **{"b": 2}} == dict(a=1, b=2))
ret = (lambda: (1, *[2, 3]))()
print(ret)


def returns():
    values = [2, 3]
    return 1, *values


def yields():
    values = [2, 3]
    yield 1, *values


print(returns(), list(yields()))
for item in 1, *[2, 3], 4:
    print(item, end=" ")
print()
