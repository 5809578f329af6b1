# Names: global, nonlocal, closures, cells, class bodies, late binding, del, builtins shadowed.
x = "global"


def reads():
    return x


def assigns():
    x = "local"
    return x


def declares():
    global x, created
    x = "changed"
    created = "new global"


print(reads(), assigns(), x)
declares()
print(x, created, reads())


def counter():
    n = 0

    def up(by=1):
        nonlocal n
        n += by
        return n

    def get():
        return n
    return up, get


up, get = counter()
up2, get2 = counter()
print(up(), up(5), get(), up2(), get2(), up.__closure__[0].cell_contents, up.__code__.co_freevars)


def levels():
    a = 1

    def two():
        b = 2

        def three():
            nonlocal a, b
            a += 10
            b += 20
            return a + b
        return three(), three(), b
    return two(), a


print(levels())


def late():
    functions = []
    for i in range(3):
        functions.append(lambda: i)
    return [f() for f in functions], [f() for f in [lambda i=i: i for i in range(3)]]


print(late())


def before_assignment():
    def inner():
        return value
    try:
        inner()
    except NameError as e:
        print(type(e).__name__, e)
    value = 5
    return inner()


print(before_assignment())


def deleted():
    value = 1

    def inner():
        return value
    del value
    try:
        return inner()
    except NameError as e:
        return type(e).__name__


print(deleted())
y = "module y"


class Scope:
    y = "class y"
    z = y

    def method(self):
        return y

    def other(self):
        return self.y

    class Inner:
        w = y

    lam = lambda self: y


print(Scope.z, Scope().method(), Scope().other(), Scope.Inner.w, Scope().lam())


def make_class():
    y = "function y"

    class Local:
        seen = y
        y = "own y"
        after = y

        def method(self):
            return y
    return Local


L = make_class()
print(L.seen, L.after, L().method())


def shadows():
    len = lambda v: "shadowed"
    return len([1])


print(shadows(), len([1]))
list_backup, sum = list, lambda v: "my sum"
print(sum([1]), list_backup("ab"))
del sum
print(sum([1, 2]))


def parameters(a, b=x, *, c=y):
    def show():
        return a, b, c
    a = a + 1
    return show()


x = y = "too late for defaults"
print(parameters(1), parameters(1, 2, c=3))


def loops():
    for i in range(3):
        def f():
            return i
    i = 100
    return f()


print(loops())


def exception_name():
    e = "kept?"
    try:
        raise ValueError("v")
    except ValueError as e:
        pass
    try:
        return e
    except UnboundLocalError:
        return "the name is gone"


print(exception_name())


def recursive(n):
    def go(k):
        return 0 if k == 0 else k + go(k - 1)
    return go(n)


print(recursive(10))


def nonlocal_in_class():
    n = 0

    class C:
        nonlocal n
        n = 5

        def bump(self):
            nonlocal n
            n += 1
            return n
    return C().bump(), n, hasattr(C, "n")


print(nonlocal_in_class())


def comprehension_scope():
    k = 1
    r = [k for k in range(3)]
    g = list(k for _ in range(2))
    return k, r, g, [(lambda: k + j)() for j in range(2)]


print(comprehension_scope())
print(sorted(n for n in globals() if not n.startswith("_"))[:8])


def local_names(a, b=2):
    c = 3
    return sorted(locals())


print(local_names(1))


def accumulate():
    total = 0
    def add(n):
        nonlocal total
        total += n
        return add
    add.total = lambda: total
    return add


print(accumulate()(1)(2)(3).total())
exec("made_by_exec = x")
print(made_by_exec)
def same(cell_a, cell_b):
    return cell_a.__closure__[0] is cell_b.__closure__[0]
print(same(up, get), same(up, up2), up.__closure__[0] == get.__closure__[0])
if True:
    conditional = "module level blocks have no scope"
print(conditional)
try:
    print(never_defined)
except NameError as e:
    print(e)
