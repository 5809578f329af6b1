"""Instances of C types that are resized while others use their memory. In CPython those use memory that is freed: the expected output is
ours."""

from ctypes import POINTER, Structure, addressof, byref, c_char, c_int, cast, memmove, pointer, resize, sizeof


class Part(Structure):
    _fields_ = [("number", c_int), ("text", c_char * 1000)]


class Whole(Structure):
    _fields_ = [("part", Part)]


def use_freed():
    return [bytes([65]) * size for size in range(900, 1300) for _ in range(5)]


print("-- parts")
whole = Whole()
part = whole.part
part.number = 5
resize(whole, 100_000)
junk = use_freed()
print(sizeof(whole), part.number, whole.part.number)
whole.part.number = 6
print(part.number, whole.part.number)

print("-- views")
text = (c_char * 1000)(*b"text")
view = memoryview(text).cast("B")
for size in 10_000, 100_000, 1_000_000:
    resize(text, size)
junk = use_freed()
print(bytes(view[:6]), len(view), text.raw[:6], len(text.raw))

print("-- values that resize what they are written to")


class Resizes:
    def __init__(self, target):
        self.target = target

    def __index__(self):
        resize(self.target, 4 * 100_000)
        self.junk = use_freed()
        return 7


numbers = (c_int * 300)(*range(300))
value = Resizes(numbers)
numbers[3] = value
print(any(b"\7" in block for block in value.junk), numbers[2], numbers[299], sizeof(numbers))

print("-- pointers and arguments")
numbers = (c_int * 300)(*range(300))
to_part, to_all, argument = cast(numbers, POINTER(c_int)), pointer(numbers), byref(numbers, 8)
resize(numbers, 4 * 100_000)
junk = use_freed()
copy = c_int()
memmove(byref(copy), argument, 4)
print(to_part[299], to_all.contents[150], copy.value, numbers[299])

print("-- nobody else")
numbers = (c_int * 300)(*range(300))
for size in range(2_000, 200_000, 1_000):
    resize(numbers, size)
print(numbers[299], sizeof(numbers), addressof(numbers) != 0)
