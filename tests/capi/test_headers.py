"""Uses an extension module that was compiled against rpy's C headers (headers_module.c)."""

import datetime
import gc

import headers_module as m

# Versions, the module's state and its exception.
print(hex(m.PY_VERSION_HEX)[:6], m.PY_VERSION[:4], m.Error.__mro__[1].__name__)
try:
    m.fail("on purpose")
except m.Error as error:
    print(type(error).__qualname__, error)

# A static type.
v = m.Vector([1, 2.5, 4], label="abc")
print(len(v), list(v), 2.5 in v, 3.0 in v, v.sum, v.label)
print(list(v.scale(2, by=3.0)), v.sum, len(m.Vector.zeros(3)), list(v + m.Vector((7,))))
print(v == m.Vector([0, 0, 0]), v < m.Vector([]), v != m.Vector([]))
view = memoryview(v)
print(view.format, view.shape, view.strides, view.tolist(), v.exports)
view[0] = 11.0
view.release()
print(v[0], v.exports)
for wrong in (lambda: v[3], lambda: m.Vector(["x"]), lambda: v + 1, lambda: m.Vector([], lable=1)):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__, error)
v.label = v
del v
print(gc.collect() > 0)


class Sub(m.Vector):
    extra = 1


print(Sub([1]).sum, Sub.__bases__[0].__name__)

# A heap type.
c = m.Counter()
print(c(1, 2), c(a=3), c.calls, m.Counter.__module__, m.Counter.__doc__)

# What inlined accessors see.
for value in (
    "abc", "abcé", "ab€", "ab😀", "", True, False, 0, -5, 2**30 - 1, 2**30, -(2**65), b"xyz", bytearray(b"xyz"), bytearray(), (1, 2),
    [1, 2, 3], [], {1: 2}, {1, 2}, frozenset([1]), 1 + 2j, slice(1, 20, 3), memoryview(b"abcd"), len, ValueError(1, 2),
    datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3, 456789), datetime.timedelta(3, 4, 5), object(),
):
    print(m.inspect(value))
print(m.inspect(int), m.inspect(bool))
print(m.inspect(c.__repr__) is None, m.inspect(Sub([1]).scale)[:2])

# ASCII classes.
print(m.classes("".join(map(chr, range(1, 128)))), m.classes("aé Z\t9"))

# Counts, mutexes, frames.
print(m.counts(), m.wait(), m.wait(lambda: "called"))


def function():
    return m.caller()


print(function())
