"""tracemalloc: where blocks were allocated, sums and peaks, snapshots and their statistics, filters, domains."""

import gc
import os
import tracemalloc


def lines(value):
    """The lines in which an object was allocated, innermost last, relative to the caller's function."""
    found = tracemalloc.get_object_traceback(value)
    return found and [frame.lineno - first for frame in found]


print(tracemalloc.is_tracing(), tracemalloc.get_traced_memory(), tracemalloc.get_object_traceback(object()))
for bad in (0, -1, 65536, "x"):
    try:
        tracemalloc.start(bad)
    except (ValueError, TypeError) as problem:
        print(type(problem).__name__, problem)

tracemalloc.start(3)
print(tracemalloc.is_tracing(), tracemalloc.get_traceback_limit())


def several():
    two = len("ab")
    big = 1 << two * 50
    text = "ab" * (499 + two)
    raw = b"xyz" * (499 + two)
    nothing = b"x" * -two
    unique = set()

    class Plain:
        pass

    plain = Plain()
    plain.buffer = bytearray(5000)
    view = memoryview(raw)

    def generator():
        yield view

    running = generator()
    return dict(locals(), buffer=plain.buffer)


first = several.__code__.co_firstlineno
for name, value in several().items():
    if name != "two":
        print(name, lines(value))

# An object that takes the place of a dead one has a trace of its own.
gc.collect()
value = []
value = None
value = []
print("again", tracemalloc.get_object_traceback(value)[-1].lineno - first)


def deep(n):
    return bytearray(100) if n == 0 else deep(n - 1)


found = tracemalloc.get_object_traceback(deep(10))
print(len(found), {frame.filename == __file__ for frame in found}, found.total_nframe)
print(found.format()[-1].strip())

# Sums and peaks.
tracemalloc.clear_traces()
before = tracemalloc.get_traced_memory()[0]
kept = bytes(1_000_000)
size, peak = tracemalloc.get_traced_memory()
print("grew", 1_000_000 <= size - before < 1_010_000, peak >= size)
kept = None
size, peak = tracemalloc.get_traced_memory()
print("shrank", size - before < 10_000, peak - before >= 1_000_000)
tracemalloc.reset_peak()
print("peak", tracemalloc.get_traced_memory()[1] - before < 10_000, tracemalloc.get_tracemalloc_memory() > 0)

# Blocks that grow keep one trace.
buffer = bytearray()
for _ in range(200):
    buffer += b"x" * 1000
(trace,) = [trace for trace in tracemalloc.take_snapshot().traces if trace.size >= 200_000]
print("resized", trace.domain, trace.traceback[-1].lineno - first)

# Snapshots.
old = tracemalloc.take_snapshot()
strings = {index: "number %d" % index for index in range(5000)}
new = tracemalloc.take_snapshot()
top = new.compare_to(old, "lineno")[0]
print("difference", top.traceback[0].lineno - first, top.size_diff > 300_000, 5000 <= top.count_diff <= 11000)
mine = new.filter_traces([tracemalloc.Filter(True, __file__)])
print("mine", {os.path.basename(stat.traceback[0].filename) == os.path.basename(__file__) for stat in mine.statistics("filename")})
print("other domain", new.filter_traces([tracemalloc.DomainFilter(True, 77)]).traces[:])
del strings
gc.collect()
# Elsewhere, a compiler at work may have taken more.
now = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)])
gone = now.compare_to(mine, "lineno")[0]
print("gone", gone.traceback[0].lineno - first, gone.size_diff < -300_000)

tracemalloc.stop()
print(tracemalloc.is_tracing(), tracemalloc.get_traced_memory(), tracemalloc._get_traces())
tracemalloc.start()
print(tracemalloc.get_traceback_limit(), lines(several()["buffer"]))
tracemalloc.stop()
