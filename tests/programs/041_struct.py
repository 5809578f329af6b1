# struct.
import struct
from struct import Struct, calcsize, iter_unpack, pack, pack_into, unpack, unpack_from

for fmt, values in (("b", (-5,)), ("B", (250,)), ("<h", (-300,)), (">h", (-300,)), ("<I", (4000000000,)),
    ("!I", (1,)), (">q", (-2 ** 60,)), ("<Q", (2 ** 64 - 1,)), ("<f", (1.5,)), (">d", (-2.25,)), ("<e", (0.5,)),
    ("?", (True,)), ("c", (b"x",)),
                    ("5s", (b"abc",)), ("2s", (b"abcdef",)), ("5p", (b"abc",)), ("<3i", (1, -2, 3)), ("<bhiq",
                            (1, 2, 3, 4)), ("<b3xh", (1, 2)), ("<2s2H?", (b"ab", 1, 2, False)), ("0s", (b"",)), ("<l",
                            (7,)), ("@bi", (1, 2)), ("=bi", (1, 2)), ("<d", (float("inf"),)), ("", ())):
    data = pack(fmt, *values)
    print(fmt, data, calcsize(fmt), unpack(fmt, data))
print(calcsize("bi"), calcsize("=bi"), calcsize("ib"), calcsize("bq"), calcsize("@b0q"), calcsize("P"), calcsize("n"),
    calcsize("<l"), calcsize("l"))
for operation in (lambda: pack("b", 200), lambda: pack("B", -1), lambda: pack("i", 2 ** 40), lambda: pack("i", 1.5),
        lambda: pack("i"), lambda: pack("ii", 1), lambda: unpack("i", b"abc"), lambda: pack("z", 1),
        lambda: pack("s", "text"), lambda: pack("c", b"ab"), lambda: pack("<n", 1), lambda: pack("f", "x"),
        lambda: unpack_from("i", b"abc", 1), lambda: pack("d", 10 ** 400), lambda: pack("<f", 1e300)):
    try:
        print(operation())
    except (struct.error, OverflowError) as e:
        print(type(e).__name__, end=" ")
print()
s = Struct("<Ihd")
buffer = bytearray(40)
s.pack_into(buffer, 2, 1, -1, 0.5)
pack_into(">H", buffer, 30, 0xABCD)
print(buffer, s.size, s.format, s.unpack_from(buffer, 2), unpack_from(">H", buffer, 30),
    list(iter_unpack("<HB", b"\x01\x00\x02\x03\x00\x04")), list(s.iter_unpack(s.pack(1, 2, 3.0) * 2)))


class Index:
    def __index__(self):
        return 7


print(pack("<i", Index()), pack("<d", 3), pack("<f", 0.1).hex(), unpack("<f", pack("<f", 0.1))[0],
    pack("?", "truthy"), pack("?", []), unpack("<3?", b"\x00\x01\x05"), unpack("<e", b"\x00\x7c"))
header = pack("<4sHHI", b"RIFF", 1, 2, 0xDEADBEEF)
magic, a, b, c = unpack("<4sHHI", header)
print(magic, a, b, hex(c), memoryview(header)[4:6].cast("H")[0],
    [unpack_from("<H", header, i)[0] for i in range(0, 8, 2)])
total = 0
for i in range(3000):
    x, y = unpack("<hI", pack("<hI", i - 1500, i * 99991))
    total += x * 3 + y
print(total)
