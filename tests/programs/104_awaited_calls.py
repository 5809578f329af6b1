# Coroutines that are awaited as they are made, and generators that are delegated to at once.

import gc
import inspect
import sys
import traceback
import types
import weakref


@types.coroutine
def pause(value):
    return (yield value)


def drive(coroutine, answers=()):
    """Runs a coroutine to its end: what it yields, and its result."""
    answers = iter(answers)
    seen = []
    value = None
    while True:
        try:
            seen.append(coroutine.send(value))
        except StopIteration as stop:
            return seen, stop.value
        value = next(answers, None)


# ---- returning, yielding, raising ----

async def plain(x):
    return x + 1


async def twice(x):
    return await plain(x) + await plain(x + 1)


async def recursive(n):
    if n < 2:
        return n
    return await recursive(n - 1) + await recursive(n - 2)


print(drive(twice(3)), drive(recursive(15)))


async def deep(n):
    if n == 0:
        return await pause("bottom")
    return (n, await deep(n - 1))


print(drive(deep(4), ["answer"]))


async def sums(n, k):
    total = 0
    for i in range(n):
        total += await plain(i)
        if i % k == k - 1:
            total += await pause(i)
    return total


async def outer(n, k):
    return [await sums(n, k), await sums(n, k)]


print(drive(outer(6, 3), range(10, 20)))


# ---- exceptions: what is being handled belongs to each coroutine ----

async def handles():
    try:
        raise KeyError("inner")
    except KeyError:
        first = sys.exception()
        got = await pause(repr(sys.exception()))
        return got, first is sys.exception()


async def handling():
    try:
        raise ValueError("outer")
    except ValueError:
        result = await handles()
        return result, repr(sys.exception())


print(drive(handling(), ["sent"]), sys.exception())


async def handles_late():
    await pause(repr(sys.exception()))
    try:
        raise KeyError("late")
    except KeyError as error:
        await pause(repr(error.__context__))
    return repr(sys.exception())


async def handling_late():
    try:
        1 / 0
    except ZeroDivisionError:
        return await handles_late()


print(drive(handling_late()))


async def fails(n):
    if n == 0:
        raise LookupError("bottom")
    return await fails(n - 1)


async def catches():
    try:
        await fails(3)
    except LookupError as error:
        return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


print(drive(catches()))


async def stops():
    raise StopIteration("early")


async def catches_stop():
    try:
        await stops()
    except RuntimeError as error:
        return repr(error), repr(error.__cause__)


print(drive(catches_stop()))


async def cleans(log):
    try:
        await pause("waiting")
    finally:
        log.append(("cleaned", repr(sys.exception())))


async def cleans_outside(log):
    try:
        await cleans(log)
    finally:
        log.append("outside")


log = []
coroutine = cleans_outside(log)
coroutine.send(None)
try:
    coroutine.throw(OSError("thrown"))
except OSError as error:
    print(error, log)
log = []
coroutine = cleans_outside(log)
coroutine.send(None)
coroutine.close()
print(log)


# ---- the recursion limit ----

async def endless(n):
    return await endless(n + 1)


try:
    drive(endless(0))
except RecursionError as error:
    print("RecursionError", len(traceback.extract_tb(error.__traceback__)) > 100)


# ---- frames ----

async def shows():
    frame = sys._getframe()
    names = []
    while frame is not None and frame.f_code.co_name != "drive":
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names


async def shows_outside():
    return await shows()


print(drive(shows_outside()))


async def keeps_frame(x):
    return sys._getframe()


async def keeps_frame_suspended(box):
    local = "kept"
    box.append(sys._getframe())
    await pause(1)
    box.append(sys._getframe() is box[0])


async def frames():
    frame = await keeps_frame(5)
    box = []
    await keeps_frame_suspended(box)
    return frame.f_locals, frame.f_back, box[1], sorted(box[0].f_locals)


print(drive(frames()))


async def clears():
    try:
        sys._getframe().clear()
    except RuntimeError as error:
        return str(error)


async def clears_outside():
    return await clears()


print(drive(clears_outside()))


def own_coroutine(frame):
    return getattr(frame, "f_generator", None)


async def asked(box):
    frame = sys._getframe()
    coroutine = own_coroutine(frame)
    if coroutine is None:
        return
    box.append(coroutine)
    assert own_coroutine(frame) is coroutine
    assert coroutine.cr_frame is frame
    assert coroutine.cr_running and coroutine.cr_await is None
    assert coroutine.cr_code is asked.__code__
    try:
        coroutine.send(None)
    except ValueError as error:
        assert str(error) == "coroutine already executing", error
    else:
        assert False


async def asked_and_suspended(box):
    coroutine = own_coroutine(sys._getframe())
    local = "x"
    await pause("suspended")
    if coroutine is not None:
        assert own_coroutine(sys._getframe()) is coroutine
        box.append(coroutine)


async def asks():
    box = []
    await asked(box)
    for coroutine in box:
        assert inspect.getcoroutinestate(coroutine) == "CORO_CLOSED"
        assert coroutine.cr_frame is None
        try:
            coroutine.send(None)
        except RuntimeError as error:
            assert str(error) == "cannot reuse already awaited coroutine", error
    box = []
    await asked_and_suspended(box)
    for coroutine in box:
        assert inspect.getcoroutinestate(coroutine) == "CORO_CLOSED"
    return "asked"


print(drive(asks()))


async def inner_state(coroutines):
    coroutines.append(None)
    await pause("inner")


async def outer_state(coroutines):
    await inner_state(coroutines)


coroutines = []
coroutine = outer_state(coroutines)
coroutine.send(None)
waited = coroutine.cr_await
print(waited.__name__, inspect.getcoroutinestate(waited), waited.cr_await.__name__, waited.cr_frame.f_lineno > 0)
waited = None
print(drive(coroutine))


# ---- what ends when ----

class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        events.append(self.name)


events = []


async def owns(name):
    noisy = Noisy(name)
    return name


async def owns_suspended(name):
    noisy = Noisy(name)
    await pause(name)


async def orders():
    events.append(await owns("first"))
    await owns_suspended("second")
    events.append("after")
    return list(events)


print(drive(orders()))


async def arguments(a, b=2, *rest, c, d=4, **names):
    return a, b, rest, c, d, names


async def calls_with_arguments():
    return await arguments(1, c=3), await arguments(1, 5, 6, 7, c=8, e=9), await arguments(*[1, 2], **{"c": 3})


print(drive(calls_with_arguments()))


async def missing():
    try:
        await plain()
    except TypeError as error:
        return str(error)


print(drive(missing()))


def makes_cells(k):
    async def inside(x):
        async def innermost():
            return x + k
        x += 1
        return await innermost()

    async def around():
        return await inside(1)

    return around


print(drive(makes_cells(10)()))


# ---- classes ----

class Context:
    async def __aenter__(self):
        events.append("enter")
        return await plain(1)

    async def __aexit__(self, *error):
        events.append(error[0] and error[0].__name__)
        return await pause("leaving")


async def in_context():
    events.clear()
    async with Context() as value:
        events.append(value)
        raise IndexError
    return list(events)


print(drive(in_context(), [True]))


class Callable:
    async def __call__(self, x):
        return await self.method(x)

    async def method(self, x):
        return x * 2

    @property
    async def attribute(self):
        return "attribute"

    @classmethod
    async def of_class(cls):
        return cls.__name__


async def calls_objects():
    thing = Callable()
    return await thing(4), await thing.attribute, await thing.of_class(), await Callable.method(thing, 1)


print(drive(calls_objects()))


class Rows:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration
        self.n -= 1
        return await plain(self.n)


async def rows():
    return [row async for row in Rows(3)]


print(drive(rows()))


async def numbers(n):
    for i in range(n):
        yield await plain(i)
        await pause(i)


async def takes_numbers(n):
    return [number async for number in numbers(n)]


async def takes_numbers_outside():
    total = 0
    for n in range(4):
        async for number in numbers(n):
            total += number
        total += sum(await takes_numbers(n))
    return total


print(drive(takes_numbers_outside()))


# ---- generators ----

class Tree:
    def __init__(self, left, value, right):
        self.left, self.value, self.right = left, value, right

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right


def tree(items):
    if not items:
        return None
    middle = len(items) // 2
    return Tree(tree(items[:middle]), items[middle], tree(items[middle + 1:]))


print(list(tree(range(20))))
print([sum(tree(range(n))) for n in range(1, 40, 7)])


def walk(n):
    if n == 0:
        return "leaf"
    got = yield from walk(n - 1)
    sent = yield n, got
    return sent


walker = walk(3)
print(next(walker), walker.send("a"), walker.send("b"))
try:
    walker.send("c")
except StopIteration as stop:
    print(stop.value)


def empty():
    return "nothing"
    yield


def delegates():
    result = yield from empty()
    yield result
    try:
        yield from raises()
    except KeyError as error:
        yield repr(error), [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def raises():
    raise KeyError("at once")
    yield


print(list(delegates()))


class Iterates:
    def __init__(self, how):
        self.how = how

    def __iter__(self):
        return iter(self.how)


class IteratesWithDefault:
    def __iter__(self, more=3):
        yield more


def delegates_to_objects():
    yield from Iterates([1, 2])
    yield from IteratesWithDefault()
    yield from [4]
    try:
        yield from 5
    except TypeError as error:
        yield str(error)


print(list(delegates_to_objects()))


def closes(log):
    def inner():
        try:
            yield 1
        finally:
            log.append("inner")
    try:
        yield from inner()
    finally:
        log.append("outer")


log = []
generator = closes(log)
next(generator)
generator.close()
print(log)

log = []
generator = closes(log)
next(generator)
reference = weakref.ref(generator.gi_yieldfrom)
del generator
gc.collect()
print(log, reference())


# ---- and all that often enough to be compiled ----

async def many(n):
    total = 0
    for i in range(n):
        total += await plain(i)
        total += (await twice(i)) & 7
        if i % 100 == 99:
            total += await pause(total)
        try:
            await fails(i & 1)
        except LookupError:
            total += 1
    return total


print(drive(many(1000), range(1000)))
print(drive(recursive(18)))
print(drive(deep(200), ["x"])[1][0])
print([drive(sums(20, k), range(20)) for k in range(2, 5)])
for _ in range(300):
    assert drive(handling(), ["sent"]) == (["KeyError('inner')"], (("sent", True), "ValueError('outer')"))
    assert drive(handling_late()) == (["ZeroDivisionError('division by zero')"] * 2, "ZeroDivisionError('division by zero')")
    assert drive(catches_stop())[1][0] == "RuntimeError('coroutine raised StopIteration')"
    assert drive(asks())[1] == "asked"
    assert drive(shows_outside())[1] == ["shows", "shows_outside"]
    events.clear()
    assert drive(orders())[1] == ["first", "first", "second", "after"]
    assert drive(takes_numbers_outside())[1] == 20
    assert drive(calls_objects())[1] == (8, "attribute", "Callable", 2)
print(sum(sum(tree(range(n))) for n in range(1, 200)))
