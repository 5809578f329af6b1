# Pools and processes by fork and by spawn, what is shared between them, and executors.
import multiprocessing
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait
from multiprocessing import shared_memory

# In the forked children there is only the forking thread, as it should be.
warnings.filterwarnings("ignore", message=".*multi-threaded.*")


def square(x):
    return x * x


def fail(x):
    raise ValueError(x)


def work(queue, event, lock, counter):
    with lock:
        counter.buf[0] += 1
    queue.put(os.getpid())
    event.wait(60)
    sys.exit(3)


def shared(context):
    queue, event, lock = context.Queue(), context.Event(), context.RLock()
    counter = shared_memory.SharedMemory(create=True, size=1)
    counter.buf[0] = 0
    processes = [context.Process(target=work, args=(queue, event, lock, counter)) for _ in range(3)]
    for process in processes:
        process.start()
    pids = {queue.get(timeout=60) for _ in processes}
    event.set()
    for process in processes:
        process.join(60)
    print(counter.buf[0], pids == {p.pid for p in processes}, [p.exitcode for p in processes])
    counter.close()
    counter.unlink()
    process = context.Process(target=time.sleep, args=(60,))
    process.start()
    print(process.is_alive(), process.join(0.01), end=" ")
    process.terminate()
    process.join()
    print(process.exitcode, process.is_alive())


def pools(context):
    with context.Pool(2) as pool:
        print(pool.map(square, range(10)), list(pool.imap(square, range(4), 2)))
        print(sorted(pool.imap_unordered(square, range(4))), pool.starmap(pow, [(2, 3), (3, 2)]))
        got = []
        pool.apply_async(square, (5,), callback=got.append, error_callback=print).wait(60)
        print(got, pool.apply_async(square, (6,)).get(60))
        try:
            pool.apply(fail, ("bad",))
        except ValueError as e:
            print(repr(e), type(e.__cause__).__name__)
        try:
            pool.apply_async(time.sleep, (60,)).get(0.05)
        except multiprocessing.TimeoutError as e:
            print(type(e).__name__)


def connections(context):
    a, b = context.Pipe()
    a.send({"x": [1, 2]})
    print(b.recv(), b.poll(0))
    a.send_bytes(b"bytes")
    print(b.recv_bytes(), multiprocessing.connection.wait([a, b], 0))
    a.close()
    try:
        b.recv()
    except EOFError as e:
        print(repr(e))
    semaphore = context.BoundedSemaphore(2)
    print(semaphore.acquire(), semaphore.acquire(timeout=1), semaphore.acquire(timeout=0.01))
    semaphore.release()
    semaphore.release()
    try:
        semaphore.release()
    except ValueError as e:
        print(e)
    lock = context.RLock()
    try:
        lock.release()
    except AssertionError as e:
        print(e)


def executors(context):
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        print(list(executor.map(square, range(5))), executor.submit(fail, 1).exception(60))
        print(sorted(f.result() for f in as_completed([executor.submit(square, i) for i in range(3)])))
        try:
            executor.submit(os._exit, 1).result(60)
        except Exception as e:
            print(type(e).__name__)


if __name__ == "__main__":
    import multiprocessing.connection

    for method in "fork", "spawn":
        context = multiprocessing.get_context(method)
        pools(context)
        shared(context)
    connections(context)
    executors(multiprocessing.get_context("fork"))
    with ThreadPoolExecutor(3) as executor:
        futures = [executor.submit(square, i) for i in range(5)]
        done, rest = wait(futures)
        print(sorted(f.result() for f in done), rest, list(executor.map(square, range(3))))
        print(repr(executor.submit(fail, 2).exception()))
    with multiprocessing.get_context("fork").Manager() as manager:
        items, table = manager.list([1]), manager.dict()
        items.append(2)
        table["key"] = "value"
        print(list(items), dict(table), len(items))
