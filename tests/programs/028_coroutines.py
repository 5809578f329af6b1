# Coroutines run by hand: await, async for, async with, async generators and comprehensions, without asyncio.
class Pause:
    def __init__(self, tag):
        self.tag = tag

    def __await__(self):
        got = yield self.tag
        return got


def run(coro, replies=()):
    """Drive a coroutine; (what it yielded, what it returned)."""
    replies = iter(replies)
    out = []
    send = None
    try:
        while True:
            out.append(coro.send(send))
            send = next(replies, None)
    except StopIteration as e:
        return out, e.value


async def simple():
    return 5


async def waits(n):
    total = 0
    for i in range(n):
        got = await Pause(i)
        total += got or 0
    return total


async def nested():
    a = await simple()
    b = await waits(2)
    return a, b, await simple() + await simple()


print(run(simple()), run(waits(3), [10, 20, 30]), run(nested(), [1, 2]))
c = simple()
print(type(c).__name__, c.__name__, c.cr_frame is not None, c.cr_running)
print(run(c))
try:
    c.send(None)
except RuntimeError as e:
    print(e)


async def handles():
    log = []
    try:
        await Pause("a")
    except ValueError as e:
        log.append(str(e))
        await Pause("b")
    finally:
        log.append("finally")
    return log


c = handles()
print(c.send(None), c.throw(ValueError("thrown")))
try:
    c.send(None)
except StopIteration as e:
    print(e.value)
c = handles()
c.send(None)
c.close()


class Manager:
    def __init__(self, log, swallow=False):
        self.log, self.swallow = log, swallow

    async def __aenter__(self):
        self.log.append(await Pause("enter"))
        return "value"

    async def __aexit__(self, kind, value, trace):
        await Pause("exit")
        self.log.append(kind and kind.__name__)
        return self.swallow


async def uses_manager():
    log = []
    async with Manager(log) as v, Manager(log, True):
        log.append(v)
        raise KeyError("k")
    return log


print(run(uses_manager(), ["one", "two"]))


class Ticker:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration
        self.n -= 1
        await Pause("tick")
        return self.n


async def loops():
    out = []
    async for i in Ticker(3):
        if i == 1:
            continue
        out.append(i)
    else:
        out.append("else")
    async for i in Ticker(5):
        break
    else:
        out.append("never")
    return out, i


print(run(loops()))


async def agen(n):
    try:
        for i in range(n):
            await Pause("g%d" % i)
            got = yield i
            if got:
                print("agen got", got)
    finally:
        print("agen cleaned")


async def uses_agen():
    out = [i async for i in agen(3)]
    out += [i * 2 async for i in agen(2) if i]
    d = {i: j async for i in agen(2) for j in range(i + 1)}
    s = {i % 2 async for i in agen(3)}
    g = (i + 1 async for i in agen(2))
    total = 0
    async for i in g:
        total += i
    return out, d, s, total, [await simple() for _ in range(2)]


print(run(uses_agen())[1])


async def sends():
    g = agen(3)
    a = await g.asend(None)
    b = await g.asend("hello")
    try:
        await g.athrow(ValueError("into agen"))
    except ValueError as e:
        c = str(e)
    try:
        await g.asend(None)
    except StopAsyncIteration:
        d = "exhausted"
    h = agen(1)
    await h.__anext__()
    await h.aclose()
    return a, b, c, d


print(run(sends()))


async def recursive(n):
    return n if n < 2 else await recursive(n - 1) + await recursive(n - 2)


print(run(recursive(12)))


async def bad_await():
    await 5


for make in (bad_await,):
    try:
        run(make())
    except TypeError:
        print("not awaitable")


async def bad_for():
    async for x in [1]:
        pass


async def bad_with():
    async with open:
        pass


for make in (bad_for, bad_with):
    try:
        run(make())
    except (TypeError, AttributeError) as e:
        print(type(e).__name__)


class Scheduler:
    def __init__(self):
        self.ready, self.log = [], []

    def add(self, name, coro):
        self.ready.append((name, coro))

    def run(self):
        while self.ready:
            name, coro = self.ready.pop(0)
            try:
                self.log.append((name, coro.send(None)))
            except StopIteration as e:
                self.log.append((name, "returned", e.value))
            else:
                self.ready.append((name, coro))


async def worker(n):
    for i in range(n):
        await Pause(i)
    return n


s = Scheduler()
s.add("a", worker(2))
s.add("b", worker(3))
s.run()
print(s.log)
import types


@types.coroutine
def old_style(x):
    y = yield x
    return y * 2


async def uses_old():
    return await old_style("yielded")


print(run(uses_old(), [21]))


async def nested_functions():
    async def inner(x):
        return x * 2
    f = lambda x: inner(x)
    return [await f(i) for i in range(3)], await (await returns_coro())


async def returns_coro():
    return simple()


print(run(nested_functions()))


async def stop_inside():
    raise StopIteration("s")


try:
    run(stop_inside())
except RuntimeError as e:
    print(type(e.__cause__).__name__)


async def finally_order():
    log = []
    for i in range(2):
        try:
            async with Manager(log):
                if i:
                    return log
        finally:
            log.append("f%d" % i)
            await Pause("in finally")


print(run(finally_order()))


async def conditional():
    return (await simple() if True else 0), [x for x in [await simple()]], (await simple(),
        ), f"{await simple()}", {await simple(): 1}


print(run(conditional()))
