"""Locks in loops: free ones, those that another thread has, those of derived classes; exceptions in `with`; names of threads."""
import os
import threading
import time


class Counted(type(threading.RLock())):
    taken = 0

    def acquire(self, *args):
        Counted.taken += 1
        return super().acquire(*args)

    def __enter__(self):
        return self.acquire()


def alone(lock, rounds):
    n = 0
    for i in range(rounds):
        with lock:
            n += i
        try:
            with lock:
                if i % 3 == 0:
                    raise KeyError(i)
        except KeyError as e:
            n += e.args[0]
        lock.acquire()
        n += lock.locked() if hasattr(lock, "locked") else 1
        lock.release()
    return n


def nested(rounds):
    lock, n = threading.RLock(), 0
    for i in range(rounds):
        with lock:
            with lock:
                n += 1
    try:
        lock.release()
    except RuntimeError:
        n += 1
    return n


def others(lock, rounds):
    """Several threads add to one number, each in two steps."""
    total = [0]

    def work():
        for i in range(rounds):
            with lock:
                now = total[0]
                if i % 1000 == 0:
                    time.sleep(0.001)
                total[0] = now + 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return total[0]


def taken(rounds):
    """Asking for a lock that another thread has."""
    lock, got, ready = threading.Lock(), [], threading.Event()
    lock.acquire()

    def work():
        ready.set()
        with lock:
            got.append("other")

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    for i in range(rounds):
        if i == rounds // 2:
            lock.release()
            thread.join()
        with threading.Lock():
            got.append(lock.locked())
    return got.count(True), got.count(False), got.count("other")


def identities(rounds):
    me, process = threading.get_ident(), os.getpid()
    return all(threading.get_ident() == me and os.getpid() == process for _ in range(rounds))


for rounds in (20, 3000):
    print(alone(threading.Lock(), rounds), alone(threading.RLock(), rounds), alone(Counted(), rounds), Counted.taken)
    print(nested(rounds), others(threading.Lock(), rounds), others(threading.RLock(), rounds), taken(rounds))
    print(identities(rounds))
