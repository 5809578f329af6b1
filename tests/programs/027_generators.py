# Generators: send, throw, close, yield from, return values, laziness, state, recursion.
def count(n):
    print("start")
    for i in range(n):
        got = yield i
        if got:
            print("got", got)
    return "done"


g = count(3)
print(type(g).__name__, g.__name__, next(g), g.send("x"), next(g))
try:
    next(g)
except StopIteration as e:
    print("stopped", e.value)
print(next(g, "exhausted"), list(g))


def delegating():
    result = yield from count(2)
    print("inner returned", result)
    result = yield from [10, 20]
    print("list returned", result)
    yield from "ab"
    return "end"


print(list(delegating()))


def inner():
    log = []
    while True:
        try:
            x = yield len(log)
            log.append(x)
        except ValueError as e:
            log.append("caught " + str(e))
        except GeneratorExit:
            print("inner closes", log)
            raise


def outer():
    try:
        yield from inner()
    finally:
        print("outer cleans up")


g = outer()
print(next(g), g.send("a"), g.send("b"), g.throw(ValueError("v")))
g.close()
g.close()
g = outer()
next(g)
try:
    g.throw(KeyError("escapes"))
except KeyError as e:
    print("KeyError", e)
print(list(g))


def refuses():
    try:
        yield 1
    except GeneratorExit:
        yield "no"


g = refuses()
next(g)
try:
    g.close()
except RuntimeError as e:
    print(e)


def stops():
    raise StopIteration("inside")
    yield


try:
    list(stops())
except RuntimeError as e:
    print(e, repr(e.__cause__))
g = count(1)
try:
    g.send("early")
except TypeError as e:
    print(e)


def reenter():
    yield next(me)


me = reenter()
try:
    next(me)
except ValueError as e:
    print(e)


def fib():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


def take(n, it):
    for _, x in zip(range(n), it):
        yield x


print(list(take(15, fib())))


def tree(n):
    if n:
        yield from tree(n - 1)
        yield n
        yield from tree(n - 1)


print(list(tree(4)), sum(1 for _ in tree(10)))


def average():
    total = n = 0
    value = None
    while True:
        value = yield value
        total += value
        n += 1
        value = total / n


a = average()
next(a)
print([a.send(x) for x in (10, 20, 60)])


def permutations(items):
    if not items:
        yield []
    for i, x in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1:]):
            yield [x] + rest


print([("".join(p)) for p in permutations(list("abc"))])


def with_finally(log):
    try:
        yield 1
        yield 2
    finally:
        log.append("finally")


log = []
for x in with_finally(log):
    break
print(log)
g = with_finally(log)
next(g)
del g
print(log)


def exception_in_body():
    for i in range(3):
        try:
            yield i
            if i == 1:
                raise ValueError("one")
        except ValueError as e:
            yield str(e)


print(list(exception_in_body()))
import inspect
g = fib()
print(inspect.getgeneratorstate(g), g.gi_running, g.gi_frame is not None)
next(g)
print(inspect.getgeneratorstate(g), sorted(g.gi_frame.f_locals), g.gi_code.co_name)
g.close()
print(inspect.getgeneratorstate(g), g.gi_frame)


def pipeline(source):
    evens = (x for x in source if x % 2 == 0)
    squares = (x * x for x in evens)
    return sum(take(5, squares))


print(pipeline(fib()))


def flatten(x):
    if isinstance(x, (list, tuple)):
        for item in x:
            yield from flatten(item)
    else:
        yield x


print(list(flatten([1, [2, (3, [4, []]), 5], ((6,),)])))


class Iterable:
    def __iter__(self):
        yield from (1, 2)
        yield 3


i = Iterable()
print(list(i), list(i), 2 in i, max(i), [*i, *i], dict(enumerate(i)))


def swap():
    received = yield
    while received is not None:
        received = yield received[::-1]


s = swap()
next(s)
print(s.send("abc"), s.send([1, 2]))
try:
    s.send(None)
except StopIteration:
    print("finished")


def chain_returns():
    a = yield from returns(1)
    b = yield from returns(2)
    return a + b


def returns(n):
    yield n
    return n * 10


def collect(gen):
    out = []
    while True:
        try:
            out.append(next(gen))
        except StopIteration as e:
            return out, e.value


print(collect(chain_returns()))


def deep(n):
    if n == 0:
        yield "bottom"
    else:
        yield from deep(n - 1)


print(list(deep(200)))


def throw_through(n):
    try:
        if n:
            yield from throw_through(n - 1)
        else:
            yield "waiting"
    except ValueError as e:
        yield "level %d %s" % (n, e)


g = throw_through(3)
print(next(g), g.throw(ValueError("x")), list(g))
lam = lambda: (yield 5)
print(list(lam()))
def in_class():
    class C:
        values = [x for x in range(3)]
    yield from C.values
print(list(in_class()))
def sends_to_non_generator():
    yield from iter([1, 2])
g = sends_to_non_generator()
next(g)
try:
    g.send("x")
except AttributeError:
    print("a list iterator has no send")
