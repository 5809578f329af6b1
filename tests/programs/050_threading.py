# Threads: locks, events, conditions, queues, locals, exceptions, timers, pools.
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed, wait

results = []
threads = [threading.Thread(target=lambda i=i: results.append(i * i), name="t%d" % i) for i in range(5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(results), [t.is_alive() for t in threads], threads[0].name, threading.current_thread().name,
    threading.active_count(), threading.main_thread() is threading.current_thread())
counter, lock = 0, threading.Lock()


def add():
    global counter
    for _ in range(5000):
        with lock:
            counter += 1


threads = [threading.Thread(target=add) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(counter, lock.locked(), lock.acquire(), lock.locked(), lock.acquire(False), lock.acquire(timeout=0.01),
    lock.release(), lock.locked())
try:
    lock.release()
except RuntimeError as e:
    print(e)
r = threading.RLock()
with r, r:
    print("reentrant", r.acquire(blocking=False))
    r.release()
try:
    r.release()
except RuntimeError as e:
    print("RuntimeError")
event, order = threading.Event(), []


def waiter(n):
    event.wait()
    order.append(n)


ts = [threading.Thread(target=waiter, args=(n,)) for n in range(3)]
[t.start() for t in ts]
print(order, event.is_set(), event.wait(0.01))
event.set()
[t.join() for t in ts]
print(sorted(order), event.wait(), event.clear(), event.is_set())
q = queue.Queue(maxsize=2)
consumed = []


def producer():
    for i in range(10):
        q.put(i)
    q.put(None)


def consumer():
    while (item := q.get()) is not None:
        consumed.append(item)
        q.task_done()
    q.task_done()


ts = [threading.Thread(target=f) for f in (producer, consumer)]
[t.start() for t in ts]
[t.join() for t in ts]
q.join()
print(consumed, q.empty(), q.qsize())
for operation in (lambda: queue.Queue().get_nowait(), lambda: queue.Queue().get(timeout=0.01),
        lambda: (q.put(1), q.put(2), q.put(3, block=False))):
    try:
        operation()
    except (queue.Empty, queue.Full) as e:
        print(type(e).__name__, end=" ")
print()
lifo, prio, simple = queue.LifoQueue(), queue.PriorityQueue(), queue.SimpleQueue()
for x in (3, 1, 2):
    lifo.put(x), prio.put(x), simple.put(x)
print([[k.get() for _ in range(3)] for k in (lifo, prio, simple)])
cond, items = threading.Condition(), []


def getter(out):
    with cond:
        while not items:
            cond.wait()
        out.append(items.pop())


out = []
ts = [threading.Thread(target=getter, args=(out,)) for _ in range(3)]
[t.start() for t in ts]
for i in range(3):
    with cond:
        items.append(i)
        cond.notify()
[t.join() for t in ts]
with cond:
    print(sorted(out), cond.wait(0.01), cond.wait_for(lambda: True))
sem, most, now = threading.Semaphore(2), 0, 0


def limited():
    global most, now
    with sem:
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1


ts = [threading.Thread(target=limited) for _ in range(6)]
[t.start() for t in ts]
[t.join() for t in ts]
print(most <= 2, threading.BoundedSemaphore(1).acquire())
try:
    threading.BoundedSemaphore(1).release()
except ValueError:
    print("bounded")
barrier, passed = threading.Barrier(3), []


def meets():
    barrier.wait()
    passed.append(1)


ts = [threading.Thread(target=meets) for _ in range(3)]
[t.start() for t in ts]
[t.join() for t in ts]
print(len(passed), barrier.parties, barrier.broken)
local = threading.local()
local.v = "main"
seen = []


def uses_local(n):
    seen.append(hasattr(local, "v"))
    local.v = n
    time.sleep(0.002)
    seen.append(local.v == n)


ts = [threading.Thread(target=uses_local, args=(n,)) for n in range(3)]
[t.start() for t in ts]
[t.join() for t in ts]
print(sorted(seen), local.v)
caught = []
threading.excepthook = lambda args: caught.append((args.exc_type.__name__, str(args.exc_value), args.thread.name))


def fails():
    raise ValueError("in a thread")


t = threading.Thread(target=fails, name="failing")
t.start()
t.join()
print(caught)
threading.excepthook = threading.__excepthook__
fired = threading.Event()
timer = threading.Timer(0.01, fired.set)
timer.start()
print(fired.wait(5))
cancelled = threading.Timer(60, fired.clear)
cancelled.start()
cancelled.cancel()
cancelled.join()
print(fired.is_set())


class Worker(threading.Thread):
    def __init__(self, n):
        super().__init__(daemon=True)
        self.n = n

    def run(self):
        self.result = sum(range(self.n))


w = Worker(100)
print(w.daemon, w.ident)
w.start()
w.join(5)
print(w.result, w.ident is not None, w.is_alive())
for bad in (lambda: w.start(), lambda: threading.current_thread().join(), lambda: Worker(1).join()):
    try:
        bad()
    except RuntimeError as e:
        print(type(e).__name__, end=" ")
print()
with ThreadPoolExecutor(max_workers=3) as pool:
    print(list(pool.map(lambda x: x * 2, range(6))), pool.submit(pow, 2, 10).result(),
        sorted(f.result() for f in as_completed([pool.submit(lambda x=x: x + 1) for x in range(4)])))
    failed = pool.submit(lambda: 1 / 0)
    print(type(failed.exception()).__name__, failed.done(), len(wait([failed]).done))
    f = pool.submit(lambda: "callback")
    f.add_done_callback(lambda f: results.append(f.result()))
print(results[-1])
data = {}


def fill(n):
    for i in range(1000):
        data[(n, i)] = i
        if i % 3 == 0:
            data.pop((n, i - 1), None)


ts = [threading.Thread(target=fill, args=(n,)) for n in range(4)]
[t.start() for t in ts]
[t.join() for t in ts]
print(len(data), sum(data.values()))
import _thread
done = _thread.allocate_lock()
done.acquire()
_thread.start_new_thread(lambda a, b=0: done.release(), (1,), {"b": 2})
print(done.acquire(timeout=5), _thread.get_ident() == threading.get_ident())
