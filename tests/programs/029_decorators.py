# Decorators: functions, classes, parameters, stacking, wraps, methods, registries.
import functools

log = []


def trace(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        log.append((f.__name__, args, kwargs))
        return f(*args, **kwargs)
    return wrapper


@trace
def add(a, b=1):
    """Adds."""
    return a + b


print(add(1), add(1, b=5), log, add.__name__, add.__doc__, add.__wrapped__(2, 3))


def repeat(n):
    def decorate(f):
        @functools.wraps(f)
        def wrapper(*a):
            return [f(*a) for _ in range(n)]
        return wrapper
    return decorate


@repeat(2)
@repeat(n=3)
def hello():
    return "hi"


print(hello(), hello.__name__)


def order(tag):
    print("evaluate", tag)

    def decorate(f):
        print("apply", tag)
        return f
    return decorate


@order("first")
@order("second")
def f():
    pass


class Memo:
    def __init__(self, f):
        functools.update_wrapper(self, f)
        self.f, self.cache, self.hits = f, {}, 0

    def __call__(self, *args):
        if args in self.cache:
            self.hits += 1
        else:
            self.cache[args] = self.f(*args)
        return self.cache[args]

    def __get__(self, obj, owner):
        return self if obj is None else functools.partial(self, obj)


@Memo
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(80), fib.hits, fib.__name__)


class Host:
    @Memo
    def method(self, x):
        return x * 2

    @trace
    def traced(self, x):
        return x

    @classmethod
    @trace
    def cls_traced(cls, x):
        return cls.__name__, x

    @staticmethod
    @trace
    def static_traced(x):
        return x

    @property
    @trace
    def prop(self):
        return "prop"


log.clear()
h = Host()
print(h.method(4), h.method(4), Host.method.hits, h.traced(1), h.cls_traced(2), Host.static_traced(3), h.prop)
print([entry[0] for entry in log], len(log[0][1]), log[1][1][0] is Host)


def add_methods(**methods):
    def decorate(cls):
        for name, value in methods.items():
            setattr(cls, name, value)
        cls.decorated = True
        return cls
    return decorate


@add_methods(double=lambda self: self.v * 2, tag="t")
class Value:
    def __init__(self, v):
        self.v = v


print(Value(4).double(), Value.tag, Value.decorated)


def replace_with(value):
    return lambda f: value


@replace_with(42)
def not_a_function():
    pass


@replace_with([1, 2])
class NotAClass:
    pass


print(not_a_function, NotAClass)
registry = {}


def register(name=None):
    if callable(name):
        registry[name.__name__] = name
        return name
    return lambda f: registry.setdefault(name, f)


@register
def plain():
    return "plain"


@register("other name")
def named():
    return "named"


print({k: v() for k, v in registry.items()})
decorators = {"x": [lambda f: (f, "from a list")]}


@decorators["x"][0]
def odd():
    pass


@(lambda f: f.__name__ + " by lambda")
def lam():
    pass


@(wrapped := repeat(1))
def walrus():
    return "w"


print(odd[1], lam, walrus(), wrapped is not None)


def singleton(cls):
    instances = {}

    @functools.wraps(cls, updated=())
    def get(*a, **k):
        if cls not in instances:
            instances[cls] = cls(*a, **k)
        return instances[cls]
    return get


@singleton
class Config:
    def __init__(self, v):
        self.v = v


print(Config(1).v, Config(2).v, Config is not None, Config.__name__)


def validate(**kinds):
    def decorate(f):
        @functools.wraps(f)
        def wrapper(**kw):
            for name, kind in kinds.items():
                if not isinstance(kw[name], kind):
                    raise TypeError(f"{name} is no {kind.__name__}")
            return f(**kw)
        return wrapper
    return decorate


@validate(a=int, b=str)
def checked(a, b):
    return a, b


print(checked(a=1, b="x"))
try:
    checked(a="1", b="x")
except TypeError as e:
    print(e)


def state(f):
    f.calls = 0

    @functools.wraps(f)
    def wrapper(*a):
        f.calls += 1
        wrapper.last = a
        return f(*a)
    return wrapper


@state
def counted(x):
    return x


counted(1), counted(2)
print(counted.__wrapped__.calls, counted.last, counted.calls)


def retry(times, catch):
    def decorate(f):
        def wrapper():
            for attempt in range(1, times + 1):
                try:
                    return f(attempt), attempt
                except catch as e:
                    problem = e
            raise problem
        return wrapper
    return decorate


@retry(3, ValueError)
def flaky(attempt):
    if attempt < 3:
        raise ValueError(attempt)
    return "ok"


@retry(2, (KeyError, ValueError))
def hopeless(attempt):
    raise KeyError(attempt)


print(flaky())
try:
    hopeless()
except KeyError as e:
    print("gave up", e)


def generator_decorator(f):
    @functools.wraps(f)
    def wrapper(*a):
        g = f(*a)
        next(g)
        return g
    return wrapper


@generator_decorator
def receiver():
    out = []
    while True:
        x = yield out
        out.append(x)


r = receiver()
r.send(1)
print(r.send(2))
