# asyncio basics.
import asyncio


async def value(v, delay=0):
    await asyncio.sleep(delay)
    return v


async def basics():
    print(await value(1), await asyncio.gather(value("a", 0.02), value("b", 0.01), value("c")))
    task = asyncio.create_task(value(5), name="named")
    print(task.get_name(), task.done(), await task, task.done(), task.result())
    print(await asyncio.wait_for(value("in time"), 5), asyncio.get_running_loop() is not None,
        asyncio.current_task() is not None, len(asyncio.all_tasks()))
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except TimeoutError as e:
        print("timeout", type(e).__name__)
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(10)
    except TimeoutError:
        print("timeout block")


async def order():
    log = []

    async def worker(name, n):
        for i in range(n):
            log.append(f"{name}{i}")
            await asyncio.sleep(0)
        return name
    print(await asyncio.gather(worker("a", 3), worker("b", 2), worker("c", 1)), log)


async def cancellation():
    log = []

    async def stubborn():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise
        finally:
            log.append("finally")
    t = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    t.cancel("why")
    try:
        await t
    except asyncio.CancelledError as e:
        log.append(e.args)
    print(log, t.cancelled(), t.cancelling())

    async def shielded():
        await asyncio.sleep(0.01)
        log.append("shielded finished")
    inner = asyncio.create_task(shielded())
    outer = asyncio.shield(inner)
    outer.cancel()
    await asyncio.sleep(0.03)
    print(log[-1], inner.done())


async def errors():
    async def fails(n):
        await asyncio.sleep(0)
        raise ValueError(n)
    try:
        await asyncio.gather(value(1), fails(2), value(3))
    except ValueError as e:
        print("gather", e)
    print([repr(r) for r in await asyncio.gather(value(1), fails(2), return_exceptions=True)])
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(fails(1))
            tg.create_task(value(2))
            t = tg.create_task(asyncio.sleep(10))
    except* ValueError as eg:
        print("group", [str(e) for e in eg.exceptions], t.cancelled())
    async with asyncio.TaskGroup() as tg:
        tasks = [tg.create_task(value(i)) for i in range(3)]
    print([t.result() for t in tasks])
    t = asyncio.create_task(fails(9))
    await asyncio.wait([t])
    print(repr(t.exception()))


async def primitives():
    lock, log = asyncio.Lock(), []

    async def locked(n):
        async with lock:
            log.append(("in", n))
            await asyncio.sleep(0)
            log.append(("out", n))
    await asyncio.gather(*(locked(n) for n in range(3)))
    print(log, lock.locked())
    event = asyncio.Event()

    async def waits(n):
        await event.wait()
        return n
    ts = [asyncio.create_task(waits(n)) for n in range(2)]
    await asyncio.sleep(0)
    event.set()
    print(await asyncio.gather(*ts))
    q, out = asyncio.Queue(2), []

    async def produce():
        for i in range(5):
            await q.put(i)
        await q.put(None)

    async def consume():
        while (x := await q.get()) is not None:
            out.append(x)
            q.task_done()
    await asyncio.gather(produce(), consume())
    print(out, q.empty(), q.qsize())
    sem, now, most = asyncio.Semaphore(2), 0, 0

    async def limited():
        nonlocal now, most
        async with sem:
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
    await asyncio.gather(*(limited() for _ in range(6)))
    cond = asyncio.Condition()

    async def notified():
        async with cond:
            await cond.wait()
            return "notified"
    t = asyncio.create_task(notified())
    await asyncio.sleep(0)
    async with cond:
        cond.notify_all()
    print(most, await t)


async def futures():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    log = []
    f.add_done_callback(lambda f: log.append(("done", f.result())))
    loop.call_soon(f.set_result, "set")
    print(await f, f.done())
    await asyncio.sleep(0)
    loop.call_later(0.02, log.append, "later")
    loop.call_soon(log.append, "soon")
    loop.call_at(loop.time() + 0.01, log.append, "at")
    await asyncio.sleep(0.05)
    print(log)
    g = loop.create_future()
    g.set_exception(KeyError("k"))
    try:
        await g
    except KeyError as e:
        print(repr(e))
    try:
        g.set_result(1)
    except asyncio.InvalidStateError:
        print("invalid state")
    done, pending = await asyncio.wait([asyncio.create_task(value(1)), asyncio.create_task(asyncio.sleep(5))],
        return_when=asyncio.FIRST_COMPLETED)
    print(len(done), len(pending))
    for p in pending:
        p.cancel()
    out = []
    for c in asyncio.as_completed([value("slow", 0.03), value("fast")]):
        out.append(await c)
    print(out, await loop.run_in_executor(None, lambda: "thread"), await asyncio.to_thread(sum, [1, 2]))


async def generators():
    async def ticks(n):
        try:
            for i in range(n):
                await asyncio.sleep(0)
                yield i
        finally:
            log.append("closed")
    log = []
    print([i async for i in ticks(3)], {i: i async for i in ticks(2)})
    async for i in ticks(5):
        if i == 2:
            break
    g = ticks(2)
    print(await anext(g), await g.asend(None), await anext(g, "default"))
    await g.aclose()
    from contextlib import AsyncExitStack, aclosing, asynccontextmanager

    @asynccontextmanager
    async def manager(n):
        log.append("enter %d" % n)
        yield n
        log.append("exit %d" % n)
    async with AsyncExitStack() as stack:
        print([await stack.enter_async_context(manager(n)) for n in range(2)])
    async with aclosing(ticks(3)) as t:
        print(await anext(t))
    print(log[-5:])


async def echo_server():
    async def handle(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def client(n):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"hello {n}\n".encode())
        await writer.drain()
        reply = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return reply
    print(sorted(await asyncio.gather(*(client(n) for n in range(5)))))
    server.close()
    await server.wait_closed()


for main in (basics, order, cancellation, errors, primitives, futures, generators, echo_server):
    asyncio.run(main())
with asyncio.Runner() as runner:
    print(runner.run(value("runner")), runner.run(value("again")))
try:
    asyncio.run(5)
except (ValueError, TypeError):
    print("a coroutine is needed")
import contextvars
var = contextvars.ContextVar("var", default="default")


async def contexts():
    async def task(v):
        var.set(v)
        await asyncio.sleep(0)
        return var.get()
    print(await asyncio.gather(task(1), task(2)), var.get())


asyncio.run(contexts())
