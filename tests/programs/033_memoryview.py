# memoryview and the buffer protocol; array.
import array
import struct

data = bytearray(b"abcdefgh")
m = memoryview(data)
print(len(m), m[0], m[-1], m[2:5].tobytes(), bytes(m[::2]), bytes(m[::-1]), m.tolist(), m.format, m.itemsize, m.ndim,
    m.shape, m.strides, m.nbytes, m.readonly, m.contiguous)
m[0] = 65
m[1:3] = b"XY"
m[6:] = memoryview(b"!?")
print(data, m == data, m == b"AXYdef!?", m[:2] == b"AX", 65 in m, m.obj is data, m.hex(), bytes(m))
part = m[2:6]
part[0] = 48
print(data, part.tobytes(), part[1:3].tobytes(), list(part))
try:
    data.append(1)
except BufferError as e:
    print("BufferError")
part.release()
m.release()
data.append(105)
print(data)
try:
    m[0]
except ValueError as e:
    print(e)
r = memoryview(b"read only")
for operation in (lambda: r.__setitem__(0, 1), lambda: memoryview("text"), lambda: memoryview(5),
        lambda: memoryview(data)[100], lambda: memoryview(data).__setitem__(slice(0, 2), b"abc"),
        lambda: memoryview(data).__setitem__(0, 300), lambda: memoryview(data).__setitem__(0, b"a")):
    try:
        print(operation())
    except (TypeError, IndexError, ValueError) as e:
        print(type(e).__name__, end=" ")
print()
print(hash(r) == hash(b"read only"), r.readonly, {r: 1}[memoryview(b"read only")], r.toreadonly() == r,
    sorted(memoryview(b"cab")), max(r), b"".join([r, b"!"]))
with memoryview(data) as w:
    print(w[0], bytes(w[3:]))
i = memoryview(array.array("i", [1, 2, -3, 4]))
print(i[2], i.tolist(), i.itemsize, i.format, len(i), i.nbytes, i[1:3].tolist(), i.cast("B").tolist()[:8],
    i[::-1].tolist())
i[0] = 100
print(i.obj, i == array.array("i", [100, 2, -3, 4]), i == array.array("h", [100, 2, -3, 4]))
g = memoryview(bytearray(range(12))).cast("B", shape=[3, 4])
print(g.ndim, g.shape, g.strides, g.tolist(), g[1, 2], g.cast("B").tolist() == list(range(12)))
g[2, 3] = 99
print(g.tolist()[2], memoryview(struct.pack("<dd", 1.5, -2.0)).cast("d").tolist(),
    memoryview(b"\x01\x00\x02\x00").cast("H").tolist())
a = array.array("d", [1.5, 2, 3])
a.append(4)
a.extend([5, 6])
a.insert(0, 0)
print(a, a[1], a[1:3], len(a), a.typecode, a.itemsize, a.pop(), a.index(3), a.count(2), a.tolist(), 5 in a,
    a * 2 == a + a)
a[0] = 9
a[1:3] = array.array("d", [7.0])
del a[-1]
a.reverse()
print(a, a.tobytes()[:8], array.array("B", b"abc"), array.array("h", range(4)), array.array("q", [2 ** 62]),
    array.array("f", [0.1])[0])
b = array.array("I")
b.frombytes(b"\x01\x00\x00\x00\x02\x00\x00\x00")
b.fromlist([7])
b.byteswap()
print(b, array.array("b", [1, 2]) < array.array("b", [1, 3]), array.array("i", [1]) == array.array("d", [1.0]),
    list(reversed(array.array("i", [1, 2]))), array.array("i") == array.array("i"))
for operation in (lambda: array.array("b", [200]), lambda: array.array("i", ["a"]), lambda: array.array("x"),
        lambda: array.array("i", [1]).append(2.5), lambda: array.array("B", [1])[5],
        lambda: array.array("i", b"abc")):
    try:
        print(operation())
    except (OverflowError, TypeError, ValueError, IndexError) as e:
        print(type(e).__name__, end=" ")
print()
total = 0
big = array.array("q", range(10000))
for x in big:
    total += x
print(total, sum(big), sum(memoryview(big)), memoryview(big)[5000])
class Exporter:
    def __buffer__(self, flags):
        return memoryview(b"exported")
print(bytes(memoryview(Exporter())), bytes(Exporter()))
