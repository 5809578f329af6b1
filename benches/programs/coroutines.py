"""Coroutines under a small event loop written here: await, async for, async with, tasks that sleep and pass messages."""

import heapq
from collections import deque

SIZE = 1500
CHECK = {
    75: (300, 104501, [377, 1369], 185, 1671),
    1500: (6000, 409411, [377, 562500], 3670, 33791),
}


class Pause:
    """Awaiting it gives control back to the loop for so many ticks."""

    def __init__(self, ticks):
        self.ticks = ticks

    def __await__(self):
        got = yield self.ticks
        return got


class Loop:
    def __init__(self):
        self.now = 0
        self.order = 0
        self.heap = []
        self.switches = 0

    def spawn(self, coroutine, after=0):
        self.order += 1
        heapq.heappush(self.heap, (self.now + after, self.order, coroutine))

    def run(self):
        while self.heap:
            self.now, _, coroutine = heapq.heappop(self.heap)
            self.switches += 1
            try:
                ticks = coroutine.send(None if coroutine.cr_await is None else self.now)
            except StopIteration:
                continue
            self.spawn(coroutine, ticks)


class Channel:
    def __init__(self):
        self.items = deque()
        self.closed = False

    async def put(self, item):
        while len(self.items) >= 4:
            await Pause(1)
        self.items.append(item)

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self.items:
            if self.closed:
                raise StopAsyncIteration
            await Pause(1)
        return self.items.popleft()


class Lock:
    def __init__(self):
        self.taken = False

    async def __aenter__(self):
        while self.taken:
            await Pause(1)
        self.taken = True
        return self

    async def __aexit__(self, *problem):
        self.taken = False


async def ticks(count):
    for i in range(count):
        await Pause(i % 3)
        yield i


async def fib(n):
    return n if n < 2 else await fib(n - 1) + await fib(n - 2)


async def producer(channel, count):
    async for i in ticks(count):
        await channel.put(i * i)
    channel.closed = True


async def consumer(channel, lock, results):
    async for item in channel:
        async with lock:
            await Pause(item % 2)
            results.append(item % 97)


def run(n):
    loop = Loop()
    results = []
    lock = Lock()
    for _ in range(4):
        channel = Channel()
        loop.spawn(producer(channel, n))
        loop.spawn(consumer(channel, lock, results))
    numbers = []

    async def compute():
        numbers.append(await fib(14))
        numbers.append(sum([i async for i in ticks(n) if i % 2]))

    loop.spawn(compute())
    loop.run()
    checksum = 0
    for item in results:
        checksum = (checksum * 31 + item) % 1000003
    return len(results), checksum, numbers, loop.now, loop.switches


if __name__ == "__main__":
    from driver import main
    main(globals())
