# Chains of `yield from` and `await`, which are resumed at their innermost generator: what can be seen of those between.
import gc
import inspect
import sys


def leaf(log):
    for i in range(12):
        try:
            got = yield i
        except KeyError as e:
            log.append(("caught", e.args, sys.exc_info()[0].__name__))
            got = "handled"
        log.append(got)
    return "leaf"


def level(n, log):
    if n == 0:
        result = yield from leaf(log)
    else:
        result = yield from level(n - 1, log)
    yield ("after", n, result)
    return (n, result)


log = []
chain = level(4, log)
print(next(chain), chain.send("a"), chain.send("b"))


def inside(generator):
    found = []
    while inspect.isgenerator(generator):
        found.append(generator)
        generator = generator.gi_yieldfrom
    return found


members = inside(chain)
print(len(members), [m.gi_running for m in members], [m.gi_suspended for m in members])
print([m.gi_frame.f_back for m in members], [m.gi_frame.f_lineno - m.gi_code.co_firstlineno for m in members])
print(chain.send("c"), chain.throw(KeyError("k")), log)
# Another one resumes a generator from the middle of the chain.
print(next(members[2]), next(chain), next(members[-1]), members[1].send("x"))
print(list(chain), log)

# The innermost generator looks at those around it while it runs.
def looks(chain):
    for turn in range(3):
        members = inside(chain[0])
        frame, names = sys._getframe(), []
        while frame and frame.f_code.co_name != "<module>":
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        try:
            next(chain[turn])
        except ValueError as e:
            yield turn, [m.gi_running for m in chain], names, str(e), len(members)


def passes(chain, n):
    yield from (looks(chain) if n == 0 else pass_on(chain, n - 1))


def pass_on(chain, n):
    inner = passes(chain, n)
    chain.insert(0, inner)
    yield from inner


chain = []
chain.insert(0, pass_on(chain, 2))
for seen in chain[0]:
    print(seen)

# Handlers around a delegation, at several levels; the exception that is being handled belongs to each.
def failing():
    yield sys.exc_info()[1]
    yield sys.exc_info()[1]
    raise LookupError("inner")


def handles(n):
    try:
        raise RuntimeError(n)
    except RuntimeError:
        try:
            yield from (handles(n - 1) if n else failing())
        except LookupError as e:
            yield ("level", n, str(e), repr(e.__context__))
            yield sys.exc_info()[1]
            raise


try:
    for item in handles(2):
        print(repr(item), sys.exc_info()[0])
except LookupError as e:
    print("left", e, repr(e.__context__))

# Closing, and the end of what nobody holds any more.
def tidy(name, inner=None):
    try:
        yield from inner or [1, 2, 3]
    finally:
        print("tidy", name)


for end in ("close", "del", "inner", "throw"):
    inner = tidy("inner")
    chain = tidy("outer", tidy("middle", inner))
    print(end, next(chain), next(chain))
    if end == "close":
        chain.close()
    elif end == "del":
        del chain
        print(inner.gi_frame)
    elif end == "inner":
        inner.close()
        print(next(chain, "ended"))
    else:
        try:
            chain.throw(ZeroDivisionError)
        except ZeroDivisionError:
            print("thrown", inner.gi_frame)

# A generator that is part of two.
shared = iter(leaf([]))


def either(name):
    yield from shared
    yield name


a, b = either("a"), either("b")
print(next(a), next(b), next(a), next(b), next(shared), next(a), list(b), list(a))

# Recursion: deeper at each item, and back.
def deep(n):
    yield n
    if n:
        yield from deep(n - 1)
        yield -n


print(sum(deep(200)), len(list(deep(150))))


def endless(n):
    yield n
    yield from endless(n + 1)


count = 0
try:
    for _ in endless(0):
        count += 1
except RecursionError:
    print("too deep", count > 100)

# A cycle through suspended frames.
def holds(box):
    box.append((yield 1))
    yield from [box]


def around(box):
    yield from holds(box)


box = []
box.append(around(box))
next(box[0])
box[0].send(box)
del box
print(gc.collect() > 0)

# Tracing that begins and ends while a chain is suspended.
events = []


def tracer(frame, event, arg):
    events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def low():
    yield 1
    yield 2
    yield 3


def middle():
    yield from low()


def high():
    yield from middle()


g = high()
next(g)
sys.settrace(tracer)
next(g)
sys.settrace(None)
print(next(g), [e for e in events if e[1] != "line"])


# Coroutines and asynchronous generators.
class Pause:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return got


async def numbers(n):
    for i in range(n):
        got = await Pause(("pause", i))
        yield (i, got)


async def doubled(n):
    async for item in numbers(n):
        yield item
        yield item


async def gather(n):
    found = []
    async for item in doubled(n):
        found.append(item)
    else:
        found.append("else")
    it = doubled(2)
    found.append(await anext(it))
    found.append(await it.asend(None))
    await it.aclose()
    found.append(await anext(it, "default"))
    try:
        await anext(numbers(0))
    except StopAsyncIteration:
        found.append("no more")
    return found


def drive(coroutine, log=None):
    sent = None
    while True:
        try:
            got = coroutine.send(sent)
        except StopIteration as e:
            return e.value
        if log is not None:
            log.append(got)
        sent = ("sent", got)


log = []
print(drive(gather(3), log), log)


async def fails(n):
    yield n
    await Pause("before")
    raise KeyError(n)


async def through(n):
    try:
        async for i in (through(n - 1) if n else fails(n)):
            yield i
    finally:
        await Pause(("finally", n))


async def catches():
    try:
        async for i in through(2):
            pass
    except KeyError as e:
        return ("caught", e.args, i)


log = []
print(drive(catches(), log), log)


async def busy():
    it = numbers(2)
    first, second = anext(it), anext(it)
    print(first.send(None), it.ag_running)
    for step in (second, first):
        try:
            step.send("x")
        except (RuntimeError, StopIteration) as e:
            print(type(e).__name__, e)
    print(it.ag_running, it.ag_await)
    try:
        first.send(None)
    except RuntimeError as e:
        print(e)
    return [x async for x in it]


print(drive(busy()))


class Stops:
    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration


async def ends():
    found = []
    async for i in Stops():
        found.append(i)
    for n in range(3):
        async for i in numbers(n):
            if i[0] == 1:
                break
            async for j in numbers(n):
                found.append((n, i[0], j[0]))
    return found


print(drive(ends()))


async def outer():
    return await inner_coroutine()


async def inner_coroutine():
    await Pause(1)
    await Pause(2)
    return 3


c = outer()
print(c.send(None), c.cr_await.cr_running, c.cr_await.cr_suspended, c.cr_frame.f_lineno - c.cr_code.co_firstlineno)
waiting = c.cr_await


async def again():
    await waiting


try:
    again().send(None)
except RuntimeError as e:
    print(e)
print(c.send(None), drive(c), waiting.cr_frame)
