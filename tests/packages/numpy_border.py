"""numpy over the C API, many times: threads while numpy has released the GIL, and what is made and dropped leaves memory flat.

Usage: numpy_border.py [MILLIONS]     (default: 1)
"""

import sys
import threading

import numpy as np


def resident():
    """Memory of this process in KiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4


def threads(rounds=1000):
    """Several threads compute with arrays large enough for numpy to release the GIL."""
    a = np.arange(30_000, dtype=np.float64)
    wrong = []

    def work(k):
        for _ in range(rounds // 4):
            if (a * k + 1).sum() != k * a.sum() + len(a) or np.sort(a[::-1])[k] != k:
                wrong.append(k)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("threads", rounds, "rounds,", len(wrong), "wrong")


def array():
    np.empty(4)


def view(a=np.arange(10)):
    a[2:5].T


def scalar(x=np.float64(1.5)):
    x * 2.0 + 1


def buffer(a=np.arange(16, dtype=np.uint8)):
    memoryview(a).tobytes()
    np.frombuffer(b"abcdefgh", dtype=np.uint8)


def error(a=np.arange(3)):
    try:
        a[7]
    except IndexError:
        pass


def nested():
    np.array([[1, 2.5], [3, 4]], dtype=object).tolist()


def structured():
    np.zeros(2, dtype=[("x", "i4"), ("y", "f8")])["y"]


def leaks(count):
    for work in (array, view, scalar, buffer, error, nested, structured):
        for _ in range(count // 20):
            work()
        before = resident()
        for _ in range(count):
            work()
        grown = resident() - before
        print(work.__name__, "flat" if grown < 512 else f"grew by {grown} KiB")


if __name__ == "__main__":
    threads()
    leaks(int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 1_000_000)
