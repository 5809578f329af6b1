# What inline caches and traces know of a class may change without the class.


class Made:
    def __init__(self, a):
        self.a = a


def make(count):
    for i in range(count):
        made = Made(i)
    return made.a


def other(self, a, *rest, k=3, **named):
    self.a = (a, rest, k, named)


print(make(300))
Made.__init__.__code__ = other.__code__
Made.__init__.__kwdefaults__ = {"k": 4}
print(make(3), make(300))


class Shown:
    @property
    def x(self):
        return 1


def look(shown):
    total = 0
    for _ in range(3):
        total += shown.x
    return total


def getter(k):
    names = {}
    exec("def get(self): return %d" % k, names)
    return names["get"]


shown = Shown()
for _ in range(300):
    look(shown)
wrong = 0
# CPython keeps to the getters that its caches have seen.
x = Shown.__dict__["x"]
for k in range(500):
    x.__init__(getter(k))
    wrong += look(shown) != 3 * k
    junk = [getter(k + i) for i in range(5)]
    wrong += look(shown) != 3 * k
print(wrong)
x.__init__()
try:
    look(shown)
except AttributeError as error:
    print(error)
