# asyncio with real sockets, processes, signals and threads; eager tasks; who awaits whom.
import asyncio
import contextvars
import os
import signal
import socket
import sys
import tempfile


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def client(number, **address):
    reader, writer = await asyncio.open_connection(**address)
    for i in range(3):
        writer.write(f"{number} {i}\n".encode())
        await writer.drain()
        assert await reader.readline() == f"{number} {i}\n".encode()
    writer.close()
    await writer.wait_closed()
    return number


async def servers():
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        print(sum(await asyncio.gather(*(client(i, host="127.0.0.1", port=port) for i in range(200)))))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "socket")
        async with await asyncio.start_unix_server(echo, path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"unix\n")
            print(await reader.readline())
            writer.close()
            await writer.wait_closed()
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError as e:
        print(type(e).__name__)


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self):
        self.got = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.got.set_result(data)


async def low_level():
    loop = asyncio.get_running_loop()
    transport, receiver = await loop.create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", 0))
    sender, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=transport.get_extra_info("sockname")
    )
    sender.sendto(b"datagram")
    print(await receiver.got)
    sender.close()
    transport.close()
    a, b = socket.socketpair()
    with a, b:
        a.setblocking(False)
        b.setblocking(False)
        await loop.sock_sendall(a, b"raw")
        print(await loop.sock_recv(b, 10))
        receive = asyncio.create_task(loop.sock_recv(b, 10))
        try:
            async with asyncio.timeout(0.02):
                await receive
        except TimeoutError as e:
            print(type(e).__name__, receive.cancelled())
        with tempfile.TemporaryFile() as file:
            file.write(b"file")
            file.seek(0)
            print(await loop.sock_sendfile(a, file), await loop.sock_recv(b, 10))
    read, write = os.pipe()
    ready = loop.create_future()
    loop.add_reader(read, lambda: ready.done() or ready.set_result(os.read(read, 10)))
    os.write(write, b"pipe")
    print(await ready, loop.remove_reader(read), loop.remove_reader(read))
    os.close(read)
    os.close(write)
    print(await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))
    caught = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, caught.set_result, "signal")
    os.kill(os.getpid(), signal.SIGUSR1)
    print(await caught, loop.remove_signal_handler(signal.SIGUSR1))


async def processes():
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec("cat", stdin=pipe, stdout=pipe)
    data = b"data" * 50000
    out, err = await child.communicate(data)
    print(out == data, err, child.returncode)
    child = await asyncio.create_subprocess_shell("echo a; echo b >&2; exit 5", stdout=pipe, stderr=pipe)
    print(await child.communicate(), await child.wait())
    child = await asyncio.create_subprocess_exec("sleep", "60")
    child.terminate()
    print(await child.wait() == -signal.SIGTERM)
    children = [await asyncio.create_subprocess_exec(sys.executable, "-c", f"exit({i})") for i in range(4)]
    print(await asyncio.gather(*(c.wait() for c in children)))


variable = contextvars.ContextVar("variable", default="unset")


async def threads():
    variable.set("set")
    print(await asyncio.gather(*(asyncio.to_thread(lambda x: (x * x, variable.get()), i) for i in range(3))))
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    await asyncio.to_thread(loop.call_soon_threadsafe, event.set)
    await event.wait()
    future = asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "from a thread"), loop)
    print(await asyncio.wrap_future(future))


async def eager():
    order, outer = [], asyncio.current_task()

    async def quick():
        order.append(asyncio.current_task() is not outer)
        return 1

    async def slow():
        order.append("before")
        await asyncio.sleep(0)
        order.append("after")
        return 2

    task = asyncio.create_task(quick(), name="quick")
    print(task.done(), task.result(), order, asyncio.current_task() is not task)
    task = asyncio.create_task(slow())
    print(task.done(), order, task in asyncio.all_tasks(), await task, order)


async def failures():
    async def fail(error):
        await asyncio.sleep(0)
        raise error

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(ValueError(1)))
            group.create_task(fail(TypeError(2)))
            forever = group.create_task(asyncio.sleep(60))
    except* (ValueError, TypeError) as e:
        print([repr(x) for x in e.exceptions], forever.cancelled())
    task = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    task.cancel("words")
    try:
        await task
    except asyncio.CancelledError as e:
        print(repr(e), task.cancelling(), task.cancelled())
    print(await asyncio.gather(fail(KeyError(3)), asyncio.sleep(0, 4), return_exceptions=True))
    loop = asyncio.get_running_loop()
    told = []
    loop.set_exception_handler(lambda loop, context: told.append(context["message"]))
    task = asyncio.create_task(fail(OSError(5)))
    await asyncio.sleep(0.01)
    del task
    asyncio.create_task(fail(OSError(6)))
    await asyncio.sleep(0.01)
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.01)
    print(len(told), told[0], told[-1].split("<")[0])
    for call in (
        lambda: asyncio.current_task().set_result(1),
        lambda: loop.create_future().result(),
        lambda: loop.create_future().set_exception(StopIteration),
        lambda: asyncio.run(threads()),
        lambda: asyncio.Future.__new__(asyncio.Future).result(),
    ):
        try:
            call()
        except Exception as e:
            print(type(e).__name__)


for main in servers, low_level, processes, threads:
    asyncio.run(main())
with asyncio.Runner() as runner:
    runner.get_loop().set_task_factory(asyncio.eager_task_factory)
    runner.run(eager())
import warnings

warnings.simplefilter("ignore")
asyncio.run(failures())


async def interrupted():
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(60)


try:
    asyncio.run(interrupted())
except KeyboardInterrupt as e:
    print(type(e).__name__)
