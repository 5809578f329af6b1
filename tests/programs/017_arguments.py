# Every kind of parameter and argument.
def pos_only(a, b=2, /, c=3, *, d, e=5, **rest):
    return a, b, c, d, e, rest


print(pos_only(1, d=4), pos_only(1, 9, 8, d=7, e=6, f=5), pos_only(1, c=2, d=3, a="in rest", b="too"))


def star(a, *args, b=1, **kwargs):
    return a, args, b, kwargs


print(star(1), star(1, 2, 3), star(1, 2, b=3), star(a=1, c=2), star(*"abc", **{"b": 2, "z": 3}),
    star(1, *[2], *(3, 4), b=5, **{}))


def kw_only(*, x, y=2):
    return x, y


print(kw_only(x=1), kw_only(y=1, x=2))
EXACT = ("pos", "star()", "star(1", "kw_only()", "(lambda", "len", "[]")
for text in ("pos_only(a=1, d=2)", "pos_only(1)", "pos_only()", "star()", "star(1, a=2)", "kw_only()", "kw_only(1)",
    "kw_only(1, x=2)", "kw_only(x=1, z=3)",
             "(lambda a, b: 0)(1)", "(lambda: 0)(1)", "(lambda a, b, c: 0)()", "(lambda a, *, b, c: 0)(1)", "(lambda *, b: 0)()", "len()", "len(1, 2)",
             "pow(2)", "int('1', base=10, x=1)", "print(1, foo=2)", "[].append()", "[].append(1, 2)", "{}.update(1, 2)", "''.join()", "sorted()",
             "star(**1)", "range()", "isinstance(1)", "kw_only(**{'x': 1}, x=2)"):
    try:
        print(text, eval(text))
    except TypeError as e:
        print(text.ljust(28), e if text.startswith(EXACT) else "TypeError")


def order():
    log = []

    def n(x):
        log.append(x)
        return x

    def f(*a, **k):
        return None
    f(n(1), *[n(2)], n(3), k=n(4), **{"j": n(5)}, l=n(6))
    return log


print(order())


def defaults_evaluated_once(a=[], *, b={}):
    a.append(1)
    b[len(a)] = a[-1]
    return a, b


print(defaults_evaluated_once(), defaults_evaluated_once(), defaults_evaluated_once.__defaults__,
    defaults_evaluated_once.__kwdefaults__)
star.__defaults__ = None
pos_only.__kwdefaults__ = {"d": "default d", "e": "default e"}
pos_only.__defaults__ = (20,)
print(pos_only(1, 2), pos_only(1, 2, d=0), pos_only(1, 2, 3, e=0))


def passes(*args, **kwargs):
    args += (1,)
    kwargs["x"] = 1
    return args, kwargs


given = {"y": 2}
items = [5]
print(passes(*items, **given), given, items)


class Method:
    def m(self, a, *b, c=3):
        return a, b, c

    @classmethod
    def cm(cls, *a, **k):
        return cls.__name__, a, k

    @staticmethod
    def sm(a, b=2, /):
        return a, b

    def __call__(self, *args, **kwargs):
        return "call", args, kwargs


m = Method()
print(m.m(1), m.m(1, 2, 3, c=4), Method.m(m, 5), m.cm(1, x=2), Method.cm(), m.sm(1), Method.sm(1, 3), m(1, y=2),
    m.__call__())
bound = m.m
print(bound(1, c=9), bound.__self__ is m, bound.__func__ is Method.m, m.m == m.m, m.m is m.m)


class Mapping:
    def keys(self):
        return ["p", "q"]

    def __getitem__(self, key):
        return key * 2


print(star(0, **Mapping()), dict(**Mapping()), {**Mapping()})


def gen_args(n):
    yield from range(n)


print(star(*gen_args(4)), max(*gen_args(5)), [*gen_args(2), *gen_args(3)], print(*gen_args(3), sep=","))


def many(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z):
    return a + z


print(many(*range(26)), many(**{chr(97 + i): i for i in range(26)}),
    many(*range(13), **{chr(97 + i): i for i in range(13, 26)}))
print((lambda *a, k=1, **kw: (a, k, kw))(1, 2, k=3, z=4), (lambda a, /, b, *, c: a + b + c)(1, b=2, c=3),
    (lambda *, a=1: a)())
def recurse(*args):
    return args if len(args) > 4 else recurse(*args, len(args))
print(recurse())
def annotated(a: "x", /, b: "y" = 1, *c: "z", d: "w", **e: "v") -> "u":
    pass
print(sorted(annotated.__annotations__.items()), annotated.__code__.co_posonlyargcount,
    annotated.__code__.co_kwonlyargcount, annotated.__code__.co_argcount)
